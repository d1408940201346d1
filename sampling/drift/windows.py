"""The stretch of the flow that is looked at, and the one that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.domain.declaration import Window
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sampling.settings import DriftSettings


@dataclass(frozen=True, slots=True)
class Windows:
    """``reference`` ends where ``current`` starts."""

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


def overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
