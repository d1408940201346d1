"""Pieces of work on one process and on several; the Dask cluster is in tests/integration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.errors import InvalidInputError, UnreachableError
from sampling import workers
from sampling.workers import WorkersLostError
from tests.parts import spelling
from tests.parts.ports import free_port

PROGRAM = """
import sys
from pathlib import Path
from sampling import workers
from tests.parts import spelling
with workers.opened(size=2) as crew:
    list(crew.map(spelling.long_work, [Path(sys.argv[1])] * 4))
"""


@pytest.mark.parametrize("size", [1, 2])
def test_map__each_piece_gives_its_result(size: int) -> None:
    with workers.opened(size=size) as crew:
        results = sorted(crew.map(spelling.squared, range(20)))

    assert results == [number * number for number in range(20)]


@pytest.mark.parametrize("size", [1, 2])
def test_map__an_error_of_ours_comes_back_with_its_cure(size: int) -> None:
    with pytest.raises(InvalidInputError) as caught, workers.opened(size=size) as crew:
        list(crew.map(spelling.refused, [7]))

    assert (caught.value.message, caught.value.cure) == ("7 is refused.", "Take another one.")


@pytest.mark.parametrize("size", [1, 2])
def test_map__pieces_are_taken_as_workers_become_free(size: int) -> None:
    taken = 0

    def pieces() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    with workers.opened(size=size) as crew:
        results = crew.map(spelling.squared, pieces())
        for _ in range(5):
            next(results)

        assert taken <= 5 + 4 * size


def test_pool__each_process_computes_on_one_thread_and_does_not_import_the_program() -> None:
    with workers.opened(size=2) as crew:
        told = list(crew.map(spelling.surroundings, range(8)))

    assert os.getpid() not in {process for process, _, _ in told}
    assert {(main, threads) for _, main, threads in told} == {(False, 1)}


def test_pool__a_process_that_is_killed_is_told() -> None:
    with pytest.raises(WorkersLostError, match="memory") as caught, workers.opened(size=2) as crew:
        list(crew.map(spelling.killed_at_three, range(20)))

    assert caught.value.exit_code == 5
    assert "--workers" in caught.value.cure


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_pool__leaves_no_process_behind(tmp_path: Path, sent: signal.Signals) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"if __name__ == '__main__':\n    {PROGRAM.strip().replace(chr(10), chr(10) + '    ')}\n")
    root = Path(__file__).parents[2]
    started = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait(lambda: len(list(tmp_path.glob("*.started"))) == 2)
    processes = [int(path.stem) for path in tmp_path.glob("*.started")]

    started.send_signal(sent)
    started.wait(timeout=30)

    _wait(lambda: not any(_runs(process) for process in processes))


def test_cluster__nobody_answers() -> None:
    before = time.monotonic()

    with pytest.raises(UnreachableError, match="no Dask scheduler") as caught:
        workers.opened(size=1, scheduler=f"tcp://127.0.0.1:{free_port()}").__enter__()

    assert time.monotonic() - before < 30
    assert caught.value.exit_code == 5


def test_cluster__an_address_that_is_none() -> None:
    with pytest.raises(UnreachableError, match="--scheduler"):
        workers.opened(size=1, scheduler="somewhere://else").__enter__()


def _wait(condition: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
