from __future__ import annotations

import numpy as np
import pytest

from sync.demo import variation

SEEDS = range(40)


def test_in_capitals__has_neither_accents_nor_apostrophes_nor_ligatures() -> None:
    assert variation.in_capitals("gros œuvre, pose d'évacuations") == "GROS OEUVRE  POSE D EVACUATIONS"


@pytest.mark.parametrize("seed", SEEDS)
def test_misspell__changes_one_word_by_at_most_one_letter_in_length(seed: int) -> None:
    text = "maçonnerie générale"
    words = variation.misspell(text, np.random.default_rng(seed)).split()

    assert abs(len("".join(words)) - len(text.replace(" ", ""))) <= 1
    assert sum(one != other for one, other in zip(words, text.split(), strict=True)) <= 1


@pytest.mark.parametrize("text", ["", "-", ".", "SCI", "DJ"])
def test_as_declared__takes_the_shortest_texts(text: str) -> None:
    for seed in SEEDS:
        variation.as_declared(text, np.random.default_rng(seed))


def test_abbreviate__shortens_a_word_it_knows_and_leaves_other_texts_alone() -> None:
    rng = np.random.default_rng(1)

    assert variation.abbreviate("restauration rapide", rng) == "rest. rapide"
    assert variation.abbreviate("taxi", rng) == "taxi"


def test_abbreviate__is_not_misled_by_a_longer_word() -> None:
    assert variation.abbreviate("transformation de farine", np.random.default_rng(1)) == "transformation de farine"
