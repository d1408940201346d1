from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Consensus
from annotation.quality import consensus
from annotation.quality.consensus import Dispute, Settled, Verdict

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


# Policies. A letter is a coder's code, by the place of the letter the coder.


def by_letters(codes: str) -> list[Judgement]:
    return [said(f"C{place}", code) for place, code in enumerate(codes)]


def told(verdict: Verdict) -> str:
    """The code, a question mark for a dispute, or nothing while more answers are awaited."""
    if isinstance(verdict, Dispute):
        return "?"
    return (verdict.code or "none") if verdict else ""


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (Consensus.SINGLE, {"A": "A", "AB": "?", "AAB": "A", "AABC": "A", "AABB": "?", "AABBB": "B"}),
        (Consensus.TWO_AGREE, {"A": "", "AB": "?", "AA": "A", "AAB": "A", "ABC": "?", "AABC": "A", "AABB": "?"}),
        (Consensus.MAJORITY, {"A": "A", "AB": "?", "AAB": "A", "AABC": "?", "AAABC": "A", "AABB": "?"}),
        (Consensus.WEIGHTED, {"A": "A", "AB": "?", "AAB": "A", "AABC": "?", "AAABC": "A", "AABB": "?"}),
        (Consensus.ARBITER, {"A": "A", "AA": "A", "AB": "?", "AAAB": "?"}),
    ],
)
def test_settle__by_policy(policy: Consensus, verdicts: dict[str, str]) -> None:
    assert {codes: told(consensus.settle(by_letters(codes), policy=policy)) for codes in verdicts} == verdicts


def test_settle__a_good_coder_outweighs_two_poor_ones() -> None:
    weights = {"C0": 1.0, "C1": 0.4, "C2": 0.5}

    verdict = consensus.settle(by_letters("ABB"), policy=Consensus.WEIGHTED, weights=weights)

    assert verdict == Settled("A", 0, 1, 3)


def test_settle__a_coder_of_unknown_quality_weighs_one() -> None:
    lighter, heavier = ({"C0": weight} for weight in (0.9, 1.1))

    assert told(consensus.settle(by_letters("AB"), policy=Consensus.WEIGHTED, weights=lighter)) == "B"
    assert told(consensus.settle(by_letters("AB"), policy=Consensus.WEIGHTED, weights=heavier)) == "A"


def test_settle__weights_whose_sums_differ_by_rounding_are_a_tie() -> None:
    weights = {"C0": 0.1, "C1": 0.2, "C2": 0.3}

    assert told(consensus.settle(by_letters("AAB"), policy=Consensus.WEIGHTED, weights=weights)) == "?"


def test_settle__coders_without_any_weight_settle_what_none_contests() -> None:
    weights = {"C0": 0.0, "C1": 0.0}

    assert told(consensus.settle(by_letters("AA"), policy=Consensus.WEIGHTED, weights=weights)) == "A"
    assert told(consensus.settle(by_letters("AB"), policy=Consensus.WEIGHTED, weights=weights)) == "?"


@pytest.mark.parametrize("policy", Consensus)
def test_settle__the_arbiter_has_the_first_word(policy: Consensus) -> None:
    verdict = consensus.settle(by_letters("AAB"), policy=policy, arbiter=[said("C9", "B", minute=-5)])

    assert verdict == Settled("B", 3, 1, 3, arbitrated=True)


def test_settle__the_arbiter_alone() -> None:
    assert consensus.settle([], arbiter=[said("C9", None)]) == Settled(None, 0, 0, 0, arbitrated=True)


def test_settle__of_two_arbiters_the_last_one() -> None:
    arbiters = [said("C8", "A", minute=9), said("C9", "B", minute=3)]

    assert consensus.settle(by_letters("B"), arbiter=arbiters) == Settled("A", 1, 0, 1, arbitrated=True)


def test_settle__an_arbiter_who_puts_it_off_leaves_it_to_the_coders() -> None:
    waits = [said("C9", None, outcome=Outcome.LATER)]

    assert told(consensus.settle(by_letters("AAB"), arbiter=waits)) == "A"


Word = tuple[int, str | None, Outcome]
WORDS = st.tuples(st.integers(0, 5), st.sampled_from(["A", "B", "C", None]), st.sampled_from(Outcome))
SAID = st.lists(WORDS, max_size=8, unique_by=lambda word: word[0])
WEIGHTS = st.dictionaries(st.sampled_from([f"C{i}" for i in range(6)]), st.floats(0, 2))


def spoken(words: Sequence[Word]) -> list[Judgement]:
    """One word of each coder."""
    return [
        said(f"C{coder}", code if outcome is Outcome.CODED else None, minute=coder, outcome=outcome)
        for coder, code, outcome in words
        if (outcome is Outcome.CODED) <= (code is not None)
    ]


@given(SAID, st.sampled_from(Consensus), WEIGHTS, st.randoms())
def test_settle__the_order_of_judgements_never_matters(
    words: list[Word], policy: Consensus, weights: dict[str, float], chance: Random
) -> None:
    judgements = spoken(words)
    shuffled = judgements[:]
    chance.shuffle(shuffled)
    one, other = (consensus.settle(some, policy=policy, weights=weights) for some in (judgements, shuffled))

    assert told(one) == told(other)
    if isinstance(one, Settled) and isinstance(other, Settled):
        assert (one.votes, one.judgements) == (other.votes, other.judgements)
        assert (judgements[one.by].code, shuffled[other.by].code) == (one.code, one.code)


@given(SAID, st.sampled_from(Consensus), WEIGHTS, st.floats(0, 2))
def test_settle__one_more_vote_for_it_never_unsettles(
    words: list[Word], policy: Consensus, weights: dict[str, float], weight: float
) -> None:
    judgements = spoken(words)
    before = consensus.settle(judgements, policy=policy, weights=weights)
    if not isinstance(before, Settled):
        return
    after = consensus.settle([*judgements, said("C99", before.code)], policy=policy, weights={**weights, "C99": weight})

    assert told(after) == told(before)


@given(SAID, st.sampled_from(Consensus))
def test_settle__who_has_not_decided_changes_nothing(words: list[Word], policy: Consensus) -> None:
    judgements = spoken(words)
    waiting = [said(f"C{90 + i}", None, outcome=o) for i, o in enumerate(Outcome) if not o.settles]

    assert told(consensus.settle([*judgements, *waiting], policy=policy)) == told(
        consensus.settle(judgements, policy=policy)
    )


@given(SAID, st.sampled_from(Consensus))
def test_settle__unanimous_coders_are_never_in_dispute(words: list[Word], policy: Consensus) -> None:
    alike: list[Word] = [(coder, "A", Outcome.CODED) for coder, _, _ in words]

    assert told(consensus.settle(spoken(alike), policy=policy)) in ("", "A")


@given(SAID)
def test_settle__whatever_a_stricter_policy_settles_the_plurality_settles_alike(words: list[Word]) -> None:
    judgements = spoken(words)
    plurality = told(consensus.settle(judgements))
    stricter = {told(consensus.settle(judgements, policy=policy)) for policy in Consensus}

    assert stricter <= {"", "?", plurality}
