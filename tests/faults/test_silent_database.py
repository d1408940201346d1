"""A database server that is gone without a word."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from annotation.errors import UnreachableError
from annotation.ledger.unit_of_work import PATIENCE, Ledger

NOBODY = "postgresql+psycopg://workbench:secret@db.example/awb"


def test_ledger__does_not_wait_for_ever_and_says_so_to_all_who_use_its_address() -> None:
    """The catalog of the training set has its own connections, from the same address."""
    with closing(Ledger.open(NOBODY)) as ledger:
        assert all(f"{name}={value}" in ledger.url for name, value in PATIENCE.items())
        assert ledger.address == "postgresql+psycopg://workbench:***@db.example/awb"


def test_ledger__keeps_the_patience_that_an_address_asks_for() -> None:
    with closing(Ledger.open(f"{NOBODY}?connect_timeout=3")) as ledger:
        assert "connect_timeout=3" in ledger.url
        assert "connect_timeout=10" not in ledger.url


def test_ledger__a_server_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://workbench@127.0.0.1:{silent.getsockname()[1]}/awb?connect_timeout=2"
        with closing(Ledger.open(url)) as ledger, pytest.raises(UnreachableError, match="does not answer"):
            ledger.revision()
