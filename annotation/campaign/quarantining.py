"""What was set aside is tried again by the way it came, or dropped; nothing of it is ever deleted.

What holds here: what was taken and that it was taken are written in one transaction, an item each, so that a run that
is killed can be started again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from annotation.campaign import goldtexts, taking
from annotation.campaign.ports import PlatformAnnotation, PlatformTask
from annotation.domain.judgement import Judgement
from annotation.errors import InvalidInputError, NotFoundError, WorkbenchError
from annotation.ledger.repositories.quarantine import SetAside, Settled
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature

# Why an item is refused again; empty when it was taken.
Retake = Callable[[UnitOfWork, SetAside, datetime], str]
# A task of the platform, read from how the platform writes it.
ReadTask = Callable[[Mapping[str, Any]], PlatformTask]

TAKEN: Final = "Taken when it was tried again."
LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class RetryResult:
    """``refused`` wait on, each with its new reason; ``settled`` needed nothing any more."""

    taken: tuple[int, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    settled: tuple[int, ...] = ()


class Nomenclatures:
    """Each read once: they never change under their key."""

    def __init__(self) -> None:
        self._known: dict[str, Nomenclature] = {}

    def get(self, work: UnitOfWork, key: str) -> Nomenclature:
        if key not in self._known:
            self._known[key] = work.nomenclatures.get(key)
        return self._known[key]


def retry(
    *,
    ledger: Ledger,
    retakes: Mapping[str, Retake],
    ids: Sequence[int] | None = None,
    kind: str | None = None,
    by: str,
    clock: Callable[[], datetime],
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> RetryResult:
    """Try the named items again, or all that wait (of a kind). Errors: NotFoundError for an id that is not there."""
    with ledger.read() as work:
        if ids is not None:
            _require(work, ids)
        waiting = [one.id for one in work.quarantine.list(kind=kind, ids=ids, limit=None)]
    taken: list[int] = []
    refused: list[tuple[int, str]] = []
    settled = [number for number in dict.fromkeys(ids or ()) if number not in set(waiting)]
    for place, number in enumerate(waiting, start=1):
        reason = _retry_one(ledger, retakes, number, by=by, now=clock())
        if reason is None:
            settled.append(number)
        elif reason:
            refused.append((number, reason))
        else:
            taken.append(number)
        on_progress(place, len(waiting))
    return RetryResult(tuple(taken), tuple(refused), tuple(settled))


def drop(*, ledger: Ledger, ids: Sequence[int], reason: str, by: str, now: datetime) -> int:
    """Settle them for good, with why; return how many waited. Errors: NotFoundError, InvalidInputError."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInputError(
            "Why it is dropped is not said, or too long.", cure=f"Give a reason of 1 to {LONGEST_REASON} characters."
        )
    with ledger.begin() as work:
        _require(work, ids)
        return work.quarantine.settle(ids, Settled.DROPPED, reason.strip(), by, now)


def _require(work: UnitOfWork, ids: Sequence[int]) -> None:
    known = {one.id for one in work.quarantine.list(ids=list(ids), waiting=False, limit=None)}
    unknown = [number for number in ids if number not in known]
    if unknown:
        raise NotFoundError(
            f"Nothing was set aside under {', '.join(map(str, unknown))}.", cure="See: awb quarantine list --all"
        )


def _retry_one(ledger: Ledger, retakes: Mapping[str, Retake], number: int, *, by: str, now: datetime) -> str | None:
    """Why it waits on, nothing when it was taken; None when somebody settled it meanwhile."""
    try:
        with ledger.begin() as work:
            # Two who try again at once would both take it.
            work.leases.serialise("quarantine")
            one = work.quarantine.get(number)
            if one is None or not one.waits:
                return None
            retake = retakes.get(one.item.kind, _unknown)
            reason = retake(work, one, now)
            _settle(work, number, reason, by, now)
            return reason
    except WorkbenchError as error:
        # What could not be taken was rolled back with it; that it was tried is kept.
        with ledger.begin() as work:
            _settle(work, number, str(error), by, now)
        return str(error)


def _settle(work: UnitOfWork, number: int, reason: str, by: str, now: datetime) -> None:
    work.quarantine.settle([number], Settled.REFUSED if reason else Settled.RETRIED, reason or TAKEN, by, now)


