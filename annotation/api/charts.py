"""Where the marks of the small charts go. Positions are percentages of a chart's width; templates do the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from annotation.campaign.progress import Counts
from annotation.campaign.throughput import Day
from annotation.quality.accuracy import Estimate

# The inner size of the drawing of days; it is stretched to the room that there is.
WIDTH, HEIGHT = 1000, 240
_MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class Bar:
    done: float
    waiting: float


@dataclass(frozen=True, slots=True)
class Whisker:
    low: float
    value: float
    high: float

    @property
    def width(self) -> float:
        """Of the interval, never so thin that it cannot be seen."""
        return max(0.6, self.high - self.low)


@dataclass(frozen=True, slots=True)
class Axis:
    """Shares from ``low`` to ``high`` laid out over the width, with round ticks."""

    low: float
    high: float

    def place(self, share: float) -> float:
        return round(100 * (share - self.low) / (self.high - self.low), 2)

    def whisker(self, estimate: Estimate) -> Whisker:
        return Whisker(self.place(estimate.low), self.place(estimate.value), self.place(estimate.high))

    @property
    def ticks(self) -> tuple[float, ...]:
        tenths = round((self.high - self.low) * 10)
        step = 1 if tenths <= 5 else 2
        return tuple(round(self.low + i / 10, 1) for i in range(0, tenths + 1, step))


@dataclass(frozen=True, slots=True)
class Areas:
    """Outlines of the running totals as SVG paths: what was asked (in steps), and what was done of it."""

    asked: str
    done: str
    top: int


def bar(counts: Counts) -> Bar:
    if not counts.asked:
        return Bar(0, 0)
    return Bar(round(100 * counts.done / counts.asked, 2), round(100 * counts.waiting / counts.asked, 2))


def axis(estimates: Sequence[Estimate]) -> Axis:
    """The tenths around all intervals, so that versions which lie close together can be told apart."""
    if not estimates:
        return Axis(0.0, 1.0)
    low = math.floor(min(e.low for e in estimates) * 10) / 10
    high = math.ceil(max(e.high for e in estimates) * 10) / 10
    # An even number of tenths above five keeps a tick on both ends.
    if (tenths := round((high - low) * 10)) > 5 and tenths % 2:
        low, high = (round(low - 0.1, 1), high) if low > 0 else (low, min(1.0, round(high + 0.1, 1)))
    return Axis(low, high) if high > low else Axis(max(0.0, low - 0.1), min(1.0, high + 0.1))


def areas(days: Sequence[Day]) -> Areas | None:
    """None while there is less than two days to draw."""
    if len(days) < 2:
        return None
    asked = list(accumulate(day.asked for day in days))
    done = list(accumulate(day.done for day in days))
    top = max(asked[-1], done[-1], 1)
    return Areas(_outline(asked, top, stepped=True), _outline(done, top, stepped=False), top)


def _outline(totals: Sequence[int], top: int, *, stepped: bool) -> str:
    last = len(totals) - 1
    kept = sorted({round(i * last / min(last, _MOST_POINTS)) for i in range(min(last, _MOST_POINTS) + 1)})
    points = [(round(WIDTH * i / last, 1), round(HEIGHT * (1 - totals[i] / top), 1)) for i in kept]
    path = [f"M0 {HEIGHT}", f"L{points[0][0]} {points[0][1]}"]
    for x, y in points[1:]:
        path.append(f"H{x} V{y}" if stepped else f"L{x} {y}")
    return " ".join((*path, f"V{HEIGHT}", "Z"))
