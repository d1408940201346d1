"""Does the interval hold the truth, and how many labels does it take? Draws made again and again from real texts that a
real fastText model scored, against what one does instead: a plain mean of the labels there are, a simple random sample.

``python -m tests.benchmarks.estimation`` (about five minutes on one core).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from annotation.quality.accuracy import Estimate
from tests.benchmarks import results
from tests.parts import scored, simulated_audits
from tests.parts.scored import Scored
from tests.parts.simulated_audits import Design, Estimator, Held

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TRAINED_ON = {"banking77": 3100, "uksic": 8000}
DRAWS = 2000
N = 300
AUDIT = 165  # 55 % of N
MODELS = 3
SEED = 2026


def wald(values: np.ndarray) -> Estimate:
    """What most would write: a plain mean, and a normal interval around it."""
    share, n = float(values.mean()), len(values)
    error = math.sqrt(share * (1 - share) / n)
    return Estimate(share, share - 1.96 * error, share + 1.96 * error, error, n, n, "plain mean")


def plain(design: Design) -> Estimator:
    return lambda random: wald(design.texts.right[design.rows(random)])


def plain_simple(texts: Scored, n: int) -> Estimator:
    return lambda random: wald(texts.right[random.choice(len(texts), n, replace=False)])


def cases(texts: Scored) -> Iterator[tuple[str, Estimator, float]]:
    truth = float(texts.right.mean())
    both = Design(texts, audit=N // 2, uncertain=N // 2)
    yield "plain mean of audit and uncertain labels", plain(both), truth
    yield "simple random, normal interval", plain_simple(texts, N), truth
    yield "simple random", simulated_audits.simple(texts, N), truth
    yield "audit, 55 % of the labels", Design(texts, audit=AUDIT).difference, truth
    yield "audit", Design(texts, audit=N).difference, truth
    yield "audit, without proxy", Design(texts, audit=N).stratified, truth
    yield "all labels of the draw", both.difference, truth
    yield "all labels, without strata (Hájek)", both.hajek, truth
    declared = float(texts.right @ texts.declarations / texts.declarations.sum())
    yield "all labels, by declaration", both.by_declaration, declared
    inside = (np.arange(len(texts)) % 4 == 0).astype(float)
    yield (
        "audit, a domain of a quarter",
        Design(texts, audit=N).domain(inside),
        float(texts.right @ inside / inside.sum()),
    )
    for n in (30, 50):
        yield f"audit of {n}", Design(texts, audit=n).difference, truth


def sure(texts: Scored, share: float) -> Scored:
    """Those of which the model is surest, where few are wrong."""
    kept = texts.confidence >= np.quantile(texts.confidence, 1 - share)
    return Scored(texts.right[kept], texts.confidence[kept], texts.margin[kept], texts.declarations[kept])


def near_one(texts: Scored) -> Iterator[tuple[str, Estimator, float]]:
    for share in (0.7, 0.5):
        some = sure(texts, share)
        truth = float(some.right.mean())
        yield f"surest {share:.0%}: simple random, normal interval", plain_simple(some, N), truth
        yield f"surest {share:.0%}: simple random", simulated_audits.simple(some, N), truth
        yield f"surest {share:.0%}: audit", Design(some, audit=N).difference, truth
        yield f"surest {share:.0%}: audit of 50", Design(some, audit=50).difference, truth


def row(name: str, case: str, held: Held) -> list[str]:
    return [
        name,
        case,
        f"{held.labels:.0f}",
        f"{100 * held.truth:.1f}",
        f"{100 * held.bias:+.2f}",
        f"{held.cover:.3f}",
        f"{100 * held.width:.2f}",
    ]


def labels_for_one_width(name: str, texts: Scored) -> list[str]:
    """Width falls with the square root of the labels."""
    truth = float(texts.right.mean())
    simple = simulated_audits.repeat(simulated_audits.simple(texts, N), truth, draws=DRAWS // 4, seed=SEED)
    audit = simulated_audits.repeat(Design(texts, audit=AUDIT).difference, truth, draws=DRAWS // 4, seed=SEED)
    ratio = AUDIT / N * (audit.width / simple.width) ** 2
    return [name, f"{100 * truth:.1f}", f"{100 * simple.width:.2f}", f"{100 * audit.width:.2f}", f"{ratio:.3f}"]


def main() -> None:
    rows, widths = [], []
    for name, trained_on in TRAINED_ON.items():
        texts = scored.score(DATA, name, trained_on=trained_on)
        wanted = [*cases(texts), *(near_one(texts) if name == "banking77" else ())]
        for case, estimator, truth in wanted:
            rows.append(row(name, case, simulated_audits.repeat(estimator, truth, draws=DRAWS, seed=SEED)))
            sys.stderr.write(" | ".join(rows[-1]) + "\n")
        widths.append(labels_for_one_width(name, texts))
        for seed in range(1, MODELS if name == "banking77" else 1):
            again = scored.score(DATA, name, trained_on=trained_on, seed=seed)
            widths.append(labels_for_one_width(f"{name}, model {seed + 1}", again))
    command = "python -m tests.benchmarks.estimation"
    results.record(
        "Estimation: bias and coverage",
        command=command,
        columns=["data", "estimator", "labels", "truth %", "bias, points", "coverage of 95 %", "width, points"],
        rows=rows,
        note=f"{DRAWS:,} draws each. The audit has eight strata of the calibrated confidence and uses it as proxy; 'all"
        " labels' are 150 of the audit and 150 of the uncertain component, weighted by their chances. Declarations per"
        " text are drawn by lot (Zipf), as the sets hold each text once.",
    )
    results.record(
        "Estimation: labels for one width",
        command=command,
        columns=["data", "accuracy %", f"width, {N} simple random", f"width, {AUDIT} audit", "labels for that width"],
        rows=widths,
        note=f"Share of simple random sampling's labels that the audit needs for its width; {DRAWS // 4} draws each.",
    )


if __name__ == "__main__":
    main()
