"""What the annotation brought: a better model, codes that need no person, hours of manual coding that this saves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from annotation.campaign import agreeing, cost, measurement
from annotation.campaign.cost import Cost, PerPoint
from annotation.campaign.measurement import LEAST_TEXTS, Benchmark, Measurement
from annotation.campaign.standing import Standing
from annotation.campaign.times import Spent
from annotation.domain.version import ModelVersion
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import accuracy, selective
from annotation.quality.accuracy import Estimate
from annotation.quality.agreement import Coefficient
from annotation.quality.selective import Threshold

# A month is as long as months are on average; the flow of three of them is looked at.
MONTH_DAYS: Final = 365.25 / 12
FLOW_DAYS: Final = 91


@dataclass(frozen=True, slots=True)
class Saving:
    """What a replay of the past says of a strategy against asking at random: the share of random's labels that it
    saves at the end, with its interval where there were several seeds."""

    strategy: str
    share: float
    low: float | None
    high: float | None

    def labels(self, used: int) -> int:
        """How many more labels would have been needed at random to come as far as with those used."""
        return round(used / (1 - self.share) - used) if self.share < 1 else 0


@dataclass(frozen=True, slots=True)
class Step:
    """A model version, and what lies between it and the one before: ``answers`` given by coders in ``cost``'s time,
    ``added`` rows of the training set, the paired ``gain`` in accuracy. None where there is no one before it, or
    nothing to compare."""

    version: ModelVersion
    measurement: Measurement
    in_production: bool
    rows: int | None
    answers: int
    cost: Cost
    added: int | None = None
    gain: Estimate | None = None
    per_point: PerPoint | None = None

    @property
    def label(self) -> str:
        return f"{self.version.name}/{self.version.version}"


@dataclass(frozen=True, slots=True)
class Unattended:
    """Codes at or above ``threshold`` (a margin) may go unseen: their accuracy is ``target`` or more, but for 5 % of
    all samples. ``share`` is the share of the texts there, None with ``threshold`` where none can be shown to reach
    the target."""

    target: float
    threshold: Threshold | None
    share: Estimate | None


@dataclass(frozen=True, slots=True)
class Relief:
    """Hours of manual coding that need not be done each month; the interval is that of the share and of the time."""

    declarations: float
    share: float
    minutes: float
    hours: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Brought:
    """``steps`` are the versions that went into production and the first one, oldest first; ``others`` are not among
    them. ``total`` is the paired gain from the first to the last step ``during`` the campaign; ``declarations`` are
    those of a month."""

    standing: Standing
    champion: Measurement
    steps: tuple[Step, ...]
    others: tuple[Step, ...]
    total: Estimate | None
    ceiling: Coefficient | None
    unattended: Unattended | None
    declarations: float | None
    relief: Relief | None
    cost: Cost
    saving: Saving | None

    @property
    def measured(self) -> list[Step]:
        """The steps of which the accuracy is known."""
        return [step for step in self.steps if step.measurement.estimate]

    @property
    def during(self) -> list[Step]:
        """Those measured that the campaign saw: from the one that it began with to the last."""
        return _during(self.steps, self.standing.campaign.created_at)

    @property
    def all_steps(self) -> list[Step]:
        """Newest first, those that never went into production too."""
        return sorted((*self.steps, *self.others), key=lambda step: step.version.trained_at, reverse=True)

    @property
    def labels(self) -> int:
        """Answers that settled a task so far."""
        return self.standing.counts.done


def brought(
    work: UnitOfWork,
    standing: Standing,
    *,
    champion: str | None,
    trainingset: str,
    model: str,
    saving: Saving | None = None,
) -> Brought:
    """Everything that the page says; ``champion`` as predictions name it (``name/version``)."""
    nomenclature = standing.campaign.nomenclature
    benchmark = measurement.benchmark(work, nomenclature)
    versions = [v for v in work.models.all(model) if v.nomenclature == nomenclature]
    right = {_label(v): measurement.right(work, benchmark, _label(v)) for v in versions}
    kept = _kept(work, versions, champion)
    rows = {one.tag: one.rows for one in work.trainingsets.all(trainingset)}
    story = _Story(standing, benchmark, right, rows, champion)
    steps = story.told([v for v in versions if _label(v) in kept])
    unattended = _unattended(work, benchmark, right, champion, standing.policy.target_accuracy)
    declarations = _declarations(work)
    return Brought(
        standing=standing,
        champion=_measured(work, benchmark, right, champion),
        steps=steps,
        others=tuple(step for v in versions if _label(v) not in kept for step in story.told([v])),
        total=_total(story, _during(steps, standing.campaign.created_at)),
        ceiling=agreeing.ceiling(work, nomenclature),
        unattended=unattended,
        declarations=declarations,
        relief=relief(declarations, unattended.share if unattended else None, standing.spent),
        cost=cost.of(standing.seconds, standing.policy),
        saving=saving,
    )


def relief(declarations: float | None, share: Estimate | None, spent: Spent | None) -> Relief | None:
    """Declarations times the share that needs no person times minutes each; relative errors add in squares."""
    if not declarations or share is None or spent is None or not share.value:
        return None
    minutes = spent.mean / 60
    hours = declarations * share.value * minutes / 60
    half = 0.0 if spent.low is None else (spent.mean - spent.low) / spent.mean
    below = math.hypot((share.value - share.low) / share.value, half)
    above = math.hypot((share.high - share.value) / share.value, half)
    return Relief(declarations, share.value, minutes, hours, hours * max(0.0, 1 - below), hours * (1 + above))


@dataclass(frozen=True, slots=True)
class _Story:
    """``right`` is by model version and text key, ``rows`` by tag of the training set."""

    standing: Standing
    benchmark: Benchmark
    right: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, int]
    champion: str | None

    def told(self, versions: Sequence[ModelVersion]) -> tuple[Step, ...]:
        return tuple(
            self._step(version, versions[place - 1] if place else None) for place, version in enumerate(versions)
        )

    def gain(self, before: str, after: str) -> Estimate | None:
        """Paired, on the texts that both were asked about."""
        ours, theirs = self.right[after], self.right[before]
        both = [m for m in self.benchmark.coded if m.text_key in ours and m.text_key in theirs]
        if len(both) < LEAST_TEXTS:
            return None
        drawing = self.benchmark.drawing(both)
        return accuracy.difference(
            [ours[member.text_key] for member in both],
            [theirs[member.text_key] for member in both],
            drawing.probability,
            population_size=drawing.population,
            stratum=drawing.stratum,
        )

    def _step(self, version: ModelVersion, before: ModelVersion | None) -> Step:
        label, policy = _label(version), self.standing.policy
        answers, seconds = self._between(before, version)
        rows = self.rows.get(version.trainingset_tag)
        former = self.rows.get(before.trainingset_tag) if before else None
        gain = self.gain(_label(before), label) if before else None
        return Step(
            version=version,
            measurement=measurement.measured(self.benchmark, label, self.right[label]),
            in_production=label == self.champion,
            rows=rows,
            answers=answers,
            cost=cost.of(seconds, policy),
            added=rows - former if rows is not None and former is not None else None,
            gain=gain,
            per_point=cost.per_point(seconds, gain, policy) if gain else None,
        )

    def _between(self, before: ModelVersion | None, version: ModelVersion) -> tuple[int, float]:
        """Tasks settled and seconds spent from the day after one training to the day of the next."""
        since = before.trained_at.date() if before else date.min
        days = [day for day in self.standing.days if since < day.day <= version.trained_at.date()]
        return sum(day.done for day in days), sum(day.seconds for day in days)


def _label(version: ModelVersion) -> str:
    return f"{version.name}/{version.version}"


def _measured(
    work: UnitOfWork, benchmark: Benchmark, right: Mapping[str, Mapping[str, float]], champion: str | None
) -> Measurement:
    if champion is not None and champion in right:
        return measurement.measured(benchmark, champion, right[champion])
    return measurement.measure(work, benchmark, champion)


def _kept(work: UnitOfWork, versions: Sequence[ModelVersion], champion: str | None) -> set[str]:
    """The versions that went into production, and the first; all where none is known to have."""
    labels = [_label(version) for version in versions]
    promoted = {one.subject for one in work.decisions.all("promote") if one.accepted} | {champion}
    kept = {label for label in labels if label in promoted}
    return kept | set(labels[:1]) if kept else set(labels)


def _total(story: _Story, steps: Sequence[Step]) -> Estimate | None:
    return story.gain(steps[0].label, steps[-1].label) if len(steps) > 1 else None


def _during(steps: Sequence[Step], began: datetime) -> list[Step]:
    """A nomenclature's models are shared: what they had learnt before is no work of this campaign."""
    measured = [step for step in steps if step.measurement.estimate]
    before = sum(step.version.trained_at <= began for step in measured)
    return measured[max(0, before - 1) :]


