from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from annotation.errors import InvalidInputError
from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_child, fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters, TrainedModel, TrainingFailedError, TrainingTimeoutError

LINES = [(f"0{number % 7}.1 é", f"word{number % 7} other{number % 11}") for number in range(200)]
SMALL = FastTextParameters(dim=4, bucket=50, epoch=5)


def _train(folder: Path, parameters: FastTextParameters = SMALL, lines: object = LINES) -> TrainedModel:
    return fasttext_trainer.train(lines=lines, parameters=parameters, folder=folder, timeout=60)  # type: ignore[arg-type]


def test_train__leaves_the_model_and_nothing_else(tmp_path: Path) -> None:
    trained = _train(tmp_path / "new" / "folder", FastTextParameters(dim=8, bucket=50, epoch=30))

    assert [path.name for path in trained.path.parent.iterdir()] == ["model.bin"]
    assert trained.attempts == ("lr 1: trained",)
    assert FastTextScorer.load(trained.path).score(["word3 other3"]).codes[0, 0] == "03.1 é"


@pytest.mark.parametrize("bucket", [0, 50, 20_000])
def test_train__same_lines_same_bytes__whatever_their_order_and_the_memory(tmp_path: Path, bucket: int) -> None:
    """The memory is dirtied here, and the environment asks for dirty memory in the child too."""
    subwords = {"minn": 3, "maxn": 5, "word_ngrams": 2} if bucket else {"minn": 0, "maxn": 0, "word_ngrams": 1}
    parameters = FastTextParameters(dim=10, bucket=bucket, epoch=5, **subwords)
    first = _train(tmp_path / "a", parameters)
    dirt = [os.urandom(1000) for _ in range(10_000)]
    os.environ["MALLOC_PERTURB_"] = "17"
    del dirt[::2]
    try:
        second = _train(tmp_path / "b", parameters, list(reversed(LINES)))
    finally:
        del os.environ["MALLOC_PERTURB_"]

    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_train__another_seed_gives_another_model(tmp_path: Path) -> None:
    other = FastTextParameters(dim=4, bucket=50, epoch=5, seed=1)

    assert _train(tmp_path / "a").sha256 != _train(tmp_path / "b", other).sha256


def test_train__nan_is_tried_again_with_half_the_rate(tmp_path: Path) -> None:
    wild = FastTextParameters(dim=4, bucket=50, epoch=20, lr=10.0)

    trained = _train(tmp_path, wild)

    assert trained.attempts[0] == "lr 10: NaN"
    assert trained.attempts[-1] == f"lr {trained.parameters.lr:g}: trained"
    assert trained.parameters.lr < wild.lr


def test_train__nan_at_every_rate_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailedError, match="lr 1e\\+09: NaN"):
        _train(tmp_path, FastTextParameters(dim=4, bucket=50, epoch=20, lr=1e9))


def test_train__time_out_stops_the_child_and_keeps_the_former_model(tmp_path: Path) -> None:
    former = _train(tmp_path)
    started = time.monotonic()

    with pytest.raises(TrainingTimeoutError):
        fasttext_trainer.train(lines=LINES, parameters=FastTextParameters(epoch=10_000_000), folder=tmp_path, timeout=2)

    assert time.monotonic() - started < 10
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]
    assert FastTextScorer.load(former.path).score(["word1"]).codes.shape == (1, 5)


def test_train__progress_rises_to_one(tmp_path: Path) -> None:
    heard: list[float] = []
    parameters = FastTextParameters(dim=50, epoch=3000, minn=0, maxn=0, bucket=1000, threads=10, lr=0.1)

    fasttext_trainer.train(lines=LINES, parameters=parameters, folder=tmp_path, timeout=60, on_progress=heard.append)

    assert heard[0] == 0
    assert heard[-1] == 1
    assert heard == sorted(heard)
    assert len(heard) > 3


def test_train__crash_tells_what_the_child_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("import os, sys; sys.stderr.write('out of luck\\n'); sys.stderr.flush(); os.abort()")
    monkeypatch.setattr(fasttext_child, "__file__", str(child))

    with pytest.raises(TrainingFailedError, match=r"ended by signal 6.*out of luck"):
        _train(tmp_path)


@pytest.mark.parametrize("lines", [[], [("", "pain")], [("01", "pain\nvin")], [("01", "__label__02 vin")]])
def test_train__wrong_lines_are_refused(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInputError):
        _train(tmp_path, lines=lines)


@pytest.mark.parametrize("threads", [0, 2, 9])
def test_parameters__threads_that_leave_the_matrix_unset_are_refused(threads: int) -> None:
    with pytest.raises(ValueError, match="at least 10"):
        FastTextParameters(threads=threads)


@pytest.mark.parametrize("wrong", [{"bucket": 0}, {"dim": 0}, {"lr": 0.0}, {"epoch": 0}])
def test_parameters__that_would_crash_fasttext_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        FastTextParameters(**wrong)  # type: ignore[arg-type]


def test_train__ten_threads_work(tmp_path: Path) -> None:
    assert _train(tmp_path, FastTextParameters(dim=4, bucket=50, threads=10)).path.is_file()
