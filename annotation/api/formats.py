"""Numbers and moments as people of a language write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from annotation.quality.accuracy import Estimate

NONE = "–"
_NARROW = "\u202f"
_NO_BREAK = "\u00a0"
_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_MOST_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Formats:
    language: str

    def number(self, value: float, digits: int = 0) -> str:
        text = f"{value:,.{digits}f}"
        if self.language == "fr":
            return text.replace(",", _NARROW).replace(".", ",")
        return text

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share that is not quite nothing or all is never rounded to 0 % or 100 %."""
        if share is None:
            return NONE
        smallest = 0.1**digits / 100
        if 0 < share < smallest / 2:
            return f"<{_NARROW}{self._percent(smallest, digits)}"
        if 1 - smallest / 2 < share < 1:
            return f">{_NARROW}{self._percent(1 - smallest, digits)}"
        return self._percent(share, digits)

    def interval(self, estimate: Estimate) -> str:
        low, high = self.number(estimate.low * 100, 1), self.number(estimate.high * 100, 1)
        if self.language == "fr":
            return f"de {low} à {high}{_NARROW}%"
        return f"{low}% to {high}%"

    def day(self, day: date) -> str:
        # The first of the month is an ordinal in French.
        number = "1er" if self.language == "fr" and day.day == 1 else str(day.day)
        return f"{number}{_NO_BREAK}{_MONTHS[self.language].split()[day.month - 1]} {day.year}"

    def moment(self, moment: datetime) -> str:
        joint = " à " if self.language == "fr" else ", "
        return f"{self.day(moment.date())}{joint}{moment:%H:%M}{_NO_BREAK}UTC"

    def duration(self, seconds: float | None) -> str:
        if seconds is None:
            return NONE
        if seconds < _MOST_SECONDS:
            return f"{self.number(seconds)}{_NO_BREAK}s"
        if seconds < _MOST_SECONDS * 60:
            return f"{self.number(seconds / 60, 1)}{_NO_BREAK}min"
        return f"{self.number(seconds / 3600, 1)}{_NO_BREAK}h"

    def _percent(self, share: float, digits: int) -> str:
        text = self.number(share * 100, digits)
        return f"{text}{_NARROW}%" if self.language == "fr" else f"{text}%"
