"""What calibrations bring on texts that they have not seen: ours, and those that a user would pick instead.

A fastText model learns from part of a public set. The rest is the population: audits of it, stratified by margin as a
draw makes them, give the labels; the other texts, whose codes are all known, tell the error.
"""

from __future__ import annotations

import csv
import random as pseudorandom
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.isotonic import IsotonicRegression

from annotation.domain.text import Cleaning, Normaliser
from annotation.quality import calibration_error, planner, selective
from annotation.quality.planner import Stratum
from sampling import calibration, calibration_fit
from sampling.calibration import NONE, Calibration, Floats
from sampling.calibration_fit import Labels, Needs
from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters
from tests.benchmarks import results

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NORMALISER = Normaliser(Cleaning(stop_words="english", stemmer="english"))
SIZES = (150, 300, 1000)
AUDITS = 20
THRESHOLDS = 400
BINS = 15
STRATA = 4
NEVER = 10**9
OURS = Needs(50, 150, 500)


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    files: tuple[str, ...]
    text: str
    code: str
    learnt: int
    loss: str
    division: Callable[[str], str]
    targets: tuple[float, ...] = ()


SOURCES = (
    Source(
        "banking77", ("banking77/train.csv", "banking77/test.csv"), "text", "category", 4000, "softmax", lambda _: "",
        (0.9, 0.95),
    ),
    Source(
        "UK SIC", ("uksic/uksic_alphabetical_index_dual_2003_2007.csv",), "activity", "sic2007", 8000, "softmax",
        lambda code: code[:2], (0.7, 0.8),
    ),
    Source(
        "UK SIC, ova", ("uksic/uksic_alphabetical_index_dual_2003_2007.csv",), "activity", "sic2007", 8000, "ova",
        lambda code: code[:2],
    ),
)  # fmt: skip


