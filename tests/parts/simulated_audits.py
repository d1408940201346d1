"""Draws made again and again from texts whose truth is known, as the sampler makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotation.quality import accuracy
from annotation.quality.accuracy import Estimate
from sampling import inclusion
from sampling.strategies.probability import Audit, AuditPlan
from sampling.units import Units
from tests.parts.scored import Scored

LEAST_SPREAD = 0.15
FLOOR, SOFTNESS = 0.2, 0.1

Estimator = Callable[[np.random.Generator], Estimate]


@dataclass(frozen=True, slots=True)
class Held:
    """Of an estimator over many draws: ``bias`` and ``width`` (the mean one) are shares, ``cover`` that of the
    intervals which hold the truth."""

    truth: float
    bias: float
    spread: float
    cover: float
    width: float
    labels: float


def repeat(estimator: Estimator, truth: float, *, draws: int, seed: int) -> Held:
    random = np.random.default_rng(seed)
    found = [estimator(random) for _ in range(draws)]
    value, low, high = (np.array([getattr(e, name) for e in found]) for name in ("value", "low", "high"))
    return Held(
        truth,
        float(value.mean() - truth),
        float(value.std()),
        float(((low <= truth) & (truth <= high)).mean()),
        float((high - low).mean()),
        float(np.mean([e.n for e in found])),
    )


def simple(texts: Scored, n: int) -> Estimator:
    def one(random: np.random.Generator) -> Estimate:
        rows = random.choice(len(texts), n, replace=False)
        return accuracy.estimate(texts.right[rows], np.full(n, n / len(texts)), population_size=len(texts))

    return one


class Design:
    """An audit of ``audit`` texts in strata of the confidence and, beside it, ``uncertain`` ones by the margin."""

    def __init__(self, texts: Scored, *, audit: int, uncertain: int = 0, strata: int = 8) -> None:
        self.texts = texts
        units = Units(
            None,
            np.broadcast_to(np.int32(1), len(texts)),
            texts.confidence.astype(np.float32),
            np.zeros(len(texts), dtype=np.int32),
        )
        self.audit: AuditPlan = Audit(strata, LEAST_SPREAD).plan(units, audit)
        self.names = np.array(self.audit.names, dtype=object)[self.audit.stratum]
        self.sizes = {name: int((self.names == name).sum()) for name in self.audit.names}
        self.asked = (
            inclusion.probabilities(-texts.margin, uncertain, floor=FLOOR, softness=SOFTNESS)
            if uncertain
            else np.zeros(len(texts))
        )
        self.chances = 1 - (1 - self.audit.chances) * (1 - self.asked)

    def rows(self, random: np.random.Generator) -> np.ndarray:
        return np.union1d(self.audit.sample(random), inclusion.systematic(self.asked, random))

    def known(self, rows: np.ndarray) -> dict[str, Any]:
        return {
            "inclusion_probability": self.chances[rows],
            "population_size": self.sizes,
            "stratum": self.names[rows],
        }

    def difference(self, random: np.random.Generator) -> Estimate:
        rows, texts = self.rows(random), self.texts
        return accuracy.estimate(
            texts.right[rows],
            proxy=texts.confidence[rows],
            proxy_total=float(texts.confidence.sum()),
            **self.known(rows),
        )

    def stratified(self, random: np.random.Generator) -> Estimate:
        rows = self.rows(random)
        return accuracy.estimate(self.texts.right[rows], **self.known(rows))

    def hajek(self, random: np.random.Generator) -> Estimate:
        rows = self.rows(random)
        return accuracy.estimate(self.texts.right[rows], self.chances[rows], population_size=len(self.texts))

    def by_declaration(self, random: np.random.Generator) -> Estimate:
        rows, texts = self.rows(random), self.texts
        return accuracy.weighted(
            texts.right[rows],
            weight=texts.declarations[rows],
            proxy=texts.confidence[rows],
            proxy_total=float(texts.confidence @ texts.declarations),
            weight_total=float(texts.declarations.sum()),
            **self.known(rows),
        )

    def domain(self, inside: np.ndarray) -> Estimator:
        """``inside`` (texts,) is 1 where a text belongs to it."""

        def one(random: np.random.Generator) -> Estimate:
            rows = self.rows(random)
            return accuracy.weighted(self.texts.right[rows], weight=inside[rows], **self.known(rows))

        return one
