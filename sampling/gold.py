"""Texts whose code is settled beforehand, to be asked again of coders whom they check."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.domain.label import Source
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.quality import consensus
from annotation.quality.consensus import Settled


@dataclass(frozen=True, slots=True)
class Gold:
    """``coders`` is how many have said the code, 0 where an arbiter did."""

    text_key: str
    code: str
    coders: int


def candidates(*, ledger: Ledger, campaign: str, least_coders: int = 2) -> tuple[Gold, ...]:
    """The texts whose label in force an arbiter settled, or ``least_coders`` coders without one against them.

    In order of text key, none of the evaluation set: whoever checks coders by it would make them learn it.
    """
    with ledger.read() as work:
        nomenclature = work.campaigns.get(campaign).nomenclature
        agreed = _agreed(work, campaign)
        members = {member.text_key for member in work.evaluation.members(nomenclature)}
        labels = [recorded.label for recorded in work.labels.current(nomenclature)]
    found = []
    for label in labels:
        if label.code is None or label.text_key in members:
            continue
        said = agreed.get(label.text_key)
        if label.source is Source.ARBITER:
            found.append(Gold(label.text_key, label.code, 0))
        elif said and label.source is Source.CODER and said.code == label.code and said.votes >= least_coders:
            found.append(Gold(label.text_key, label.code, said.votes))
    return tuple(found)


def _agreed(work: UnitOfWork, campaign: str) -> dict[str, Settled]:
    """What coders hold of each text, where none of them disagrees."""
    tasks = {task.key: task.text_key for task in work.tasks.of_campaign(campaign)}
    said: dict[str, list[consensus.Said]] = {}
    for mark in work.judgements.marks(campaign):
        said.setdefault(tasks[mark.task_key], []).append(mark)
    settled = {text: consensus.settle(judgements) for text, judgements in said.items()}
    return {text: one for text, one in settled.items() if isinstance(one, Settled) and one.votes == one.judgements}
