"""The spellings under which a code may come in, and the one under which it goes on."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile

from annotation.errors import InvalidInputError

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
SEPARATORS = re.compile(rf"[.\s{INVISIBLE}]+")
UNDOTTED_NAF = re.compile(r"\d{4}[A-Z]")


class UnknownCodeError(InvalidInputError):
    """A spelling that names no code, or no single one; ``nearest`` are codes that it may have meant."""

    def __init__(self, raw: str, *, nomenclature: str, reason: str, nearest: tuple[str, ...] = ()) -> None:
        cure = f"Write {' or '.join(nearest)}." if nearest else "Look the code up with `awb nomenclature show`."
        super().__init__(f"{raw!r} {reason} {nomenclature}.", cure=cure)
        self.raw = raw
        self.nomenclature = nomenclature
        self.reason = reason
        self.nearest = nearest


def trim(raw: str) -> str:
    """``raw`` without blanks around it, non-breaking and zero-width ones included."""
    return raw.strip().strip(INVISIBLE).strip()


def compact(code: str) -> str:
    """``code`` without dots and blanks, for matching only: two codes of mixed depth may share it."""
    return SEPARATORS.sub("", code)


def dotted(undotted: str) -> str:
    """``0111Z`` as the nomenclature publishes it, ``01.11Z``; anything else comes back as it is."""
    return f"{undotted[:2]}.{undotted[2:]}" if UNDOTTED_NAF.fullmatch(undotted) else undotted


class Spellings:
    """Finds the published code behind a spelling.

    Case is never mended: a lower-case code in a file tells of a source that was not checked, and silently taking it
    once made a class of its own in a model.
    """

    def __init__(self, codes: Iterable[str], *, nomenclature: str) -> None:
        self._nomenclature = nomenclature
        self._exact = frozenset(codes)
        self._by_compact: dict[str, list[str]] = {}
        self._by_folded: dict[str, list[str]] = {}
        for code in sorted(self._exact):
            self._by_compact.setdefault(compact(code), []).append(code)
            self._by_folded.setdefault(compact(code).casefold(), []).append(code)
        self._folded = sorted(self._by_folded)

    def parse(self, raw: str) -> str:
        """Errors: UnknownCodeError, also for a spelling without dots that two codes share."""
        trimmed = trim(raw)
        if trimmed in self._exact:
            return trimmed
        found = self._by_compact.get(compact(trimmed), [])
        if len(found) == 1:
            return found[0]
        raise self._refusal(raw, shared_by=tuple(found))

    def nearest(self, raw: str, limit: int = 3) -> tuple[str, ...]:
        """Codes sharing the longest beginning with ``raw``, those as long as it first; none when its start is new."""
        wanted = compact(raw).casefold()
        for length in range(len(wanted), 0, -1):
            prefix = wanted[:length]
            start = bisect_left(self._folded, prefix)
            alike = list(takewhile(lambda key: key.startswith(prefix), self._folded[start : start + 200]))  # noqa: B023
            if alike:
                alike.sort(
                    key=lambda key: (abs(len(key) - len(wanted)), -SequenceMatcher(None, wanted, key).ratio(), key)
                )
                return tuple(code for key in alike for code in self._by_folded[key])[:limit]
        return ()

    def _refusal(self, raw: str, *, shared_by: tuple[str, ...]) -> UnknownCodeError:
        if shared_by:
            reason, nearest = "without its dots is shared by several codes of", shared_by
        elif other_case := tuple(self._by_folded.get(compact(raw).casefold(), ())):
            reason, nearest = "is not in the case of the published code of", other_case
        else:
            reason, nearest = "is not a code of", self.nearest(raw)
        return UnknownCodeError(raw, nomenclature=self._nomenclature, reason=reason, nearest=nearest)
