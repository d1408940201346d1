"""Scoring of the texts that a model version has not seen yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from annotation.domain.declaration import Text
from annotation.domain.prediction import Prediction
from annotation.domain.text import Normaliser
from sampling import model as models
from sampling.model import PortableModel
from sampling.scorer import Scorer
from sampling.workers import Workers

if TYPE_CHECKING:  # processes that score import this module, and need no database
    from annotation.ledger.unit_of_work import Ledger

BATCH = 5000
KEPT_CODES = 20


@dataclass(frozen=True, slots=True)
class ScoringResult:
    """``unscored`` texts hold no token that the model knows; they are marked and have no code."""

    model_version: str
    scored: int
    unscored: int


@dataclass(frozen=True, slots=True)
class TextScorer:
    """Cleans and scores texts, in any process."""

    model: PortableModel

    def __call__(self, texts: Sequence[Text]) -> list[Prediction]:
        scorer, normaliser = models.opened(self.model)
        return predict(texts, scorer=scorer, normaliser=normaliser, model_version=self.model.version)


def score(
    *,
    ledger: Ledger,
    texts: Sequence[Text],
    model: PortableModel,
    workers: Workers,
    now: datetime,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ScoringResult:
    """Write a prediction for each text.

    Workers clean and score; this process alone writes. Each batch is committed by itself, so a killed run goes on
    where it stopped.
    """
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    scored = done = 0
    for predictions in workers.map(TextScorer(model), batches):
        with ledger.begin() as work:
            work.texts.add_predictions(predictions, now=now)
        scored += sum(1 for p in predictions if p.codes)
        done += len(predictions)
        on_progress(done, len(texts))
    return ScoringResult(model.version, scored, done - scored)


def predict(texts: Sequence[Text], *, scorer: Scorer, normaliser: Normaliser, model_version: str) -> list[Prediction]:
    """One prediction per text, in their order; without codes where the model knows no token of the text."""
    scores = scorer.score([normaliser.line(t.text, t.variables) for t in texts], k=KEPT_CODES)
    return [
        Prediction(
            text_key=text.key,
            model_version=model_version,
            codes=tuple(code for code in scores.codes[row] if code) if scores.known[row] > 0 else (),
            probabilities=tuple(
                round(float(p), 6) for p, code in zip(scores.probabilities[row], scores.codes[row], strict=True) if code
            )
            if scores.known[row] > 0
            else (),
            entropy=round(float(scores.entropy[row]), 6),
            known=round(float(scores.known[row]), 6),
        )
        for row, text in enumerate(texts)
    ]
