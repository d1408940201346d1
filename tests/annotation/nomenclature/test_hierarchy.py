from __future__ import annotations

import pytest

from annotation.nomenclature import hierarchy
from annotation.nomenclature.hierarchy import Hierarchy


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["A", "01", "01.1", "01.11", "01.11Z"], Hierarchy.NAF),
        (["0111Z", "0112Z"], Hierarchy.NAF),
        (["01.11", "01.12"], Hierarchy.NAF),
        (["01", "01.1", "01.1.1", "01.1.1.1", "09.2.2.10"], Hierarchy.DOTTED),
        (["A00", "A00.0", "A00.1"], Hierarchy.DOTTED),
        (["1", "11", "111"], Hierarchy.PREFIX),
        (["01110", "01120"], Hierarchy.FLAT),
        (["Node.js", "card", "card_arrival"], Hierarchy.FLAT),
        (["A", "B"], Hierarchy.FLAT),
    ],
)
def test_guess__by_the_way_codes_are_written(codes: list[str], expected: Hierarchy) -> None:
    assert hierarchy.guess(codes) is expected


def test_guess__a_bad_row_does_not_hide_the_others() -> None:
    assert hierarchy.guess([*(f"01{number}Z" for number in range(10, 30)), "3299y"]) is Hierarchy.NAF


def test_parent__is_the_nearest_that_is_known() -> None:
    known = {"01", "01.1"}

    assert hierarchy.parent("01.1.1.1", hierarchy=Hierarchy.DOTTED, known=known) == "01.1"
    assert hierarchy.parent("01.11Z", hierarchy=Hierarchy.NAF, known=known) == "01.1"
    assert hierarchy.parent("02", hierarchy=Hierarchy.NAF, known=known) is None
    assert hierarchy.parent("011", hierarchy=Hierarchy.PREFIX, known=known) == "01"
    assert hierarchy.parent("011", hierarchy=Hierarchy.FLAT, known=known) is None
