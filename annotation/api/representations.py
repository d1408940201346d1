"""What the API answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from annotation.campaign import progress as progresses
from annotation.campaign.measurement import Gap, Measurement
from annotation.campaign.progress import CampaignProgress, DrawProgress, ModelProgress, State
from annotation.campaign.standing import CoderProgress, Counts
from annotation.campaign.throughput import Forecast
from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Text
from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Task
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.ledger.repositories.judgements import JudgementMark
from annotation.ledger.repositories.quarantine import SetAside, Settled

Item = TypeVar("Item", bound=BaseModel)
Source = TypeVar("Source")


class Representation(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class Problem(Representation):
    message: str = Field(examples=["There is no campaign naf (known: main)."])
    cure: str = Field(description="What to do about it.", examples=["Create it with: awb campaign create naf"])


class Page(Representation, Generic[Item]):
    """One stretch of a list. Ask again with ``offset`` raised by ``limit`` until ``total`` is reached."""

    items: list[Item]
    total: int = Field(description="Length of the whole list.", examples=[128])
    limit: int = Field(examples=[100])
    offset: int = Field(examples=[0])

    @classmethod
    def cut(cls, found: Sequence[Source], represent: Callable[[Source], Item], *, limit: int, offset: int) -> Self:
        """The stretch of a list that is at hand as a whole."""
        items = [represent(item) for item in found[offset : offset + limit]]
        return cls(items=items, total=len(found), limit=limit, offset=offset)


class CampaignItem(Representation):
    key: str = Field(examples=["naf-2025"])
    title: str = Field(examples=["Activities of new businesses"])
    nomenclature: str = Field(description="Key of the nomenclature version coded into.", examples=["naf-rev2"])
    language: str = Field(examples=["fr"])
    created_at: datetime
    closed_at: datetime | None = Field(description="Null while the campaign is open.")

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        return cls.model_validate(campaign)


class CountsItem(Representation):
    """Tasks by state; the three states add up to ``asked``."""

    asked: int = Field(examples=[600])
    done: int = Field(description="A code or 'unclassifiable' is in force.", examples=[412])
    waiting: int = Field(description="Put off, passed to an expert, or refused as not this one's.", examples=[9])
    outstanding: int = Field(description="No answer yet.", examples=[179])

    @classmethod
    def of(cls, counts: Counts) -> Self:
        return cls.model_validate(counts)


class CoderItem(Representation):
    coder: str = Field(description="A pseudonym; the ledger alone knows whose.", examples=["C003"])
    done: int
    unclassifiable: int = Field(description="Of those done.")
    waiting: int
    median_lead_time: float | None = Field(description="Seconds on one task.", examples=[41.5])
    last_judged_at: datetime

    @classmethod
    def of(cls, coder: CoderProgress) -> Self:
        return cls.model_validate(coder)


class EstimateItem(Representation):
    value: float = Field(examples=[0.842])
    low: float = Field(description="Lower end of the 95 % confidence interval.", examples=[0.801])
    high: float = Field(examples=[0.876])
    texts: int = Field(validation_alias="n", description="Texts observed.", examples=[300])
    method: str = Field(description="The estimator.", examples=["stratified"])


class BoundsItem(Representation):
    """What the texts without a code, or without a prediction, leave open."""

    value_low: float = Field(description="If the model is wrong on all of them.", examples=[0.79])
    value_high: float = Field(description="If it is right on all of them.", examples=[0.88])
    missing: int = Field(examples=[14])


class AccuracyItem(Representation):
    """Share of texts to which the model gives the coders' code, estimated by design on the evaluation set."""

    model_version: str | None = Field(examples=["activity/3"])
    members: int = Field(description="Texts of the evaluation set.")
    coded: int = Field(description="Of those, texts to which a coder gave a code.")
    scored: int = Field(description="Of those, texts for which this model version has a prediction.")
    estimate: EstimateItem | None
    bounds: BoundsItem | None
    gap: Gap | None = Field(description="Why there is no estimate.")

    @classmethod
    def of(cls, measurement: Measurement) -> Self:
        return cls.model_validate(measurement)


class ForecastItem(Representation):
    rate: float = Field(description="Tasks settled per working day over the last `days` of them.", examples=[58.3])
    days: int = Field(examples=[7])
    remaining: int = Field(description="Tasks not settled, those that wait included.")
    ends_on: date | None = Field(description="Null where nothing remains but what waits, or nothing moves.")
    earliest: date | None = Field(description="With `latest` a 90 % interval; null where there is none.")
    latest: date | None

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        return cls.model_validate(forecast)


class DayItem(Representation):
    day: date
    asked: int
    done: int
    seconds: float = Field(description="Of coders' work.", examples=[5400.0])


class SpentItem(Representation):
    """Seconds on one answer. Times beyond `limit` are taken for pauses."""

    mean: float = Field(description="Without pauses.", examples=[47.1])
    low: float | None = Field(description="Lower end of the mean's 95 % confidence interval.")
    high: float | None
    median: float
    times: int = Field(description="Answers behind the mean.")
    pauses: int
    limit: float


