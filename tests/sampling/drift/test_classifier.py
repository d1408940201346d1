from __future__ import annotations

import numpy as np

from sampling.drift import classifier, terms
from sampling.drift.classifier import Told
from sampling.drift.repeats import Split

WORDS = [f"mot{number}" for number in range(120)]


def wordings(random: np.random.Generator, number: int, also: str = "") -> list[str]:
    drawn = [" ".join(random.choice(WORDS, 4, replace=False)) for _ in range(number)]
    return [f"{one} {also}".strip() for one in drawn]


def tell(said: list[str], before: np.ndarray, after: np.ndarray, seed: int, together: float = 0.0) -> Told:
    split = Split(before, after, np.arange(len(said)))
    return classifier.tell(
        said, terms.build(tuple(said)), split, random=np.random.default_rng(seed), replicates=99, together=together
    )


def test_tell__texts_of_one_source_are_seldom_told_apart() -> None:
    """With ordinary cross-validation some 12 of 100 would be."""
    alarms = 0
    for seed in range(100):
        random = np.random.default_rng([1, seed])
        said = list(dict.fromkeys(wordings(random, 500)))
        after = (random.random(len(said)) < 0.4).astype(int)
        alarms += tell(said, 1 - after, after, seed).p_value <= 0.05

    assert alarms <= 11  # the 99 % bound of a binomial law with 100 trials at 0.05


def test_tell__a_word_that_only_one_window_has_is_found() -> None:
    random = np.random.default_rng(2)
    said = wordings(random, 600) + wordings(random, 60, also="drone")
    after = np.append(random.random(600) < 0.4, np.ones(60)).astype(int)
    found = tell(said, 1 - after, after, 3)

    assert found.p_value < 0.001
    assert found.classifier is not None
    odds = found.classifier.log_odds(["mot1 mot2 drone", "mot1 mot2", "entirely unheard"])
    assert odds[0] > odds[1]
    assert odds[2] == 0


def test_tell__nothing_to_learn_from() -> None:
    assert tell(["un", "deux"], np.array([1, 0]), np.array([0, 1]), 1).p_value == 1.0
    assert tell([""], np.array([1]), np.array([1]), 1).p_value == 1.0


def test_folds__a_wording_is_always_in_the_same_one() -> None:
    assert classifier.folds(["un", "deux", "un"]).tolist() == classifier.folds(["un", "deux", "un"]).tolist()
    assert set(classifier.folds(WORDS).tolist()) == set(range(classifier.FOLDS))
