"""Where a campaign stands: what the lead's first page shows, from counts that the database makes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from annotation.campaign import settling, throughput, times
from annotation.campaign.throughput import Day, Forecast
from annotation.campaign.times import Spent
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Component, Kind
from annotation.ledger.repositories.tallies import AnsweredTally, AskedTally, EffortTally
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality.consensus import Dispute


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks; the three states add up to ``asked``."""

    asked: int
    done: int
    waiting: int

    @property
    def outstanding(self) -> int:
        return self.asked - self.done - self.waiting

    @property
    def share_done(self) -> float | None:
        return self.done / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class CoderProgress:
    """Judgements in force of one pseudonym; times are in seconds, ``seconds`` their sum without pauses."""

    coder: str
    done: int
    unclassifiable: int
    waiting: int
    median_lead_time: float | None
    last_judged_at: datetime
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """``checks`` are gold and training, which stand beside ``counts`` and not among them; their time is in ``days``,
    ``outcomes`` and ``coders``, which come in the order of their pseudonyms.

    ``disputed`` are texts; ``unclassifiable`` is a share of the settling answers; ``spent`` is on one answer.
    """

    campaign: Campaign
    policy: Policy
    as_of: datetime
    counts: Counts
    checks: Counts
    components: Mapping[Component, Counts]
    coders: tuple[CoderProgress, ...]
    days: tuple[Day, ...]
    forecast: Forecast
    outcomes: Mapping[Outcome, int]
    unclassifiable: float | None
    disputed: int
    spent: Spent | None
    quarantined: int

    @property
    def seconds(self) -> float:
        """Coders' time so far, without pauses."""
        return sum(coder.seconds for coder in self.coders)

    @property
    def answers(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """What the database counted of a campaign's tasks."""

    asked: Sequence[AskedTally]
    answered: Sequence[AnsweredTally]
    effort: Sequence[EffortTally]
    spent: Spent | None


def tally(work: UnitOfWork, campaign_key: str) -> Tally:
    effort = work.tallies.effort(campaign_key)
    spent = times.spent(_seconds(effort))
    limit, instead = (spent.limit, spent.mean) if spent else (0.0, 0.0)
    answered = work.tallies.answered(campaign_key, limit=limit, instead=instead)
    return Tally(work.tallies.asked(campaign_key), answered, effort, spent)


def standing(work: UnitOfWork, campaign_key: str, *, now: datetime) -> Standing:
    """The campaign as the ledger knows it; NotFoundError where it does not."""
    campaign = work.campaigns.get(campaign_key)
    return of_tally(work, campaign, tally(work, campaign_key), now=now)


def of_coder(work: UnitOfWork, campaign_key: str, coder: str) -> CoderProgress | None:
    """Of one pseudonym, whose own times tell what a pause is; None without an answer in force."""
    effort = work.tallies.effort(campaign_key, coder=coder)
    return _coder(coder, effort, times.spent(_seconds(effort))) if effort else None


def of_tally(work: UnitOfWork, campaign: Campaign, counted: Tally, *, now: datetime) -> Standing:
    questions = [one for one in counted.asked if is_question(one)]
    answers = [one for one in counted.answered if is_question(one)]
    totals = counts(questions, answers)
    days = _days(work.draws.of_campaign(campaign.key), questions, answers, counted.answered, now)
    outcomes = _outcomes(counted.effort)
    return Standing(
        campaign=campaign,
        policy=work.policies.current(campaign.key),
        as_of=now,
        counts=totals,
        checks=counts(
            [one for one in counted.asked if not is_question(one)],
            [one for one in counted.answered if not is_question(one)],
        ),
        components=_components(questions, answers),
        coders=_coders(counted),
        days=days,
        forecast=_forecast(days, totals, now),
        outcomes=outcomes,
        unclassifiable=_unclassifiable(outcomes),
        disputed=_disputed(work, campaign.key),
        spent=counted.spent,
        quarantined=work.quarantine.count(),
    )


def _forecast(days: Sequence[Day], totals: Counts, now: datetime) -> Forecast:
    left = totals.outstanding + totals.waiting
    return throughput.forecast(days, remaining=left, waiting=totals.waiting, today=now.date())


def is_question(tallied: AskedTally | AnsweredTally) -> bool:
    """Whether the tasks ask what nobody knows, and don't check or teach a coder."""
    return tallied.kind is not Kind.TRAINING and tallied.component is not Component.GOLD


def counts(asked: Iterable[AskedTally], answered: Iterable[AnsweredTally]) -> Counts:
    states = Counter({True: 0, False: 0})
    for one in answered:
        states[one.settled] += one.tasks
    return Counts(sum(one.tasks for one in asked), states[True], states[False])


def _components(asked: Sequence[AskedTally], answered: Sequence[AnsweredTally]) -> dict[Component, Counts]:
    """In the order in which the components are declared; only those that asked something."""
    there = {one.component for one in asked}
    return {
        component: counts(
            [one for one in asked if one.component is component],
            [one for one in answered if one.component is component],
        )
        for component in Component
        if component in there
    }


def _days(
    draws: Sequence[Draw],
    asked: Sequence[AskedTally],
    answered: Sequence[AnsweredTally],
    all_answered: Sequence[AnsweredTally],
    now: datetime,
) -> tuple[Day, ...]:
    drawn = {draw.id: draw.drawn_at.date() for draw in draws}
    questions, done = Counter[date](), Counter[date]()
    seconds: dict[date, float] = defaultdict(float)
    for asking in asked:
        questions[drawn[asking.draw_id]] += asking.tasks
    for answering in answered:
        if answering.settled:
            done[answering.day] += answering.tasks
    for answering in all_answered:
        seconds[answering.day] += answering.seconds
    return throughput.by_day(questions, done, seconds, today=now.date())


def _coders(counted: Tally) -> tuple[CoderProgress, ...]:
    of_coder: dict[str, list[EffortTally]] = defaultdict(list)
    for one in counted.effort:
        of_coder[one.coder].append(one)
    return tuple(_coder(name, of_coder[name], counted.spent) for name in sorted(of_coder))


def _coder(name: str, effort: Sequence[EffortTally], usual: Spent | None) -> CoderProgress:
    spent = times.spent(_seconds(effort))
    timed = [(one.seconds, one.answers) for one in effort if one.seconds is not None]
    return CoderProgress(
        coder=name,
        done=sum(one.answers for one in effort if one.outcome.settles),
        unclassifiable=sum(one.answers for one in effort if one.outcome is Outcome.UNCLASSIFIABLE),
        waiting=sum(one.answers for one in effort if not one.outcome.settles),
        median_lead_time=spent.median if spent else None,
        last_judged_at=max(one.last_judged_at for one in effort),
        seconds=sum(usual.counted(seconds) * answers for seconds, answers in timed) if usual else 0.0,
    )


def _seconds(effort: Iterable[EffortTally]) -> Counter[int]:
    found = Counter[int]()
    for one in effort:
        if one.seconds is not None:
            found[one.seconds] += one.answers
    return found


def _outcomes(effort: Iterable[EffortTally]) -> dict[Outcome, int]:
    """In the order in which they are declared; only those that occurred."""
    found = Counter[Outcome]()
    for one in effort:
        found[one.outcome] += one.answers
    return {outcome: found[outcome] for outcome in Outcome if found[outcome]}


def _unclassifiable(outcomes: Mapping[Outcome, int]) -> float | None:
    settled = sum(number for outcome, number in outcomes.items() if outcome.settles)
    return outcomes.get(Outcome.UNCLASSIFIABLE, 0) / settled if settled else None


def _disputed(work: UnitOfWork, campaign_key: str) -> int:
    contested = work.tallies.contested(campaign_key)
    if not contested:
        return 0
    verdicts = settling.verdicts(work, campaign_key, contested)
    return sum(isinstance(verdict, Dispute) for verdict in verdicts.values())
