"""The words of the pages, by language, from the files beside this one.

Every entry has all languages, and no entry stands twice; ``{…}`` are filled in by the templates.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

DEFAULT: Final = "en"
_SPOKEN: Final = ("en", "fr")
_FOLDER: Final = Path(__file__).parent / "words"


def _read(folder: Path) -> Mapping[str, Mapping[str, str]]:
    words: dict[str, dict[str, str]] = {language: {} for language in _SPOKEN}
    for path in sorted(folder.glob("*.toml")):
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in words[DEFAULT] or set(entry) != set(_SPOKEN):
                raise ValueError(f"{path.name}: {key} stands twice, or lacks a language")
            words["en"][key], words["fr"][key] = entry["en"], _unbroken(entry["fr"])
    return MappingProxyType({language: MappingProxyType(found) for language, found in words.items()})


def _unbroken(text: str) -> str:
    """French puts a space before these signs, at which no line may break."""
    for plain, kept in ((" ;", "\u202f;"), (" :", "\u00a0:"), (" %", "\u202f%"), ("« ", "«\u00a0"), (" »", "\u00a0»")):
        text = text.replace(plain, kept)
    return text


LANGUAGES: Final = _read(_FOLDER)


def known(language: str) -> str:
    """The language of the pages for a campaign's, such as ``fr`` for ``fr-FR``; English for those we don't speak."""
    short = language.split("-")[0].lower()
    return short if short in LANGUAGES else DEFAULT


def of(language: str) -> Mapping[str, str]:
    """All words, in the language of the pages for a campaign's."""
    return LANGUAGES[known(language)]
