"""What a chart shows: the document that charts.js draws, and the same figures for the table below it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from annotation.api.formats import Formats

Values = Sequence[float | None]


class Shape(StrEnum):
    """POINTS draws each value with its interval beside it, and series without intervals as a dashed line."""

    LINES = "lines"
    BARS = "bars"
    STACKED = "stacked"
    POINTS = "points"


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Series:
    """``values``, and ``low`` and ``high`` where there is an interval, are as long as the plot's labels.

    ``colour`` is the name of a CSS variable of the style sheet, without its dashes.
    """

    label: str
    values: Values
    colour: str
    low: Values = ()
    high: Values = ()
    dashed: bool = False
    stepped: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """``title`` says in a sentence what is seen, for those who don't see it; ``heading`` names the labels."""

    shape: Shape
    title: str
    heading: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: Unit = Unit.COUNT
    lowest: float | None = None
    highest: float | None = None

    @property
    def digits(self) -> int:
        return 0 if self.unit is Unit.COUNT else 1

    @property
    def document(self) -> str:
        """JSON for the attribute ``data-chart``."""
        series = [
            {
                "label": one.label,
                "values": _plain(one.values),
                "colour": one.colour,
                "low": _plain(one.low),
                "high": _plain(one.high),
                "dashed": one.dashed,
                "stepped": one.stepped,
            }
            for one in self.series
        ]
        content = {
            "kind": self.shape.value,
            "labels": list(self.labels),
            "series": series,
            "unit": self.unit.value,
            "digits": self.digits,
            "lowest": self.lowest,
            "highest": self.highest,
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    def rows(self, formats: Formats) -> list[tuple[str, list[str]]]:
        """One row per label with a cell per series; rows without any value are left out."""
        rows = []
        for index, label in enumerate(self.labels):
            cells = [self._cell(one, index, formats) for one in self.series]
            if any(one.values[index] is not None for one in self.series):
                rows.append((label, cells))
        return rows

    def _cell(self, series: Series, index: int, formats: Formats) -> str:
        value = self._written(series.values[index], formats)
        if not series.low or series.low[index] is None:
            return value
        low, high = (self._written(ends[index], formats) for ends in (series.low, series.high))
        return f"{value} ({low} – {high})"

    def _written(self, value: float | None, formats: Formats) -> str:
        if self.unit is Unit.SHARE or value is None:
            return formats.percent(value, 1)
        return formats.number(value, self.digits)


def _plain(values: Values) -> list[float | None]:
    # Six figures are more than a pixel shows, and keep the page small.
    return [None if value is None else round(float(value), 6) for value in values]
