"""A learner that counts which words went with which codes: a hundred models in a second."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sampling.scorer import Scores


@dataclass
class WordScorer:
    codes: tuple[str, ...]
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        votes = np.full((len(lines), len(self.codes)), 0.1)
        for row, line in enumerate(lines):
            for word in line.split():
                votes[row] += [self.counts[word][code] if word in self.counts else 0.0 for code in self.codes]
        shares = (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)
        width = min(k, len(self.codes))
        order = np.argsort(-shares, axis=1, kind="stable")[:, :width]
        best = np.take_along_axis(shares, order, axis=1)
        known = [np.mean([word in self.counts for word in line.split()] or [0.0]) for line in lines]
        return Scores(
            codes=np.array(self.codes, dtype=object)[order],
            probabilities=best,
            margin=best[:, 0] - (best[:, 1] if width > 1 else 0),
            entropy=-(shares * np.log(shares)).sum(axis=1),
            known=np.array(known, dtype=np.float32),
        )


@dataclass(frozen=True)
class WordLearner:
    """``fits`` of at most that many models, then it fails as a stopped program would."""

    fits: int = 10**9
    made: list[int] = field(default_factory=list, compare=False, repr=False)

    def __repr__(self) -> str:
        return "WordLearner()"

    def fit(self, lines: Sequence[str], codes: Sequence[str], seed: int) -> WordScorer:
        if len(self.made) >= self.fits:
            raise KeyboardInterrupt
        self.made.append(len(lines))
        scorer = WordScorer(tuple(sorted(set(codes))))
        for line, code in zip(lines, codes, strict=True):
            for word in line.split():
                scorer.counts[word][code] += 1
        return scorer
