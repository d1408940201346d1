"""Scoring of the texts that a model version has not seen yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from annotation.domain.declaration import Text
from annotation.domain.prediction import Prediction
from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger
from sampling.scorer import Scorer

BATCH = 5000
KEPT_CODES = 20


@dataclass(frozen=True, slots=True)
class ScoringResult:
    """``unscored`` texts hold no token that the model knows; they are marked and have no code."""

    model_version: str
    scored: int
    unscored: int


def score(
    *,
    ledger: Ledger,
    scorer: Scorer,
    normaliser: Normaliser,
    model_version: str,
    now: datetime,
    keys: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ScoringResult:
    """Write a prediction for each text that has none by this model version; ``keys`` limits it to those texts.

    Each batch is committed by itself, so a killed run goes on where it stopped.
    """
    with ledger.read() as work:
        texts = work.texts.without_prediction(model_version, keys=keys)
    scored = 0
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        predictions = predict(batch, scorer=scorer, normaliser=normaliser, model_version=model_version)
        with ledger.begin() as work:
            work.texts.add_predictions(predictions, now=now)
        scored += sum(1 for p in predictions if p.codes)
        on_progress(start + len(batch), len(texts))
    return ScoringResult(model_version, scored, len(texts) - scored)


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
