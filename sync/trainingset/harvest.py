"""From judgements to labels."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from annotation.domain.label import Label, Source
from annotation.ledger.repositories.judgements import RecordedJudgement
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.unit_of_work import Ledger
from annotation.quality import consensus
from annotation.quality.consensus import Dispute, Settled


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """``judgements`` in force; ``labels`` written because they are new or changed; ``withdrawn`` with them."""

    judgements: int
    labels: int
    unclassifiable: int
    disputed: int
    undecided: int
    withdrawn: int


def harvest(*, ledger: Ledger, campaign_key: str, now: datetime) -> HarvestResult:
    """Settle each text of the campaign from its judgements in force and append the labels that changed.

    A label whose judgements are gone is withdrawn by a label without code, so that no value of a former annotation
    outlives it. All in one transaction; a second call writes nothing.
    """
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        nomenclature = work.campaigns.get(campaign_key).nomenclature
        text_of = {task.key: task.text_key for task in work.tasks.of_campaign(campaign_key)}
        by_text: dict[str, list[RecordedJudgement]] = defaultdict(list)
        for recorded in work.judgements.current(campaign_key):
            by_text[text_of[recorded.judgement.task_key]].append(recorded)
        settled = {key: consensus.settle([r.judgement for r in found]) for key, found in by_text.items()}
        labels = [
            _label(key, nomenclature, by_text[key][verdict.by], verdict)
            for key, verdict in sorted(settled.items())
            if isinstance(verdict, Settled)
        ]
        standing, ours = {label.text_key for label in labels}, work.judgements.ids(campaign_key)
        withdrawn = [
            _withdrawal(r.label, now)
            for r in work.labels.current(nomenclature)
            # The label of another campaign on the same text is none of ours.
            if r.label.judgement_id in ours and r.label.code is not None and r.label.text_key not in standing
        ]
        written = work.labels.record([*labels, *withdrawn])
    return HarvestResult(
        judgements=sum(map(len, by_text.values())),
        labels=written,
        unclassifiable=sum(1 for label in labels if label.code is None),
        disputed=sum(isinstance(verdict, Dispute) for verdict in settled.values()),
        undecided=sum(verdict is None for verdict in settled.values()),
        withdrawn=len(withdrawn),
    )


def _label(text_key: str, nomenclature: str, by: RecordedJudgement, verdict: Settled) -> Label:
    return Label(
        text_key=text_key,
        nomenclature=nomenclature,
        code=verdict.code,
        source=Source.CODER,
        weight=1.0,
        settled_at=by.judgement.judged_at,
        coder=by.judgement.coder,
        judgement_id=by.id,
        evidence=f"{verdict.votes} of {verdict.judgements} coders",
    )


def _withdrawal(label: Label, now: datetime) -> Label:
    return Label(
        text_key=label.text_key,
        nomenclature=label.nomenclature,
        code=None,
        source=label.source,
        weight=0.0,
        settled_at=now,
        evidence="its judgements were deleted, or dispute it",
    )
