from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling import neighbours

WORDINGS = {
    "01.12Z": ["culture riz"],
    "96.02A": ["coiffure", "salon coiffure"],
    "49.32Z": ["transport voyageurs taxi"],
}


def test_find__the_code_whose_wording_shares_most() -> None:
    found = neighbours.find(["coiffure domicile", "taxi", "riz"], WORDINGS)

    assert [found.code(row) for row in range(3)] == ["96.02A", "49.32Z", "01.12Z"]
    assert (found.similarity > 0.3).all()


def test_find__what_is_misspelt_or_accented() -> None:
    found = neighbours.find(["coifure", "transpor de voyageur", "rîz"], WORDINGS)

    assert [found.code(row) for row in range(3)] == ["96.02A", "49.32Z", "01.12Z"]


def test_find__what_shares_nothing_is_similar_to_nothing() -> None:
    assert neighbours.find(["zzz", ""], WORDINGS).similarity.tolist() == [0, 0]


def test_find__the_same_wording_has_cosine_one() -> None:
    np.testing.assert_allclose(neighbours.find(["salon coiffure"], WORDINGS).similarity, 1, rtol=1e-5)


def test_find__nothing_to_compare() -> None:
    assert neighbours.find([], WORDINGS).similarity.tolist() == []
    assert neighbours.find(["riz"], {}).similarity.tolist() == [0]
    assert neighbours.find(["riz"], {"01.12Z": [""]}).similarity.tolist() == [0]
    assert neighbours.find([""], WORDINGS).similarity.tolist() == [0]


def test_among__others_share_nothing() -> None:
    found = neighbours.find(["riz", "taxi"], WORDINGS).among(4, np.array([1, 3]))

    assert (found.similarity > 0).tolist() == [False, True, False, True]
    assert [found.code(1), found.code(3)] == ["01.12Z", "49.32Z"]


@settings(max_examples=20)
@given(st.permutations(["riz long", "taxi moto", "coiffure", "fleurs", "culture"]))
def test_find__each_text_has_its_neighbour_wherever_it_stands(words: list[str]) -> None:
    here = neighbours.find(sorted(words), WORDINGS)
    there = neighbours.find(words, WORDINGS)
    place = {word: row for row, word in enumerate(sorted(words))}

    np.testing.assert_allclose(there.similarity, [here.similarity[place[word]] for word in words], atol=1e-6)
