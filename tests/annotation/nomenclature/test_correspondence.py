from __future__ import annotations

import pytest

from annotation.errors import InvalidInputError
from annotation.nomenclature import correspondence
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.nomenclature import Code, Nomenclature

OLD = Nomenclature(key="old", title="", codes=[Code(code, 1, None, "") for code in ("01.11Z", "01.12Z", "01.13Z")])
NEW = Nomenclature(
    key="new", title="", codes=[Code(code, 1, None, "") for code in ("01.11Y", "01.12G", "01.12H", "46.89Y")]
)
TABLE = Correspondence(
    key="2026-01",
    source="old",
    target="new",
    pairs=(("01.11Z", "01.11Y"), ("01.12Z", "01.12H"), ("01.12Z", "01.12G")),
)


def test_candidates__in_published_order_and_none_for_a_code_not_there() -> None:
    assert TABLE.candidates("01.12Z") == ("01.12H", "01.12G")
    assert TABLE.candidates("99.99Z") == ()


def test_correspondence__sorts_old_codes_by_how_many_candidates_they_have() -> None:
    assert TABLE.univocal == {"01.11Z"}
    assert TABLE.multivocal == {"01.12Z"}
    assert TABLE.unmapped(OLD) == ("01.13Z",)
    assert TABLE.without_antecedent(NEW) == ("46.89Y",)


def test_correspondence__refuses_a_pair_that_stands_twice() -> None:
    with pytest.raises(InvalidInputError, match=r"01\.11Z -> 01\.11Y stands twice"):
        Correspondence(key="k", source="old", target="new", pairs=(("01.11Z", "01.11Y"),) * 2)


def test_between__brings_codes_into_their_published_spelling() -> None:
    table = correspondence.between(key="k", old=OLD, new=NEW, pairs=[("0111Z", " 01.11Y")])

    assert table.pairs == (("01.11Z", "01.11Y"),)
    assert (table.source, table.target) == ("old", "new")


@pytest.mark.parametrize("pair", [("01.11z", "01.11Y"), ("01.11Z", "01.11Z")])
def test_between__refuses_a_code_that_either_nomenclature_lacks(pair: tuple[str, str]) -> None:
    with pytest.raises(UnknownCodeError):
        correspondence.between(key="k", old=OLD, new=NEW, pairs=[pair])


def test_diff__tells_which_old_codes_have_to_be_decided_again() -> None:
    later = Correspondence(
        key="2026-06",
        source="old",
        target="new",
        pairs=(("01.11Z", "01.11Y"), ("01.11Z", "46.89Y"), ("01.12Z", "01.12G")),
    )

    change = correspondence.diff(TABLE, later)

    assert change.added == (("01.11Z", "46.89Y"),)
    assert change.removed == (("01.12Z", "01.12H"),)
    assert change.changed == {"01.11Z", "01.12Z"}
    assert change.became_univocal == {"01.12Z"}
    assert change.became_multivocal == {"01.11Z"}
