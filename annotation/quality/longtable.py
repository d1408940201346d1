"""A table of one row per judgement, from somebody else's study: what of it can be compared, and what cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import agreement
from annotation.quality.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Judged:
    """A row as it stands in its file, where the first one below the header is row 2."""

    file: str
    row: int
    text: str
    coder: str
    code: str


@dataclass(frozen=True, slots=True)
class Refused:
    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class TableAgreement:
    """``texts`` have an answer, of which ``agreement.units`` have two and more."""

    agreement: Agreement
    texts: int
    refused: tuple[Refused, ...]


def measure(rows: Iterable[Judged], *, nomenclature: Nomenclature | None = None) -> TableAgreement:
    """Texts, coders and codes are what their cells say; codes are brought to the nomenclature's spelling.

    Rows without text, coder or code, and rows whose code the nomenclature lacks, are refused. So are those after which
    the same coder gave the same text another answer.
    """
    refused: list[Refused] = []
    kept: dict[tuple[str, str], tuple[Judged, str]] = {}
    spelt = _Spelling(nomenclature)
    for row in rows:
        code, problem = spelt.read(row)
        if problem:
            refused.append(Refused(row.file, row.row, problem))
            continue
        if (before := kept.get((row.text, row.coder))) is not None:
            reason = f"The same coder answered this text again in row {row.row}, which counts."
            refused.append(Refused(before[0].file, before[0].row, reason))
        kept[row.text, row.coder] = row, code
    found = agreement.measure(
        [text for text, _ in kept],
        [coder for _, coder in kept],
        [code for _, code in kept.values()],
        nomenclature=nomenclature,
    )
    return TableAgreement(found, len({text for text, _ in kept}), tuple(refused))


class _Spelling:
    """Reads each spelling once: a table of a hundred thousand rows has a few hundred."""

    def __init__(self, nomenclature: Nomenclature | None) -> None:
        self._nomenclature = nomenclature
        self._read: dict[str, tuple[str, str]] = {}

    def read(self, row: Judged) -> tuple[str, str]:
        """The code, and why the row cannot be taken."""
        for name, cell in (("text", row.text), ("coder", row.coder), ("code", row.code)):
            if not cell:
                return "", f"The row has no {name}."
        if row.code not in self._read:
            self._read[row.code] = self._parsed(row.code)
        return self._read[row.code]

    def _parsed(self, raw: str) -> tuple[str, str]:
        if self._nomenclature is None:
            return raw, ""
        try:
            return self._nomenclature.parse(raw), ""
        except UnknownCodeError as error:
            return "", str(error)
