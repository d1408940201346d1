"""A fastText model from lines and codes, made in a child process that can be watched and stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import random
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from annotation.errors import InvalidInputError, WorkbenchError
from sampling import fasttext_scorer
from sync.training import fasttext_child

_RETRIES = 4
_ALL_INITIALISED = 10
_PROGRESS = re.compile(rb"Progress:\s*([0-9.]+)%")
_KEPT_STDERR = 4000
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS")


class TrainingFailedError(WorkbenchError):
    """fastText gave no model; ``stderr`` is the end of what it said."""

    def __init__(self, message: str, *, cure: str = "", stderr: str = "") -> None:
        super().__init__(message, cure=cure)
        self.stderr = stderr


class TrainingTimeoutError(TrainingFailedError):
    pass


@dataclass(frozen=True, slots=True)
class FastTextParameters:
    """fastText's own parameters, with defaults for a few thousand short texts.

    The defaults were good on both of two sets: 4,000 entries of the UK SIC index (44.7 % right, 624 codes seen) and
    2,500 French receipt lines (54.4 %, 271 codes). There, lr 0.2 lost 7-24 points, subwords of 3-5 letters 3, ``hs``
    4-13; ``ova`` was as good, but met NaN at this lr and its margins chose worse texts to label.

    One thread gives the same bytes for the same lines. With ``threads`` from 2 to 9 fastText would fill only part of
    its first matrix, and the result would be neither repeatable nor sound: refused. From 10 on it fills all of it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    dim: int = 50
    lr: float = 1.0
    epoch: int = 50
    word_ngrams: int = 2
    minn: int = 4
    maxn: int = 6
    min_count: int = 1
    bucket: int = 100_000
    loss: Literal["softmax", "ova", "hs"] = "softmax"
    threads: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.threads < 1 or 1 < self.threads < _ALL_INITIALISED:
            raise ValueError(f"threads is {self.threads}: take 1 (repeatable) or at least {_ALL_INITIALISED} (faster)")
        if min(self.dim, self.epoch, self.word_ngrams, self.min_count) < 1 or self.lr <= 0:
            raise ValueError("dim, epoch, word_ngrams, min_count and lr must be positive")
        if self.bucket < 1 and (self.word_ngrams > 1 or self.maxn > 0):
            raise ValueError("bucket must be positive when word n-grams or subwords are used")  # fastText divides by it

    @property
    def arguments(self) -> dict[str, int | float | str]:
        """As the library names them."""
        arguments = dataclasses.asdict(self)
        renamed = {"word_ngrams": "wordNgrams", "min_count": "minCount", "threads": "thread"}
        return {renamed.get(name, name): value for name, value in arguments.items()}


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """``parameters`` are those that worked; ``attempts`` says in order what was tried. ``seconds`` counts all of it."""

    path: Path
    sha256: str
    parameters: FastTextParameters
    attempts: tuple[str, ...]
    seconds: float


