"""Whom a lease is taken over from, and from whom not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.campaign import exclusive
from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, new_ledgers

NAME = "push:spring"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return new_ledgers.make(tmp_path)


def left_by(ledger: Ledger, holder: str) -> None:
    with ledger.begin() as work:
        work.leases.take(NAME, holder=holder, now=campaigns.NOW, lasting=exclusive.LASTING)


def hold(ledger: Ledger, *, after: timedelta = timedelta(0)) -> list[float]:
    """How long it waited for what the dead one had sent."""
    waited: list[float] = []
    with exclusive.hold(ledger, NAME, clock=lambda: campaigns.NOW + after, pause=waited.append):
        pass
    return waited


def test_hold__takes_over_from_a_dead_process_once_its_last_request_has_settled(
    ledger: Ledger, dead_holder: Callable[[], str]
) -> None:
    left_by(ledger, dead_holder())

    assert hold(ledger) == [exclusive.SETTLING.total_seconds()]


def test_hold__is_refused_while_the_holder_lives_and_says_until_when(ledger: Ledger) -> None:
    left_by(ledger, f"{exclusive.process(os.getpid())}/0")

    with pytest.raises(ConflictError, match="ends by itself at 12:05:00 UTC"):
        hold(ledger)
    with ledger.read() as work:
        assert work.leases.held(NAME) is not None


def test_hold__a_number_that_was_given_again_is_no_sign_of_life(ledger: Ledger) -> None:
    """In a container the next command often bears the number of the killed one: here it is even our own."""
    host, pid, process = exclusive.process(os.getpid()).split("/")
    namespace, _, birth = process.partition(".")
    left_by(ledger, f"{host}/{pid}/{namespace}.{int(birth) - 1}/1")

    assert hold(ledger) == [exclusive.SETTLING.total_seconds()]


def test_hold__a_number_of_another_container_says_nothing_of_ours(
    ledger: Ledger, dead_holder: Callable[[], str]
) -> None:
    """Two containers may bear the machine's name: that we have no such process is no sign of death."""
    host, pid, process, _ = dead_holder().split("/")
    left_by(ledger, f"{host}/{pid}/1{process}/1")

    with pytest.raises(ConflictError):
        hold(ledger)
    assert hold(ledger, after=exclusive.LASTING) == []


def test_hold__a_killed_process_that_nobody_took_note_of_is_dead(ledger: Ledger) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    left_by(ledger, f"{exclusive.process(child.pid)}/1")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert hold(ledger) == [exclusive.SETTLING.total_seconds()]
    child.communicate()
