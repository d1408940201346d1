"""Where scoring runs: this process, a pool of processes, or a Dask cluster. The same pieces give the same results.

Functions and pieces go to other processes, so both must be picklable; a function may fill caches of its process.
"""

from __future__ import annotations

import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

from annotation.errors import UnreachableError

Piece = TypeVar("Piece")
Result = TypeVar("Result")

PROJECT = "annotation-workbench"
CONNECT_SECONDS = 5
LONGEST_CONNECT_SECONDS = 15
WORKERS_SECONDS = 15
# As many pieces wait as are being worked on: no worker is idle, and memory does not grow with the number of pieces.
_PER_WORKER = 2
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkersLostError(UnreachableError):
    """Workers that ended before their work did."""


class Workers(Protocol):
    @property
    def name(self) -> str:
        """As a person calls them."""
        ...

    def map(self, function: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        """Results as they come, in any order; pieces are taken from the iterable as workers become free.

        The first exception of the function ends it. Raises WorkersLostError where a worker died.
        """
        ...


def cores() -> int:
    """Those that this process may use, also where a container has fewer than its machine."""
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)


@contextmanager
def opened(*, size: int, scheduler: str = "") -> Iterator[Workers]:
    """``size`` processes, of which 1 is this one; or the cluster of a Dask scheduler (``tcp://host:port``)."""
    if scheduler:
        with _connected(scheduler) as client:
            yield Cluster(client, scheduler)
    elif size > 1:
        with Pool(size) as pool:
            yield pool
    else:
        yield ThisProcess()


class ThisProcess:
    name = "this process"

    def map(self, function: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        return map(function, pieces)


class Pool:
    """Processes started afresh (a fork would copy locks that threads of this one hold), one thread each.

    They end with the ``with`` block, however that ends, and when this process is killed.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.name = f"{size} processes"

    def __enter__(self) -> Pool:
        context = get_context("spawn")
        # Workers hold the reading end: they leave as soon as nobody holds the other one.
        watched, self._alive = context.Pipe(duplex=False)
        self._watched = watched
        self._executor = ProcessPoolExecutor(
            self.size, mp_context=context, initializer=_prepare_worker, initargs=(watched,)
        )
        with _main_hidden():
            for _ in range(self.size):
                self._executor.submit(_nothing)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._executor.shutdown(wait=True)
        self._alive.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._watched.close()

    def map(self, function: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        remaining = iter(pieces)
        try:
            running = {self._executor.submit(function, one) for one in islice(remaining, _PER_WORKER * self.size)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {self._executor.submit(function, one) for one in islice(remaining, len(done))}
                yield from _results(done)
        except BrokenExecutor as error:
            raise WorkersLostError(
                "A process that scored ended in the middle, probably killed because memory ran out.",
                cure="Run it again with fewer --workers; what is finished is not done again.",
            ) from error


class Cluster:
    """A Dask cluster; the workers need this program and reach the model and the storage themselves."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self.name = f"the Dask cluster at {address}"

    def map(self, function: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
        from distributed import KilledWorker, as_completed

        remaining = iter(pieces)
        ahead = _PER_WORKER * max(1, sum(self._client.nthreads().values()))
        first = [self._submit(function, one) for one in islice(remaining, ahead)]
        running = as_completed(first, loop=self._client.loop)
        try:
            for future in running:
                result = future.result()
                future.release()
                for one in islice(remaining, 1):
                    running.add(self._submit(function, one))
                yield result
        except KilledWorker as error:
            raise WorkersLostError(
                f"Workers of {self.name} ended in the middle, again and again: {error}",
                cure="Give the workers more memory, or fewer threads; then run it again, what is finished is kept.",
            ) from error

    def _submit(self, function: Callable[[Piece], Result], piece: Piece) -> Any:
        # Not pure: Dask would give the result of an equal piece of an earlier run.
        return self._client.submit(function, piece, pure=False)


def _results(done: Iterable[Future[Result]]) -> Iterator[Result]:
    for future in done:
        yield future.result()


def _nothing() -> None:
    """What a process is started with."""


def _prepare_worker(watched: Connection) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us all; who started us ends us
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # numpy is not imported yet
    threading.Thread(target=_leave_when_closed, args=(watched,), daemon=True).start()


def _leave_when_closed(watched: Connection) -> None:
    try:
        watched.recv()
    except (EOFError, OSError):
        os._exit(0)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Processes started meanwhile do not import the main module, which is the whole command line and takes seconds."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions are compared below, in words
        try:
            client = _client(address).result(LONGEST_CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise UnreachableError(
                f"There is no Dask scheduler at {address}: {error or 'no answer that makes sense'}.",
                cure="Check the address (--scheduler, scoring.scheduler), like tcp://host:8786, and that it runs.",
            ) from error
    try:
        _require_workers(client, address)
        yield client
    finally:
        client.close()


def _client(address: str) -> Future[Any]:
    """Connected in a thread of its own: at a server that is no scheduler (a dashboard, say), it never comes back."""
    from distributed import Client

    connected: Future[Any] = Future()

    def connect() -> None:
        try:
            connected.set_result(Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
        except Exception as error:  # whatever it is, the caller gets it
            connected.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    return connected


def _require_workers(client: Any, address: str) -> None:
    """Raises UnreachableError where there are none in time, or where one cannot run what we send."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_SECONDS)
    except TimeoutError as error:
        raise UnreachableError(
            f"The Dask scheduler at {address} has no workers.", cure="Start some: dask worker ADDRESS"
        ) from error
    versions = client.get_versions(packages=[PROJECT])
    ours = _versions(versions["client"])
    for worker, theirs in versions["workers"].items():
        for package, version in ours.items():
            found = _versions(theirs)[package]
            if found != version:
                raise UnreachableError(
                    f"The Dask worker {worker} has {package} {found or 'not at all'}, this process {version}.",
                    cure="Start the workers from the environment, or the image, of this program.",
                )


def _versions(told: Any) -> dict[str, str | None]:
    packages = told["packages"]
    python = ".".join(str(told["host"]["python"]).split(".")[:2])
    return {"Python": python, **{name: packages.get(name) for name in ("distributed", PROJECT)}}
