"""What a text is, for a key and for a model.

Two normalisations live here and must not be mixed. ``fold`` is fixed for ever and makes the keys by which the ledger
knows a text. ``Normaliser`` follows the configuration and makes what fastText reads; it travels inside the model, so
that scoring and training clean alike. A registered model carries a copy of this file: it imports nothing of the
project but the stop words.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import threading
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import snowballstemmer

from . import stop_words as stop_word_lists

MISSING = "na"
_KEY_LENGTH = 20
_CACHED_WORDS = 500_000
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
_NOT_WORD = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d")
# What fastText itself would read as a label, as the end of a line or as a blank, and what UTF-8 cannot hold.
_RESERVED = re.compile(r"__label__|</s>|[\x00-\x20\x7f\ud800-\udfff]+")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def fold(text: str) -> str:
    """The text without accents, case, punctuation and surplus spaces. Fixed: every key in every ledger hangs on it."""
    return " ".join(_NOT_WORD.sub(" ", _without_accents(_without_accents(text).casefold())).split())


def text_key(text: str, variables: Mapping[str, str] | None = None) -> str:
    """The identity of a text with its auxiliary variables: 20 hexadecimal digits.

    Texts that differ only by accents, case, punctuation or spaces have one key, whatever the ``Cleaning``; so have
    variables in another order, and variables that are empty or absent. Texts without letter or digit share one key.
    """
    pairs = ((fold(name), fold(value)) for name, value in (variables or {}).items())
    filled = sorted(f"{name}={value}" for name, value in pairs if value)
    return _digest("\x1f".join((fold(text), *filled)))


def group_key(text: str) -> str:
    """The identity of the wording alone: what must not stand both in training and in evaluation."""
    return _digest(fold(text))


def _digest(folded: str) -> str:
    return hashlib.sha256(folded.encode()).hexdigest()[:_KEY_LENGTH]


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The steps between a declaration and the tokens of a model, in the order in which they run.

    ``meaningless_phrases`` are deleted wherever they stand as whole words, their punctuation and accents aside.
    ``stop_words`` and ``stemmer`` name a language, or are empty for none.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    strip_accents: bool = True
    lower_case: bool = True
    meaningless_phrases: tuple[str, ...] = (
        "idem",
        "voir ci-dessus",
        "voir ci-dessous",
        "voir annexe",
        "néant",
        "extrait kbis",
        "kbis",
        "k-bis",
        "sans objet",
        "non renseigné",
        "sans changement",
    )
    punctuation: bool = True
    digits: bool = True
    one_letter_words: bool = True
    repeated_tokens: bool = True
    stop_words: str = "french"
    stemmer: str = "french"

    def __post_init__(self) -> None:
        _refuse_unknown("stop_words", self.stop_words, sorted(stop_word_lists.LISTS))
        _refuse_unknown("stemmer", self.stemmer, snowballstemmer.algorithms())


def _refuse_unknown(step: str, language: str, known: list[str]) -> None:
    if language and language not in known:
        raise ValueError(f"{step} knows no language {language!r}, only {', '.join(known)}, or '' for none")


class Normaliser:
    """Makes the lines that a model is trained on and asked about. Equal when its settings are equal."""

    def __init__(self, cleaning: Cleaning | None = None, variables: tuple[str, ...] = ()) -> None:
        self.cleaning = cleaning or Cleaning()
        self.variables = tuple(variables)
        self._names = tuple("_".join(fold(name).split()) for name in self.variables)
        self._phrases = self._phrase_pattern()
        self._stop_words = frozenset(
            self._cased(word) for word in stop_word_lists.LISTS.get(self.cleaning.stop_words, frozenset())
        )
        self._stem = _cached_stemmer(self.cleaning.stemmer) if self.cleaning.stemmer else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Normaliser):
            return NotImplemented
        return (self.cleaning, self.variables) == (other.cleaning, other.variables)

    def __hash__(self) -> int:
        return hash((self.cleaning, self.variables))

    @property
    def variable_prefixes(self) -> tuple[str, ...]:
        """How the tokens that stand for variables begin."""
        return tuple(f"{name}_" for name in self._names)

    def clean(self, text: str) -> str:
        """The tokens of the text, one space between two; empty when nothing is left to code."""
        steps = self.cleaning
        text = self._cased(_RESERVED.sub(" ", text))
        if self._phrases:
            text = self._phrases.sub(" ", text)
        if steps.punctuation:
            text = _NOT_WORD.sub(" ", text)
        if steps.digits:
            text = _DIGITS.sub(" ", text)
        tokens = text.split()
        if steps.one_letter_words:
            tokens = [token for token in tokens if len(token) > 1]
        if steps.repeated_tokens:
            tokens = list(dict.fromkeys(tokens))
        if self._stop_words:
            tokens = [token for token in tokens if token not in self._stop_words]
        if self._stem:
            tokens = list(map(self._stem, tokens))
        # Once more, because without the punctuation step a label may have come to be by lower-casing or stemming.
        return " ".join(_RESERVED.sub(" ", " ".join(tokens)).split())

    def line(self, text: str, variables: Mapping[str, str] | None = None) -> str:
        """The cleaned text followed by one token ``name_value`` per configured variable, in their configured order.

        A variable that is absent, empty or without a letter or digit gives ``name_na``. Never holds a line break nor
        what fastText would take for a label.
        """
        given = variables or {}
        tokens = (
            _variable_token(token_name, given.get(name) or "")
            for name, token_name in zip(self.variables, self._names, strict=True)
        )
        return " ".join(part for part in (self.clean(text), *tokens) if part)

    def to_json(self) -> str:
        return json.dumps(
            {"version": 1, "cleaning": dataclasses.asdict(self.cleaning), "variables": self.variables},
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, document: str) -> Normaliser:
        content = json.loads(document)
        if content["version"] != 1:
            raise ValueError(f"normaliser of version {content['version']}, this program reads version 1")
        steps = dict(content["cleaning"])
        steps["meaningless_phrases"] = tuple(steps["meaningless_phrases"])
        return cls(Cleaning(**steps), tuple(content["variables"]))

    def _cased(self, text: str) -> str:
        if self.cleaning.strip_accents:
            text = _without_accents(text)
        return text.lower() if self.cleaning.lower_case else text

    def _phrase_pattern(self) -> re.Pattern[str] | None:
        split = (_NOT_WORD.split(self._cased(phrase)) for phrase in self.cleaning.meaningless_phrases)
        phrases = [[re.escape(word) for word in words if word] for words in split]
        alternatives = sorted((r"[\W_]+".join(words) for words in phrases if words), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)") if alternatives else None

    def __reduce__(self) -> tuple[type[Normaliser], tuple[Cleaning, tuple[str, ...]]]:
        return Normaliser, (self.cleaning, self.variables)


def _cached_stemmer(language: str) -> Callable[[str], str]:
    stemmer = snowballstemmer.stemmer(language)
    lock = threading.Lock()

    @lru_cache(_CACHED_WORDS)
    def stem(word: str) -> str:
        with lock:  # a Snowball stemmer keeps the word in itself while it works
            return str(stemmer.stemWord(word))

    return stem


@lru_cache(_CACHED_WORDS)
def _variable_token(name: str, value: str) -> str:
    return f"{name}_{'_'.join(fold(value).split()) or MISSING}"
