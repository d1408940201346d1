"""Flows of real texts with a model's predictions, split or drifting as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.naive_bayes import MultinomialNB

from annotation.domain.declaration import Window
from annotation.domain.text import Cleaning, Normaliser
from sampling.drift import flow
from sampling.drift.concept import Judged
from sampling.drift.flow import Flow
from sampling.drift.windows import Windows

WINDOWS = Windows(
    Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
    Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
)
MODEL = "m/1"
_FOLDS = 3
_KEPT = 5


@dataclass(frozen=True)
class Corpus:
    """One place per text: its wording once cleaned, its code, and what a model that has not seen it predicts.

    ``rows`` are the declarations of the file, by number of the text; ``parts`` gives each code's division.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...]
    codes: tuple[str, ...]
    predicted: tuple[str, ...]
    rivals: tuple[Mapping[str, float], ...]
    margin: np.ndarray
    confidence: np.ndarray
    known: np.ndarray
    variables: tuple[Mapping[str, str], ...]
    rows: np.ndarray

    def flow(self, before: np.ndarray, after: np.ndarray, *, words: Sequence[str] | None = None) -> Flow:
        """Of the texts with these counts of declarations; ``words`` are other wordings for them."""
        here = np.flatnonzero(before + after)
        said = [(words or self.words)[row] for row in here]
        return Flow(
            keys=tuple(str(row) for row in here),
            texts=tuple(self.texts[row] for row in here),
            words=tuple(said),
            group=flow.number([one or self.texts[row] for one, row in zip(said, here, strict=True)]),
            before=before[here],
            after=after[here],
            codes=tuple(self.predicted[row] for row in here),
            margin=self.margin[here],
            known=self.known[here],
            confidence=self.confidence[here],
            variables=tuple(self.variables[row] for row in here),
        )

    def judged(self, *draws: np.ndarray, meaning: Callable[[str, int], str] = lambda code, _draw: code) -> Judged:
        """Coders' codes for the texts of each draw, in order."""
        rows = np.concatenate(draws)
        number = np.repeat(np.arange(len(draws)), [len(draw) for draw in draws]).tolist()
        return Judged(
            predicted=[self.predicted[row] for row in rows],
            labels=[meaning(self.codes[row], draw) for row, draw in zip(rows, number, strict=True)],
            confidence=self.confidence[rows],
            rivals=[self.rivals[row] for row in rows],
            weights=np.ones(len(rows)),
            draws=number,
        )

    def levels(self, *lengths: int) -> list[Mapping[str, str]]:
        """Levels of codes that are made of digits, by the number of digits."""
        known = sorted(set(self.predicted))
        return [{code: code[:length] for code in known} for length in lengths]


@cache
def banking(folder: Path) -> Corpus:
    frame = pd.concat([pd.read_csv(folder / "banking77" / f"{part}.csv") for part in ("train", "test")])
    return corpus(frame["text"], frame["category"], language="english")


@cache
def uksic(folder: Path) -> Corpus:
    frame = pd.read_csv(folder / "uksic" / "uksic_alphabetical_index_dual_2003_2007.csv", dtype=str)
    return corpus(frame["activity"], frame["sic2007"], language="english")


@cache
def receipts(folder: Path) -> Corpus:
    frame = pd.read_csv(folder / "coicop" / "tickets_application_min.csv", sep=";", dtype=str).fillna("")
    variables = frame[["shop_maj", "code_mag"]].to_dict("records")
    return corpus(frame["product"], frame["Code coicop"], language="french", variables=variables)


