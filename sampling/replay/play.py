"""One history played by one strategy: train, measure, ask, and train again."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sampling import inclusion
from sampling.pool import Pool
from sampling.replay.curves import Curve, Point
from sampling.replay.history import History
from sampling.replay.learner import Learner
from sampling.replay.plan import Plan, Rows
from sampling.replay.record import Record, Step
from sampling.scorer import Scorer, Scores
from sampling.strategies.base import Strategy

KEPT_CODES = 20

_ASKING = 2


@dataclass(frozen=True, slots=True)
class Play:
    """Strategies that play one history with one plan and seed start alike: same texts apart, same first labels."""

    history: History
    plan: Plan
    strategy: Strategy
    seed: int
    learner: Learner

    def run(self, record: Record, on_step: Callable[[int, int], None]) -> Curve:
        """The learning curve, one point per mark of the plan; steps on record are not made again."""
        evaluation, learnable = self.plan.split(len(self.history), self.seed)
        marks = self.plan.marks(len(learnable))
        steps = record.steps()
        labelled = np.concatenate([self.plan.start(learnable, self.seed), *(step.asked for step in steps)])
        for number in range(len(steps), len(marks)):
            scorer = self._fit(labelled)
            asked = np.array([], dtype=np.intp)
            if number + 1 < len(marks):
                pool = np.setdiff1d(learnable, labelled, assume_unique=True)
                asked = self._ask(scorer, pool, marks[number + 1] - len(labelled), number)
            steps.append(Step(self._measured(scorer, evaluation, len(labelled)), asked))
            record.write(steps)
            on_step(number + 1, len(marks))
            labelled = np.concatenate([labelled, asked])
        return tuple(step.point for step in steps)

    def _fit(self, labelled: Rows) -> Scorer:
        lines, codes = self.history.lines, self.history.codes
        return self.learner.fit([lines[row] for row in labelled], [codes[row] for row in labelled], self.seed)

    def _ask(self, scorer: Scorer, rows: Rows, size: int, step: int) -> Rows:
        """``size`` of the rows, the strategy's best; chance decides between equals.

        A generator of its own for each step: a play that goes on from its record asks what it would have asked.
        """
        random = np.random.default_rng([self.seed, _ASKING, zlib.crc32(self.strategy.name.encode()), step])
        pool = pool_of(self.history, rows, scorer.score([self.history.lines[row] for row in rows], KEPT_CODES))
        worth = self.strategy.score(pool, random)
        chances = inclusion.probabilities(worth, size, floor=0.0, softness=0.0)
        chosen = rows[inclusion.systematic(chances, random)]
        if len(chosen) < size:
            # What the strategy takes for no candidate is asked at random once the others are used up.
            others = np.setdiff1d(rows, chosen, assume_unique=True)
            chosen = np.concatenate([chosen, random.permutation(others)[: size - len(chosen)]])
        return chosen

    def _measured(self, scorer: Scorer, evaluation: Rows, labels: int) -> Point:
        from sklearn.metrics import f1_score

        truth = [self.history.codes[row] for row in evaluation]
        predicted = _first_codes(scorer.score([self.history.lines[row] for row in evaluation], 1))
        return Point(
            labels=labels,
            accuracy=float(np.mean([one == other for one, other in zip(truth, predicted, strict=True)])),
            macro_f1=float(f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0)),
        )


def pool_of(history: History, rows: Rows, scores: Scores) -> Pool:
    """The rows as a draw sees them before they are labelled."""
    known = scores.known > 0
    codes = [tuple(code for code in found if code) if k else () for found, k in zip(scores.codes, known, strict=True)]
    probabilities = [
        tuple(map(float, found[: len(kept)])) for found, kept in zip(scores.probabilities, codes, strict=True)
    ]
    first = np.where(known, scores.probabilities[:, 0], 0.0).astype(float)
    frame = pd.DataFrame(
        {
            "text_key": [history.groups[row] for row in rows],
            "group_key": [history.groups[row] for row in rows],
            "line": [history.lines[row] for row in rows],
            "words": [history.lines[row] for row in rows],
            "code": pd.Series([found[0] if found else None for found in codes], dtype=object),
            "margin": np.where(known, scores.margin, 0.0).astype(float),
            "probability": first,
            "entropy": scores.entropy.astype(float),
            "known": scores.known.astype(float),
            "frequency": [history.frequency[row] for row in rows],
            "confidence": first,
            "importance": 1.0,
            "codes": pd.Series(codes, dtype=object),
            "probabilities": pd.Series(probabilities, dtype=object),
        }
    )
    return Pool(frame, {})


def _first_codes(scores: Scores) -> Sequence[str]:
    """A text without a known word counts as wrong: the model's answer to it is the same for all such texts."""
    return [str(found[0]) if known > 0 else "" for found, known in zip(scores.codes, scores.known, strict=True)]
