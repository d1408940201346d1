"""From the judgements of one text to its settled code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Final, Protocol

from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus

# Sums of weights that differ by less are equal.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Settled:
    """``code`` is None where the text has none. ``by`` is the place of a judgement saying so: among those of the
    coders, or where ``arbitrated``, after them, among the arbiter's.

    Of the ``judgements``, the coders who decided, ``votes`` gave this code.
    """

    code: str | None
    by: int
    votes: int
    judgements: int
    arbitrated: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """Coders decided, and no code has the votes that the policy wants; most votes first."""

    votes: tuple[tuple[str | None, int], ...]


Verdict = Settled | Dispute | None


class Said(Protocol):
    """What a judgement says, however much of it was read."""

    @property
    def coder(self) -> str: ...

    @property
    def outcome(self) -> Outcome: ...

    @property
    def code(self) -> str | None: ...

    @property
    def judged_at(self) -> datetime: ...


def settle(
    judgements: Sequence[Said],
    *,
    policy: Consensus = Consensus.SINGLE,
    weights: Mapping[str, float] | None = None,
    arbiter: Sequence[Said] = (),
) -> Verdict:
    """The code that the policy takes, each coder's latest word counting once; None while it waits for more answers.

    What an arbiter says holds against all coders; of several arbiters, the last one. A coder who is not among the
    ``weights`` weighs 1.
    """
    deciding = _deciding(judgements)
    votes = Counter(judgements[place].code for place in deciding)
    decided = _deciding(arbiter)
    if decided:
        place = max(decided, key=lambda one: (arbiter[one].judged_at, one))
        code = arbiter[place].code
        return Settled(code, len(judgements) + place, votes[code], len(deciding), arbitrated=True)
    if not deciding or (policy is Consensus.TWO_AGREE and len(deciding) == 1):
        return None
    won, code = _winner([judgements[place] for place in deciding], votes, policy, weights or {})
    if not won:
        return Dispute(tuple(sorted(votes.items(), key=lambda vote: (-vote[1], vote[0] or ""))))
    by = next(place for place in deciding if judgements[place].code == code)
    return Settled(code, by, votes[code], len(deciding))


def latest(judgements: Sequence[Said]) -> list[int]:
    """The places of each coder's latest word, in ascending order."""
    places = sorted(range(len(judgements)), key=lambda place: (judgements[place].judged_at, place))
    return sorted({judgements[place].coder: place for place in places}.values())


def _deciding(judgements: Sequence[Said]) -> list[int]:
    if len(judgements) == 1:
        return [0] if judgements[0].outcome.settles else []
    return [place for place in latest(judgements) if judgements[place].outcome.settles]


def _winner(
    deciding: Sequence[Said], votes: Counter[str | None], policy: Consensus, weights: Mapping[str, float]
) -> tuple[bool, str | None]:
    """Whether a code has won, and which."""
    ranked = votes.most_common(2)
    code, most = ranked[0]
    runner_up = ranked[1][1] if len(ranked) > 1 else 0
    match policy:
        case Consensus.SINGLE:
            return most > runner_up, code
        case Consensus.TWO_AGREE:
            return most > runner_up and most > 1, code
        case Consensus.MAJORITY:
            return 2 * most > len(deciding), code
        case Consensus.ARBITER:
            return not runner_up, code
        case Consensus.WEIGHTED:
            return _heaviest(deciding, weights)


def _heaviest(deciding: Sequence[Said], weights: Mapping[str, float]) -> tuple[bool, str | None]:
    of_code: dict[str | None, list[float]] = {}
    for one in deciding:
        of_code.setdefault(one.code, []).append(max(0.0, weights.get(one.coder, 1.0)))
    sums = {code: fsum(each) for code, each in of_code.items()}
    code = max(sums, key=lambda one: sums[one])
    return len(sums) == 1 or 2 * sums[code] > fsum(sums.values()) + _ROUNDING, code
