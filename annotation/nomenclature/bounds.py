"""How much a workbook may unpack into, told before it is unpacked.

What holds here: a workbook is a zip of XML, whose few bytes may say gigabytes, and whose one far cell makes the library
lay out all cells before it. Both are counted first, by what the bytes give and not by what the zip says of itself.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.parsers import expat

from annotation.errors import InvalidInputError

MOST_BYTES: Final = 512 * 2**20
MOST_CELLS: Final = 10_000_000
_CHUNK: Final = 2**20
_ZIP: Final = b"PK\x03\x04"
_SHEET: Final = re.compile(r"xl/(?:worksheets|macrosheets)/.*\.xml", re.IGNORECASE)
_PLACE: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def check(name: str, content: bytes) -> None:
    """Errors: InvalidInputError for a file that unpacks into too much, or is unpacked in no usual way."""
    if not content.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(name, content, archive.infolist())
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, OSError, ValueError, NotImplementedError) as error:
        raise InvalidInputError(f"{name} is no workbook, or a damaged one: {error}.", cure="Save it anew.") from error


def check_cells(name: str, cells: int) -> None:
    if cells > MOST_CELLS:
        raise InvalidInputError(
            f"A sheet of {name} spans {cells} cells, more than {MOST_CELLS}.",
            cure="Is there a lone cell far to the right or below? Save what you need as CSV.",
        )


def _check_parts(name: str, content: bytes, parts: list[zipfile.ZipInfo]) -> None:
    unpacked = 0
    for part in parts:
        if part.filename.lower().endswith(".bin") and "worksheets" in part.filename.lower():
            raise InvalidInputError(f"{name} is a binary workbook (.xlsb).", cure="Save it as .xlsx.")
        watch = _watch(name, part.filename)
        for piece in _pieces(content, part):
            unpacked += len(piece)
            if unpacked > MOST_BYTES:
                raise InvalidInputError(
                    f"{name} has {len(content)} bytes and unpacks into more than {MOST_BYTES}.",
                    cure="Save what you need of it as CSV.",
                )
            watch(piece)


def _pieces(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    start = part.header_offset
    names, extra = (int.from_bytes(content[start + at : start + at + 2], "little") for at in (26, 28))
    first = start + 30 + names + extra
    packed = memoryview(content)[first : first + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[at : at + _CHUNK]) for at in range(0, len(packed), _CHUNK))
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise NotImplementedError(f"{part.filename} is packed in an unusual way")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    # To its end, however long the zip says that it is.
    for at in range(first, len(content), _CHUNK):
        waiting = content[at : at + _CHUNK]
        while waiting and not unpacker.eof:
            if piece := unpacker.decompress(waiting, _CHUNK):
                yield piece
            waiting = unpacker.unconsumed_tail
        if unpacker.eof:
            return


def _watch(name: str, part: str) -> Callable[[bytes], None]:
    """What is fed with a part's bytes and counts the cells that its sheet spans."""
    if part == "content.xml":
        return _Parser(_Repeated(name)).feed
    return _Parser(_Placed(name)).feed if _SHEET.fullmatch(part) else _nothing


def _nothing(_piece: bytes) -> None:
    return


class _Parser:
    def __init__(self, counter: _Placed | _Repeated) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = counter.start

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)


class _Placed:
    """Cells of .xlsx, which say where they stand."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = self._columns = 1

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind not in ("c", "row", "dimension"):
            return
        written = attributes.get("ref" if kind == "dimension" else "r", "")
        before = self._rows, self._columns
        if kind == "row" and written.isdigit():
            self._rows = max(self._rows, int(written[:8]))
        for letters, digits in _PLACE.findall(written) if kind == "c" else ():
            self._rows, self._columns = max(self._rows, int(digits)), max(self._columns, _column(letters))
        if before != (self._rows, self._columns):
            check_cells(self._name, self._rows * self._columns)


class _Repeated:
    """Cells of .ods, which say how often they stand; empty ones at the end count for nothing."""

    _row: int
    _of_row: int
    _column: int
    _rows: int
    _columns: int

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "table":
            self._begin()
        elif kind == "table-row":
            self._row += self._of_row
            self._of_row, self._column = _times(attributes, "rows"), 0
        elif kind in ("table-cell", "covered-table-cell"):
            self._column += _times(attributes, "columns")
            if any(one.rpartition(":")[2] in ("value-type", "formula") for one in attributes):
                self._span()
        elif kind == "p":
            self._span()

    def _begin(self) -> None:
        self._row = self._of_row = self._column = self._rows = self._columns = 0

    def _span(self) -> None:
        self._rows, self._columns = max(self._rows, self._row + self._of_row), max(self._columns, self._column)
        check_cells(self._name, self._rows * self._columns)


def _times(attributes: Mapping[str, str], what: str) -> int:
    said = next((value for name, value in attributes.items() if name.endswith(f"number-{what}-repeated")), "1")
    return int(said[:9]) if said.isdigit() else 1


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