def corpus(
    texts: Sequence[str], codes: Sequence[str], *, language: str, variables: Sequence[Mapping[str, str]] | None = None
) -> Corpus:
    normaliser = Normaliser(Cleaning(stop_words=language, stemmer=language))
    texts, codes = list(texts), list(codes)
    given = list(variables) if variables is not None else [{} for _ in texts]
    places: dict[tuple[object, ...], int] = {}
    rows = [
        places.setdefault((text, *sorted(values.items())), len(places))
        for text, values in zip(texts, given, strict=True)
    ]
    first = np.unique(rows, return_index=True)[1]
    kept = [texts[row] for row in first]
    words = tuple(normaliser.clean(text) for text in kept)
    true = tuple(codes[row] for row in first)
    predicted, shares, known = _predictions(words, true)
    top = np.array([share[0] for share in shares])
    second = np.array([share[1] if len(share) > 1 else 0.0 for share in shares])
    right = np.array([one[0] == code for one, code in zip(predicted, true, strict=True)])
    return Corpus(
        texts=tuple(kept),
        words=words,
        codes=true,
        predicted=tuple(one[0] for one in predicted),
        rivals=tuple(_rivals(one, share) for one, share in zip(predicted, shares, strict=True)),
        margin=top - second,
        confidence=IsotonicRegression(y_min=0.02, y_max=0.98).fit_transform(top, right),
        known=known,
        variables=tuple(given[row] for row in first),
        rows=np.array(rows),
    )


def _rivals(codes: Sequence[str], shares: Sequence[float]) -> Mapping[str, float]:
    left = max(1e-6, 1 - shares[0])
    return {code: min(1.0, share / left) for code, share in zip(codes[1:], shares[1:], strict=True)}


def _predictions(words: Sequence[str], codes: Sequence[str]) -> tuple[list[list[str]], list[list[float]], np.ndarray]:
    """Codes with their chances, by models that have not seen the wording, and the share of words seen elsewhere."""
    counter = CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False, ngram_range=(1, 2), min_df=2)
    matrix = counter.fit_transform(words)
    fold = flow.number(words) % _FOLDS
    predicted: list[list[str]] = [[] for _ in words]
    shares: list[list[float]] = [[] for _ in words]
    for number in range(_FOLDS):
        learnt = fold != number
        model = MultinomialNB(alpha=0.03, fit_prior=False).fit(matrix[learnt], np.array(codes)[learnt])
        chances = model.predict_proba(matrix[~learnt])
        best = np.argsort(-chances, axis=1)[:, :_KEPT]
        for row, ranked, chance in zip(np.flatnonzero(~learnt), best, chances, strict=True):
            predicted[row] = model.classes_[ranked].tolist()
            shares[row] = chance[ranked].tolist()
    single = CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False, binary=True).fit_transform(words)
    common = np.asarray(single.sum(axis=0)).ravel() > 1
    known = (single @ common) / np.maximum(np.asarray(single.sum(axis=1)).ravel(), 1)
    return predicted, shares, known


def word(number: int) -> str:
    """A word of its own for each number, all letters."""
    return f"mot{chr(97 + number // 676 % 26)}{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}"


