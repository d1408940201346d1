"""What the judgements on a text come to, by the policy of its campaign.

Everybody who needs the code of a text asks here, so that labels, accuracy and the arbiter's work rest on the same
verdicts. Texts that were settled beforehand, to check coders or to teach them, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from annotation.domain.policy import Consensus
from annotation.domain.task import Component, Kind
from annotation.ledger.repositories.campaigns import TaskSeat
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import consensus as settlement
from annotation.quality.consensus import Settled, Verdict


@dataclass(frozen=True, slots=True)
class Weighed:
    """What coders said of a text, then what arbiters did, in order of id; ``verdict.by`` is a place among them."""

    verdict: Verdict
    judgements: tuple[JudgementMark, ...]

    @property
    def by(self) -> JudgementMark | None:
        """A judgement that gave the verdict; None where nothing is settled."""
        return self.judgements[self.verdict.by] if isinstance(self.verdict, Settled) else None


@dataclass(frozen=True, slots=True)
class Rule:
    """How the answers of a campaign are weighed; ``weights`` by coder are of the policy that wants them."""

    consensus: Consensus
    weights: Mapping[str, float]


class Seat(Protocol):
    """What is needed of a task."""

    @property
    def key(self) -> str: ...

    @property
    def text_key(self) -> str: ...

    @property
    def component(self) -> Component: ...

    @property
    def kind(self) -> Kind: ...


def verdicts(work: UnitOfWork, campaign_key: str, text_keys: Iterable[str] | None = None) -> dict[str, Verdict]:
    """By text key, of all texts of the campaign that somebody has spoken of, or of those among ``text_keys``."""
    return {key: one.verdict for key, one in weighed(work, campaign_key, text_keys).items()}


def weighed(
    work: UnitOfWork,
    campaign_key: str,
    text_keys: Iterable[str] | None = None,
    *,
    consensus: Consensus | None = None,
) -> dict[str, Weighed]:
    """As ``verdicts``, with the judgements; ``consensus`` stands above the campaign's own."""
    rule = rule_of(work, campaign_key, consensus)
    if text_keys is None:
        marks: dict[str, list[JudgementMark]] = {}
        for mark in work.judgements.marks(campaign_key):
            marks.setdefault(mark.task_key, []).append(mark)
        return {key: weigh(seats, marks, rule) for key, seats in _spoken(work.tasks.seats(campaign_key), marks).items()}
    asked = set(text_keys)
    seats = [seat for seat in work.tasks.seats_of_texts(sorted(asked)) if seat.campaign == campaign_key]
    marks = work.judgements.marks_of_tasks([seat.key for seat in seats])
    return {key: weigh(group, marks, rule) for key, group in _spoken(seats, marks).items()}


def by_draw(work: UnitOfWork, seats: Sequence[TaskSeat]) -> dict[tuple[int, str], Weighed]:
    """By draw and text key, from these seats alone: what one draw asked, whatever was asked about the text again."""
    groups: dict[tuple[int, str], list[TaskSeat]] = {}
    for seat in seats:
        groups.setdefault((seat.draw_id, seat.text_key), []).append(seat)
    marks = work.judgements.marks_of_tasks([seat.key for seat in seats])
    rules = {campaign: rule_of(work, campaign) for campaign in sorted({seat.campaign for seat in seats})}
    return {asked: weigh(group, marks, rules[group[0].campaign]) for asked, group in groups.items()}


def rule_of(work: UnitOfWork, campaign_key: str, consensus: Consensus | None = None) -> Rule:
    """That of the campaign's policy, or of another consensus."""
    wanted = consensus or work.policies.current(campaign_key).consensus
    if wanted is not Consensus.WEIGHTED:
        return Rule(wanted, {})
    from annotation.campaign import coder_quality

    return Rule(wanted, coder_quality.weights(work, campaign_key))


def counts(seat: Seat) -> bool:
    """Whether what is said there makes labels and figures."""
    return seat.kind is not Kind.TRAINING and seat.component is not Component.GOLD


def weigh(seats: Sequence[Seat], marks: Mapping[str, Sequence[JudgementMark]], rule: Rule) -> Weighed:
    """The verdict on the one text that the seats ask about; ``marks`` are by task key."""
    said: dict[bool, list[JudgementMark]] = {False: [], True: []}
    for seat in filter(counts, seats):
        said[seat.kind is Kind.ARBITRATION] += marks.get(seat.key, ())
    coders, arbiters = (sorted(said[one], key=lambda mark: mark.id) for one in (False, True))
    verdict = settlement.settle(coders, policy=rule.consensus, weights=rule.weights, arbiter=arbiters)
    return Weighed(verdict, (*coders, *arbiters))


def _spoken(seats: Iterable[Seat], marks: Mapping[str, Sequence[JudgementMark]]) -> dict[str, list[Seat]]:
    """The seats by text, of texts with a judgement that counts."""
    of_text: dict[str, list[Seat]] = {}
    for seat in seats:
        if counts(seat):
            of_text.setdefault(seat.text_key, []).append(seat)
    return {key: group for key, group in of_text.items() if any(marks.get(seat.key) for seat in group)}
