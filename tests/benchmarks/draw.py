"""Choosing 2,000 of ten million scored texts, beside small-text and modAL on the same probabilities.

Each run is a process of its own, one after the other, so that its peak of resident memory is its own. What a run is
given: a file of the ten largest probabilities (n, 10) of each text, as float32, not yet read. Others choose by margin
from the matrix, which is mapped for them. This project chooses from what its pool keeps of it (code, margin,
confidence, frequency), and that is made inside the measured time, too. It draws four components with exact chances
where the others take the top. Neither the reading of a ledger nor near copies are part of this; a second table
measures a whole draw from a SQLite ledger, tasks stored.

small-text is no dependency of the project: without it in the path, its rows are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks import results

COMMAND = "python -m tests.benchmarks.draw"
ASKED = 2_000
CODES = 732
KEPT = 10
CHUNK = 250_000
SIZES = (1_000_000, 10_000_000)
LEDGER_SIZES = (10_000, 40_000)
# small-text goes through the rows one by one: beyond, it takes many minutes.
PATIENCE = 1_000_000
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
NOTE = (
    "The same probabilities for all, one process after the other, on one thread, its own time of the processor"
    " counted; ratios are to this project's run of"
    " the same size. It draws four components with exact inclusion probabilities (audit in 8 strata, random, least"
    " confidence, margin capped per code); the others take the top 2,000 by margin. Measured from the mapped matrix of"
    " ten probabilities per text to the chosen rows, the columns of the pool made inside; reading a ledger and finding"
    " near copies are not part of it."
)

Matrix = npt.NDArray[np.float32]


def write(path: Path, number: int) -> None:
    """Probabilities as a classifier gives them: most texts sure, a long tail of doubt."""
    matrix = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(number, KEPT))
    random = np.random.default_rng(7)
    for start in range(0, number, CHUNK):
        sharpness = random.gamma(1.2, 4.0, (min(CHUNK, number - start), 1))
        logits = random.normal(size=(len(sharpness), KEPT)) * sharpness
        chunk = np.exp(logits - logits.max(axis=1, keepdims=True))
        matrix[start : start + CHUNK] = -np.sort(-chunk / chunk.sum(axis=1, keepdims=True), axis=1)
    matrix.flush()


def page(matrix: Matrix, start: int) -> Matrix:
    """Rows read from the file of a mapped matrix, as a ledger is read: what was read is not kept."""
    mapped: np.memmap[tuple[int, int], np.dtype[np.float32]] = matrix  # type: ignore[assignment]
    number = min(CHUNK, len(matrix) - start)
    offset = mapped.offset + start * KEPT * matrix.itemsize
    read = np.fromfile(str(mapped.filename), dtype=np.float32, count=number * KEPT, offset=offset)
    return read.reshape(number, KEPT)


def ours(matrix: Matrix) -> int:
    """Pool columns, strata, four components, chances, samples."""
    import pandas as pd

    from annotation.domain.task import Component
    from sampling import design
    from sampling.design import Shape
    from sampling.pool import Pool
    from sampling.strategies.chance import Random
    from sampling.strategies.probability import Audit
    from sampling.strategies.uncertain import BreakingTies, LeastConfidence
    from sampling.units import Units

    number = len(matrix)
    first, margin = np.empty(number, dtype=np.float32), np.empty(number, dtype=np.float32)
    for start in range(0, number, CHUNK):
        chunk = page(matrix, start)
        first[start : start + CHUNK] = chunk[:, 0]
        margin[start : start + CHUNK] = chunk[:, 0] - chunk[:, 1]
    names = np.array([f"{code // 26:02d}.{code % 26:02d}Z" for code in range(CODES)], dtype=object)
    columns = {
        "code": pd.Series(names[np.random.default_rng(8).integers(0, CODES, number, dtype=np.int16)], dtype=object),
        "margin": margin,
        "probability": first,
        "confidence": first,
        "frequency": np.ones(number, dtype=np.int32),
    }
    pool = Pool(pd.DataFrame(columns, copy=False), {})

    def generators(name: str) -> np.random.Generator:
        return np.random.default_rng([9, *name.encode()])

    plain = Shape(0.1, 0.3)
    plan = design.plan(
        pool,
        units=Units.of(pool.frame),
        audit=Audit(8, 0.1),
        budgets={Component.AUDIT: 500, Component.RARE: 250, Component.VALUE: 250, Component.UNCERTAIN: 1000},
        strategies={
            Component.RARE: Random(),
            Component.VALUE: LeastConfidence(),
            Component.UNCERTAIN: BreakingTies(),
        },
        shapes=dict.fromkeys(Component, plain) | {Component.UNCERTAIN: Shape(0.1, 0.3, 100)},
        generators=generators,
    )
    return len(plan.sample(generators).chosen)


class Given:
    """A classifier that has already said what it says, as modAL and small-text ask for one."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix

    def predict_proba(self, _texts: object, **_: object) -> Matrix:
        return self.matrix


def modal(matrix: Matrix) -> int:
    from modAL.uncertainty import margin_sampling

    return len(margin_sampling(Given(matrix), np.empty(0), n_instances=ASKED)[0])


def small_text(matrix: Matrix) -> int:
    from small_text import BreakingTies

    none = np.empty(0, dtype=int)
    return len(BreakingTies().query(Given(matrix), none, np.arange(len(matrix)), none, none, n=ASKED))


RUNS: dict[str, Callable[[Matrix], int]] = {"this project": ours, "modAL": modal, "small-text": small_text}