def train(
    *,
    lines: Iterable[tuple[str, str]],
    parameters: FastTextParameters,
    folder: Path,
    timeout: float,
    on_progress: Callable[[float], None] | None = None,
) -> TrainedModel:
    """Trains on pairs of code and line, whose order does not matter, and leaves ``folder/model.bin``.

    A training that meets NaN is repeated with half the learning rate. ``timeout`` in seconds holds for all attempts
    together. ``on_progress`` hears shares between 0 and 1, and 0 again when an attempt begins anew; with one thread
    fastText tells nothing between the beginning and the end. A former model in the folder stays until the new one is
    complete.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    attempts: list[str] = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".training-") as scratch:
        job = _Job(Path(scratch), on_progress or _deaf, started + timeout, timeout)
        job.write_lines(lines, parameters.seed)
        for attempt in range(_RETRIES + 1):
            tried = dataclasses.replace(parameters, lr=parameters.lr / 2**attempt)
            worked = job.run(tried)
            attempts.append(f"lr {tried.lr:g}: {'trained' if worked else 'NaN'}")
            if worked:
                path = job.output.replace(folder / "model.bin")
                return TrainedModel(path, _sha256(path), tried, tuple(attempts), time.monotonic() - started)
    raise TrainingFailedError(
        f"fastText met NaN at every learning rate ({'; '.join(attempts)}).",
        cure="Set a much lower lr, or fewer epochs.",
    )


class _Job:
    def __init__(self, folder: Path, on_progress: Callable[[float], None], deadline: float, timeout: float) -> None:
        self.output = folder / "model.bin"
        self._folder = folder
        self._input = folder / "lines.txt"
        self._on_progress = on_progress
        self._deadline = deadline
        self._timeout = timeout

    def write_lines(self, lines: Iterable[tuple[str, str]], seed: int) -> None:
        """Sorted, then shuffled: fastText learns in the order of the file, and forgets codes that stand together."""
        ordered = sorted(f"{fasttext_scorer.label(code)} {line}\n" for code, line in _checked(lines))
        if not ordered:
            raise InvalidInputError(
                "There is no line to train on.", cure="Look at the training set's size and filters."
            )
        random.Random(seed).shuffle(ordered)  # noqa: S311
        with self._input.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(ordered)

    def run(self, parameters: FastTextParameters) -> bool:
        """Whether a model came out; False when it met NaN."""
        job = {"input": str(self._input), "output": str(self.output), "arguments": parameters.arguments}
        (self._folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        self._on_progress(0.0)
        # By its path and with -P, so that neither the working directory nor this folder can shadow a module.
        command = [sys.executable, "-P", fasttext_child.__file__, str(self._folder / "job.json")]
        with subprocess.Popen(  # noqa: S603
            command, env=child_environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            try:
                said = self._follow(process)
            finally:
                _kill(process)
        if process.returncode == fasttext_child.NOT_A_NUMBER:
            return False
        if process.returncode != 0:
            raise _failure(process.returncode, said)
        self._on_progress(1.0)
        return True

    def _follow(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stderr is not None  # noqa: S101
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stderr, selectors.EVENT_READ)
            while True:
                left = self._deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise TrainingTimeoutError(
                        f"fastText did not finish within {self._timeout:g} s and was stopped.",
                        cure="Raise the time-out, or take fewer epochs or a smaller dim.",
                        stderr=_readable(said),
                    )
                chunk = os.read(process.stderr.fileno(), 65536)
                if not chunk:
                    break
                said = (said + chunk)[-_KEPT_STDERR:]
                if shares := _PROGRESS.findall(said):
                    self._on_progress(min(float(shares[-1]) / 100, 1.0))
        process.wait()
        return _readable(said)


def _checked(lines: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for code, line in lines:
        if not code:
            raise InvalidInputError(f"The line {line[:60]!r} has no code.", cure="Only coded texts can be trained on.")
        if "\n" in line or fasttext_scorer.LABEL_PREFIX in line:
            raise InvalidInputError(
                f"The line {line[:60]!r} of code {code} holds a line break or a label.",
                cure="Make lines with Normaliser.line, which takes these out.",
            )
        yield code, line


def child_environment() -> dict[str, str]:
    """That of the child: no settings and secrets of ours, and glibc hands out zeros, since it fills memory with the
    complement of a byte.

    So the part of the input matrix that fastText leaves alone is the same each time. A large matrix would be zero in a
    fresh process anyway; a small one (100 rows) lies in memory used before, and ended in NaN. Other C libraries ignore
    the variable.
    """
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**kept, "MALLOC_PERTURB_": "255", "PYTHONHASHSEED": "0"}


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _failure(returncode: int, said: str) -> TrainingFailedError:
    how = f"was ended by signal {-returncode}" if returncode < 0 else f"failed with exit code {returncode}"
    cure = "It may have run out of memory: take a smaller bucket or dim." if returncode == -signal.SIGKILL else ""
    return TrainingFailedError(f"fastText {how}: {said[-500:] or 'it said nothing'}", cure=cure, stderr=said)


def _readable(said: bytes) -> str:
    lines = re.split(r"[\r\n]+", said.decode("utf-8", "replace"))
    return "\n".join(line for line in lines if line.strip() and not line.startswith("Progress:"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _deaf(_share: float) -> None: ...
