"""Which of a text's labels holds, by the policy of a recipe, and what a rule makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from annotation.domain.label import Source
from annotation.domain.text import Normaliser
from annotation.ledger.repositories.labels import Said
from sync.trainingset.policy import Resolution
from sync.trainingset.recipe import Recipe
from sync.trainingset.rules import Rule, Rulebook


@dataclass(frozen=True, slots=True)
class Chosen:
    """``said`` is the label as it was given; the rest is what the version says.

    ``code`` is None where the ``rule`` takes the text out. ``cleaned`` are the text's words, if they were needed.
    """

    said: Said
    code: str | None
    source: str
    weight: float
    rule: Rule | None = None
    cleaned: str | None = None


class Resolver:
    """Chooses as the recipe says, at any later time alike."""

    def __init__(self, recipe: Recipe, normaliser: Normaliser) -> None:
        policy = recipe.policy
        self._policy = policy
        self._normaliser = normaliser
        self._rules = Rulebook(policy.rules, normaliser=normaliser, day=recipe.day)
        self._since = _since(recipe)
        self._codes = frozenset(policy.excluded.codes)
        self._texts = frozenset(policy.excluded.texts)
        self._coders = frozenset(policy.excluded.coders)
        self._ranks = {
            source: rank for rank, source in enumerate(policy.sources) if source not in policy.excluded.sources
        }

    def chosen(self, labels: Iterable[Said]) -> Iterator[Chosen]:
        """One for each text that has a code, in the order of the labels: by text key, then by row id."""
        for _, group in groupby(labels, key=attrgetter("text_key")):
            if (one := self._of_text(list(group))) is not None:
                yield one

    def _of_text(self, labels: Sequence[Said]) -> Chosen | None:
        said = labels[-1] if len(labels) == 1 else self._leading(labels)
        if said is None or not self._says(said) or said.code is None:
            return None
        if said.text_key in self._texts:
            return None
        one = Chosen(said, said.code, said.source, said.weight * self._policy.weights.get(said.source, 1.0))
        if not self._rules.is_empty:
            one = self._edited(one)
        return None if one.code in self._codes else one

    def _leading(self, labels: Sequence[Said]) -> Said | None:
        if self._policy.resolution is Resolution.NEWEST:
            return labels[-1]
        newest = {said.source: said for said in labels}
        speaking = [said for said in newest.values() if self._says(said)]
        return min(speaking, key=lambda said: self._ranks[said.source], default=None)

    def _says(self, said: Said) -> bool:
        """A label without weight was withdrawn; one without code but with weight says that the text has none."""
        if said.source not in self._ranks or said.weight <= 0:
            return False
        if said.coder in self._coders:
            return False
        if self._since is not None and said.settled_at < self._since:
            return False
        enough = self._policy.least_judgements
        return enough <= 1 or said.source != Source.CODER or said.weighed >= enough

    def _edited(self, one: Chosen) -> Chosen:
        said = one.said
        cleaned: list[str] = []

        def words() -> str:
            if not cleaned:
                cleaned.append(self._normaliser.clean(said.text))
            return cleaned[0]

        rule = self._rules.rule_for(
            code=str(one.code), source=said.source, variables=lambda: variables_of(said.variables), cleaned=words
        )
        known = cleaned[0] if cleaned else None
        if rule is None:
            return replace(one, cleaned=known)
        weight = said.weight * self._policy.weights.get(Source.RULE, 1.0)
        return Chosen(said, rule.code, Source.RULE.value, weight, rule, known)


def _since(recipe: Recipe) -> datetime | None:
    """The first moment of which a label counts; days are those of UTC."""
    policy = recipe.policy
    days = [policy.not_before] if policy.not_before else []
    if policy.max_age_days and recipe.day:
        days.append(recipe.day - timedelta(days=policy.max_age_days))
    return datetime.combine(max(days), time(), UTC) if days else None


@lru_cache(65536)
def variables_of(document: str) -> Mapping[str, str]:
    """The variables of a text, from JSON as the database writes it."""
    loaded: Mapping[str, str] = json.loads(document)
    return loaded
