from __future__ import annotations

from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.quality import longtable
from annotation.quality.longtable import Judged, TableAgreement

NAF = Nomenclature(
    key="naf",
    title="",
    codes=[
        Code("A", 1, None, "", leaf=False),
        Code("01.11Z", 2, "A", ""),
        Code("01.12Z", 2, "A", ""),
    ],
)


def measured(*cells: tuple[str, str, str], nomenclature: Nomenclature | None = NAF) -> TableAgreement:
    rows = [Judged("f.csv", number, *told) for number, told in enumerate(cells, start=2)]
    return longtable.measure(rows, nomenclature=nomenclature)


def test_measure__spellings_of_one_code_agree() -> None:
    found = measured(("t1", "a", "01.11Z"), ("t1", "b", "0111Z"), ("t2", "a", " 01.12Z"), ("t2", "b", "01.11Z"))

    assert found.agreement.percent is not None
    assert found.agreement.percent.value == 0.5
    assert found.agreement.levels[1].percent is not None
    assert found.agreement.levels[1].percent.value == 1.0
    assert not found.refused


def test_measure__without_a_nomenclature_codes_are_what_they_say() -> None:
    found = measured(("t1", "a", "01.11Z"), ("t1", "b", "0111Z"), nomenclature=None)

    assert found.agreement.percent is not None
    assert found.agreement.percent.value == 0.0
    assert not found.agreement.levels


def test_measure__rows_that_cannot_be_taken_say_why() -> None:
    found = measured(
        ("t1", "a", "01.11Z"), ("t1", "b", ""), ("", "a", "01.11Z"), ("t1", "", "01.11Z"), ("t1", "b", "0111z")
    )

    assert [one.row for one in found.refused] == [3, 4, 5, 6]
    assert [one.reason.partition(".")[0] for one in found.refused[:3]] == [
        "The row has no code",
        "The row has no text",
        "The row has no coder",
    ]
    assert "01.11Z" in found.refused[3].reason
    assert found.agreement.judgements == 1


def test_measure__the_last_answer_of_a_coder_counts_and_the_former_is_told() -> None:
    found = measured(("t1", "a", "01.11Z"), ("t1", "b", "01.12Z"), ("t1", "a", "01.12Z"))

    assert found.agreement.percent is not None
    assert found.agreement.percent.value == 1.0
    assert [(one.row, one.reason) for one in found.refused] == [
        (2, "The same coder answered this text again in row 4, which counts.")
    ]


def test_measure__texts_with_one_answer_are_counted_apart() -> None:
    found = measured(("t1", "a", "01.11Z"), ("t1", "b", "01.11Z"), ("t2", "a", "01.12Z"))

    assert (found.texts, found.agreement.units) == (2, 1)
