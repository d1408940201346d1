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
_SHORT = {
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
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
        return self.between(estimate.low, estimate.high)

    def between(self, low: float, high: float, digits: int = 1) -> str:
        """Of shares."""
        first, last = self.number(low * 100, digits), self.number(high * 100, digits)
        if self.language == "fr":
            return f"de {first} à {last}{_NARROW}%"
        return f"{first}% to {last}%"

    def points(self, difference: float) -> str:
        """A difference of shares in points, with its sign."""
        sign = "+" if difference > 0 else "−" if difference < 0 else ""
        return f"{sign}{self.number(abs(difference) * 100, 1)}"

    def money(self, amount: float, currency: str, digits: int = 0) -> str:
        sign, text = _SIGNS.get(currency), self.number(amount, digits)
        if self.language == "en" and sign:
            return f"{sign}{text}"
        return f"{text}{_NO_BREAK}{sign or currency}"

    def round(self, value: float) -> str:
        """With two figures that count, for what is known no better."""
        return self.number(value, 1) if value < 10 else self.number(round(value, 1 - len(str(int(value))) + 1))

    def day(self, day: date) -> str:
        # The first of the month is an ordinal in French.
        number = "1er" if self.language == "fr" and day.day == 1 else str(day.day)
        return f"{number}{_NO_BREAK}{_MONTHS[self.language].split()[day.month - 1]} {day.year}"

    def short_day(self, day: date) -> str:
        return f"{day.day}{_NO_BREAK}{_SHORT[self.language].split()[day.month - 1]}"

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
