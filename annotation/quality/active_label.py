"""What to ask next: another judgement on a text that has some, or a first one on a new text (ActiveLab, Goh and
Mueller 2023).

A score says how sure one may be of a text's code, by its coders and by the model, each with the weight that their past
agreement earns them; texts with and without judgements stand on one scale, and the lowest is asked next.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

Votes = Mapping[str, str]
Chances = Mapping[str, float]

_LEAST: Final = 1e-3
_TEMPERATURES: Final = (0.1, 20.0)
# Of texts judged several times, fewer say little of who agrees with whom.
_ENOUGH: Final = 5


@dataclass(frozen=True, slots=True)
class Labelled:
    """The code that coders and their ties' breaker, the model, give a text, and how sure one may be of it."""

    code: str
    score: float
    judgements: int


@dataclass(frozen=True, slots=True)
class Scores:
    """By text key. ``coders`` are the weights by coder, ``model`` is that of the model."""

    labelled: Mapping[str, Labelled]
    new: Mapping[str, float]
    coders: Mapping[str, float]
    model: float

    def next(self, number: int) -> list[str]:
        """The texts to ask about, least sure first."""
        all_scores = {key: one.score for key, one in self.labelled.items()} | dict(self.new)
        return sorted(all_scores, key=lambda key: (all_scores[key], key))[:number]


def scores(
    judgements: Mapping[str, Votes], chances: Mapping[str, Chances], *, codes: int, calibrated: bool = False
) -> Scores:
    """``judgements`` are codes by text and coder, ``chances`` the model's probabilities by text and code.

    The model must not have learnt from these judgements; unless ``calibrated``, it is made as sure as they bear out. It
    may name its first few codes alone; what they leave is spread over the other ``codes``. Texts that it was not asked
    about have no score.
    """
    known = {text: dict(votes) for text, votes in judgements.items() if votes and text in chances}
    temperature = 1.0 if calibrated else _temperature(known, chances, codes)
    tempered = {text: _at(named, codes, temperature) for text, named in chances.items()}
    crowd = _Crowd.of(known, tempered, codes)
    labelled = {
        text: Labelled(crowd.codes[text], crowd.sureness(text, votes), len(votes)) for text, votes in known.items()
    }
    new = {text: crowd.sureness_of_new(text) for text in crowd.chances if text not in known}
    return Scores(labelled, new, crowd.coders, crowd.model)


@dataclass(frozen=True, slots=True)
class _Crowd:
    """``codes`` are those in force by text, ``trust`` is how often a coder's code is the one in force."""

    chances: Mapping[str, _Tempered]
    codes: Mapping[str, str]
    space: int
    trust: float
    coders: Mapping[str, float]
    model: float

    @classmethod
    def of(cls, known: Mapping[str, Votes], chances: Mapping[str, _Tempered], space: int) -> _Crowd:
        codes = {text: _majority(votes, chances[text]) for text, votes in known.items()}
        several = [text for text, votes in known.items() if len(votes) > 1]
        names = sorted({coder for votes in known.values() for coder in votes})
        if len(several) < _ENOUGH:
            # Nobody knows who agrees with whom: coders and model count as equally good, and as erring independently.
            same = [chances[text].first == code for text, code in codes.items()]
            trust = math.sqrt((sum(same) + 1) / (len(same) + 2))
            return cls(chances, codes, space, trust, dict.fromkeys(names, trust), trust)
        shares = [sum(code == codes[text] for code in known[text].values()) / len(known[text]) for text in several]
        # How often the code that is most frequent of all would be right.
        blind = max(Counter(codes[text] for text in several).values()) / len(several)
        agreement = _agreement(known, several)
        usual = sum(agreement.values()) / len(agreement)
        right = sum(chances[text].first == codes[text] for text in several) / len(several)
        judged = sum(len(known[text]) for text in several) / len(several)
        return cls(
            chances=chances,
            codes=codes,
            space=space,
            trust=sum(shares) / len(shares),
            coders={name: _weight(agreement.get(name, usual), blind) for name in names},
            model=_weight(right, blind) * math.sqrt(judged),
        )

    @property
    def usual(self) -> float:
        return sum(self.coders.values()) / len(self.coders) if self.coders else 1.0

    def sureness(self, text: str, votes: Votes) -> float:
        code = self.codes[text]
        apart = (1 - self.trust) / max(1, self.space - 1)
        said = sum(self.coders[coder] * (self.trust if one == code else apart) for coder, one in votes.items())
        weight = sum(self.coders[coder] for coder in votes)
        return self._with_model(self.chances[text].of(code), said, weight)

    def sureness_of_new(self, text: str) -> float:
        return self._with_model(self.chances[text].highest, 0.0, 0.0)

    def _with_model(self, chance: float, said: float, weight: float) -> float:
        """One more coder, of usual weight, is taken to know nothing: so a text with few judgements is less sure."""
        total = self.model * chance + said + self.usual / self.space
        return total / (self.model + weight + self.usual)


