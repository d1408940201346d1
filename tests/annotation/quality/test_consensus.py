from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from annotation.domain.judgement import Judgement, Outcome
from annotation.quality import consensus
from annotation.quality.consensus import Dispute, Settled

START = datetime(2026, 3, 1, tzinfo=UTC)


def said(coder: str, code: str | None, *, minute: int = 0, outcome: Outcome | None = None) -> Judgement:
    decided = outcome or (Outcome.CODED if code else Outcome.UNCLASSIFIABLE)
    moment = START + timedelta(minutes=minute)
    return Judgement("t", "fake", f"{coder}-{minute}", coder, decided, code, moment)


def test_settle__one_coder() -> None:
    assert consensus.settle([said("C1", "01.11Z")]) == Settled("01.11Z", 0, 1, 1)


def test_settle__most_votes() -> None:
    said_by_three = [said("C1", "01.12Z"), said("C2", "01.11Z"), said("C3", "01.11Z")]

    assert consensus.settle(said_by_three) == Settled("01.11Z", 1, 2, 3)


def test_settle__a_coder_counts_once_with_the_latest_word() -> None:
    changed = [said("C1", "01.12Z", minute=5), said("C1", "01.11Z", minute=1), said("C2", "01.12Z", minute=2)]

    assert consensus.settle(changed) == Settled("01.12Z", 0, 2, 2)


def test_settle__the_latest_word_may_take_back_a_code() -> None:
    """Who says *later* after having coded no longer holds the code."""
    assert consensus.settle([said("C1", "01.11Z"), said("C1", None, minute=1, outcome=Outcome.LATER)]) is None


def test_settle__unclassifiable_is_a_verdict() -> None:
    assert consensus.settle([said("C1", None)]) == Settled(None, 0, 1, 1)


@pytest.mark.parametrize("outcome", [Outcome.LATER, Outcome.EXPERT, Outcome.NOT_THIS])
def test_settle__nobody_decided(outcome: Outcome) -> None:
    waiting = said("C1", None, outcome=outcome)

    assert consensus.settle([waiting]) is None


def test_settle__nobody_spoke() -> None:
    assert consensus.settle([]) is None


def test_settle__a_tie_is_a_dispute() -> None:
    tie = consensus.settle([said("C1", "01.12Z"), said("C2", "01.11Z"), said("C3", None)])

    assert tie == Dispute(((None, 1), ("01.11Z", 1), ("01.12Z", 1)))


def test_settle__who_waits_has_no_vote() -> None:
    with_one_waiting = [said("C1", "01.11Z"), said("C2", None, outcome=Outcome.EXPERT)]

    assert consensus.settle(with_one_waiting) == Settled("01.11Z", 0, 1, 1)
