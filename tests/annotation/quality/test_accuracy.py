from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from annotation.errors import InvalidInputError
from annotation.quality import accuracy, intervals
from annotation.quality.samples import InvalidSampleError

SAMPLES = 500


def design(probabilities: Sequence[float], strata: Sequence[str] | None = None) -> dict[str, Any]:
    """Simple random sampling in each stratum: its size is the sum of 1 / probability."""
    names = strata if strata is not None else ["all"] * len(probabilities)
    sizes: dict[str, float] = {}
    for name, probability in zip(names, probabilities, strict=True):
        sizes[name] = sizes.get(name, 0.0) + 1 / probability
    return {"inclusion_probability": probabilities, "population_size": sizes, "stratum": names}


@dataclass(frozen=True, slots=True)
class Stratum:
    """``texts`` in the population, ``drawn`` at random; shares of them that each model is right about."""

    texts: int
    drawn: int
    both: float
    only_challenger: float = 0.0
    only_champion: float = 0.0

    def population(self) -> np.ndarray:
        """(texts, 2): challenger right, champion right."""
        right = np.zeros((self.texts, 2))
        both = round(self.both * self.texts)
        new, old = round(self.only_challenger * self.texts), round(self.only_champion * self.texts)
        right[:both] = 1
        right[both : both + new, 0] = 1
        right[both + new : both + new + old, 1] = 1
        return right


class Sampling:
    def __init__(self, strata: Sequence[Stratum], seed: int) -> None:
        self.populations = [stratum.population() for stratum in strata]
        self.strata = strata
        self.random = np.random.default_rng(seed)
        names = [str(number) for number, stratum in enumerate(strata) for _ in range(stratum.drawn)]
        self.design = design([s.drawn / s.texts for s in strata for _ in range(s.drawn)], names)

    @property
    def everything(self) -> np.ndarray:
        return np.concatenate(self.populations)

    def sample(self) -> np.ndarray:
        return np.concatenate(
            [
                rows[self.random.choice(len(rows), stratum.drawn, replace=False)]
                for rows, stratum in zip(self.populations, self.strata, strict=True)
            ]
        )


def one(share: float, drawn: int) -> list[Stratum]:
    return [Stratum(5000, drawn, share)]


DESIGNS = {
    "half right, 30 texts": one(0.5, 30),
    "half right, 100 texts": one(0.5, 100),
    ".8 right, 30 texts": one(0.8, 30),
    ".8 right, 100 texts": one(0.8, 100),
    ".95 right, 30 texts": one(0.95, 30),
    ".95 right, 300 texts": one(0.95, 300),
    "audit of four strata": [Stratum(1000, n, p) for n, p in ((40, 0.3), (40, 0.7), (20, 0.9), (10, 0.99))],
    "strata of unequal size": [Stratum(size, 10, p) for size, p in ((1000, 0.2), (500, 0.4), (250, 0.6), (250, 0.8))],
    "few texts where most are right": [
        Stratum(1250, n, p) for n, p in ((80, 0.85), (40, 0.93), (20, 0.97), (10, 0.99))
    ],
    "more than half drawn": [Stratum(100, 60, 0.5), Stratum(100, 20, 0.8)],
}


@pytest.mark.parametrize("strata", DESIGNS.values(), ids=DESIGNS.keys())
def test_estimate__interval_holds_the_truth_as_often_as_it_says(strata: list[Stratum]) -> None:
    sampling = Sampling(strata, seed=20)
    truth = sampling.everything[:, 0].mean()
    estimates = [accuracy.estimate(sampling.sample()[:, 0], **sampling.design) for _ in range(SAMPLES)]

    held = np.mean([e.low <= truth <= e.high for e in estimates])
    values = [e.value for e in estimates]

    assert 0.92 <= held <= 0.985
    assert abs(np.mean(values) - truth) < 4 * np.std(values) / math.sqrt(SAMPLES)


PAIRS = {
    "challenger better, 50 texts": [Stratum(5000, 50, 0.5, 0.15, 0.1)],
    "challenger worse, 150 texts": [Stratum(5000, 150, 0.7, 0.05, 0.1)],
    "audit of four strata": [
        Stratum(1000, 50, 0.4, 0.2, 0.1),
        Stratum(1000, 50, 0.6, 0.1, 0.1),
        Stratum(1000, 30, 0.8, 0.05, 0.02),
        Stratum(1000, 20, 0.97, 0.01, 0.0),
    ],
}


@pytest.mark.parametrize("strata", PAIRS.values(), ids=PAIRS.keys())
def test_difference__interval_holds_the_truth_as_often_as_it_says(strata: list[Stratum]) -> None:
    sampling = Sampling(strata, seed=21)
    truth = float(np.diff(sampling.everything.mean(axis=0)[::-1])[0])
    estimates = [accuracy.difference(*sampling.sample().T, **sampling.design) for _ in range(SAMPLES)]

    held = np.mean([e.low <= truth <= e.high for e in estimates])
    values = [e.value for e in estimates]

    assert 0.93 <= held <= 0.98
    assert abs(np.mean(values) - truth) < 4 * np.std(values) / math.sqrt(SAMPLES)


