"""All that made the label of one text what it is: declarations, questions, answers, labels, rules and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

import pyarrow as pa

from annotation.campaign import lineage
from annotation.campaign.lineage import TextLineage
from annotation.domain.declaration import Text
from annotation.domain.version import TrainingSetVersion
from annotation.ledger.repositories.edits import LabelEdit
from annotation.ledger.repositories.provenance import TextJudgement, TextLabel
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset import schema
from sync.trainingset.version import Version

_SHOWN: Final = {
    "code": "code", "nomenclature": "nomenclature", "source": "source", "weight": "weight", "coder": "coder",
    "rule": "rule", "split": "split", "label_id": "label",
}  # fmt: skip


class Happening(StrEnum):
    """In the order in which one follows from the other."""

    DECLARED = "declared"
    ASKED = "asked"
    MEASURED = "measured"
    GOLD = "gold"
    JUDGED = "judged"
    LABELLED = "labelled"
    EDITED = "edited"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is None where a version has no entry in the ledger yet. ``who``: a register, draw, coder, source, rule or
    version. ``holds`` is False for what was superseded or withdrawn since. ``references`` are ids in the ledger.
    """

    at: datetime | None
    what: Happening
    who: str
    code: str | None
    told: str
    holds: bool = True
    references: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """``row`` is what the current version ``version`` says of the text, None where it is not in it; ``learnt_by`` are
    the models that saw it in some version, as ``name/number``. Moments come oldest first.
    """

    text: Text
    version: str | None
    row: Mapping[str, Any] | None
    learnt_by: tuple[str, ...]
    moments: tuple[Moment, ...]

    def as_dict(self) -> dict[str, Any]:
        moments = [asdict(one) | {"what": one.what.value} for one in self.moments]
        text = {"text_key": self.text.key, "text": self.text.text, "variables": dict(self.text.variables)}
        return text | {
            "version": self.version, "row": self.row, "learnt_by": list(self.learnt_by), "moments": moments
        }  # fmt: skip


class Store(Protocol):
    """What is asked of the store of versions."""

    def current(self) -> Version | None: ...

    def history(self, text_key: str) -> pa.Table: ...


def blame(*, ledger: Ledger, store: Store | None, name: str, named: str) -> Timeline:
    """Of the text meant by a key, the beginning of one, or its exact wording; without a store there are no versions.

    Raises NotFoundError for none such, InvalidInputError for several.
    """
    with ledger.read() as work:
        found = lineage.of_text(work, lineage.key_of(work, named))
        built = work.trainingsets.all(name)
        models = work.models.all()
    current = store.current() if store else None
    history = store.history(found.text.key).to_pylist() if store and current else []
    line = _line(built, current)
    standing = _standing(history, line)
    at = {one.tag: one.built_at for one in built}
    edits = [one for one in found.edits if one.name == name]
    moments = [*_of_ledger(found), *_of_edits(edits, at), *_of_versions(history, line, at)]
    digests = {one.digest for one in built if one.tag in standing}
    return Timeline(
        text=found.text,
        version=current.tag if current else None,
        row=_content(standing[current.tag]) if current and current.tag in standing else None,
        learnt_by=tuple(f"{one.name}/{one.version}" for one in models if one.trainingset_digest in digests),
        moments=tuple(sorted(moments, key=_order)),
    )


def _order(moment: Moment) -> tuple[bool, float, int]:
    """Moments of one time in the order of ``Happening``; those without a time are the newest."""
    return moment.at is None, moment.at.timestamp() if moment.at else 0, list(Happening).index(moment.what)


def _of_ledger(found: TextLineage) -> Iterator[Moment]:
    for one in found.arrivals:
        told = f"declared as {one.external_id} on {one.declared_at:%Y-%m-%d}"
        yield Moment(one.imported_at, Happening.DECLARED, one.source, one.code, told)
    for asked in found.questions:
        told = f"{asked.component.value}, campaign {asked.campaign}: {asked.reason}"
        references = {"task": asked.task_key, "campaign": asked.campaign}
        yield Moment(asked.drawn_at, Happening.ASKED, asked.draw, None, told, references=references)
    for member in found.memberships:
        told = f"in the evaluation set of {member.nomenclature}: never trained on"
        yield Moment(member.added_at, Happening.MEASURED, member.draw, None, told)
    for gold in found.gold:
        told = f"{'no longer gold' if gold.retired else 'gold'} of {gold.nomenclature} ({gold.evidence})"
        holds = gold == found.gold[-1] and not gold.retired
        yield Moment(gold.recorded_at, Happening.GOLD, "gold", gold.code, told, holds)
    yield from map(_of_judgement, found.judgements)
    newest = {(one.nomenclature, one.source): one.id for one in found.labels}
    for label in found.labels:
        yield _of_label(label, holds=newest[label.nomenclature, label.source] == label.id)


