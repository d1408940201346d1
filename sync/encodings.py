"""In which characters a text file is written, told by its bytes."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

CHUNK_BYTES: Final = 8 * 2**20
REPLACEMENT: Final = "\ufffd"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """``damaged``: some bytes may be none of it, and are read as U+FFFD."""

    name: str
    damaged: bool = False

    def text(self, start: bytes) -> str:
        """The beginning of the file, whose last character may be cut in two."""
        return start.decode(self.name, errors="replace")

    def readable(self, handle: BinaryIO) -> BinaryIO:
        """The file in UTF-8."""
        if self.name == "utf-8-sig" and not self.damaged:
            return handle
        return cast(BinaryIO, _Recoded(handle, self.name))


def recognise(handle: BinaryIO) -> Encoding:
    """UTF-16 by its mark; UTF-8 where at least most of what is not ASCII is valid; else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    start, valid, invalid = True, 0, 0
    while chunk := handle.read(CHUNK_BYTES):
        if start and chunk.startswith(_UTF_16):
            return Encoding("utf-16")
        start = False
        more, bad = _counted(decoder.decode(chunk))
        valid, invalid = valid + more, invalid + bad
    _, bad = _counted(decoder.decode(b"", final=True))
    invalid += bad
    if not invalid:
        return Encoding("utf-8-sig")
    # Of Windows-1252, too, five bytes are no characters.
    return Encoding("utf-8-sig" if valid > invalid else "cp1252", damaged=True)


def _counted(text: str) -> tuple[int, int]:
    """Characters beyond ASCII, and bytes that are none."""
    if text.isascii():
        return 0, 0
    invalid = sum(1 for _ in _NOT_UTF_8.finditer(text))
    return sum(1 for _ in _NOT_ASCII.finditer(text)) - invalid, invalid


class _Recoded(io.RawIOBase):
    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready and not self._ended:
            chunk = self._handle.read(CHUNK_BYTES)
            self._ended = not chunk
            # A surrogate that stands alone in UTF-16 decodes, but is no character.
            self._ready = self._decoder.decode(chunk, final=self._ended).encode("utf-8", errors="replace")
        part = self._ready[: len(buffer)]
        self._ready = self._ready[len(part) :]
        buffer[: len(part)] = part
        return len(part)
