"""Partitions scored by one process, by a pool of two and by a Dask cluster of two workers; memory as partitions grow.

``python -m tests.benchmarks.scaling`` writes a model of 140 MB and some 60 MB of partitions into a temporary folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from annotation.domain.text import Cleaning, Normaliser
from sampling import partitions, workers
from sampling.scoredtable import Columns
from sync.storage import Storage
from sync.training.portable import RegisteredModel
from tests.benchmarks import results
from tests.parts import dask_cluster, fasttext_models, zipfian_texts

COMMAND = "python -m tests.benchmarks.scaling"
NORMALISER = Normaliser(Cleaning(), ("type",))
WORDS = 150_000
PARTITIONS, ROWS = 100, 4_000
ROUNDS = 3
SECONDS_BETWEEN = 0.05

# Seconds of the first pass and of the second, by the clock and of CPU.
Pass = dict[str, list[float]]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder)
        memory = {count: _peak(folder, count) for count in (1, 10, PARTITIONS)}
        with dask_cluster.scheduler(folder) as address:
            timed = _times(folder, address)
        _record(timed, memory, (folder / "model.bin").stat().st_size / 1e6)


def _write(folder: Path) -> None:
    random = np.random.default_rng(1)
    words = sorted({NORMALISER.clean(word) for word in zipfian_texts.vocabulary(WORDS, random, [])} - {""})
    fasttext_models.write(
        folder / "model.bin",
        words=["</s>", *words],
        labels=[f"__label__{number:04}Z" for number in range(732)],
        dim=100,
        bucket=200_000,
        word_ngrams=3,
        minn=3,
        maxn=6,
        seed=2,
    )
    texts = zipfian_texts.texts(words, 2 * PARTITIONS * ROWS, random)
    for number in range(2 * PARTITIONS):
        part = texts[number * ROWS : (number + 1) * ROWS]
        table = pa.table({"id": range(ROWS), "libelle": part, "type": [f"{n % 9}" for n in range(ROWS)]})
        path = folder / ("first", "second")[number // PARTITIONS] / f"{number % PARTITIONS:03}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, path)
    for count in (1, 10, PARTITIONS):
        folder.joinpath(f"of-{count}").mkdir()
        for path in sorted(folder.glob("first/*"))[:count]:
            os.link(path, folder / f"of-{count}" / path.name)


def _times(folder: Path, address: str) -> dict[str, list[Pass]]:
    """By where it ran, what each round's child told."""
    found: dict[str, list[Pass]] = {}
    for number in range(ROUNDS):
        for size in (1, 2):
            told = _child(folder, size, "", [], f"{number}-{size}")
            found.setdefault("one process" if size == 1 else "pool of 2", []).append(told)
        # Workers started anew, so that none has opened the model; their start is not counted.
        with dask_cluster.workers(address, folder) as processes:
            found.setdefault("Dask, 2 workers", []).append(_child(folder, 1, address, processes, f"{number}-dask"))
    return found


def _child(folder: Path, size: int, scheduler: str, processes: list[int], to: str) -> Pass:
    given = json.dumps([str(folder), size, scheduler, processes, ["first", "second"], to])
    child = [sys.executable, "-m", "tests.benchmarks.scaling", given]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    told: Pass = json.loads(done.stdout.splitlines()[-1])
    return told


def _peak(folder: Path, count: int) -> float:
    """MB of a program with a pool of two: shared pages are counted once over all of its processes."""
    given = json.dumps([str(folder), 2, "", [], [f"of-{count}"], f"memory-{count}"])
    process = psutil.Popen([sys.executable, "-m", "tests.benchmarks.scaling", given], stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(_share(one) for one in (process, *_children(process))))
        time.sleep(SECONDS_BETWEEN)
    return peak / 1e6


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _share(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


def _score(folder: Path, size: int, scheduler: str, processes: list[int], inputs: list[str], to: str) -> Pass:
    storage, model = Storage(str(folder)), folder / "model.bin"
    portable = RegisteredModel("bench/1", "bench", NORMALISER, folder, model.name, model.stat().st_size, "")
    moments, busy = [time.perf_counter()], [_spent(processes) if size == 1 else 0.0]
    with workers.opened(size=size, scheduler=scheduler) as crew:
        for one in inputs:
            done = partitions.score(
                source=storage,
                folder=one,
                target=storage,
                to=f"out-{to}-{one}",
                columns=Columns("libelle", ("type",), kept=(("id", "id"),)),
                model=portable,
                workers=crew,
            )
            assert done.scored == len(storage.files(one)), done
            moments.append(time.perf_counter())
            busy.append(_spent(processes))
    return {"wall": np.diff(moments).tolist(), "cpu": np.diff(busy).tolist()}


def _spent(processes: list[int]) -> float:
    """CPU seconds of a worker on average: what the work takes where each worker has a core to itself."""
    found = [psutil.Process(number) for number in processes] or psutil.Process().children() or [psutil.Process()]
    # Not the process that multiprocessing starts besides, to tidy up after the others.
    spent = [sum(one.cpu_times()[:2]) for one in found if "resource_tracker" not in " ".join(one.cmdline())]
    return sum(spent) / len(spent)


def _record(timed: dict[str, list[Pass]], memory: dict[int, float], size: float) -> None:
    texts = PARTITIONS * ROWS
    rows = []
    for kind, told in timed.items():
        cells = [kind]
        for clock in ("wall", "cpu"):
            for moment in (0, 1):
                speed = median(texts / one[clock][moment] for one in told)
                pairs = zip(timed["one process"], told, strict=True)
                ratio = median(alone[clock][moment] / one[clock][moment] for alone, one in pairs)
                cells.append(f"{speed:,.0f} ({ratio:.2f})")
        rows.append(cells)
    peaks = ", ".join(f"{peak:,.0f} MB at {count}" for count, peak in memory.items())
    results.record(
        "Scaling",
        command=COMMAND,
        columns=(
            "texts/s (x one process)",
            "from the start",
            "once started",
            "from the start, CPU",
            "once started, CPU",
        ),
        rows=rows,
        note=(
            f"{PARTITIONS} Parquet partitions of {ROWS:,} distinct texts, cleaned, scored and written; medians of"
            f" {ROUNDS} rounds in turn on {workers.cores()} cores, ratios within a round. From the start: with the"
            " start of processes and the loading of the model (of Dask's workers, which are there already, the loading"
            " alone). The first two columns are by the clock, the last two by CPU time per worker, which other"
            " programs slow down less; load average at the end"
            f" {os.getloadavg()[0]:.0f}. Model of {size:,.0f} MB. Peak memory of the pool of 2, all processes together"
            f" with shared pages counted once: {peaks} partitions."
        ),
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        root, *given = json.loads(sys.argv[1])
        sys.stdout.write(json.dumps(_score(Path(root), *given)) + "\n")
    else:
        main()
