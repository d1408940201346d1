"""A person at the log-in page, without a browser: the form is fetched and sent back as it came, filled in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx

from annotation.api import passwords
from annotation.domain.account import Account, Role
from annotation.ledger.unit_of_work import Ledger
from tests.parts.filled_ledger import NOW

PASSWORD = "correct horse battery staple"


def add_account(ledger: Ledger, email: str, role: Role, *, password: str = PASSWORD) -> Account:
    with ledger.begin() as work:
        return work.accounts.add(email, role, now=NOW, password_hash=_hashed(password))


@cache
def _hashed(password: str) -> str:
    return passwords.hashed(password)


def csrf(page: str) -> str:
    """That of the last form of a page."""
    return re.findall(r'name="csrf" value="([0-9a-f]+)"', page)[-1]


def send(client: Any, path: str, *, at: str | None = None, **fields: str) -> httpx.Response:
    """The form of the page ``at`` sent to ``path``."""
    page = client.get(at or path)
    answer: httpx.Response = client.post(path, data={"csrf": csrf(page.text), **fields})
    return answer


def sign_in(client: Any, *, target: str = "/", **fields: str) -> httpx.Response:
    return send(client, "/login", next=target, **fields)
