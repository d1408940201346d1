"""One behaviour of accounts, tokens, the audit log and the limit of log-ins, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotation.api import rate_limit
from annotation.domain.account import Role, Scope
from annotation.errors import ConflictError, NotFoundError
from annotation.ledger.unit_of_work import Ledger

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


@pytest.fixture(scope="module", params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_url")())


@pytest.fixture(scope="module")
def ledger(url: str) -> Iterator[Ledger]:
    """Shared: each test has accounts and addresses of its own."""
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        yield opened


def add(ledger: Ledger, email: str, role: Role = Role.LEAD) -> int:
    with ledger.begin() as work:
        return work.accounts.add(email, role, now=NOW).id


def test_accounts__none_exist_in_a_new_ledger(tmp_path: Path) -> None:
    with closing(Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")) as fresh:
        fresh.migrate()
        with fresh.read() as work:
            assert not work.accounts.exist()


def test_accounts__found_by_address_whatever_its_case(ledger: Ledger) -> None:
    made = add(ledger, " Ada@Office.example ")

    with ledger.read() as work:
        assert work.accounts.exist()
        assert work.accounts.get("ADA@office.example").id == made
        assert work.accounts.by_email("nobody@office.example") is None
        with pytest.raises(NotFoundError, match=r"nobody@office\.example"):
            work.accounts.get("nobody@office.example")


def test_accounts__one_for_each_address(ledger: Ledger) -> None:
    add(ledger, "twice@office.example")

    with pytest.raises(ConflictError):
        add(ledger, "TWICE@office.example")


def test_accounts__what_ends_sessions_raises_the_epoch(ledger: Ledger) -> None:
    made = add(ledger, "epoch@office.example")
    with ledger.begin() as work:
        epochs = [
            work.accounts.set_role(made, Role.LEAD).epoch,
            work.accounts.set_role(made, Role.CODER).epoch,
            work.accounts.set_password(made, "hash").epoch,
            work.accounts.disable(made, now=NOW).epoch,
            work.accounts.disable(made, now=NOW + HOUR).epoch,
            work.accounts.enable(made).epoch,
            work.accounts.end_sessions(made).epoch,
        ]
        work.accounts.rehash(made, "another hash")
        account = work.accounts.get("epoch@office.example")

    assert epochs == [0, 1, 2, 3, 3, 3, 4]
    assert (account.epoch, account.password_hash, account.disabled_at) == (4, "another hash", None)


def test_accounts__found_by_their_identity(ledger: Ledger) -> None:
    made = add(ledger, "before@office.example")
    with ledger.begin() as work:
        work.accounts.identify(made, issuer="https://id.example", subject="7", email="After@office.example")

    with ledger.read() as work:
        found = work.accounts.by_subject("https://id.example", "7")
        assert found is not None
        assert (found.id, found.email) == (made, "after@office.example")
        assert work.accounts.by_subject("https://other.example", "7") is None


def test_tokens__open_until_they_expire_or_are_revoked(ledger: Ledger) -> None:
    owner = add(ledger, "tokens@office.example")
    with ledger.begin() as work:
        token = work.tokens.add(owner, "nightly", "awb_abc", Scope.WRITE, now=NOW, expires_at=NOW + HOUR)

    with ledger.read() as work:
        holder = work.tokens.holder("awb_abc", now=NOW)
        assert holder is not None
        assert (holder.account.id, holder.scope, holder.used_long_ago) == (owner, Scope.WRITE, True)
        assert work.tokens.holder("awb_abd", now=NOW) is None
        assert work.tokens.holder("awb_abc", now=NOW + HOUR) is None
    with ledger.begin() as work:
        work.tokens.mark_used(token.id, now=NOW)
        used = work.tokens.holder("awb_abc", now=NOW + timedelta(minutes=59))
        assert used is not None
        assert not used.used_long_ago
        work.tokens.revoke(token.id, now=NOW)
        assert work.tokens.holder("awb_abc", now=NOW) is None
        assert work.tokens.revoke(token.id, now=NOW + HOUR).revoked_at == NOW
        assert [one.name for one in work.tokens.of(owner)] == ["nightly"]


def test_audit__newest_first_with_the_address_of_whoever_did_it(ledger: Ledger) -> None:
    owner = add(ledger, "audit@office.example")
    with ledger.begin() as work:
        work.audit.record("first_deed", "x", now=NOW, address="192.0.2.1", detail={"é": [1]})
        work.audit.record("second_deed", "y" * 300, now=NOW + HOUR, account_id=owner)
        rows = work.audit.latest(actions=("first_deed", "second_deed"))
        assert [row.action for row in work.audit.latest(limit=1, offset=1, without=("second_deed",))] != ["second_deed"]

    assert [(row.action, row.email, row.address) for row in rows] == [
        ("second_deed", "audit@office.example", ""),
        ("first_deed", None, "192.0.2.1"),
    ]
    assert (rows[0].subject, dict(rows[1].detail)) == ("y" * 254, {"é": [1]})


@pytest.mark.parametrize("field", ["password", "token", "secret"])
def test_audit__refuses_secrets(ledger: Ledger, field: str) -> None:
    with pytest.raises(ValueError, match=field), ledger.begin() as work:
        work.audit.record("deed", "x", now=NOW, detail={field: "x"})


def attempt(ledger: Ledger, subject: str, address: str, seconds: float = 0) -> int:
    with ledger.begin() as work:
        return rate_limit.admit(work, subject=subject, address=address, now=NOW + timedelta(seconds=seconds))


def test_rate_limit__each_failure_doubles_the_wait_up_to_a_limit(ledger: Ledger) -> None:
    assert [attempt(ledger, "grow", f"192.0.2.{n}") for n in range(5)] == [0] * 5

    waits, at = [], 0.0
    for _ in range(8):
        waits.append(attempt(ledger, "grow", "198.51.100.1", at))
        at += waits[-1]
        assert attempt(ledger, "grow", "198.51.100.1", at) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 120, 120]


def test_rate_limit__time_gives_attempts_back(ledger: Ledger) -> None:
    assert [attempt(ledger, "time", "192.0.2.50") for _ in range(6)] == [0, 0, 0, 0, 0, 2]

    assert attempt(ledger, "time", "192.0.2.50", 15 * 60) == 0


def test_rate_limit__a_success_gives_an_attempt_back(ledger: Ledger) -> None:
    assert [attempt(ledger, "back", "192.0.2.51") for _ in range(5)] == [0] * 5
    with ledger.begin() as work:
        work.audit.record(rate_limit.SIGNED_IN, "back", now=NOW, address="192.0.2.51")

    assert [attempt(ledger, "back", "192.0.2.51") for _ in range(2)] == [0, 2]


def test_rate_limit__an_address_that_tries_many_accounts_waits(ledger: Ledger) -> None:
    assert [attempt(ledger, f"many{n}", "203.0.113.9") for n in range(30)] == [0] * 30

    assert attempt(ledger, "one more", "203.0.113.9") > 0
    assert attempt(ledger, "one more", "203.0.113.10") == 0


def test_rate_limit__attempts_at_the_same_moment_are_counted_together(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda n: attempt(ledger, "at once", f"198.51.100.{100 + n}"), range(16)))

    assert sorted(waits)[:6] == [0, 0, 0, 0, 0, 2]
