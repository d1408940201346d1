"""Texts of a public set as a real model scores them, with the truth: what estimation is tried on."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotation.domain.text import Cleaning, Normaliser
from sampling import calibration_fit
from sampling.calibration import Calibration
from sampling.calibration_fit import Labels, Needs
from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters

SETS = {
    "banking77": (("banking77/train.csv", "banking77/test.csv"), "text", "category"),
    "uksic": (("uksic/uksic_alphabetical_index_dual_2003_2007.csv",), "activity", "sic2007"),
}
_CALIBRATED_ON = 500
# The loss that offices use in production.
_PARAMETERS = FastTextParameters(loss="ova", lr=0.5)


@dataclass(frozen=True, slots=True)
class Scored:
    """Texts that the model has not seen, arrays (N,); ``confidence`` is calibrated on yet other texts.

    ``declarations`` are how often each text is declared: drawn by lot, since the set holds each once.
    """

    right: np.ndarray
    confidence: np.ndarray
    margin: np.ndarray
    declarations: np.ndarray

    def __len__(self) -> int:
        return len(self.right)


def score(data: Path, name: str, *, trained_on: int, seed: int = 0) -> Scored:
    """A model trained on so many texts of the set, and what it makes of the others."""
    random = np.random.default_rng(seed)
    pairs = _pairs(data, name)
    order = random.permutation(len(pairs))
    lines = [(pairs[i][1], pairs[i][0]) for i in order]
    with tempfile.TemporaryDirectory() as folder:
        model = fasttext_trainer.train(
            lines=lines[:trained_on], parameters=_PARAMETERS, folder=Path(folder), timeout=600
        )
        scores = FastTextScorer.load(model.path).score([line for _, line in lines[trained_on:]], k=2)
    truth = [code for code, _ in lines[trained_on:]]
    right = np.array([said[0] == code for said, code in zip(scores.codes.tolist(), truth, strict=True)], dtype=float)
    margin, probability = (np.asarray(one, dtype=float) for one in (scores.margin, scores.probabilities[:, 0]))
    confidence = _calibration(right, probability, margin).confidence(probability, margin, scores.codes[:, 0].tolist())
    rest = slice(_CALIBRATED_ON, None)
    declarations = np.minimum(random.zipf(2.6, len(right)), 50)[rest]
    return Scored(right[rest], confidence[rest], margin[rest], declarations.astype(float))


def _pairs(data: Path, name: str) -> list[tuple[str, str]]:
    """Line and code, each line once."""
    files, text, code = SETS[name]
    normaliser = Normaliser(Cleaning(stop_words="", stemmer="english"))
    found: dict[str, str] = {}
    for file in files:
        with (data / file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                found.setdefault(normaliser.line(row[text], {}), row[code].strip())
    return [(line, code) for line, code in found.items() if line]


def _calibration(right: np.ndarray, probability: np.ndarray, margin: np.ndarray) -> Calibration:
    learnt = slice(0, _CALIBRATED_ON)
    nothing = np.full(_CALIBRATED_ON, "", dtype=object)
    labels = Labels(
        probability[learnt],
        margin[learnt],
        right[learnt],
        np.ones(_CALIBRATED_ON),
        np.arange(_CALIBRATED_ON).astype(object),
        nothing,
        nothing,
    )
    return calibration_fit.fit(labels, needs=Needs(temperature=50, isotonic=200, divisions=_CALIBRATED_ON + 1))
