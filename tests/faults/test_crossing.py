"""A push and a pull that note the same tasks at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns

pytestmark = pytest.mark.integration

ROUNDS, TASKS = 20, 300


def test_references__two_that_note_the_same_tasks_do_not_wait_for_one_another(
    postgres_url: Callable[[], str],
) -> None:
    """One has them in the order of keys, the other in that of the platform, and from the end."""
    with closing(Ledger.open(postgres_url())) as ledger, ThreadPoolExecutor(2) as pool:
        ledger.migrate()
        campaigns.fill(ledger, tasks=TASKS)
        with ledger.read() as work:
            keys = [task.key for task in work.tasks.of_campaign(campaigns.KEY)]

        def note(first: int, *, backwards: bool) -> int:
            numbered = {key: first + place for place, key in enumerate(keys)}
            order = sorted(keys, reverse=backwards)
            with ledger.begin() as work:
                references = {key: numbered[key] for key in order}
                return work.platforms.add_references(references, platform="fake", project_id=1, now=campaigns.NOW)

        noted = 0
        for number in range(ROUNDS):
            both = [pool.submit(note, number * TASKS, backwards=backwards) for backwards in (False, True)]
            noted += sum(one.result() for one in both)

    assert noted == ROUNDS * TASKS


def test_ledger__transactions_that_crossed_are_told_as_such() -> None:
    class DeadlockError(Exception):
        sqlstate = "40P01"

    with (
        closing(Ledger.open("sqlite://")) as ledger,
        pytest.raises(ConflictError, match="at the same moment"),
        ledger._translated(),
    ):
        raise OperationalError("", {}, DeadlockError("deadlock detected"))
