"""Rules that edit labels on their way into a version; the labels themselves stay as they are.

They reach training rows alone: a text of the evaluation set or of gold is never among these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from annotation.domain import text as texts
from annotation.domain.text import Normaliser


@dataclass(frozen=True, slots=True)
class When:
    """All that is given must fit: one of the codes, of the sources, of each variable's values, of the word patterns.

    A pattern is words that must all be among those of the cleaned text, in any order; it is cleaned as the text is,
    but for words that end with an asterisk, which stand for all that begin so.
    """

    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.codes or self.words or self.variables or self.sources)


@dataclass(frozen=True, slots=True)
class Rule:
    """``code`` is what the label becomes, None to take the text out; ``evidence`` is the sentence that says why.

    It holds from the day ``begins_on`` to the day ``expires_on``, both included.
    """

    id: str
    evidence: str
    when: When
    code: str | None = None
    begins_on: date | None = None
    expires_on: date | None = None

    def holds_on(self, day: date | None) -> bool:
        """Never in a version without a day: it knew no rules."""
        if day is None:
            return False
        return (self.begins_on is None or self.begins_on <= day) and not self.is_expired(day)

    def is_expired(self, day: date) -> bool:
        return self.expires_on is not None and self.expires_on < day

    def as_dict(self) -> dict[str, Any]:
        when = asdict(self.when) | {name: list(getattr(self.when, name)) for name in ("codes", "words", "sources")}
        when["variables"] = {name: list(values) for name, values in self.when.variables.items()}
        return asdict(self) | {
            "when": when,
            "begins_on": self.begins_on.isoformat() if self.begins_on else None,
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Rule:
        when = stored["when"]
        return cls(
            id=stored["id"],
            evidence=stored["evidence"],
            when=When(
                codes=tuple(when["codes"]),
                words=tuple(when["words"]),
                variables={name: tuple(values) for name, values in when["variables"].items()},
                sources=tuple(when["sources"]),
            ),
            code=stored["code"],
            begins_on=date.fromisoformat(stored["begins_on"]) if stored["begins_on"] else None,
            expires_on=date.fromisoformat(stored["expires_on"]) if stored["expires_on"] else None,
        )


class Pattern:
    """Words that must all be in a cleaned text."""

    def __init__(self, pattern: str, normaliser: Normaliser) -> None:
        tokens = pattern.split()
        self._beginnings = tuple(filter(None, (texts.fold(one[:-1]) for one in tokens if one.endswith("*"))))
        self._words = frozenset(normaliser.clean(" ".join(one for one in tokens if not one.endswith("*"))).split())

    @property
    def is_empty(self) -> bool:
        """Nothing is left of it after cleaning: it would fit every text."""
        return not (self._words or self._beginnings)

    def fits(self, words: frozenset[str]) -> bool:
        return self._words <= words and all(any(map(_begins(one), words)) for one in self._beginnings)


class Rulebook:
    """The rules in force on a day; of those that fit, the first one edits."""

    def __init__(self, rules: Sequence[Rule], *, normaliser: Normaliser, day: date | None) -> None:
        self._rules = [(one, _patterns(one, normaliser)) for one in rules if one.holds_on(day)]

    @property
    def is_empty(self) -> bool:
        return not self._rules

    def rule_for(
        self, *, code: str, source: str, variables: Callable[[], Mapping[str, str]], cleaned: Callable[[], str]
    ) -> Rule | None:
        """None where no rule fits, or the label has the rule's code already; what is costly to know is asked last."""
        for rule, patterns in self._rules:
            when = rule.when
            if (when.codes and code not in when.codes) or (when.sources and source not in when.sources):
                continue
            if when.variables and not _given(when.variables, variables()):
                continue
            if patterns and not _any_fits(patterns, cleaned()):
                continue
            return None if rule.code == code else rule
        return None


def _patterns(rule: Rule, normaliser: Normaliser) -> tuple[Pattern, ...]:
    return tuple(Pattern(one, normaliser) for one in rule.when.words)


def _any_fits(patterns: Sequence[Pattern], cleaned: str) -> bool:
    words = frozenset(cleaned.split())
    return any(one.fits(words) for one in patterns)


def _given(wanted: Mapping[str, Sequence[str]], given: Mapping[str, str]) -> bool:
    return all(given.get(name, "") in values for name, values in wanted.items())


def _begins(beginning: str) -> Callable[[str], bool]:
    return lambda word: word.startswith(beginning)