def _unattended(
    work: UnitOfWork,
    benchmark: Benchmark,
    right: Mapping[str, Mapping[str, float]],
    champion: str | None,
    target: float,
) -> Unattended | None:
    """None where the model in production cannot be measured."""
    said = right.get(champion or "", {})
    coded = [member for member in benchmark.coded if member.text_key in said]
    if champion is None or len(coded) < LEAST_TEXTS:
        return None
    margins = work.texts.margins(champion, [member.text_key for member in benchmark.members])
    # What the model has no code for, or two codes alike, is for a coder.
    margin = {key: value or -1.0 for key, value in margins.items()}
    found = selective.threshold(
        [said[member.text_key] for member in coded],
        [margin[member.text_key] for member in coded],
        benchmark.drawing(coded).probability,
        target=target,
    )
    return Unattended(target, found, _share_above(benchmark, margin, found.value) if found else None)


def _share_above(benchmark: Benchmark, margin: Mapping[str, float], threshold: float) -> Estimate:
    scored = np.array([member.text_key in margin for member in benchmark.members])
    drawing = benchmark.drawn()
    return accuracy.estimate(
        [float(margin[m.text_key] >= threshold) for m in benchmark.members if m.text_key in margin],
        drawing.probability[scored],
        population_size=drawing.population,
        stratum=drawing.stratum[scored],
    )


def _declarations(work: UnitOfWork) -> float | None:
    """A month's, by the last three months before the last one that came in; None where there are none."""
    last = work.tallies.last_declared()
    if last is None:
        return None
    return work.tallies.declared_since(last - timedelta(days=FLOW_DAYS)) * MONTH_DAYS / FLOW_DAYS