def halves(rows: np.ndarray, texts: int, current: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Declarations dealt out at random, ``current`` of them to the second window; counts by text."""
    order = random.permutation(len(rows))
    return np.bincount(rows[order[current:]], minlength=texts), np.bincount(rows[order[:current]], minlength=texts)


def by_wording(one: Corpus, current: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The same, but all declarations of one wording fall into the same window."""
    group = flow.number([words or text for words, text in zip(one.words, one.texts, strict=True)])[one.rows]
    order = random.permutation(int(group.max()) + 1)
    place = np.argsort(order)[group]
    sizes = np.bincount(place)
    last = int(np.searchsorted(np.cumsum(sizes), current))
    chosen = place <= last
    size = len(one.texts)
    return np.bincount(one.rows[~chosen], minlength=size), np.bincount(one.rows[chosen], minlength=size)


NEW_WORDS = ("drone", "vtc", "podcast", "ebike", "blockchain", "padel", "vape", "cbd", "airbnb", "fablab")


@dataclass(frozen=True)
class Drifted:
    """A flow into which something was put; ``injected`` counts its declarations by text, in the flow's order."""

    flow: Flow
    injected: np.ndarray


def calm(one: Corpus, declarations: int, random: np.random.Generator, weights: np.ndarray | None = None) -> np.ndarray:
    """Declarations at random, with repeats; counts by text."""
    shares = np.ones(len(one.texts)) if weights is None else weights
    return random.multinomial(declarations, shares / shares.sum())


def weighted(one: Corpus, shares: Mapping[str, float]) -> np.ndarray:
    """Weights of the texts by which these predicted codes have these shares."""
    codes = np.array(one.predicted)
    weights = np.full(len(codes), (1 - sum(shares.values())) / (~np.isin(codes, list(shares))).sum())
    for code, share in shares.items():
        weights[codes == code] = share / (codes == code).sum()
    return weights


def frequent(one: Corpus, rank: int = 0) -> str:
    """The code predicted for the most texts, or one of the next."""
    names, counts = np.unique(one.predicted, return_counts=True)
    return str(names[np.argsort(-counts, kind="stable")[rank]])


def prior_shift(
    one: Corpus, *, before: float, after: float, sizes: tuple[int, int], rank: int, random: np.random.Generator
) -> Drifted:
    """One code's share moves; injected is what it has more than before."""
    code = frequent(one, rank)
    base = weighted(one, {code: before})
    extra = random.binomial(sizes[1], (after - before) / (1 - before))
    only = np.where(np.array(one.predicted) == code, 1.0, 0.0)
    injected = calm(one, extra, random, only)
    return _drifted(one, calm(one, sizes[0], random, base), calm(one, sizes[1] - extra, random, base), injected)


def new_vocabulary(one: Corpus, *, share: float, sizes: tuple[int, int], random: np.random.Generator) -> Drifted:
    """A share of the current texts holds one of ten words that nobody wrote before."""
    extra = random.binomial(sizes[1], share)
    injected = calm(one, extra, random)
    rows = np.flatnonzero(injected)
    size = len(one.texts)
    told = [f"{one.words[row]} {random.choice(NEW_WORDS)}" for row in rows]
    before, after = calm(one, sizes[0], random), calm(one, sizes[1] - extra, random)
    both = _extended(one, rows, told)
    pad = np.zeros(len(rows), dtype=int)
    return _drifted(
        both, np.append(before, pad), np.append(after, pad), np.append(np.zeros(size, dtype=int), injected[rows])
    )


def new_activity(
    one: Corpus, *, division: str, share: float, sizes: tuple[int, int], random: np.random.Generator
) -> Drifted:
    """A share of the current texts is of a division that the reference window never saw."""
    inside = np.array([code.startswith(division) for code in one.codes])
    extra = random.binomial(sizes[1], share)
    outside = np.where(inside, 0.0, 1.0)
    return _drifted(
        one,
        calm(one, sizes[0], random, outside),
        calm(one, sizes[1] - extra, random, outside),
        calm(one, extra, random, 1 - outside),
    )


def first_injected(drifted: Drifted, rows: np.ndarray, scores: np.ndarray, most: int = 200) -> float:
    """Of the ``most`` declarations with the largest scores, the share that was injected."""
    order = rows[np.argsort(-scores, kind="stable")]
    last = int(np.searchsorted(np.cumsum(drifted.flow.after[order]), most)) + 1
    return float(drifted.injected[order[:last]].sum() / drifted.flow.after[order[:last]].sum())


def _extended(one: Corpus, rows: np.ndarray, words: Sequence[str]) -> Corpus:
    """With the texts of these rows once more, in other words."""

    def more(values: tuple[object, ...]) -> tuple[object, ...]:
        return (*values, *(values[row] for row in rows))

    return replace(
        one,
        texts=(*one.texts, *words),
        words=(*one.words, *words),
        codes=more(one.codes),
        predicted=more(one.predicted),
        rivals=more(one.rivals),
        margin=np.append(one.margin, one.margin[rows]),
        confidence=np.append(one.confidence, one.confidence[rows]),
        known=np.append(one.known, one.known[rows] * 0.8),
        variables=more(one.variables),
    )


def _drifted(one: Corpus, before: np.ndarray, after: np.ndarray, injected: np.ndarray) -> Drifted:
    found = one.flow(before, after + injected)
    return Drifted(found, injected[[int(key) for key in found.keys]])