@pytest.mark.parametrize("drawn", [50, 150, 300])
def test_difference__rarely_rules_out_a_loss_that_is_there(drawn: int) -> None:
    """The case that a gate must not get wrong: the models seldom disagree, and the challenger is 3 points worse."""
    sampling = Sampling([Stratum(5000, drawn, 0.9, 0.0, 0.03)], seed=22)
    estimates = [accuracy.difference(*sampling.sample().T, **sampling.design) for _ in range(SAMPLES)]

    assert np.mean([e.low > -0.03 for e in estimates]) <= 0.07


def test_estimate__by_hand() -> None:
    """Four of eight texts: the classic variance (1 - f) s2 / n is 0.5 * 0.25 / 4, so the sample is worth 6 texts."""
    found = accuracy.estimate([1, 1, 1, 0], **design([0.5] * 4))

    assert found.value == pytest.approx(0.75)
    assert found.standard_error == pytest.approx(math.sqrt(0.5 * 0.25 / 4))
    assert (found.n, found.effective_n, found.method) == (4, pytest.approx(6), "stratified")
    # Half the chance of what was seen, and all of what lies beyond, at either end.
    assert (found.low, found.high) == pytest.approx(intervals.mid_p(0.75, 6, 0.95))


def test_estimate__weighs_a_text_by_how_many_it_stands_for() -> None:
    """Stratum a: 2 of 4 drawn, half right. Stratum b: 1 of 6 drawn, right. So (4 * 0.5 + 6 * 1) / 10."""
    found = accuracy.estimate([1, 0, 1], **design([0.5, 0.5, 1 / 6], ["a", "a", "b"]))

    assert found.value == pytest.approx(0.8)


def test_estimate__texts_chosen_for_being_uncertain_would_mislead_a_plain_mean() -> None:
    found = accuracy.estimate([0, 0, 0, 1, 1], **design([0.9, 0.9, 0.9, 0.01, 0.01], list("aaabb")))

    assert found.value > 0.95


def test_estimate__everything_was_looked_at() -> None:
    found = accuracy.estimate([1, 0, 1, 1], **design([1.0] * 4))

    assert (found.low, found.value, found.high) == (0.75, 0.75, 0.75)


@pytest.mark.parametrize("right", [0, 1])
def test_estimate__all_alike_is_no_certainty(right: int) -> None:
    found = accuracy.estimate([right] * 30, **design([0.1] * 30))

    assert found.value == right
    assert 0.08 < found.high - found.low < 0.2


def test_estimate__one_text_in_a_stratum() -> None:
    found = accuracy.estimate([1, 0, 1, 0], **design([0.5, 0.5, 0.5, 0.1], ["a", "a", "a", "b"]))

    assert 0 <= found.low < found.value < found.high <= 1


def test_estimate__nothing_observed() -> None:
    with pytest.raises(InvalidSampleError, match="no observed text"):
        accuracy.estimate([], [], population_size=100)


def test_difference__is_that_of_the_two_estimates() -> None:
    drawn = design([0.5, 0.5, 0.2, 0.2], ["a", "a", "b", "b"])
    new, old = [1, 1, 0, 1], [1, 0, 1, 1]
    found = accuracy.difference(new, old, **drawn)
    both = accuracy.estimate(new, **drawn), accuracy.estimate(old, **drawn)

    assert found.value == pytest.approx(both[0].value - both[1].value)
    assert found.low <= found.value <= found.high


def test_difference__agreement_on_few_texts_leaves_room_for_one() -> None:
    fifty, three_hundred = (accuracy.difference([1] * n, [1] * n, **design([0.05] * n)) for n in (50, 300))

    assert fifty.value == 0
    assert fifty.low < -0.03 < three_hundred.low < 0 < three_hundred.high < 0.03 < fifty.high


def test_difference__everything_was_looked_at() -> None:
    found = accuracy.difference([1, 1], [0, 1], **design([1.0, 1.0]))

    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_difference__one_text_says_next_to_nothing() -> None:
    found = accuracy.difference([1], [0], [0.5], population_size=2)

    assert found.value == 1
    assert found.low < -0.9


@pytest.mark.parametrize("probability", [0.0, 1.1, -0.2])
def test_estimate__refuses_what_is_no_probability(probability: float) -> None:
    with pytest.raises(InvalidSampleError, match="outside"):
        accuracy.estimate([1], [probability], population_size=10)


@pytest.mark.parametrize("error", [ValueError, InvalidInputError])
def test_estimate__refuses_strata_of_another_length(error: type[Exception]) -> None:
    with pytest.raises(error, match="1 strata do not fit 2"):
        accuracy.estimate([1, 0], [0.5, 0.5], population_size=4, stratum=["a"])
