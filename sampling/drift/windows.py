"""The stretch of the flow that is looked at, and the one that it is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from annotation.domain.declaration import Window
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sampling.settings import DriftSettings


@dataclass(frozen=True, slots=True)
class Windows:
    """``reference`` ends where ``current`` starts, unless somebody asked for others."""

    reference: Window
    current: Window


def choose(*, ledger: Ledger, campaign_key: str, settings: DriftSettings) -> Windows:
    """The current window runs from the end of the campaign's last draw to the newest declaration.

    Without a former draw it has the configured length. Current windows of successive draws never overlap, so that an
    audit of each adds up to an audit of the flow.
    """
    with ledger.read() as work:
        span = work.texts.span()
        draws = work.draws.of_campaign(campaign_key)
    if span is None:
        raise InvalidInputError("The ledger holds no declarations.", cure="Bring some in with: awb texts import FILE")
    end = span.end + timedelta(microseconds=1)
    start = end - timedelta(days=settings.window_days)
    ends = [parse(draw.current_window).end for draw in draws if draw.current_window]
    if ends and max(ends) < end:
        start = max(ends)
    elif ends:
        # Nothing arrived since the last draw: look at its window again; texts already asked stay out anyway.
        start = max(parse(draw.current_window).start for draw in draws if draw.current_window)
    return Windows(Window(start - timedelta(days=settings.reference_days), start), Window(start, end))


def parse(text: str) -> Window:
    start, end = text.split("/")
    return Window(datetime.fromisoformat(start), datetime.fromisoformat(end))


def given(text: str, *, option: str) -> Window:
    """A window as people write it: ``2026-01-01/2026-03-01`` (the end excluded), moments likewise, or ``2026-03``.

    Without a time zone, UTC is meant. Errors: InvalidInputError names the ``option``.
    """
    cure = "Write two dates, as 2026-01-01/2026-03-01 (the last day excluded), or a month, as 2026-03."
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            start = datetime.fromisoformat(f"{text}-01").replace(tzinfo=UTC)
            end = (start + timedelta(days=31)).replace(day=1)
        else:
            start, end = (_moment(part) for part in text.split("/"))
    except ValueError as error:
        raise InvalidInputError(f"{option}: {text!r} is no window.", cure=cure) from error
    if start >= end:
        raise InvalidInputError(f"{option}: {text!r} ends before it starts.", cure=cure)
    return Window(start, end)


def replaced(chosen: Windows, *, reference: Window | None, current: Window | None, days: int) -> Windows:
    """The windows chosen, with those that somebody gave instead; a current one alone takes ``days`` before it."""
    if current is not None and reference is None:
        reference = Window(current.start - timedelta(days=days), current.start)
    return Windows(reference or chosen.reference, current or chosen.current)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
