"""Does the interval of each coefficient hold the truth? Coders simulated again and again, against a normal interval of
the same variance and against the percentile bootstrap; and how long a long table takes.

``python -m tests.benchmarks.agreement`` (about four minutes on one core).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from annotation.quality import agreement, coefficients, cohen, intervals
from annotation.quality.coefficients import Disagreement
from annotation.quality.ratings import Ratings
from tests.benchmarks import results
from tests.parts.simulated_ratings import World

SEED = 2026
REPEATS = 300
RESAMPLES = 200
LONG_RUN = 200_000
SIZES = (50, 200, 1000)
DESIGNS = ((2, 1.0), (3, 0.7), (5, 1.0), (5, 0.6))
KINDS = ((5, 0.85, 0.25), (700, 0.85, 0.25), (5, 0.99, 0.03), (700, 0.99, 0.03))


def hierarchical(table: Ratings) -> Disagreement:
    """On a tree of three levels, seven codes below each node."""
    cut = [table.recoded(list(np.arange(table.codes) // width)) for width in (49, 7, 1)]
    return coefficients.mean([coefficients.krippendorff(one) for one in cut])


MEASURES: dict[str, Callable[[Ratings], Disagreement | None]] = {
    "percent": coefficients.observed,
    "cohen": cohen.cohen,
    "fleiss": coefficients.fleiss,
    "krippendorff": coefficients.krippendorff,
    "hierarchical": hierarchical,
    "gwet": coefficients.gwet,
}


def value(found: Disagreement | None) -> float:
    assert found is not None
    return 1 - found.observed / found.expected


def normal(found: Disagreement, units: int) -> tuple[float, float]:
    """What packages give: the estimate and Student's quantile times its standard error."""
    ratio = found.observed_without / found.expected_without
    ratio = ratio[np.isfinite(ratio)]
    error = math.sqrt((len(ratio) - 1) / len(ratio) * ((ratio - ratio.mean()) ** 2).sum())
    reach = intervals.quantile(0.95, units - 1) * error
    return value(found) - reach, value(found) + reach


def ours(found: Disagreement, table: Ratings) -> tuple[float, float] | None:
    units = int((table.of_unit >= 2).sum())
    told = agreement.coefficient(found, units=units, apart=coefficients.apart(table), confidence=0.95)
    return None if told is None or told.low is None or told.high is None else (told.low, told.high)


def coverage(world: World, truth: dict[str, float], units: int) -> tuple[Counter[str], Counter[str]]:
    """How often ours, and the normal interval, held the truth."""
    random = np.random.default_rng([SEED, world.codes, world.coders, units])
    held, held_normal = Counter[str](), Counter[str]()
    for _ in range(REPEATS):
        table = world.draw(units, random)
        shared = int((table.of_unit >= 2).sum())
        for name, measure in MEASURES.items():
            found = measure(table)
            assert found is not None
            inside = ours(found, table)
            held[name] += inside is not None and inside[0] <= truth[name] <= inside[1]
            low, high = normal(found, shared)
            held_normal[name] += low <= truth[name] <= high
    return held, held_normal


def resampled(table: Ratings, random: np.random.Generator) -> Ratings:
    """As many units, drawn with replacement; of a complete table."""
    drawn = random.integers(0, table.units, table.units)
    codes = table.code.reshape(table.units, -1)[drawn]
    return Ratings(table.unit, table.coder, codes.ravel(), table.units, table.coders, table.codes)


def bootstrap(world: World, truth: float, units: int) -> float:
    random = np.random.default_rng([SEED, world.codes, units])
    held = 0
    for _ in range(REPEATS // 2):
        table = world.draw(units, random)
        values = [value(coefficients.fleiss(resampled(table, random))) for _ in range(RESAMPLES)]
        low, high = np.quantile(values, [0.025, 0.975])
        held += low <= truth <= high
    return held / (REPEATS // 2)


def rows() -> Iterator[list[str]]:
    for codes, accuracy, hard in KINDS:
        for coders, answered in DESIGNS:
            world = World(codes, coders, accuracy, answered, hard)
            long_run = world.draw(LONG_RUN, np.random.default_rng(SEED))
            truth = {name: value(measure(long_run)) for name, measure in MEASURES.items()}
            for units in SIZES:
                held, held_normal = coverage(world, truth, units)
                shares = [held[name] / REPEATS for name in MEASURES]
                least = min(held_normal.values()) / REPEATS
                resample = coders == 2 and units == SIZES[0]
                yield [
                    f"{codes}", f"{coders}", f"{answered:.0%}", f"{units}", f"{truth['percent']:.2f}",
                    *(f"{share:.3f}" for share in shares), f"{least:.3f}",
                    f"{bootstrap(world, truth['fleiss'], units):.3f}" if resample else "",
                ]  # fmt: skip


def main() -> None:
    columns = ["codes", "coders", "answered", "texts", "agreement", *MEASURES, "normal, worst", "bootstrap (fleiss)"]
    results.record(
        "Intervals of agreement: share of simulations that hold the truth",
        command="python -m tests.benchmarks.agreement",
        columns=columns,
        rows=list(rows()),
        note=f"{REPEATS} simulations each (standard error .013), nominal .95; the normal interval is the worst of the"
        " six coefficients with the same jackknife variance, the percentile bootstrap is of Fleiss' kappa.",
    )
    table = World(700, 5, 0.85).draw(20_000, np.random.default_rng(SEED))
    began = time.perf_counter()
    agreement.measure(table.unit.tolist(), table.coder.tolist(), table.code.tolist())
    took = time.perf_counter() - began
    results.record(
        "Agreement of a long table",
        command="python -m tests.benchmarks.agreement",
        columns=["judgements", "codes", "seconds"],
        rows=[[len(table.unit), 700, f"{took:.2f}"]],
    )


if __name__ == "__main__":
    main()
