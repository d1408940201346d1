from __future__ import annotations

import itertools

import pytest

from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError
from sampling.replay import history

NORMALISER = Normaliser()
PAIRS = list(itertools.product("bcdfgjkm", repeat=2))
MANY = [(f"culture {first}{second}x", "AB"[place % 2]) for place, (first, second) in enumerate(PAIRS)]


def test_build__texts_read_alike_are_one_row_with_their_most_usual_code() -> None:
    coded = [*MANY, ("Boulangerie", "B"), ("BOULANGERIE !", "C"), ("boulangerie", "C")]

    found = history.build(coded, normaliser=NORMALISER)

    row = found.lines.index(NORMALISER.clean("boulangerie"))
    assert (found.codes[row], found.frequency[row]) == ("C", 3)
    assert found.left_out["another code than most"] == 1
    assert len(found) == len(MANY) + 1


def test_build__of_codes_equally_usual_the_first_is_taken_whatever_the_order() -> None:
    one = history.build([*MANY, ("taxi", "Z"), ("taxi", "B")], normaliser=NORMALISER)
    other = history.build([("taxi", "B"), ("taxi", "Z"), *reversed(MANY)], normaliser=NORMALISER)

    assert one == other
    assert one.codes[one.lines.index(NORMALISER.clean("taxi"))] == "B"


def test_build__empty_texts_and_missing_codes_are_left_out_and_counted() -> None:
    found = history.build([*MANY, ("", "A"), ("123 !", "A"), ("taxi", "")], normaliser=NORMALISER)

    assert found.left_out == {"nothing to code": 2, "without code": 1, "another code than most": 0}
    assert len(found) == len(MANY)


def test_build__too_few_texts_are_refused_with_what_was_left_out() -> None:
    with pytest.raises(InvalidInputError, match=r"10 different coded texts \(1 without code\)"):
        history.build([*MANY[:10], ("taxi", "")], normaliser=NORMALISER)


def test_build__a_single_code_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="All texts have the code A"):
        history.build([(text, "A") for text, _ in MANY], normaliser=NORMALISER)