def fill(folder: str, number: int) -> int:
    """A ledger with as many texts of two to six words, declared and scored."""
    from annotation.domain.declaration import Declaration, Text
    from annotation.domain.prediction import Prediction
    from tests.parts import pools

    random = np.random.default_rng(5)
    words = np.array([f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}eur" for n in range(8000)])
    ledger = pools.ledger(Path(folder))
    step = timedelta(days=28) / number
    for start in range(0, number, 20_000):
        keys = [f"{n:020x}" for n in range(start, min(start + 20_000, number))]
        texts = [Text(key, key, " ".join(random.choice(words, random.integers(2, 7)))) for key in keys]
        arrivals = [Declaration("r", key, key, pools.START + (start + n) * step) for n, key in enumerate(keys)]
        said = [
            Prediction(key, pools.MODEL, pools.CODES, ((1 + margin) / 2, (1 - margin) / 2, 0.0), 0.6, 1.0)
            for key, margin in zip(keys, random.beta(2, 1, len(keys)).tolist(), strict=True)
        ]
        with ledger.begin() as work:
            work.texts.add(texts, now=pools.START)
            work.texts.declare(arrivals, now=pools.START)
            work.texts.add_predictions(said, now=pools.START)
    return number


def from_ledger(folder: str) -> int:
    """A whole draw: pool read from SQLite, near copies found, tasks stored."""
    from annotation.ledger.unit_of_work import Ledger
    from sampling import draw as drawing
    from sampling import lineup
    from sampling.draw import Order
    from sampling.drift.report import DriftReport
    from sampling.settings import DrawSettings
    from tests.parts import pools

    ledger = Ledger.open(f"sqlite:///{Path(folder) / 'ledger.db'}")
    found = pools.build(ledger)
    settings = DrawSettings(audit=500, uncertain=1500, drifting=0, rare=0, disagreement=0)
    calm = DriftReport(pools.WINDOWS, pools.MODEL, 1, 1, 0.0, 0.0, 0.0, (), ())
    order = Order(
        campaign=pools.CAMPAIGN,
        pool=found,
        windows=pools.WINDOWS,
        model_version=pools.MODEL,
        settings=settings,
        strategies=lineup.strategies(found, calm, settings),
        clusters=lineup.clusters(found, near=True),
        key="benchmark",
    )
    return drawing.draw(ledger=ledger, order=order, now=pools.NOW).tasks


def child(run: str, path: str, number: int) -> None:
    """One run in this process; its figures as JSON on standard output."""
    warnings.simplefilter("ignore")
    if run == "ledger":
        # Imports are not measured.
        from sklearn.feature_extraction import text  # noqa: F401

        from sampling import draw, lineup, near_copies  # noqa: F401
        from tests.parts import pools  # noqa: F401
    if run in RUNS:
        matrix: Matrix = np.load(path, mmap_mode="r")
        # Once on a few, so that what is imported is not measured.
        RUNS[run](matrix[: 2 * ASKED])
    begin = time.process_time()
    chosen = RUNS[run](matrix) if run in RUNS else from_ledger(path) if run == "ledger" else fill(path, number)
    seconds = time.process_time() - begin
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak(), "chosen": chosen}))


def peak() -> int:
    """Bytes. On Linux that of this program alone: getrusage also knows of the process from which it was started."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(run: str, path: Path, number: int = 0) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.draw",
        "--run",
        run,
        "--path",
        str(path),
        "--number",
        str(number),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD)
    found: dict[str, float] = json.loads(done.stdout)
    sys.stderr.write(f"{run} {path.name} {found}\n")
    return found


def compare(folder: Path) -> list[list[object]]:
    rows: list[list[object]] = []
    there = importlib.util.find_spec("small_text") is not None
    for number in SIZES:
        path = folder / f"{number}.npy"
        write(path, number)
        runs = [run for run in RUNS if run != "small-text" or (there and number <= PATIENCE)]
        found = {run: measure(run, path) for run in runs}
        path.unlink()
        mine = found["this project"]
        rows += [
            [
                f"{number:,}",
                run,
                f"{one['chosen']:.0f}",
                f"{one['seconds']:.1f}",
                f"{one['seconds'] / mine['seconds']:.1f}",
                f"{one['peak'] / 1e9:.2f}",
                f"{one['peak'] / mine['peak']:.2f}",
            ]
            for run, one in found.items()
        ]
    return rows


def whole(folder: Path) -> list[list[object]]:
    rows: list[list[object]] = []
    for number in LEDGER_SIZES:
        place = folder / str(number)
        place.mkdir()
        measure("fill", place, number)
        one = measure("ledger", place)
        rows.append(
            [f"{number:,}", f"{one['chosen']:.0f}", f"{one['seconds']:.1f}", f"{1e6 * one['seconds'] / number:.0f}",
             f"{one['peak'] / 1e9:.2f}"]
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="")
    parser.add_argument("--path", default="")
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--only-ledger", action="store_true")
    given = parser.parse_args()
    if given.run:
        child(given.run, given.path, given.number)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows, ledger = [] if given.only_ledger else compare(Path(folder)), whole(Path(folder))
    columns = ["texts", "by", "chosen", "CPU seconds", "ratio of time", "peak GB", "ratio of memory"]
    if rows:
        results.record("Draw", command=COMMAND, columns=columns, rows=rows, note=NOTE)
    results.record(
        "Draw from a ledger",
        command=COMMAND,
        columns=["texts", "tasks", "CPU seconds", "microseconds per text", "peak GB"],
        rows=ledger,
        note="A whole draw from a SQLite ledger: texts read and cleaned page by page, near copies found by MinHash"
        " (beyond 500,000 texts only identical wordings), chances, tasks stored.",
    )


if __name__ == "__main__":
    main()
