from __future__ import annotations

import pytest

from annotation.nomenclature import code
from annotation.nomenclature.code import Spellings, UnknownCodeError

NAF = Spellings(["32", "32.99", "32.99Z", "32.99Y", "01.11Z"], nomenclature="naf")


@pytest.mark.parametrize("raw", ["01.11Z", "0111Z", " 01.11Z ", "0111Z\u00a0", "\u202f01.11Z", "\ufeff0111Z", "01 11Z"])
def test_parse__accepts_dots_or_none_and_blanks_around(raw: str) -> None:
    assert NAF.parse(raw) == "01.11Z"


@pytest.mark.parametrize("raw", ["3299y", "32.99y"])
def test_parse__refuses_lower_case_and_names_the_published_code(raw: str) -> None:
    with pytest.raises(UnknownCodeError) as refused:
        NAF.parse(raw)

    assert refused.value.nearest == ("32.99Y",)
    assert str(refused.value) == f"{raw!r} is not in the case of the published code of naf. Write 32.99Y."
    assert refused.value.exit_code == 3


def test_parse__unknown_code_names_those_with_the_same_beginning() -> None:
    with pytest.raises(UnknownCodeError) as refused:
        NAF.parse("32.98Z")

    assert refused.value.nearest[0] == "32.99Z"


@pytest.mark.parametrize("raw", ["", "  ", "???", "XYZ"])
def test_parse__nothing_alike_still_has_a_cure(raw: str) -> None:
    with pytest.raises(UnknownCodeError) as refused:
        NAF.parse(raw)

    assert refused.value.nearest == ()
    assert refused.value.cure


def test_parse__a_spelling_without_dots_that_two_codes_share_is_refused() -> None:
    mixed = Spellings(["01.1.1", "01.11", "02"], nomenclature="coicop")

    assert mixed.parse("01.11") == "01.11"
    with pytest.raises(UnknownCodeError) as refused:
        mixed.parse("0111")
    assert refused.value.nearest == ("01.1.1", "01.11")


def test_parse__published_lower_case_is_the_case_to_write() -> None:
    intents = Spellings(["card_arrival", "Refund_not_showing_up"], nomenclature="banking")

    assert intents.parse("card_arrival") == "card_arrival"
    with pytest.raises(UnknownCodeError, match="Write Refund_not_showing_up"):
        intents.parse("refund_not_showing_up")
    with pytest.raises(UnknownCodeError, match="Write card_arrival"):
        intents.parse("card_arival")


def test_compact__strips_dots_and_every_blank() -> None:
    assert code.compact("\u00a001.1 1Z\u200b") == "0111Z"


def test_dotted__only_the_spelling_of_naf() -> None:
    assert [code.dotted(raw) for raw in ("0111Z", "01111", "card", "0111z")] == ["01.11Z", "01111", "card", "0111z"]
