"""What the API answers on drift, draws, training sets, models and texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self

from pydantic import AliasChoices, Field

from annotation.api.insights import Change, Difference
from annotation.api.representations import EstimateItem, Representation
from annotation.campaign.drawn import DrawDetails
from annotation.campaign.lineage import ModelLineage, TextLineage
from annotation.campaign.managing import Managed
from annotation.campaign.monitoring import Flow, Promise, RecordedDrift, ShareOfCode
from annotation.domain.judgement import Outcome
from annotation.domain.label import Source
from annotation.domain.policy import Policy
from annotation.domain.task import Component
from annotation.domain.team import Standing


class ShareItem(Representation):
    code: str = Field(examples=["53.20Z"])
    title: str
    shares: list[float | None] = Field(description="Of the declarations of each week.", examples=[[0.02, 0.06]])
    declarations: int

    @classmethod
    def of(cls, share: ShareOfCode) -> Self:
        return cls.model_validate(share)


class SurenessItem(Representation):
    mean: float = Field(examples=[0.81])
    low: float = Field(description="First decile.", examples=[0.4])
    median: float
    high: float = Field(description="Last decile.")


class DriftedCodeItem(Representation):
    code: str = Field(examples=["53.20Z"])
    title: str
    before: float = Field(description="Share in the reference window.", examples=[0.019])
    after: float = Field(description="Share in the current window.", examples=[0.06])
    p_value: float
    count: int = Field(description="Declarations in the current window.")
    texts: list[str] = Field(description="Examples now predicted so.", examples=[["livraison à vélo"]])


class DriftItem(Representation):
    turn: int
    found_at: datetime
    model_version: str
    reference_window: str = Field(description="Start and end, ISO 8601, with a slash between them.")
    current_window: str
    alarm: bool | None = Field(description="Null for turns that did not say.")
    kinds: dict[str, bool] = Field(examples=[{"text": True, "codes": True, "concept": False}])
    codes: list[DriftedCodeItem]

    @classmethod
    def of(cls, drift: RecordedDrift, texts: Mapping[str, tuple[str, ...]]) -> Self:
        codes = [
            DriftedCodeItem(
                code=one.code, title=one.title, before=one.before, after=one.after, p_value=one.p_value,
                count=one.count, texts=list(texts.get(one.code, ())),
            )
            for one in drift.codes
        ]  # fmt: skip
        return cls(
            turn=drift.turn, found_at=drift.found_at, model_version=drift.model_version,
            reference_window=drift.reference_window, current_window=drift.current_window, alarm=drift.alarm,
            kinds=dict(drift.kinds), codes=codes,
        )  # fmt: skip


class PromiseItem(Representation):
    draw: str = Field(examples=["main/turn-3"])
    draw_id: int
    model_version: str | None
    promised: float | None = Field(description="The mean calibrated confidence of the texts drawn from.")
    measured: EstimateItem | None = Field(description="By all labels of the draw.")
    audit: EstimateItem | None = Field(description="By the audit's labels alone.")
    asked: int
    coded: int

    @classmethod
    def of(cls, one: Promise) -> Self:
        estimates = {
            name: EstimateItem.model_validate(found) if found else None
            for name, found in (("measured", one.measured), ("audit", one.audit))
        }
        return cls(
            draw=one.draw.key, draw_id=one.draw.id, model_version=one.draw.model_version, promised=one.promised,
            asked=one.asked, coded=one.coded, **estimates,
        )  # fmt: skip


class MonitoringItem(Representation):
    model_version: str | None = Field(description="The version whose predictions are looked at.")
    calibrated: bool = Field(description="Whether confidence is a calibrated chance, or the model's own word.")
    level: int = Field(description="Level of the nomenclature of ``codes``.")
    weeks: list[date] = Field(description="Mondays.")
    declarations: list[int] = Field(description="By week, those that the version has scored.")
    codes: list[ShareItem] = Field(description="Those declared most, largest first.")
    confidence: list[SurenessItem | None]
    drift: DriftItem | None = Field(description="What the last turn that looked for drift found.")
    accuracy: list[PromiseItem] = Field(description="By draw, oldest first.")

    @classmethod
    def flow(cls, seen: Flow | None) -> dict[str, Any]:
        if seen is None:
            return {"weeks": [], "declarations": [], "confidence": []}
        sure = [SurenessItem.model_validate(one) if one else None for one in seen.confidence]
        return {"weeks": list(seen.weeks), "declarations": list(seen.declarations), "confidence": sure}


class PartItem(Representation):
    component: Component
    wanted: int | None
    found: int = Field(description="Questions that the draw put itself.")
    further: int = Field(description="Seats added to them since: second answers, arbitrations, training.")
    strategy: str = Field(examples=["margin_capped"])
    candidates: int | None = Field(description="Units that it chose among.")
    reason: str = Field(description="An example.")


class LayerItem(Representation):
    name: str = Field(examples=["confidence 1 of 7"])
    units: int | None
    drawn: int | None
    texts: int | None
    declarations: int | None


class DrawDetailsItem(Representation):
    id: int
    key: str
    campaign: str
    drawn_at: datetime
    model_version: str | None
    seed: int
    tasks: int
    parts: list[PartItem]
    strata: list[LayerItem] = Field(description="Of the audit, the least sure first.")
    pool: int | None
    left_out: dict[str, int] = Field(examples=[{"asked before": 120}])
    foreseen_accuracy: float | None
    foreseen_half_width: float | None = Field(description="Of the audit's interval.", examples=[0.03])

    @classmethod
    def of(cls, told: DrawDetails) -> Self:
        draw = told.draw
        return cls(
            id=draw.id, key=draw.key, campaign=draw.campaign, drawn_at=draw.drawn_at, seed=draw.seed,
            model_version=draw.model_version, tasks=told.tasks, pool=told.pool, left_out=dict(told.left_out),
            parts=[PartItem.model_validate(part) for part in told.parts],
            strata=[LayerItem.model_validate(layer) for layer in told.layers],
            foreseen_accuracy=told.foreseen, foreseen_half_width=told.half_width,
        )  # fmt: skip


class RowItem(Representation):
    text_key: str
    text: str
    nomenclature: str
    code: str
    source: Source
    weight: float
    coder: str | None
    judgement_id: int | None
    label_id: int
    split: str = Field(examples=["train"])
    before: dict[str, Any] | None = Field(description="Former code, source and weight of a row that changed.")


class CountsItem(Representation):
    added: int
    removed: int
    entered: int = Field(description="By recoding.")
    left: int = Field(description="By recoding.")
    net: int


class MovesItem(CountsItem):
    code: str = Field(validation_alias=AliasChoices("name", "code"))


class CoderMovesItem(CountsItem):
    coder: str | None = Field(
        validation_alias=AliasChoices("name", "coder"), description="Pseudonym; null for labels that no coder gave."
    )


class DifferenceItem(Representation):
    counts: dict[Change, int] = Field(examples=[{"added": 421, "removed": 0, "recoded": 3, "reweighted": 0}])
    codes: list[MovesItem] = Field(description="Those with most movement first.")
    coders: list[CoderMovesItem] = Field(description="Whose labels came and went, those with most movement first.")
    change: Change
    items: list[RowItem] = Field(description="Rows of this change, in order of text key.")
    total: int
    limit: int
    offset: int

    @classmethod
    def of(cls, found: Difference, change: Change, *, limit: int, offset: int) -> Self:
        rows = found.rows(change, limit=limit, offset=offset)
        return cls(
            counts=dict(found.counts), codes=[MovesItem.model_validate(one) for one in found.codes],
            coders=[CoderMovesItem.model_validate(one) for one in found.coders], change=change,
            items=[RowItem.model_validate(row) for row in rows], total=found.counts[change], limit=limit, offset=offset,
        )  # fmt: skip


class LineageItem(Representation):
    model: str = Field(examples=["activity/3"])
    nomenclature: str
    trained_at: datetime
    in_production: bool = Field(description="The last that the gate let through.")
    run_id: str
    registry: str | None = Field(description="Its page in the registry, where that has an address.")
    trainingset: str | None = Field(examples=["trainingset@v3"])
    trainingset_digest: str
    rows: int | None
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    draws: list[int] = Field(description="Ids of the draws from its predictions.")

    @classmethod
    def of(cls, found: ModelLineage, registry: str | None) -> Self:
        model, learnt = found.model, found.trainingset
        return cls(
            model=found.label, nomenclature=model.nomenclature, trained_at=model.trained_at,
            in_production=found.in_production, run_id=model.run_id, registry=registry,
            trainingset=f"{learnt.name}@{learnt.tag}" if learnt else None, trainingset_digest=model.trainingset_digest,
            rows=learnt.rows if learnt else None, metrics=dict(model.metrics), parameters=dict(model.parameters),
            draws=[number for number, _ in found.draws],
        )  # fmt: skip


class TextJudgementItem(Representation):
    id: int
    task_key: str
    draw_id: int
    campaign: str
    component: Component
    reason: str = Field(description="Why it was asked.")
    coder: str = Field(description="A pseudonym.", examples=["C003"])
    outcome: Outcome
    code: str | None
    judged_at: datetime
    in_force: bool = Field(description="False where it was edited or deleted since.")


class TextLabelItem(Representation):
    id: int
    nomenclature: str
    code: str | None
    source: Source
    weight: float
    judgements: list[int] = Field(description="All that were weighed.")
    evidence: str = Field(examples=["2 of 2 coders"])
    settled_at: datetime


class TextItem(Representation):
    text_key: str
    text: str
    variables: dict[str, str]
    judgements: list[TextJudgementItem] = Field(description="Oldest first.")
    labels: list[TextLabelItem] = Field(description="Oldest first; the last of a nomenclature is in force.")
    predictions: dict[str, str | None] = Field(description="First code by model version.")
    measured_in: list[str] = Field(description="Nomenclatures whose evaluation set it belongs to.")

    @classmethod
    def of(cls, found: TextLineage) -> Self:
        return cls(
            text_key=found.text.key, text=found.text.text, variables=dict(found.text.variables),
            judgements=[TextJudgementItem.model_validate(one) for one in found.judgements],
            labels=[TextLabelItem.model_validate(one) for one in found.labels],
            predictions={one.model_version: one.code for one in found.predictions},
            measured_in=list(found.measured_in),
        )  # fmt: skip


class ManagedItem(Representation):
    """A campaign after a change; ``before`` and ``after`` hold the values that changed."""

    key: str
    title: str
    nomenclature: str
    language: str
    closed_at: datetime | None
    policy: Policy
    before: dict[str, Any] = Field(examples=[{"paused": False}])
    after: dict[str, Any] = Field(examples=[{"paused": True}])

    @classmethod
    def of(cls, done: Managed) -> Self:
        one = done.campaign
        return cls(
            key=one.key, title=one.title, nomenclature=one.nomenclature, language=one.language,
            closed_at=one.closed_at, policy=done.policy, before=dict(done.before), after=dict(done.after),
        )  # fmt: skip


class EnrolmentItem(Representation):
    coder: str = Field(description="A pseudonym.", examples=["C003"])
    state: Standing
    arbiter: bool
    skills: list[str] = Field(description="Codes below which the coder is at home; none: all.", examples=[["G", "47"]])
    reason: str
    enrolled_at: datetime