def _of_judgement(one: TextJudgement) -> Moment:
    state = "withdrawn" if one.deleted else "" if one.in_force else "changed since"
    said = [
        one.outcome.value,
        f"to task {one.task_key} of {one.draw}",
        state,
        f"“{one.comment}”" if one.comment else "",
    ]
    return Moment(
        one.judged_at,
        Happening.JUDGED,
        one.coder,
        one.code,
        ", ".join(part for part in said if part),
        one.in_force,
        {"judgement": one.id, "task": one.task_key, "campaign": one.campaign},
    )


def _of_label(one: TextLabel, *, holds: bool) -> Moment:
    weighed = one.judgements or ((one.judgement_id,) if one.judgement_id is not None else ())
    said = [f"label {one.id} of {one.nomenclature}", f"weight {one.weight:g}", one.evidence]
    if weighed:
        said.append(f"from judgement{'s' if len(weighed) > 1 else ''} {', '.join(map(str, weighed))}")
    who = one.source.value + (f" {one.coder}" if one.coder else "")
    references = {"label": one.id, "judgements": list(weighed)}
    told = ", ".join(part for part in said if part)
    return Moment(one.settled_at, Happening.LABELLED, who, one.code, told, holds, references)


def _of_edits(edits: Sequence[LabelEdit], at: Mapping[str, datetime]) -> Iterator[Moment]:
    for one in edits:
        did = f"{one.code_before} became {one.code_after}" if one.code_after else f"{one.code_before} was taken out"
        until = f", until {one.expires_on}" if one.expires_on else ""
        told = f"{did} on the way into {one.tag}{until}"
        references = {"label": one.label_id, "version": one.tag}
        yield Moment(at.get(one.tag), Happening.EDITED, one.rule, one.code_after, told, references=references)


def _of_versions(
    history: Sequence[Mapping[str, Any]], line: Sequence[str], at: Mapping[str, datetime]
) -> Iterator[Moment]:
    before: Mapping[str, Any] | None = None
    for row in history:
        tag = line[row["sequence"] - 1]
        gone = row["change"] == schema.REMOVE
        told = _told(row, before, gone=gone)
        code = None if gone else row["code"]
        last = row is history[-1] and not gone
        yield Moment(at.get(tag), Happening.VERSION, tag, code, told, last, {"version": tag, "label": row["label_id"]})
        before = None if gone else row


def _told(row: Mapping[str, Any], before: Mapping[str, Any] | None, *, gone: bool) -> str:
    if gone:
        return "left out"
    if before is None:
        return f"taken in from {row['source']}, weight {row['weight']:g}, for {row['split']}"
    moved = [(told, before[name], row[name]) for name, told in _SHOWN.items() if before[name] != row[name]]
    return ", ".join(f"{told} {_cell(old)} became {_cell(new)}" for told, old, new in moved) or "the same again"


def _line(built: Sequence[TrainingSetVersion], current: Version | None) -> Sequence[str]:
    """The tags of the current version's ancestors and its own, in the order of their sequence."""
    if current is None:
        return ()
    if any(one.tag == current.tag for one in built):
        return [one.tag for one in lineage.ancestry(built, current.tag)]
    return [*(one.tag for one in lineage.ancestry(built, current.parent or "")), current.tag]


def _standing(history: Sequence[Mapping[str, Any]], line: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """By version, the row that it holds; versions without the text are left out."""
    found = {}
    for place, tag in enumerate(line, start=1):
        rows = [row for row in history if row["sequence"] <= place]
        if rows and rows[-1]["change"] != schema.REMOVE:
            found[tag] = rows[-1]
    return found


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in schema.ROW.names}


def _cell(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
