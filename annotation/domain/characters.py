"""Characters that no database holds, and those that make a text look like another one."""

from __future__ import annotations

import re
from typing import Any, Final

# PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT: Final = "\ufffd"
# They turn the order of letters around, or cannot be seen at all: what is read is then not what is stored. The
# joiners U+200C and U+200D are letters' business in some scripts and in emoji, and stay.
_MISLEADING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
DEEPEST: Final = 100


def storable(text: str) -> str:
    """Without NUL; a lone surrogate becomes U+FFFD."""
    if not _UNSTORABLE.search(text):
        return text
    return _UNSTORABLE.sub(REPLACEMENT, text.replace("\0", ""))


def shown(text: str) -> str:
    """As a person is to see it: in the order in which it was written, without what cannot be seen."""
    return text if text.isascii() and text.isprintable() else _MISLEADING.sub("", text)


def storable_document(value: Any, *, longest: int | None = None, depth: int = 0) -> Any:
    """A JSON document whose texts and names are storable; what lies deeper than ``DEEPEST`` is left out.

    Texts longer than ``longest`` are cut there, and say how long they were. Numbers that JSON does not know become
    texts.
    """
    if isinstance(value, str):
        return _cut(storable(value), longest)
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {
            _cut(storable(str(name)), longest): storable_document(one, longest=longest, depth=depth + 1)
            for name, one in value.items()
        }
    return [storable_document(one, longest=longest, depth=depth + 1) for one in value]


def _cut(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    return f"{text[:longest]}… [{len(text)} characters]"
