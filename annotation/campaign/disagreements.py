"""Where an arbiter or gold said otherwise than a coder: what the coder may learn from, and nobody else is named in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from annotation.campaign import checked
from annotation.campaign.checked import Checked
from annotation.domain.task import Kind
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Nomenclature


class By(StrEnum):
    ARBITER = "arbiter"
    GOLD = "gold"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """``code`` and ``right_code`` are None where somebody held that the text has none; a missing code has no title.

    ``explanation`` is the arbiter's comment, or the note of a gold text; ``comment`` is the coder's own.
    """

    task_key: str
    text_key: str
    text: str
    by: By
    code: str | None
    title: str
    right_code: str | None
    right_title: str
    comment: str
    explanation: str
    judged_at: datetime


def of_coder(work: UnitOfWork, campaign_key: str, coder: str) -> list[Disagreement]:
    """The newest first."""
    found = [
        (by, one)
        for by, answers in (
            (By.ARBITER, checked.by_arbiter(work, campaign_key)),
            (By.GOLD, checked.by_gold(work, campaign_key)),
            (By.TRAINING, checked.by_gold(work, campaign_key, kind=Kind.TRAINING)),
        )
        for one in answers.get(coder, ())
        if not one.right
    ]
    nomenclature = work.nomenclatures.get(work.campaigns.get(campaign_key).nomenclature)
    gold = work.gold.current(nomenclature.key)
    texts = work.texts.get(sorted({one.text_key for _, one in found}))
    said = work.judgements.get([number for _, one in found for number in (one.judgement, one.against) if number])

    def told(by: By, one: Checked) -> Disagreement:
        note = gold[one.text_key].note if one.against is None else said[one.against].comment
        return Disagreement(
            task_key=one.task_key,
            text_key=one.text_key,
            text=texts[one.text_key].text,
            by=by,
            code=one.code,
            title=_title(nomenclature, one.code),
            right_code=one.right_code,
            right_title=_title(nomenclature, one.right_code),
            comment=said[one.judgement].comment,
            explanation=note,
            judged_at=one.judged_at,
        )

    return sorted((told(by, one) for by, one in found), key=lambda one: (one.judged_at, one.task_key), reverse=True)


def _title(nomenclature: Nomenclature, code: str | None) -> str:
    return nomenclature[code].title if code is not None and code in nomenclature else ""
