from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import personal_data
from annotation.domain.account import Role
from annotation.domain.team import Assignment, Standing
from annotation.errors import NotFoundError
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NOW
from tests.parts.golden import RIGHT, WRONG

LATER = NOW + timedelta(days=400)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Ann and Bob code; Ann has an account of her own, and somebody gave her a role."""
    opened = campaigns.campaign(tmp_path, tasks=3)
    ann, bob = golden.enrol(opened, "ann", "bob")
    with opened.begin() as work:
        tasks = work.tasks.of_campaign(KEY)
        work.assignments.add([Assignment(tasks[0].key, ann, NOW)])
        account = work.accounts.add("ann@office.example", Role.CODER, now=NOW, password_hash="argon2-secret")
        work.audit.record("sign_in", "", now=NOW, account_id=account.id, address="10.1.2.3")
        work.audit.record("account_add", "ann@office.example", now=NOW, detail={"email": "ann@office.example"})
    golden.answer(opened, ann, tasks, [RIGHT, WRONG, None], comment="my neighbour does this")
    golden.answer(opened, bob, tasks[:1], [RIGHT], comment="what bob thinks")
    return opened


def export(ledger: Ledger, coder: str) -> dict[str, list[dict[str, object]]]:
    with ledger.read() as work:
        return personal_data.export(work, coder)


def forget(ledger: Ledger, coder: str) -> personal_data.ForgetResult:
    with ledger.begin() as work:
        return personal_data.forget(work, coder, now=LATER)


def test_export__holds_every_row_of_the_person_and_of_nobody_else(ledger: Ledger) -> None:
    found = export(ledger, "C001")
    written = json.dumps(found, default=str)

    assert {name: len(rows) for name, rows in found.items() if isinstance(rows, list)} == {
        "coder": 1,
        "enrolment": 1, "assignment": 1, "judgement": 3, "label": 0, "account": 1, "api_token": 0, "audit": 2,
    }  # fmt: skip
    assert "my neighbour does this" in written
    assert "10.1.2.3" in written
    assert "argon2-secret" not in written
    assert "bob" not in written


def test_forget__erases_identity_and_words_and_keeps_the_codes(ledger: Ledger) -> None:
    with ledger.read() as work:
        before = [(m.task_key, m.coder, m.code) for m in work.judgements.marks(KEY)]
    done = forget(ledger, "C001")
    left = json.dumps(export(ledger, "C001"), default=str)
    with ledger.read() as work:
        after = [(m.task_key, m.coder, m.code) for m in work.judgements.marks(KEY)]
        state = work.enrolments.current(KEY)["C001"].state
        everything = json.dumps([str(one) for one in work.audit.latest(limit=100)])

    assert (done.judgements, done.accounts, done.campaigns) == (3, 1, (KEY,))
    assert after == before
    assert state is Standing.LEFT
    for trace in ("ann", "my neighbour", "10.1.2.3"):
        assert trace not in left
        assert trace not in everything


def test_forget__what_was_set_aside_of_theirs_is_emptied(ledger: Ledger) -> None:
    asides = [
        Quarantined("annotation", f"task {coder}", None, {"comment": f"of {coder}"}, "Unknown code.", {"coder": coder})
        for coder in ("C001", "C002")
    ]
    with ledger.begin() as work:
        for one in asides:
            work.quarantine.add(one, now=NOW)
    forget(ledger, "C001")
    with ledger.read() as work:
        left = {aside.item.origin: dict(aside.item.raw) for aside in work.quarantine.list()}

    assert left == {"task C001": {}, "task C002": {"comment": "of C002"}}


def test_forget__nobody_signs_in_any_more_and_others_are_left_alone(ledger: Ledger) -> None:
    forget(ledger, "C001")
    with ledger.read() as work:
        (account,) = work.accounts.all()

    assert account.disabled_at == LATER
    assert account.password_hash is None
    assert "what bob thinks" in json.dumps(export(ledger, "C002"), default=str)


def test_forget__a_second_time_changes_nothing(ledger: Ledger) -> None:
    forget(ledger, "C001")
    again = forget(ledger, "C001")

    assert (again.judgements, again.accounts, again.campaigns) == (0, 0, ())


def test_forget__whoever_comes_back_is_somebody_new(ledger: Ledger) -> None:
    forget(ledger, "C001")
    with ledger.begin() as work:
        again = work.coders.pseudonym(golden.PLATFORM, "ann", email="ann@office.example", now=LATER)

    assert again == "C003"


def test_export__an_unknown_pseudonym_is_named(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="C099"):
        export(ledger, "C099")
