"""The commands by which somebody at the machine gives access."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest

from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb

ADMIN = "ada@office.example"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    with_ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    with_ledger.migrate()
    with_ledger.close()
    return folder


def run(home: Path, *arguments: str) -> awb.Result:
    return awb.call(*arguments, "--home", str(home), "--output", "json")


def done(home: Path, *arguments: str) -> dict[str, Any]:
    return run(home, *arguments).succeeded()


def test_account__added_with_a_link_and_listed(home: Path) -> None:
    made = done(home, "account", "add", ADMIN, "--role", "admin")

    assert re.fullmatch(r"http://127\.0\.0\.1:8765/password\?link=[\w.-]+", made["link"])
    assert (home / "session.key").stat().st_mode & 0o077 == 0
    listed = done(home, "account", "list")["accounts"]
    assert [(one["email"], one["role"], one["signs_in_by"]) for one in listed] == [(ADMIN, "admin", "nothing yet")]


def test_account__the_first_is_an_admin(home: Path) -> None:
    refused = run(home, "account", "add", "lea@office.example", "--role", "lead")

    assert refused.code == 3
    assert "--role admin" in refused.error["cure"]


def test_account__changed_disabled_and_enabled(home: Path) -> None:
    done(home, "account", "add", ADMIN, "--role", "admin")
    done(home, "account", "add", "lea@office.example", "--role", "lead")

    assert done(home, "account", "role", "lea@office.example", "coder")["account"]["role"] == "coder"
    assert done(home, "account", "disable", "lea@office.example")["account"]["disabled_at"]
    assert done(home, "account", "enable", "lea@office.example")["account"]["disabled_at"] is None
    assert run(home, "account", "disable", ADMIN).code == 7
    assert run(home, "account", "disable", "nobody@office.example").code == 4


def test_account__a_password_comes_by_standard_input(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done(home, "account", "add", ADMIN, "--role", "admin")
    monkeypatch.setattr("sys.stdin", io.StringIO("four quite unrelated words\n"))
    assert done(home, "account", "password", ADMIN)["account"]["signs_in_by"] == "password"

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(home, "account", "password", ADMIN).code == 3
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert "12 or more" in run(home, "account", "password", ADMIN).error["cure"]


def test_token__shown_once_listed_and_revoked(home: Path) -> None:
    done(home, "account", "add", ADMIN, "--role", "admin")
    made = done(home, "token", "create", "nightly", "--account", ADMIN, "--scope", "write", "--days", "7")

    assert made["token"].startswith("awb_")
    listed = done(home, "token", "list")["tokens"]
    assert "token" not in listed[0]
    assert (listed[0]["name"], listed[0]["scope"], listed[0]["state"]) == ("nightly", "write", "alive")
    done(home, "token", "revoke", str(listed[0]["id"]))
    assert done(home, "token", "list")["tokens"][0]["state"] == "revoked"
    assert run(home, "token", "revoke", "99").code == 4
    assert run(home, "token", "create", "n", "--account", ADMIN, "--days", "0").code == 2


def test_commands__are_in_the_audit_log(home: Path) -> None:
    done(home, "account", "add", ADMIN, "--role", "admin")
    done(home, "token", "create", "nightly", "--account", ADMIN)
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    with ledger.read() as work:
        rows = work.audit.latest()
    ledger.close()

    assert [row.action for row in rows] == ["token_create", "password_link", "account_add"]
    assert {row.address for row in rows} == {"command line"}
