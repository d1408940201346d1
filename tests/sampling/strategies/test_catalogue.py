from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from annotation.errors import InvalidInputError
from sampling.pool import Pool
from sampling.settings import DrawSettings
from sampling.strategies import catalogue
from tests.parts import pools


class Longest:
    """A strategy of one's own: the longest texts first."""

    name = "longest"

    def score(self, pool: Pool, random: np.random.Generator) -> npt.NDArray[np.float64]:
        return pool.frame["words"].str.len().to_numpy(dtype=float)


class Demanding(Longest):
    def __init__(self, size: int) -> None:
        self.size = size


class Nameless:
    def score(self, pool: Pool, random: np.random.Generator) -> npt.NDArray[np.float64]:
        return np.zeros(0)


@pytest.mark.parametrize("name", catalogue.STRATEGIES)
def test_find__each_name_gives_the_strategy_of_that_name(name: str) -> None:
    pool = pools.pool_of([pools.row(n, 0.1 * n, code=f"c{n}") for n in range(6)])
    strategy = catalogue.find(name)

    assert strategy.name == name
    assert strategy.score(pool, np.random.default_rng(1)).shape == (6,)


def test_find__the_default_has_a_name() -> None:
    assert DrawSettings().strategy in catalogue.STRATEGIES


def test_find__ones_own_by_its_path() -> None:
    strategy = catalogue.find(f"{__name__}:Longest")

    assert strategy.score(pools.pool_of([pools.row(0, 0.1, line="ab")]), np.random.default_rng(1)).tolist() == [2.0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("margins", "There is no strategy 'margins'. Name one of random, least_confidence, margin"),
        ("no_such_package.here:One", "cannot be imported"),
        (f"{__name__}:Shortest", "has no Shortest"),
        (f"{__name__}:Demanding", "made without arguments"),
        (f"{__name__}:Nameless", "is no strategy"),
        (":", "cannot be imported"),
    ],
)
def test_find__what_is_no_strategy(name: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        catalogue.find(name)

    assert message in str(caught.value)