class ProgressItem(Representation):
    campaign: CampaignItem
    as_of: datetime
    counts: CountsItem
    components: dict[Component, CountsItem]
    coders: list[CoderItem]
    days: list[DayItem] = Field(description="Every day (UTC) from the first task to today.")
    forecast: ForecastItem
    outcomes: dict[Outcome, int] = Field(description="Answers in force.")
    unclassifiable: float | None = Field(description="Share of the answers that settle a task.", examples=[0.031])
    disputed: int = Field(description="Texts on which the coders differ and nobody has decided.")
    checks: CountsItem = Field(description="Gold and training, which are not among `counts`.")
    spent: SpentItem | None
    seconds: float = Field(description="Coders' work so far, without pauses.")
    champion: AccuracyItem
    quarantined: int = Field(description="Rows and answers set aside because they could not be read.")

    @classmethod
    def of(cls, progress: CampaignProgress) -> Self:
        return cls.model_validate(progress)


class DrawItem(Representation):
    id: int
    key: str
    drawn_at: datetime
    model_version: str | None = Field(description="The version whose predictions were drawn from.")
    counts: CountsItem
    budget: dict[Component, int] = Field(description="Tasks wanted of each component.")
    asked: dict[Component, int] = Field(description="Tasks that each component gave.")
    further: dict[Component, int] = Field(description="Seats added since: second answers, arbitrations, training.")
    reasons: dict[Component, str] = Field(description="An example of the sentence that says why a task is asked.")

    @classmethod
    def of(cls, draw: DrawProgress) -> Self:
        return cls.model_validate(draw)


class TaskItem(Representation):
    key: str
    text_key: str
    text: str = Field(examples=["boulangerie pâtisserie"])
    variables: dict[str, str]
    component: Component
    stratum: str
    inclusion_probability: float = Field(description="The chance that the draw had of selecting this text.")
    seat: int
    reason: str = Field(examples=["Drawn at random to measure the model: 1 chance in 40."])
    candidates: list[str] = Field(examples=[["10.71C", "47.24Z"]])
    probabilities: list[float] = Field(examples=[[0.61, 0.2]])
    model_version: str | None
    state: State
    outcome: Outcome | None = Field(description="Of the newest judgement in force.")
    code: str | None = Field(description="Of the newest judgement in force.")

    @classmethod
    def of(cls, task: Task, text: Text, judgements: Sequence[JudgementMark]) -> Self:
        newest = judgements[-1] if judgements else None
        return cls(
            key=task.key,
            text_key=task.text_key,
            text=text.text,
            variables=dict(text.variables),
            component=task.component,
            stratum=task.stratum,
            inclusion_probability=task.inclusion_probability,
            seat=task.seat,
            reason=task.reason,
            candidates=list(task.candidates),
            probabilities=list(task.probabilities),
            model_version=task.model_version,
            state=progresses.state(judgements),
            outcome=newest.outcome if newest else None,
            code=newest.code if newest else None,
        )


class TrainingSetItem(Representation):
    name: str = Field(examples=["trainingset"])
    tag: str = Field(examples=["3"])
    parent: str | None = Field(description="Tag of the version that this one was built on.", examples=["2"])
    snapshot_id: int
    rows: int
    digest: str = Field(description="Hash of the rows: the same digest is the same content.")
    recipe: dict[str, Any] = Field(description="What gives the same rows again, with the ledger.")
    built_at: datetime

    @classmethod
    def of(cls, version: TrainingSetVersion) -> Self:
        return cls.model_validate(version)


class ModelItem(Representation):
    name: str = Field(examples=["activity"])
    version: str = Field(examples=["3"])
    nomenclature: str
    trainingset_tag: str = Field(description="The training set version that it saw.")
    trainingset_digest: str
    run_id: str = Field(description="Its run in MLflow.")
    sha256: str = Field(description="Of the model's file.")
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    trained_at: datetime
    aliases: list[str] = Field(examples=[["champion"]])
    accuracy: AccuracyItem

    @classmethod
    def of(cls, model: ModelProgress) -> Self:
        accuracy = AccuracyItem.of(model.measurement)
        return cls(**_attributes(model.version), aliases=list(model.aliases), accuracy=accuracy)


class DecisionItem(Representation):
    kind: str = Field(examples=["promote"])
    subject: str = Field(examples=["activity/3"])
    accepted: bool
    reason: str
    figures: dict[str, Any]
    decided_at: datetime

    @classmethod
    def of(cls, decision: Decision) -> Self:
        return cls.model_validate(decision)


class QuarantinedItem(Representation):
    id: int
    kind: str = Field(examples=["annotation"])
    origin: str = Field(description="The file or platform it came from.")
    row: int | None = Field(description="Counted as a spreadsheet does.")
    raw: dict[str, Any] = Field(description="As it came.")
    reason: str = Field(description="Why it could not be taken when it was last tried.")
    since: datetime
    waits: bool = Field(description="False when it was taken later, or dropped.")
    outcome: Settled | None = Field(description="What became of it; none while nobody has tried it again.")
    settled_reason: str = Field(description="What was said then; empty while nobody has tried it again.")
    settled_by: str = Field(examples=["account 3"])
    settled_at: datetime | None

    @classmethod
    def of(cls, one: SetAside) -> Self:
        item, settled = one.item, one.settlement
        return cls(
            id=one.id,
            kind=item.kind,
            origin=item.origin,
            row=item.row,
            raw=dict(item.raw),
            reason=one.reason,
            since=one.since,
            waits=one.waits,
            outcome=settled.outcome if settled else None,
            settled_reason=settled.reason if settled else "",
            settled_by=settled.by if settled else "",
            settled_at=settled.at if settled else None,
        )


def _attributes(version: ModelVersion) -> dict[str, Any]:
    names = (name for name in ModelItem.model_fields if hasattr(version, name))
    return {name: getattr(version, name) for name in names}
