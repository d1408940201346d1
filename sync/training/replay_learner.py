"""fastText as a replay trains it: with the parameters of production, many times over."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters


@dataclass(frozen=True, slots=True)
class FastTextLearner:
    parameters: FastTextParameters
    timeout: float

    def fit(self, lines: Sequence[str], codes: Sequence[str], seed: int) -> FastTextScorer:
        with tempfile.TemporaryDirectory(prefix="awb-replay-") as folder:
            trained = fasttext_trainer.train(
                lines=zip(codes, lines, strict=True),
                parameters=dataclasses.replace(self.parameters, seed=seed),
                folder=Path(folder),
                timeout=self.timeout,
            )
            return FastTextScorer.load(trained.path)