def _unknown(_work: UnitOfWork, one: SetAside, _now: datetime) -> str:
    return f"Nothing is known of how to take {one.item.kind} again. Mend its source, bring it in again, and drop this."


class Retaking:
    """How annotations, gold and rows of nomenclatures are taken again."""

    def __init__(self, nomenclatures: Nomenclatures, read: ReadTask) -> None:
        self._nomenclatures = nomenclatures
        self._read = read

    def retakes(self) -> dict[str, Retake]:
        """By kind of what was set aside."""
        return {
            "annotation": self.annotation,
            "gold": self.gold,
            "nomenclature": self.published,
            "correspondence": self.published,
        }

    def annotation(self, work: UnitOfWork, one: SetAside, now: datetime) -> str:
        """Read again as it came, against the tasks and the nomenclature of today."""
        context = one.item.context
        if "platform" not in context or not one.item.raw.get("id"):
            return "Who answered, or where, was not kept. Read all again: awb pull --full"
        task, annotation = self._annotation(one)
        if annotation.problem:
            return annotation.problem
        key, platform = task.key or "", str(context["platform"])
        if key not in work.tasks.get([key]):
            return taking.FOREIGN
        last = work.judgements.latest(platform, [annotation.external_id]).get(annotation.external_id)
        if last is not None and last.judged_at >= annotation.updated_at and not _withdrawn(last, annotation):
            return ""
        code = None
        if annotation.code is not None:
            try:
                code = self._of_task(work, key).parse(annotation.code, leaf=True)
            except UnknownCodeError as error:
                return str(error)
        work.judgements.record(_judgement(annotation, key, platform, str(context["coder"]), code), now=now)
        return ""

    def gold(self, work: UnitOfWork, one: SetAside, now: datetime) -> str:
        """Checked again against the nomenclature and the evaluation set of today."""
        raw, key = one.item.raw, one.item.context.get("nomenclature")
        if not key or "text" not in raw or one.item.context.get("problem"):
            return f"Mend the row, run awb gold add with {one.item.origin} again, and drop this."
        row = goldtexts.Row(
            one.item.origin, one.item.row or 0, raw["text"], raw["code"], raw.get("note", ""), raw.get("variables", {})
        )
        return goldtexts.take(work, self._nomenclatures.get(work, str(key)), row, now=now)

    def published(self, work: UnitOfWork, one: SetAside, _now: datetime) -> str:
        """A row of an office's file: taken when its code is known by now, since the file itself is not kept."""
        item = one.item
        known = item.context.get("nomenclature")
        if known and known in work.nomenclatures.keys():  # noqa: SIM118  no mapping
            try:
                self._nomenclatures.get(work, str(known)).parse(str(item.raw.get("row", "")))
                return ""
            except UnknownCodeError:
                pass
        return (
            f"The file is not kept. Mend row {item.row} of {item.origin}, bring it in again under a new key with "
            f"awb {item.kind} import, and drop this."
        )

    def _annotation(self, one: SetAside) -> tuple[PlatformTask, PlatformAnnotation]:
        context, raw = one.item.context, one.item.raw
        written = {
            "id": raw["task"],
            "data": {"key": context.get("task_key")},
            "updated_at": context.get("changed_at"),
            "annotations": [dict(raw)],
        }
        task = self._read(written)
        return task, replace(task.annotations[0], coder=str(context["coder"]))

    def _of_task(self, work: UnitOfWork, key: str) -> Nomenclature:
        task = work.tasks.get([key])[key]
        campaign = work.draws.get(task.draw_id).campaign
        return self._nomenclatures.get(work, work.campaigns.get(campaign).nomenclature)


def _withdrawn(last: Judgement, annotation: PlatformAnnotation) -> bool:
    """Buried at the very moment when the annotation became what could not be read."""
    return last.deleted and last.judged_at == annotation.updated_at.astimezone(UTC)


def _judgement(annotation: PlatformAnnotation, key: str, platform: str, coder: str, code: str | None) -> Judgement:
    return Judgement(
        task_key=key,
        platform=platform,
        external_id=annotation.external_id,
        coder=coder,
        outcome=annotation.outcome,
        code=code,
        judged_at=annotation.updated_at,
        lead_time=annotation.lead_time,
        comment=annotation.comment,
        difficulty=annotation.difficulty,
        detail=annotation.detail,
        raw=annotation.raw,
    )
