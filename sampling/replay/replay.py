"""A history played by several strategies over several seeds, and what each of them would have saved."""

from __future__ import annotations

import hashlib
import inspect
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.errors import InvalidInputError
from sampling.replay import curves, savings
from sampling.replay.curves import Curve
from sampling.replay.history import History
from sampling.replay.learner import Learner
from sampling.replay.plan import Plan
from sampling.replay.play import Play
from sampling.replay.record import Record
from sampling.replay.savings import RANDOM, Choice, Saved
from sampling.strategies.base import Strategy

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Replay:
    """``played`` maps each strategy to its curves, one per seed; random is always among them."""

    history: History
    plan: Plan
    played: Mapping[str, tuple[Curve, ...]]
    savings: Mapping[str, Saved]
    choice: Choice

    @property
    def seeds(self) -> int:
        return len(self.played[RANDOM])

    def as_dict(self) -> dict[str, Any]:
        return {
            "curves": {
                name: [
                    {"labels": point.labels, "accuracy": point.accuracy, "macro_f1": point.macro_f1}
                    for point in curves.mean(plays)
                ]
                for name, plays in self.played.items()
            },
            "saved": {
                name: {"mid": saved.mid, "end": saved.end, "low": saved.low, "high": saved.high}
                for name, saved in self.savings.items()
            },
            "default": self.choice.strategy,
        }


def replay(
    *,
    history: History,
    strategies: Mapping[str, Strategy],
    learner: Learner,
    plan: Plan,
    seeds: int,
    folder: Path,
    workers: int = 1,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Replay:
    """Play all, in as many processes as ``workers``; steps made before under ``folder`` are not made again.

    ``on_progress`` hears of trainings done, out of all.
    """
    if RANDOM not in strategies:
        raise InvalidInputError(f"The strategies lack {RANDOM!r}, which all others are compared with.")
    if seeds < 1:
        raise InvalidInputError(f"A replay over {seeds} seeds plays nothing.", cure="Take 5, say.")
    steps = len(plan.marks(len(plan.split(len(history), 0)[1])))
    plays = {
        (name, seed): (play, Record(_place(folder, play)))
        for seed in range(seeds)
        for name, strategy in strategies.items()
        for play in [Play(history, plan, strategy, seed, learner)]
    }
    total = len(plays) * steps
    run = _in_processes if workers > 1 else _in_turn
    found = dict(zip(plays, run(list(plays.values()), workers, lambda done: on_progress(done, total)), strict=True))
    played = {name: tuple(found[name, seed] for seed in range(seeds)) for name in strategies}
    saved = {name: savings.saved(one, played[RANDOM]) for name, one in played.items()}
    return Replay(history, plan, played, saved, savings.choose(played, saved))


_Job = tuple[Play, Record]


def _in_turn(jobs: Sequence[_Job], _workers: int, on_done: Callable[[int], None]) -> list[Curve]:
    done = sum(len(record.steps()) for _, record in jobs)
    made: list[Curve] = []
    for play, record in jobs:
        before = done - len(record.steps())
        made.append(play.run(record, lambda step, _all, before=before: on_done(before + step)))  # type: ignore[misc]
        done = before + len(made[-1])
        on_done(done)
    return made


def _in_processes(jobs: Sequence[_Job], workers: int, on_done: Callable[[int], None]) -> list[Curve]:
    with _pool(min(workers, len(jobs))) as pool:
        results = [pool.apply_async(_run, job) for job in jobs]
        for result in results:
            while not result.ready():
                result.wait(POLL_SECONDS)
                on_done(sum(len(record.steps()) for _, record in jobs))
            result.get()
        return [result.get() for result in results]


def _run(play: Play, record: Record) -> Curve:
    return play.run(record, lambda _step, _all: None)


@contextmanager
def _pool(workers: int) -> Iterator[Any]:
    """Processes that start afresh: a fork of a program with threads may hang. On leaving they are ended."""
    with multiprocessing.get_context("spawn").Pool(workers, initializer=_obey) as pool:
        yield pool


def _obey() -> None:
    """An end asked by the parent runs the clean-up, which stops the training; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _place(folder: Path, play: Play) -> Path:
    """A file of its own for whatever could change the play's outcome: texts, plan, learner, the strategy's source."""
    source = inspect.getsource(inspect.getmodule(type(play.strategy)) or type(play.strategy))
    facts = [play.history.digest, repr(play.plan), repr(play.learner), repr(play.strategy), source]
    digest = hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:16]
    return folder / digest / f"{play.strategy.name}-{play.seed}.jsonl"
