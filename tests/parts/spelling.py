"""A small model for tests of what goes on around a model, and work for processes; both can be pickled by name."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import InvalidInputError
from sampling.scorer import Scores

UNKNOWN = "inconnu"


class Spelling:
    """Codes a line by its first token; knows every token but ``inconnu``."""

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        tokens = [line.split() or [UNKNOWN] for line in lines]
        known = np.array([sum(t != UNKNOWN for t in each) / len(each) for each in tokens], dtype=np.float32)
        codes = np.array([[each[0].upper(), "Z", ""][: max(k, 1)] for each in tokens], dtype=object)
        codes = codes.reshape(len(lines), min(max(k, 1), 3))
        probabilities = np.tile(np.array([0.75, 0.25, 0.0], dtype=np.float32)[: codes.shape[1]], (len(lines), 1))
        half = np.full(len(lines), 0.5, dtype=np.float32)
        return Scores(codes, probabilities, half, half, known)


@dataclass(frozen=True, slots=True)
class SpellingModel:
    """``log`` gets a line, the number of the process, whenever the model is opened."""

    version: str = "spelling/1"
    digest: str = "a"
    variables: tuple[str, ...] = ()
    log: Path | None = None

    def open(self) -> tuple[Spelling, Normaliser]:
        if self.log:
            with self.log.open("a") as log:
                log.write(f"{os.getpid()}\n")
        return Spelling(), Normaliser(Cleaning(stemmer=""), self.variables)


def squared(number: int) -> int:
    return number * number


def refused(number: int) -> int:
    raise InvalidInputError(f"{number} is refused.", cure="Take another one.")


def killed_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def surroundings(_: int) -> tuple[int, bool, int]:
    """Number of the process, whether it imported the program that started it, and most threads of its libraries."""
    from threadpoolctl import threadpool_info

    np.ones((64, 64)) @ np.ones((64, 64))
    threads = max(pool["num_threads"] for pool in threadpool_info())
    return os.getpid(), "pytest" in sys.modules, threads


def long_work(folder: Path) -> int:
    (folder / f"{os.getpid()}.started").touch()
    time.sleep(600)
    return 0
