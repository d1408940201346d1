from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotation.campaign import push
from annotation.campaign.presenting import Shown
from annotation.campaign.push import PushResult
from annotation.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform

SHOWN = Shown({"liasse_type": "Type de liasse"})


def do_push(ledger: Ledger, platform: FakePlatform, *, shown: Shown = SHOWN, batch: int = 2) -> PushResult:
    return push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=shown,
        clock=lambda: campaigns.NOW,
        batch=batch,
        pause=lambda _: None,
    )


def keys_on(platform: FakePlatform) -> list[str]:
    return sorted(task.payload.key for task in platform.stored.values() if task.payload)


def test_push__brings_every_task_once_and_a_second_push_none(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()

    first, second = do_push(ledger, platform), do_push(ledger, platform)

    assert (first.pushed, first.already_there, first.healed) == (5, 0, 0)
    assert (second.pushed, second.already_there, second.healed) == (0, 0, 0)
    with ledger.read() as work:
        assert keys_on(platform) == sorted(task.key for task in work.tasks.of_campaign(campaigns.KEY))


def test_push__sends_only_allow_listed_variables_and_hides_the_reason(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()

    do_push(ledger, platform)

    (stored,) = platform.stored.values()
    assert stored.payload is not None
    assert stored.payload.context == (("Type de liasse", "C"),)
    assert stored.payload.reason == ""
    assert "never shown" not in repr(stored.payload)
    assert [c.title for c in stored.payload.candidates] == ["Culture de céréales", "Culture du riz"]
    assert stored.payload.score == pytest.approx(0.3)


def test_push__shows_the_reason_when_the_campaign_says_so(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()

    do_push(ledger, platform, shown=Shown({}, reason=True))

    (stored,) = platform.stored.values()
    assert stored.payload is not None
    assert stored.payload.reason == "Drawn at random to measure accuracy."


def test_push__finds_again_the_batch_whose_answer_was_lost(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["", "lost"]

    result = do_push(ledger, platform)

    assert result.pushed == 5
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__a_refused_batch_fails_and_the_next_push_sends_the_rest(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["", "refused"]

    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    result = do_push(ledger, platform)

    assert result.pushed == 3
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__deletes_the_copies_that_a_late_request_made(tmp_path: Path) -> None:
    """A request of a killed push may be carried out after the next push has looked."""
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    platform.fail_create = ["late"]
    with pytest.raises(UnreachableError):
        do_push(ledger, platform)
    do_push(ledger, platform)
    platform.deliver_late()

    result = do_push(ledger, platform)

    assert result.healed == 2
    assert len(keys_on(platform)) == len(set(keys_on(platform))) == 5


def test_push__keeps_an_answered_copy(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path, tasks=1), FakePlatform()
    do_push(ledger, platform)
    (first,) = platform.stored
    copy = platform.stored[first].payload
    assert copy is not None
    second = platform.create_tasks(1, [copy])[copy.key]
    coder = platform.sign_up("a@demo.example", "secret")
    platform.annotate(second, coder, campaigns.answer("one", "01.11Z"))

    result = do_push(ledger, platform)

    assert result.healed == 0
    assert set(platform.stored) == {first, second}


def test_push__a_task_noted_as_vanished_goes_again(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    do_push(ledger, platform)
    gone = min(platform.stored)
    platform.delete_task(gone)
    with ledger.begin() as work:
        work.platforms.mark_vanished(platform.name, [gone], now=campaigns.NOW)

    assert do_push(ledger, platform).pushed == 1


def test_push__says_who_pushes_already(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    with ledger.begin() as work:
        work.leases.take(
            f"push:{campaigns.KEY}", holder="other-host/7/1", now=campaigns.NOW, lasting=timedelta(minutes=5)
        )

    with pytest.raises(ConflictError, match="other-host/7/1"):
        do_push(ledger, platform)
    assert keys_on(platform) == []


def test_push__of_a_closed_campaign_is_refused(tmp_path: Path) -> None:
    ledger = campaigns.campaign(tmp_path)
    with ledger.begin() as work:
        work.campaigns.close(campaigns.KEY, now=campaigns.NOW)

    with pytest.raises(InvalidInputError, match="closed"):
        do_push(ledger, FakePlatform())


def test_push__a_deleted_project_is_not_silently_replaced(tmp_path: Path) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    do_push(ledger, platform)
    platform.projects.clear()

    with pytest.raises(NotFoundError):
        do_push(ledger, platform)


def test_push__takes_over_from_a_dead_process_after_a_moment(tmp_path: Path, dead_holder: Callable[[], str]) -> None:
    ledger, platform = campaigns.campaign(tmp_path), FakePlatform()
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with ledger.begin() as work:
        work.leases.take(f"push:{campaigns.KEY}", holder=dead_holder(), now=now, lasting=timedelta(minutes=5))
    pauses: list[float] = []

    result = push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=SHOWN,
        clock=lambda: now + timedelta(seconds=1),
        pause=pauses.append,
    )

    assert result.pushed == 5
    assert pauses == [2.0]
