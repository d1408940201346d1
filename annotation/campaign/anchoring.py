"""Whether coders follow what the model proposes: tasks that showed no prediction against those that did.

Which tasks are blind is left to chance, so that the two kinds differ by nothing but what was shown: a difference
between them is what showing does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from annotation.ledger.repositories.answers import Answered
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import anchoring as shares
from annotation.quality.anchoring import Contrast


@dataclass(frozen=True, slots=True)
class Anchoring:
    """``same_as_model``: the answer is the model's first code. ``right``: it is the code of gold or of an arbiter, on
    texts that have one; ``same_as_other``: it is that of another coder who answered the same text blind. Only disputes
    reach an arbiter, so with their texts the difference in ``right`` is larger than among all, and its sign holds.

    Seconds are medians, None of nothing.
    """

    same_as_model: Contrast
    right: Contrast
    same_as_other: Contrast
    seconds_shown: float | None
    seconds_blind: float | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "same_as_model": self.same_as_model.as_dict(),
            "right": self.right.as_dict(),
            "same_as_other": self.same_as_other.as_dict(),
            "seconds": {"shown": self.seconds_shown, "blind": self.seconds_blind},
        }


def of_campaign(work: UnitOfWork, campaign_key: str) -> Anchoring | None:
    """None where no task of the campaign is blind."""
    if not work.answers.has_blind(campaign_key):
        return None
    first = work.answers.first_codes(campaign_key)
    answers = [one for one in work.answers.of_campaign(campaign_key) if one.task_key in first]
    return compared(answers, first=first, settled=_settled(work, campaign_key))


def compared(answers: Sequence[Answered], *, first: Mapping[str, str], settled: Mapping[str, str]) -> Anchoring:
    """``first`` are the model's codes by task key, ``settled`` the right ones by text key."""
    blind = _blind_codes(answers)
    return Anchoring(
        same_as_model=_contrast((one, one.code == first[one.task_key]) for one in answers),
        right=_contrast((one, one.code == settled[one.text_key]) for one in answers if one.text_key in settled),
        same_as_other=_contrast(
            (one, one.code == code) for one in answers for code in blind[one.text_key].others(one.coder)
        ),
        seconds_shown=_median(one.lead_time for one in answers if not one.blind),
        seconds_blind=_median(one.lead_time for one in answers if one.blind),
    )


@dataclass(slots=True)
class _Blind:
    """The codes given blind to one text, by coder."""

    codes: dict[str, str | None]

    def others(self, coder: str) -> list[str | None]:
        """At most one, so that no answer counts twice."""
        return [code for name, code in sorted(self.codes.items()) if name != coder][:1]


def _blind_codes(answers: Iterable[Answered]) -> Mapping[str, _Blind]:
    found: defaultdict[str, _Blind] = defaultdict(lambda: _Blind({}))
    for one in answers:
        if one.blind:
            found[one.text_key].codes[one.coder] = one.code
    return found


def _contrast(hits: Iterable[tuple[Answered, bool]]) -> Contrast:
    counts = {False: [0, 0], True: [0, 0]}
    for one, hit in hits:
        counts[one.blind][0] += hit
        counts[one.blind][1] += 1
    return shares.contrast(shown=(counts[False][0], counts[False][1]), blind=(counts[True][0], counts[True][1]))


def _median(seconds: Iterable[float | None]) -> float | None:
    known = [one for one in seconds if one is not None]
    return median(known) if known else None


def _settled(work: UnitOfWork, campaign_key: str) -> dict[str, str]:
    """Codes that somebody else than the coders settled: gold, or the arbiter's word."""
    nomenclature = work.campaigns.get(campaign_key).nomenclature
    gold = {key: text.code for key, text in work.gold.current(nomenclature).items()}
    return work.answers.arbitrated(campaign_key) | gold
