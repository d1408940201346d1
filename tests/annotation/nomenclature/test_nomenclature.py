from __future__ import annotations

import pickle

import pytest

from annotation.errors import InvalidInputError
from annotation.nomenclature import nomenclature as nomenclatures
from annotation.nomenclature.code import UnknownCodeError
from annotation.nomenclature.nomenclature import Code, Nomenclature


def bakery(*, title: str = "Boulangerie et boulangerie-pâtisserie") -> Nomenclature:
    return Nomenclature(
        key="naf",
        title="Nomenclature d'activités",
        codes=[
            Code("C", 1, None, "Industrie manufacturière", leaf=False),
            Code("10", 2, "C", "Industries alimentaires", leaf=False),
            Code("10.71", 3, "10", "Fabrication de pain", leaf=False),
            Code("10.71A", 4, "10.71", "Fabrication industrielle de pain"),
            Code("10.71C", 4, "10.71", title, includes="Fabrication de pain frais, terminaux de cuisson"),
            Code("11", 2, "C", "Fabrication de boissons"),
        ],
    )


def test_nomenclature__keeps_published_order_and_numbers_it() -> None:
    naf = bakery()

    assert list(naf.codes) == ["C", "10", "10.71", "10.71A", "10.71C", "11"]
    assert [code.position for code in naf] == [0, 1, 2, 3, 4, 5]
    assert [code.code for code in naf.leaves] == ["10.71A", "10.71C", "11"]
    assert naf.levels == 4
    assert len(naf) == 6
    assert "10.71A" in naf
    assert "1071A" not in naf


def test_nomenclature__cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        bakery().codes["X"] = Code("X", 1, None, "x")  # type: ignore[index]


def test_nomenclature__travels_between_processes() -> None:
    naf = bakery()
    naf.search("pain")

    assert pickle.loads(pickle.dumps(naf)) == naf
    assert hash(naf) == hash(bakery())
    assert naf != bakery(title="Boulangerie")


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([], "has no code"),
        ([Code("A", 1, None, "a"), Code("A", 1, None, "b")], "A stands twice"),
        ([Code("01", 2, "A", "a")], "parent A of 01 is missing"),
        ([Code("A", 2, "B", "a"), Code("B", 1, "A", "b")], "B .* is not below its parent A"),
        ([Code("A", 0, None, "a")], "A is on level 0"),
    ],
)
def test_nomenclature__refuses_codes_that_do_not_agree(codes: list[Code], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Nomenclature(key="bad", title="", codes=codes)


def test_parse__a_code_above_the_leaves_is_refused_where_a_leaf_is_wanted() -> None:
    naf = bakery()

    assert naf.parse("1071") == "10.71"
    assert naf.parse("1071C", leaf=True) == "10.71C"
    with pytest.raises(UnknownCodeError, match=r"is not a leaf of naf\. Write 10\.71A or 10\.71C\."):
        naf.parse("10.71", leaf=True)


def test_ancestors__from_the_parent_up() -> None:
    assert [code.code for code in bakery().ancestors("10.71A")] == ["10.71", "10", "C"]
    assert bakery().ancestors("C") == ()


def test_children__of_none_are_the_codes_at_the_top() -> None:
    naf = bakery()

    assert [code.code for code in naf.children("C")] == ["10", "11"]
    assert [code.code for code in naf.children(None)] == ["C"]
    assert naf.children("11") == ()


@pytest.mark.parametrize(
    ("code", "level", "expected"),
    [("10.71A", 4, "10.71A"), ("10.71A", 2, "10"), ("10.71A", 1, "C"), ("11", 4, "11"), ("C", 3, "C")],
)
def test_at_level__a_shallower_code_gives_itself(code: str, level: int, expected: str) -> None:
    assert bakery().at_level(code, level) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("10.71C", ["10.71C"]),
        ("1071c", ["10.71C"]),
        ("1071", ["10.71", "10.71A", "10.71C"]),
        ("patisserie boulang", ["10.71C"]),
        ("PAIN", ["10.71", "10.71A", "10.71C"]),
        ("fabrication de boissons", ["11"]),
        ("terminaux", ["10.71C"]),
        ("pain et limonade", ["10.71", "10.71A", "10.71C"]),
        ("limonade", []),
        ("  ", []),
    ],
)
def test_search__code_first_then_title_then_notes(query: str, expected: list[str]) -> None:
    assert [code.code for code in bakery().search(query)] == expected


def test_search__gives_no_more_than_asked() -> None:
    assert [code.code for code in bakery().search("pain", limit=1)] == ["10.71"]


def test_diff__tells_added_removed_retitled_and_moved() -> None:
    new = Nomenclature(
        key="naf",
        title="",
        codes=[
            Code("C", 1, None, "INDUSTRIE MANUFACTURIERE", leaf=False),
            Code("10", 2, "C", "Industries alimentaires", leaf=False),
            Code("10.71", 3, "10", "Fabrication de pain", leaf=False),
            Code("10.71C", 3, "10", "Boulangerie"),
            Code("11", 2, "C", "Fabrication de boissons"),
            Code("12", 2, "C", "Tabac"),
        ],
    )

    change = nomenclatures.diff(bakery(), new)

    assert change.added == ("12",)
    assert change.removed == ("10.71A",)
    assert change.retitled == ("10.71C",)
    assert change.moved == ("10.71C",)
