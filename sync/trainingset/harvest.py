"""From judgements to labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from annotation.campaign import settling
from annotation.campaign.settling import Weighed
from annotation.domain.judgement import Outcome
from annotation.domain.label import Label, Source
from annotation.domain.policy import Consensus
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.consensus import Dispute, Settled

GONE = "its judgements were deleted, or dispute it"
REPLACED = "coders and arbiters changed places: the text has another label"


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """``judgements`` in force, those on gold left out; ``labels`` written because they are new or changed,
    ``withdrawn`` with them; ``arbitrated`` texts have their code from an arbiter."""

    judgements: int
    labels: int
    unclassifiable: int
    disputed: int
    undecided: int
    withdrawn: int
    arbitrated: int = 0


def harvest(*, ledger: Ledger, campaign_key: str, consensus: Consensus | None = None, now: datetime) -> HarvestResult:
    """Settle each text from its judgements in force, by ``consensus`` or the campaign's policy, and append the labels
    that changed.

    A label whose judgements are gone is withdrawn by a label without code, so that no value of a former annotation
    outlives it; so is that of the arbiter where coders settle the text now, and the other way round. All in one
    transaction; a second call writes nothing.
    """
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        nomenclature = work.campaigns.get(campaign_key).nomenclature
        weighed = settling.weighed(work, campaign_key, consensus=consensus)
        labels = [label for key in sorted(weighed) if (label := _label(key, nomenclature, weighed[key])) is not None]
        source_of, ours = {label.text_key: label.source for label in labels}, work.judgements.ids(campaign_key)
        outlived = [
            recorded.label
            for recorded in work.labels.newest_of(nomenclature, (Source.CODER, Source.ARBITER))
            # The label of another campaign on the same text is none of ours.
            if recorded.label.judgement_id in ours
            and recorded.label.source is not source_of.get(recorded.label.text_key)
        ]
        gone = [_withdrawal(label, GONE, now) for label in outlived if label.text_key not in source_of]
        # Before the labels that stand instead: the newest label of a text is the one in force.
        work.labels.record([_withdrawal(label, REPLACED, now) for label in outlived if label.text_key in source_of])
        written = work.labels.record([*labels, *gone])
    return HarvestResult(
        judgements=sum(len(one.judgements) for one in weighed.values()),
        labels=written,
        unclassifiable=sum(1 for label in labels if label.code is None),
        disputed=sum(isinstance(one.verdict, Dispute) for one in weighed.values()),
        undecided=sum(one.verdict is None for one in weighed.values()),
        withdrawn=len(gone),
        arbitrated=sum(label.source is Source.ARBITER for label in labels),
    )


def _label(text_key: str, nomenclature: str, weighed: Weighed) -> Label | None:
    verdict, by = weighed.verdict, weighed.by
    if by is None or not isinstance(verdict, Settled):
        return None
    return Label(
        text_key=text_key,
        nomenclature=nomenclature,
        code=verdict.code,
        source=Source.ARBITER if verdict.arbitrated else Source.CODER,
        weight=1.0,
        settled_at=by.judged_at,
        coder=by.coder,
        judgement_id=by.id,
        evidence=_evidence(verdict),
        judgements=tuple(sorted(mark.id for mark in weighed.judgements if mark.outcome is not Outcome.LATER)),
    )


def _evidence(verdict: Settled) -> str:
    if not verdict.arbitrated:
        return f"{verdict.votes} of {verdict.judgements} coders"
    against = verdict.judgements - verdict.votes
    if not verdict.judgements:
        return "the arbiter alone"
    if not against:
        return f"the arbiter, as {verdict.judgements} of {verdict.judgements} coders"
    return f"the arbiter, against {against} of {verdict.judgements} coders"


def _withdrawal(label: Label, evidence: str, now: datetime) -> Label:
    return Label(
        text_key=label.text_key,
        nomenclature=label.nomenclature,
        code=None,
        source=label.source,
        weight=0.0,
        settled_at=now,
        evidence=evidence,
    )