@dataclass(frozen=True, slots=True)
class _Tempered:
    """A model's probabilities of one text; ``others`` is that of each code it does not name."""

    named: Chances
    others: float

    @property
    def first(self) -> str | None:
        return max(self.named, key=lambda code: self.named[code]) if self.named else None

    @property
    def highest(self) -> float:
        return max(self.named.values(), default=self.others)

    def of(self, code: str) -> float:
        return self.named.get(code, self.others)


def _majority(votes: Votes, chances: _Tempered) -> str:
    counted = Counter(votes.values())
    return min(counted, key=lambda code: (-counted[code], -chances.of(code), code))


def _agreement(known: Mapping[str, Votes], several: Sequence[str]) -> dict[str, float]:
    """With the others who judged the same texts, by coder."""
    same: dict[str, int] = defaultdict(int)
    met: dict[str, int] = defaultdict(int)
    for text in several:
        counted = Counter(known[text].values())
        for coder, code in known[text].items():
            same[coder] += counted[code] - 1
            met[coder] += len(known[text]) - 1
    return {coder: same[coder] / met[coder] for coder in met}


def _weight(agreement: float, blind: float) -> float:
    """One for who always agrees, none for who does so no more than the most frequent code would."""
    return max(_LEAST, 1 - (1 - agreement) / max(_LEAST, 1 - blind))


def _temperature(known: Mapping[str, Votes], chances: Mapping[str, Chances], codes: int) -> float:
    """At which the judgements are likeliest (Guo et al. 2017, temperature scaling)."""
    from scipy import optimize

    texts = sorted(known)
    if len(texts) < _ENOUGH:
        return 1.0
    width = max((len(chances[text]) for text in texts), default=1)
    logs = np.full((len(texts), width), -np.inf)
    rest = np.zeros(len(texts))
    for row, text in enumerate(texts):
        named = np.maximum(np.array(list(chances[text].values()), dtype=float), 1e-12)
        logs[row, : len(named)] = np.log(named)
        rest[row] = math.log(_left(chances[text], codes))
    left = np.array([max(0, codes - len(chances[text])) for text in texts], dtype=float)
    wanted = np.array([_mean_log(known[text], chances[text], codes) for text in texts])

    def loss(log_temperature: float) -> float:
        cold = math.exp(-log_temperature)
        total = np.exp(logs * cold).sum(axis=1) + left * np.exp(rest * cold)
        return float((np.log(total) - wanted * cold).mean())

    bounds = tuple(math.log(bound) for bound in _TEMPERATURES)
    return math.exp(float(optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _at(named: Chances, codes: int, temperature: float) -> _Tempered:
    raised = {code: max(chance, 1e-12) ** (1 / temperature) for code, chance in named.items()}
    other = _left(named, codes) ** (1 / temperature)
    total = sum(raised.values()) + other * max(0, codes - len(named))
    return _Tempered({code: value / total for code, value in raised.items()}, other / total)


def _left(named: Chances, codes: int) -> float:
    """The probability of each code that is not named."""
    return max(1e-12, (1 - sum(named.values())) / max(1, codes - len(named)))


def _mean_log(votes: Votes, named: Chances, codes: int) -> float:
    said = [math.log(max(1e-12, named.get(code, _left(named, codes)))) for code in votes.values()]
    return sum(said) / len(said)