def population(source: Source) -> Labels:
    """Every text that the model has not learnt from, with its truth."""
    texts: dict[str, str] = {}
    for name in source.files:
        with (DATA / name).open(encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                texts.setdefault(NORMALISER.clean(row[source.text]), row[source.code])
    pairs = [(code, line) for line, code in texts.items() if line]
    pseudorandom.Random(3).shuffle(pairs)
    parameters = FastTextParameters(loss=source.loss, lr=1.0 if source.loss == "softmax" else 0.5)
    with tempfile.TemporaryDirectory() as folder:
        trained = fasttext_trainer.train(
            lines=pairs[: source.learnt], parameters=parameters, folder=Path(folder), timeout=600
        )
        rest = pairs[source.learnt :]
        scores = FastTextScorer.load(trained.path).score([line for _, line in rest], k=2)
    first = scores.codes[:, 0]
    return Labels(
        probability=np.round(np.minimum(scores.probabilities[:, 0].astype(float), 1.0), 6),
        margin=np.round(scores.margin.astype(float), 6),
        correct=(first == np.array([code for code, _ in rest], dtype=object)).astype(float),
        weight=np.ones(len(rest)),
        group=np.array([line for _, line in rest], dtype=object),
        code=first,
        division=np.array([source.division(code) for code in first], dtype=object),
    )


def audit(everything: Labels, size: int, random: np.random.Generator) -> tuple[Labels, Labels]:
    """The labels of an audit, and the texts that it left."""
    ranks = np.argsort(np.argsort(everything.margin, kind="stable"))
    stratum = ranks * STRATA // len(everything)
    members = [np.flatnonzero(stratum == h) for h in range(STRATA)]
    foreseen = [
        Stratum(str(h), len(rows), max(0.2, planner.foreseen_spread(everything.probability[rows], proxy=False)))
        for h, rows in enumerate(members)
    ]
    sizes = planner.allocate(foreseen, size)
    drawn = [random.choice(rows, n, replace=False) for rows, n in zip(members, sizes, strict=True)]
    rows = np.concatenate(drawn)
    weight = np.repeat([len(h) / n for h, n in zip(members, sizes, strict=True)], sizes)
    labels = everything[rows]
    labels = Labels(
        labels.probability, labels.margin, labels.correct, weight, labels.group, labels.code, labels.division
    )
    return labels, everything[np.setdiff1d(np.arange(len(everything)), rows)]


def temperature_alone(labels: Labels, rest: Labels) -> Floats:
    """One number, by likelihood, on the log-odds of the first code."""
    odds = calibration.log_odds(labels.probability)
    slopes = np.exp(np.linspace(-3, 1.5, 400))
    losses = [
        labels.weight @ (np.logaddexp(0.0, slope * odds) - labels.correct * slope * odds) for slope in slopes.tolist()
    ]
    return Calibration(temperature=float(1 / slopes[int(np.argmin(losses))])).confidence(
        rest.probability, rest.margin, rest.code.tolist()
    )


def isotonic_alone(labels: Labels, rest: Labels) -> Floats:
    """scikit-learn's, on the margin, with the weights."""
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(labels.margin, labels.correct, sample_weight=labels.weight)
    return np.asarray(curve.predict(rest.margin), dtype=float)


def error(rest: Labels, confidence: Floats) -> float:
    return calibration_error.reliability(rest.correct, confidence, rest.weight, bins=BINS).error


def promises(source: Source, everything: Labels, random: np.random.Generator) -> list[list[object]]:
    """How often a threshold of the margin, found on an audit, misses its target in the population."""
    rows: list[list[object]] = []
    for target in source.targets:
        above = {t: everything.margin >= t for t in selective.THRESHOLDS}
        reached = {t: float(everything.correct[here].mean()) for t, here in above.items() if here.any()}
        ideal = max((above[t].mean() for t, share in reached.items() if share >= target), default=0.0)
        for size in (300, 1000):
            missed, coverages = 0, []
            for _ in range(THRESHOLDS):
                labels, _rest = audit(everything, size, random)
                found = selective.threshold(
                    labels.correct, labels.margin, 1 / labels.weight, target=target, random=random
                )
                missed += found is not None and reached[found.value] < target
                coverages.append(float(above[found.value].mean()) if found else 0.0)
            rows.append(
                [
                    source.name,
                    f"{target:.0%}",
                    size,
                    f"{missed / THRESHOLDS:.1%}",
                    f"{np.mean(coverages):.0%}",
                    f"{ideal:.0%}",
                    f"{np.mean(np.array(coverages) == 0):.0%}",
                ]
            )
    return rows


def compare(source: Source, everything: Labels, random: np.random.Generator) -> list[list[object]]:
    names = everything.division.tolist()
    members: dict[str, set[str]] = {}
    for division, code in zip(names, everything.code.tolist(), strict=True):
        members.setdefault(division, set()).add(code)
    codes = {division: sorted(inside) for division, inside in members.items()}
    rows: list[list[object]] = []
    for size in SIZES:
        found: dict[str, list[float]] = {name: [] for name in ("own", "temperature", "isotonic", "ours", "told")}
        held = 0
        for _ in range(AUDITS):
            labels, rest = audit(everything, size, random)
            found["own"].append(error(rest, rest.confidence(NONE)))
            found["temperature"].append(error(rest, temperature_alone(labels, rest)))
            found["isotonic"].append(error(rest, isotonic_alone(labels, rest)))
            fitted = calibration_fit.fit(labels, needs=OURS, members=codes)
            ours = error(rest, rest.confidence(fitted))
            found["ours"].append(ours)
            crossed = calibration_fit.cross_fit(labels, needs=OURS, folds=5, random=random, members=codes)
            told = calibration_error.expected(
                labels.correct, crossed.confidence, labels.weight, random=random, fold=crossed.fold
            )
            found["told"].append(told.value)
            held += told.low <= ours <= told.high
        cells = [_spread(found[name]) for name in ("own", "temperature", "isotonic", "ours", "told")]
        ratio = np.mean(found["ours"]) / min(np.mean(found["temperature"]), np.mean(found["isotonic"]))
        rows.append(
            [f"{source.name} ({everything.correct.mean():.0%} right)", size, *cells, f"{ratio:.2f}", f"{held}/{AUDITS}"]
        )
        sys.stdout.write(f"{rows[-1]}\n")
    return rows


def _spread(errors: list[float]) -> str:
    low, high = np.quantile(errors, [0.025, 0.975])
    return f"{100 * np.mean(errors):.1f} ({100 * low:.1f}-{100 * high:.1f})"


def main() -> None:
    populations = [(source, population(source)) for source in SOURCES]
    errors(populations)
    thresholds(populations)


def errors(populations: list[tuple[Source, Labels]]) -> None:
    random = np.random.default_rng(17)
    rows = [row for source, everything in populations for row in compare(source, everything, random)]
    results.record(
        "Calibration",
        command="python -m tests.benchmarks.calibration",
        columns=[
            "model", "labels", "own probability", "temperature alone", "isotonic alone", "ours",
            "told by cross-fitting", "ours / best other", "interval holds ours",
        ],
        rows=rows,
        note=f"Expected calibration error in points on texts not seen ({BINS} bins of equal count), mean over {AUDITS}"
        " audits and the range that 95 % of them lie in. Chance alone adds about one point where 7,000 texts measure."
        " Temperature alone: one number, by likelihood; isotonic alone: scikit-learn's on the margin, with the weights."
        " Told by cross-fitting: what `awb calibrate` says from the audit alone, whose 95 % interval is checked in the"
        " last column.",
    )  # fmt: skip


def thresholds(populations: list[tuple[Source, Labels]]) -> None:
    random = np.random.default_rng(23)
    results.record(
        "Threshold for codes that no coder sees",
        command="python -m tests.benchmarks.calibration",
        columns=["model", "target", "labels", "target missed", "texts coded", "at best", "no threshold found"],
        rows=[row for source, everything in populations for row in promises(source, everything, random)],
        note=f"{THRESHOLDS} audits each, stratified by margin; at most 5 % of them may miss the target. Texts coded:"
        " the mean share of texts at or above the threshold found (0 where none was); at best: with all codes known.",
    )


if __name__ == "__main__":
    main()
