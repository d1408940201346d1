"""Texts are kept as long as something rests on them or the office may keep them, and one that names a person no longer.

What goes is said in ledger/repositories/retention.py. Out of the ledger's reach are: versions of the training set that
were built before, models that learnt from them, what the annotation platform shows, exported files, and backups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.retention import Erased, Old, Reason, Rest
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was old, and what was done about it: nothing on a dry run. ``quarantine`` counts rows set aside."""

    before: datetime
    old: Old
    quarantine: int
    erased: Erased


@dataclass(frozen=True, slots=True)
class ErasedText:
    """``keys`` are those of all texts of this wording. ``rested`` is what rested on them, and goes on without words.

    ``shown`` maps platforms to the ids of the tasks that show the text there.
    """

    keys: tuple[str, ...]
    rested: tuple[Rest, ...]
    erased: Erased
    quarantine: int
    shown: dict[str, list[int]]


def erase_old(
    *,
    ledger: Ledger,
    texts_after: timedelta | None,
    quarantine_after: timedelta | None,
    now: datetime,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Sweep:
    """Erase the texts that were last declared that long ago and on which nothing rests, and empty the quarantine of
    what was set aside that long ago; None keeps them for ever.

    Done in pieces: killed, it goes on when it is called again.
    """
    if texts_after is None and quarantine_after is None:
        raise InvalidInputError(
            "No age is set at which texts are erased.",
            cure="Say --older-than DAYS, or set privacy.keep_texts_days.",
        )
    before = now - (texts_after or timedelta(0))
    with ledger.read() as work:
        old = work.retention.old(before) if texts_after is not None else Old(0, {})
        aside = work.retention.old_quarantine(now - quarantine_after) if quarantine_after is not None else 0
    erased = Erased()
    while not dry_run and texts_after is not None:
        with ledger.begin() as work:
            keys = work.retention.due(before, limit=AT_ONCE)
            erased += work.retention.erase(keys, reason=Reason.AGE, now=now)
        on_progress(erased.texts, old.due)
        if len(keys) < AT_ONCE:
            break
    if not dry_run and quarantine_after is not None:
        with ledger.begin() as work:
            work.retention.empty_quarantine(now - quarantine_after)
    return Sweep(before, old, aside, erased)


def erase_text(work: UnitOfWork, key: str, *, now: datetime, dry_run: bool = False) -> ErasedText:
    """Erase one text for good wherever the ledger holds its wording; it does not come back when it is declared again.

    Errors: NotFoundError.
    """
    keys = work.retention.of_same_wording(key)
    if not keys:
        raise NotFoundError(f"There is no text {key}.", cure="Its page, or an export, shows the key of a text.")
    wordings = {text.text for text in work.texts.get(keys).values() if text.text}
    rested = {rest for one in keys for rest in work.retention.resting_on(one)}
    shown = work.retention.places(keys)
    if dry_run:
        return ErasedText(tuple(keys), tuple(sorted(rested)), Erased(texts=len(keys)), 0, shown)
    erased = work.retention.erase(keys, reason=Reason.REQUEST, now=now)
    quarantine = sum(work.retention.empty_quarantine_of(wording) for wording in wordings)
    for wording in wordings:
        work.retention.blank_reports(wording)
    return ErasedText(tuple(keys), tuple(sorted(rested)), erased, quarantine, shown)
