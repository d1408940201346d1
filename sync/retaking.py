"""What the intake set aside is tried again, by the way it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from annotation.campaign import quarantining
from annotation.campaign.quarantining import Nomenclatures, Retake
from annotation.domain.label import Source
from annotation.labelstudio import payload
from annotation.ledger.repositories.labels import LABELS
from annotation.ledger.repositories.quarantine import SetAside
from annotation.ledger.unit_of_work import UnitOfWork
from sync import declarations, intake
from sync.intake import Arrival, Terms
from sync.settings import IntakeSource


def all_kinds(*, today: str) -> dict[str, Retake]:
    """How each kind is taken again; ``today`` is the nomenclature in force."""
    nomenclatures = Nomenclatures()
    own = Retaking(nomenclatures, today=today).retakes()
    return quarantining.Retaking(nomenclatures, payload.decode).retakes() | own


class Retaking:
    """Each of ``retakes`` gives why a row is refused again; nothing when it was taken."""

    def __init__(self, nomenclatures: Nomenclatures, *, today: str) -> None:
        """``today`` is the nomenclature that codes are read by, whichever it was when they were set aside."""
        self._nomenclatures = nomenclatures
        self._today = today

    def retakes(self) -> dict[str, Retake]:
        """By kind of what was set aside."""
        return {"text": self.text, "conflict": self.conflict}

    def text(self, work: UnitOfWork, one: SetAside, now: datetime) -> str:
        context = one.item.context
        if "arrival" not in context and "cells" not in context:
            return f"Its cells are not known. Mend the row, import {one.item.origin} again, and drop this."
        key = self._today if context.get("nomenclature") else None
        nomenclature = self._nomenclatures.get(work, key) if key else None
        terms = Terms(str(context["source"]), bool(context["coded"]), nomenclature, context.get("model_version"))
        taken, refused = intake.parse([_arrival(one, now)], terms)
        kept, changed = intake.first_of_each_id(work, taken, terms)
        for item in (*refused, *changed):
            return item.reason
        intake.record(work, kept, [], terms, now=now)
        for row in kept:
            work.texts.complete(row.declaration)
            if terms.coded and key:
                _count_again(work, terms.source, key, row.text.key, now)
        return ""

    def conflict(self, work: UnitOfWork, one: SetAside, now: datetime) -> str:
        """Settled once a person has said the code, or more rows of the source say one than another."""
        context = one.item.context
        if "text_key" not in context:
            return f"An earlier program set it aside. Import {one.item.origin} again, and drop this."
        text_key, nomenclature = str(context["text_key"]), str(context["nomenclature"])
        if _said_by_others(work, nomenclature, text_key):
            return ""
        ranked = _count_again(work, one.item.origin, nomenclature, text_key, now).most_common(2)
        return intake.TIE if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ""


def _arrival(one: SetAside, now: datetime) -> Arrival:
    context, file, row = one.item.context, one.item.origin, one.item.row or 0
    if "cells" in context:
        columns = IntakeSource.model_validate(context["columns"])
        return declarations.again(context["cells"], columns, file=file, row=row, now=now)
    read: Mapping[str, Any] = context["arrival"]
    return Arrival(
        file=file,
        row=row,
        external_id=read["external_id"],
        text=read["text"],
        declared_at=datetime.fromisoformat(read["declared_at"]),
        variables=read["variables"],
        code=read["code"],
        codes=tuple(read["codes"]),
        probabilities=tuple(read["probabilities"]),
    )


def _count_again(work: UnitOfWork, source: str, nomenclature: str, text_key: str, now: datetime) -> Counter[str]:
    work.leases.serialise(LABELS)
    counted = Counter(work.texts.codes_of(source, text_key))
    settled = {text_key} if _said_by_others(work, nomenclature, text_key) else set()
    votes = {text_key: counted} if counted else {}
    intake.settle(work, votes, settled=settled, source=source, nomenclature=nomenclature, now=now)
    return counted


def _said_by_others(work: UnitOfWork, nomenclature: str, text_key: str) -> bool:
    history = work.labels.history(nomenclature, text_key)
    return bool(history) and history[-1].label.source is not Source.IMPORT
