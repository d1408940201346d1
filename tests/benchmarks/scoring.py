"""Scoring against the official fastText library: one thread each, on a model of the size a statistical office uses.

``python -m tests.benchmarks.scoring`` writes a model of 1.5 GB into a temporary folder, and needs 5 GB of memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import fasttext
import numpy as np
from threadpoolctl import threadpool_limits

from sampling import fasttext_scorer
from sampling.fasttext_scorer import FastTextScorer
from tests.benchmarks import results
from tests.parts import fasttext_models, zipfian_texts

COMMAND = "python -m tests.benchmarks.scoring"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SOURCES = ("naf/naf2008.csv", "naf/naf_extended.csv", "coicop/tickets_application_min.csv")
WORDS = 150_000
ROUNDS, TEXTS, TEXTS_OF_5, TEXTS_OF_ALL = 3, 40_000, 10_000, 3_000
REPEATS = 5
CHECKED = 2_000
ALLOWED = "1.3 x file + 500 MB"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        words = _words()
        path = _model(Path(folder), words)
        lines = zipfian_texts.texts(words, (ROUNDS + 1) * TEXTS, np.random.default_rng(2))
        memory = [_peak(path, number) for number in (20_000, 200_000)]
        _record(path, lines, memory)


def _words() -> list[str]:
    files = [SHARED / name for name in SOURCES if (SHARED / name).exists()]
    return zipfian_texts.vocabulary(WORDS, np.random.default_rng(1), files)


def _model(folder: Path, words: list[str]) -> Path:
    return fasttext_models.write(
        folder / "model.bin",
        words=["</s>", *words],
        labels=[f"__label__{number:04}Z" for number in range(732)],
        dim=180,
        bucket=2_000_000,
        word_ngrams=3,
        minn=3,
        maxn=6,
        seed=3,
    )


def _record(path: Path, lines: list[str], memory: list[float]) -> None:
    ours, loading = _timed(lambda: FastTextScorer.load(path))
    library, library_loading = _timed(lambda: fasttext.load_model(str(path)))
    _same(ours, library, lines[:CHECKED])
    speeds: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        part = lines[number * TEXTS : (number + 1) * TEXTS]
        runs: dict[str, tuple[int, Callable[[], object]]] = {
            "predict(k=5)": (TEXTS_OF_5, lambda part=part: library.predict(part[:TEXTS_OF_5], k=5)),
            "predict(k=-1)": (TEXTS_OF_ALL, lambda part=part: library.predict(part[:TEXTS_OF_ALL], k=-1)),
            "score, texts met for the first time": (TEXTS, lambda part=part: ours.score(part)),
            "score, whose words were met before": (TEXTS, lambda part=part: ours.score(part)),
            f"score, each text {REPEATS} times": (TEXTS * REPEATS, lambda part=part: ours.score(part * REPEATS)),
            "score(k=20)": (TEXTS, lambda part=part: ours.score(part, k=20)),
            "embed": (TEXTS, lambda part=part: ours.embed(part)),
        }
        for name, (texts, run) in runs.items():
            speeds.setdefault(name, []).append(texts / _timed(run)[1])
    middle = {name: median(values) for name, values in speeds.items()}
    size = path.stat().st_size / 1e6
    results.record(
        "Scoring",
        command=COMMAND,
        columns=("what", "texts per CPU second", "x predict(k=5)", "x predict(k=-1)"),
        rows=[_row(name, speed, middle) for name, speed in middle.items()],
        note=(
            f"One thread, one process, median of {ROUNDS} rounds in CPU time. Model: dim 180, 732 labels, wordNgrams 3,"
            f" subwords of 3-6, 2,000,000 buckets, {WORDS:,} words, {size:,.0f} MB. Distinct texts of 6 words on"
            f" average from a Zipfian vocabulary, 1 % of the words unknown; on {CHECKED:,} of them top 5 and"
            f" probabilities (within 1e-4) were those of the library. Loading: {loading:.1f} s,"
            f" the library {library_loading:.1f} s. Peak memory: {memory[0]:,.0f} MB for"
            f" 20,000 texts, {memory[1]:,.0f} MB for 200,000"
            f" (allowed {1.3 * size + 500:,.0f} MB: {ALLOWED})."
        ),
    )


def _row(name: str, speed: float, middle: dict[str, float]) -> tuple[str, ...]:
    return (
        name,
        f"{speed:,.0f}",
        f"{speed / middle['predict(k=5)']:.1f}",
        f"{speed / middle['predict(k=-1)']:.1f}",
    )


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    found = run()
    return found, time.process_time() - started


def _same(ours: FastTextScorer, library: fasttext.FastText._FastText, lines: list[str]) -> None:
    labels, probabilities = library.predict(lines, k=5)
    scores = ours.score(lines, k=5)
    expected = [[fasttext_scorer.code_of(label) for label in row] for row in labels]
    np.testing.assert_allclose(scores.probabilities, np.array(probabilities), atol=1e-4)
    assert scores.codes.tolist() == expected


def _peak(path: Path, number: int) -> float:
    """MB of a process of its own that scores so many texts."""
    child = [sys.executable, "-m", "tests.benchmarks.scoring", str(path), str(number)]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["peak"])


def _child(path: Path, number: int) -> None:
    lines = zipfian_texts.texts(_words(), number, np.random.default_rng(4))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    FastTextScorer.load(path).score(lines)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"before": before / 1e3, "peak": peak / 1e3}))


if __name__ == "__main__":
    _child(Path(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 1 else main()
