"""What holds of the codes of any nomenclature."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.nomenclature import code as spelling
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.nomenclature import Code, Nomenclature

NAF = st.from_regex(r"[0-9]{2}\.[0-9]{2}[A-Z]", fullmatch=True)
COICOP = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=5).map(".".join)
SIC = st.from_regex(r"[0-9]{5}", fullmatch=True)
LABEL = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=20)
TITLE = st.text(string.ascii_letters + "éèàùçœÉ '-,().", max_size=40).filter(lambda text: any(map(str.isalpha, text)))
BLANKS = st.sampled_from(["", " ", "\u00a0", "\t", "\u202f ", "\ufeff"])


@st.composite
def nomenclatures(draw: st.DrawFn) -> Nomenclature:
    written = draw(st.sampled_from([NAF, COICOP, SIC, LABEL]))
    codes = draw(st.lists(written, min_size=1, max_size=15, unique=True))
    return Nomenclature(key="any", title="", codes=[Code(code, 1, None, draw(TITLE)) for code in codes])


@given(nomenclatures(), BLANKS, BLANKS)
def test_parse__every_code_is_found_whatever_blanks_stand_around(
    nomenclature: Nomenclature, before: str, after: str
) -> None:
    assert [nomenclature.parse(f"{before}{code}{after}") for code in nomenclature.codes] == list(nomenclature.codes)


@given(nomenclatures())
def test_parse__undoes_compact_unless_two_codes_share_it(nomenclature: Nomenclature) -> None:
    compacted = [spelling.compact(code) for code in nomenclature.codes]

    for code, short in zip(nomenclature.codes, compacted, strict=True):
        if compacted.count(short) == 1 or short in nomenclature:
            assert nomenclature.parse(short) == (short if short in nomenclature else code)
        else:
            with pytest.raises(UnknownCodeError) as refused:
                nomenclature.parse(short)
            assert code in refused.value.nearest


@given(nomenclatures(), st.text(max_size=12))
def test_parse__gives_a_code_of_the_nomenclature_or_refuses(nomenclature: Nomenclature, raw: str) -> None:
    try:
        found = {nomenclature.parse(raw)}
    except UnknownCodeError as refused:
        found = set(refused.nearest)

    assert found <= set(nomenclature.codes)


@given(nomenclatures())
def test_parse__never_mends_the_case(nomenclature: Nomenclature) -> None:
    for code in nomenclature.codes:
        other = code.swapcase()
        if other not in nomenclature:
            with pytest.raises(UnknownCodeError):
                nomenclature.parse(other)


@given(nomenclatures())
def test_search__finds_each_code_by_its_own_title_and_spelling(nomenclature: Nomenclature) -> None:
    for code in nomenclature:
        assert code in nomenclature.search(code.title, limit=len(nomenclature))
        assert code in nomenclature.search(code.code, limit=len(nomenclature))


@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"))))
def test_correspondence__each_old_code_is_univocal_or_multivocal(pairs: set[tuple[str, str]]) -> None:
    table = Correspondence(key="k", source="old", target="new", pairs=tuple(sorted(pairs)))

    assert table.univocal | table.multivocal == {old for old, _ in pairs}
    assert not table.univocal & table.multivocal
    assert sum(len(table.candidates(old)) for old in "abcdef") == len(pairs)
