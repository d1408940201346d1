from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.domain.text import Cleaning, Normaliser
from sampling import near_copies

WORDS = st.lists(
    st.sampled_from(["boulangerie", "boulangeries", "patisserie", "artisanale", "non", "vente"]), max_size=4
)


def test_clusters__the_same_words_in_another_order() -> None:
    assert near_copies.clusters(["cote porc echine", "porc cote echine", "cote porc"]).tolist() == [0, 0, 1]


def test_clusters__what_is_misspelt() -> None:
    words = [
        "installation maintenance equipements informatiques",
        "garage",
        "instalation maintenance equipements informatique",
    ]

    assert near_copies.clusters(words).tolist() == [0, 1, 0]


def test_clusters__another_word_is_another_text() -> None:
    words = ["commerce detail fruits legumes", "commerce gros fruits legumes", "commerce detail fruits"]

    assert near_copies.clusters(words).tolist() == [0, 1, 2]


@pytest.mark.parametrize("word", ["non", "sauf", "without", "autres"])
def test_clusters__a_word_that_turns_the_meaning(word: str) -> None:
    words = ["accommodation residential care mental health charitable organisations"]

    assert near_copies.clusters([*words, f"{words[0]} {word}"], threshold=0.5).tolist() == [0, 1]
    assert near_copies.clusters([*words, f"{words[0]} qui"], threshold=0.5).tolist() == [0, 0]


def test_clusters__chains_are_not_followed() -> None:
    """Each wording is near the next one, but the first is far from the last: one star cannot hold them all."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    chain = [letters[n : n + 16] for n in range(8)]
    found = near_copies.clusters(chain, threshold=0.75)
    by_cluster = [[chain[row] for row in np.flatnonzero(found == number)] for number in set(found.tolist())]

    assert len(by_cluster) > 1
    assert all(jaccard(one[0], other) >= 0.5 for one in by_cluster for other in one)


def test_clusters__the_most_frequent_wording_is_the_centre() -> None:
    frequent, left, right = "abcdefghijklmnopqr", "bcdefghijklmnopqrs", "zabcdefghijklmnopq"
    apart = near_copies.clusters([left, right], threshold=0.7)
    around = near_copies.clusters([left, right, frequent, frequent], threshold=0.7)

    assert len(set(apart.tolist())) == 2
    assert len(set(around.tolist())) == 1


def test_clusters__texts_without_words_stand_alone() -> None:
    assert near_copies.clusters(["", "riz", " ", "riz"]).tolist() == [0, 1, 2, 1]
    assert near_copies.clusters([]).tolist() == []
    assert near_copies.clusters(["", ""]).tolist() == [0, 1]


@settings(max_examples=40)
@given(st.lists(WORDS.map(" ".join), max_size=12), st.randoms(use_true_random=False))
def test_clusters__do_not_depend_on_the_order_of_texts(words: list[str], random: object) -> None:
    turned = list(range(len(words)))
    random.shuffle(turned)  # type: ignore[attr-defined]
    here = near_copies.clusters(words)
    there = near_copies.clusters([words[row] for row in turned])

    assert (there[:, None] == there).tolist() == (here[turned][:, None] == here[turned]).tolist()


@settings(max_examples=40)
@given(st.lists(WORDS.map(" ".join), min_size=1, max_size=12))
def test_clusters__are_numbered_as_they_appear(words: list[str]) -> None:
    found = near_copies.clusters(words)

    assert list(dict.fromkeys(found.tolist())) == list(range(found.max() + 1))


@pytest.mark.real_data
def test_clusters__on_receipt_lines_what_is_put_together_has_one_code(shared_data: Path) -> None:
    """Compared with identical wordings, whose codes people gave differently too."""
    lines = pd.read_csv(shared_data / "coicop" / "tickets_application_min.csv", sep=";", dtype=str)
    lines = lines.dropna(subset=["product", "Code coicop"])
    normaliser = Normaliser(Cleaning())
    words = [normaliser.clean(text) for text in lines["product"]]
    # Numbered by hand, for a text of digits alone has no words.
    bags = pd.factorize(pd.Series([" ".join(sorted(word.split())) or str(n) for n, word in enumerate(words)]))[0]
    found = near_copies.clusters(words)
    added = shared(found, lines["Code coicop"]) - shared(bags, lines["Code coicop"])

    assert found.max() < bags.max() - 40
    assert added[0] / added[1] >= 0.93
    assert np.bincount(found).max() == np.bincount(bags).max()


def shared(clusters: np.ndarray, codes: pd.Series) -> np.ndarray:
    """Texts in clusters of several that have their cluster's usual code, and all texts in such clusters."""
    frame = pd.DataFrame({"cluster": clusters, "code": codes.to_numpy()})
    several = frame[frame.groupby("cluster")["code"].transform("size") > 1]
    usual = several.groupby(["cluster", "code"]).size().groupby("cluster").max().sum()
    return np.array([usual, len(several)])


def jaccard(one: str, other: str) -> float:
    left, right = ({f" {text} "[n : n + 3] for n in range(len(text))} for text in (one, other))
    return len(left & right) / len(left | right)
