from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError
from sampling.replay import history, page
from sampling.replay import replay as replaying
from sampling.replay.history import History
from sampling.replay.learner import Learner
from sampling.replay.plan import Plan
from sampling.replay.replay import Replay
from sampling.strategies.chance import Random
from sampling.strategies.uncertain import BreakingTies
from tests.parts.wordlearner import WordLearner

STRATEGIES = {"random": Random(), "margin": BreakingTies()}
PLAN = Plan(initial=0.1, batch=0.1, until=0.5)


@pytest.fixture(scope="module")
def past() -> History:
    """Ten codes; one code's texts make up half of all, and are told by their first word."""
    random = np.random.default_rng(5)
    words = [f"{first}{second}ax" for first in "bdfgjklmnp" for second in "aeiou"]
    coded = []
    for place in range(800):
        code = "A" if place % 2 else "BCDEFGHIJ"[random.integers(9)]
        own = words[5 * (ord(code) - ord("A")) + int(random.integers(5 if code != "A" else 1))]
        coded.append((f"{own} {' '.join(random.choice(words, 3))}", code))
    return history.build(coded, normaliser=Normaliser())


def _replay(past: History, folder: Path, learner: Learner | None = None, workers: int = 1) -> Replay:
    return replaying.replay(
        history=past,
        strategies=STRATEGIES,
        learner=learner or WordLearner(),
        plan=PLAN,
        seeds=2,
        folder=folder,
        workers=workers,
    )


def test_replay__the_result_has_the_form_that_programs_read(past: History, tmp_path: Path) -> None:
    content = json.loads(json.dumps(_replay(past, tmp_path).as_dict()))

    assert set(content) == {"curves", "saved", "default"}
    assert [set(point) for point in content["curves"]["margin"]] == [{"labels", "accuracy", "macro_f1"}] * 5
    assert set(content["saved"]["margin"]) == {"mid", "end", "low", "high"}
    assert content["default"] in STRATEGIES


def test_replay__all_strategies_of_a_seed_begin_alike(past: History, tmp_path: Path) -> None:
    played = _replay(past, tmp_path).played

    for seed in range(2):
        assert played["random"][seed][0] == played["margin"][seed][0]
    assert played["random"][0][0] != played["random"][1][0]
    assert played["random"][0][1] != played["margin"][0][1]


def test_replay__stopped_and_run_again_it_gives_the_same_without_repeating_steps(past: History, tmp_path: Path) -> None:
    whole = _replay(past, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _replay(past, tmp_path / "stopped", WordLearner(fits=7))
    rest = WordLearner()

    again = _replay(past, tmp_path / "stopped", rest)

    assert again.as_dict() == whole.as_dict()
    assert len(rest.made) == 2 * 2 * 5 - 7


def test_replay__processes_give_what_one_gives(past: History, tmp_path: Path) -> None:
    one, two = _replay(past, tmp_path / "one"), _replay(past, tmp_path / "two", workers=2)

    assert one.as_dict() == two.as_dict()


def test_replay__progress_counts_trainings_up_to_all(past: History, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    for _ in range(2):
        replaying.replay(
            history=past,
            strategies=STRATEGIES,
            learner=WordLearner(),
            plan=PLAN,
            seeds=1,
            folder=tmp_path,
            on_progress=lambda done, total: heard.append((done, total)),
        )

    assert heard[-1] == (10, 10)
    assert sorted({done for done, _ in heard}) == list(range(1, 11))


def test_replay__without_random_there_is_nothing_to_compare_with(past: History, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="lack 'random'"):
        replaying.replay(
            history=past,
            strategies={"margin": BreakingTies()},
            learner=WordLearner(),
            plan=PLAN,
            seeds=1,
            folder=tmp_path,
        )


@pytest.mark.parametrize(("language", "said"), [("fr", "épargn"), ("en", "saved")])
def test_page__stands_alone_and_speaks_the_language(past: History, tmp_path: Path, language: str, said: str) -> None:
    shown = page.render(_replay(past, tmp_path), language=language)

    assert said in shown
    assert shown.count("<svg") == 3
    assert "http://" not in shown.replace("http://www.w3.org", "") and "<script" not in shown
