from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from annotation.domain.text import Normaliser
from annotation.errors import UnreachableError
from sampling.scorer import Scorer, Scores
from sync.predictor import ChampionPredictor
from tests.parts import campaigns


class OneCode:
    """Says one code of all lines, with the champion's own certainty, and knows no text about coal."""

    def __init__(self, share: float) -> None:
        self.share = share

    def score(self, lines: Sequence[str], k: int = 5) -> Scores:
        n = len(lines)
        codes = np.array([["99.99Z", "01.11Z", "A"]] * n, dtype=object).reshape(n, 3)
        shares = np.array([[0.1, self.share, 0.01]] * n, dtype=np.float32).reshape(n, 3)
        known = np.array([0.0 if "charbon" in line else 1.0 for line in lines], dtype=np.float32)
        return Scores(codes, shares, shares[:, 0], shares[:, 0], known)


class Registry:
    def __init__(self) -> None:
        self.champion: str | None = "m/1"
        self.loaded: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def load(self, version: str) -> tuple[Scorer, Normaliser]:
        self.gate.wait(10)
        self.loaded.append(version)
        return OneCode(int(version[-1]) / 8), Normaliser()


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def predictor(registry: Registry, clock: Callable[[], float], *, patience: float = 5.0) -> ChampionPredictor:
    return ChampionPredictor(
        champion=lambda: registry.champion,
        load=registry.load,
        nomenclature=lambda: campaigns.NAF,
        language="fr",
        patience=patience,
        clock=clock,
    )


def share(model: ChampionPredictor) -> float:
    return model.suggest(["blé"])[0].probabilities[0]


def test_suggest__gives_leaves_of_the_nomenclature_alone() -> None:
    with closing(predictor(Registry(), Hand())) as model:
        found = model.suggest(["blé", "charbon"])

    assert (found[0].codes, found[0].probabilities) == (("01.11Z",), (pytest.approx(1 / 8),))
    assert found[1].codes == ()
    assert model.suggest([]) == []


def test_suggest__loads_once_however_many_ask() -> None:
    registry = Registry()
    with closing(predictor(registry, Hand())) as model, ThreadPoolExecutor(8) as threads:
        shares = list(threads.map(lambda _: share(model), range(40)))

    assert set(shares) == {1 / 8}
    assert registry.loaded == ["m/1"]


def test_suggest__a_new_champion_takes_over_without_a_pause() -> None:
    registry, clock = Registry(), Hand()
    with closing(predictor(registry, clock)) as model:
        assert share(model) == 1 / 8
        registry.champion = "m/2"
        assert share(model) == 1 / 8
        registry.gate.clear()
        clock.now = 60

        assert share(model) == 1 / 8
        registry.gate.set()
        deadline = threading.Event()
        for _ in range(100):
            if share(model) == 2 / 8:
                break
            deadline.wait(0.05)

        assert share(model) == 2 / 8
    assert registry.loaded == ["m/1", "m/2"]


def test_suggest__says_that_it_is_not_ready() -> None:
    registry = Registry()
    registry.gate.clear()
    with closing(predictor(registry, Hand(), patience=0.05)) as model:
        model.prepare()
        with pytest.raises(UnreachableError, match="still being loaded"):
            model.suggest(["blé"])
        registry.gate.set()


def test_prepare__gets_the_rest_ready_once() -> None:
    ready: list[int] = []
    warmed = threading.Event()

    def warm() -> None:
        ready.append(1)
        warmed.set()

    model = ChampionPredictor(
        champion=lambda: None, load=Registry().load, nomenclature=lambda: campaigns.NAF, language="fr", warm=warm
    )
    with closing(model):
        for _ in range(3):
            model.prepare()
        warmed.wait(5)

    assert ready == [1]


def test_suggest__without_a_champion_there_is_nothing_until_there_is_one() -> None:
    registry, clock = Registry(), Hand()
    registry.champion = None
    with closing(predictor(registry, clock)) as model:
        assert model.suggest(["blé"])[0].codes == ()
        registry.champion, clock.now = "m/3", 60.0

        assert share(model) == 3 / 8
