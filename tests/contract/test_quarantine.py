"""What is set aside, and what becomes of it, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.ledger.repositories.quarantine import LONGEST, Quarantined, Settled
from annotation.ledger.unit_of_work import Ledger
from tests.parts.filled_ledger import NOW

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
BAD = Quarantined("text", "july.csv", 7, {"code": "99.99Z"}, "No such Code")
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=BACKENDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = make()
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        yield opened


def put(ledger: Ledger, *items: Quarantined) -> list[int]:
    with ledger.begin() as work:
        for item in items:
            work.quarantine.add(item, now=NOW)
        return [one.id for one in work.quarantine.list(waiting=False)]


def settle(ledger: Ledger, ids: list[int], outcome: Settled, reason: str = "") -> int:
    with ledger.begin() as work:
        return work.quarantine.settle(ids, outcome, reason, "C001", LATER)


def test_add__once(ledger: Ledger) -> None:
    with ledger.begin() as work:
        kept = [work.quarantine.add(one, now=NOW) for one in (BAD, BAD, replace(BAD, row=8), replace(BAD, kind="code"))]

        assert kept == [True, False, True, True]
        assert work.quarantine.count() == 3
        assert [one.item for one in work.quarantine.list(kind="text")] == [BAD, replace(BAD, row=8)]
        assert [one.item for one in work.quarantine.list(limit=1, offset=2)] == [replace(BAD, kind="code")]
        assert [one.since for one in work.quarantine.list(limit=1)] == [NOW]


def test_add__the_context_is_no_part_of_what_is_the_same(ledger: Ledger) -> None:
    with ledger.begin() as work:
        kept = [work.quarantine.add(one, now=NOW) for one in (BAD, replace(BAD, context={"source": "register"}))]

    assert kept == [True, False]


def test_add__what_no_database_holds(ledger: Ledger) -> None:
    deep: object = "bottom"
    for _ in range(5000):
        deep = [deep]
    raw = {"nul\0": "a\0b", "half": "\ud83d", "number": float("nan"), "long": "x" * (LONGEST + 5), "deep": deep}

    put(ledger, Quarantined("text", "a\0.csv", None, raw, "bad \udc00", {"variables": {"n\0": "\ud800"}}))

    with ledger.read() as work:
        (found,) = work.quarantine.list()
    assert found.item.origin == "a.csv"
    assert found.reason == "bad \ufffd"
    assert {name: found.item.raw[name] for name in ("nul", "half", "number")} == {
        "nul": "ab", "half": "\ufffd", "number": "nan",
    }  # fmt: skip
    assert found.item.raw["long"] == "x" * LONGEST + f"… [{LONGEST + 5} characters]"
    assert found.item.context == {"variables": {"n": "\ufffd"}}


def test_settle__only_what_waits_is_settled_and_nothing_is_lost(ledger: Ledger) -> None:
    first, second, third = put(ledger, BAD, replace(BAD, row=8), replace(BAD, kind="gold"))

    told = [
        settle(ledger, [first, second], Settled.DROPPED, "a test"),
        settle(ledger, [first, third], Settled.RETRIED),
        settle(ledger, [first, second, third], Settled.DROPPED, "again"),
    ]

    assert told == [2, 1, 0]
    with ledger.read() as work:
        assert work.quarantine.count() == 0
        assert work.quarantine.by_kind() == {"gold": 0, "text": 0}
        assert work.quarantine.count(waiting=False) == 3
        outcomes = [one.settlement.outcome for one in work.quarantine.list(waiting=False) if one.settlement]
        (said,) = work.quarantine.settlements(second)
    assert outcomes == [Settled.DROPPED, Settled.DROPPED, Settled.RETRIED]
    assert (said.reason, said.by, said.at) == ("a test", "C001", LATER)


def test_settle__what_is_refused_again_waits_with_its_new_reason(ledger: Ledger) -> None:
    (number,) = put(ledger, BAD)

    told = [settle(ledger, [number], Settled.REFUSED, reason) for reason in ("new", "new", "newest")]

    assert told == [1, 0, 1]
    with ledger.read() as work:
        found = work.quarantine.get(number)
        assert found is not None
        assert (found.waits, found.reason, found.item.reason) == (True, "newest", "No such Code")
        assert work.quarantine.by_kind() == {"text": 1}
        assert [one.reason for one in work.quarantine.settlements(number)] == ["new", "newest"]
        assert work.quarantine.count(reason="newest") == 1
        assert work.quarantine.count(reason="such code") == 0


@pytest.mark.parametrize(("part", "number"), [("such code", 1), ("100%", 1), ("%", 1), ("_", 0), ("", 2), ("\0%", 1)])
def test_list__by_a_part_of_the_reason(ledger: Ledger, part: str, number: int) -> None:
    put(ledger, BAD, replace(BAD, reason="Not 100% sure"))

    with ledger.read() as work:
        assert work.quarantine.count(reason=part) == number
        assert len(work.quarantine.list(reason=part)) == number


def test_waiting_from__of_these_places(ledger: Ledger) -> None:
    first, second, third = put(
        ledger,
        *(
            replace(BAD, kind="annotation", origin=f"task {n}", reason=reason)
            for n, reason in ((1, "a"), (1, "b"), (2, "a"))
        ),
    )
    settle(ledger, [second], Settled.DROPPED, "no")

    with ledger.read() as work:
        assert work.quarantine.waiting_from("annotation") == {"task 1": {first}, "task 2": {third}}
        assert work.quarantine.waiting_from("text") == {}


def test_blank__what_a_coder_wrote(ledger: Ledger) -> None:
    put(ledger, replace(BAD, context={"coder": "C001"}), replace(BAD, row=8, context={"coder": "C002"}))

    with ledger.begin() as work:
        blanked = [work.quarantine.blank("C001"), work.quarantine.blank("C001")]

    assert blanked == [1, 0]
    with ledger.read() as work:
        assert [dict(one.item.raw) for one in work.quarantine.list()] == [{}, {"code": "99.99Z"}]
