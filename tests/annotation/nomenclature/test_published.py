"""The files that offices publish, read as they are."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from annotation.errors import InvalidRowError
from annotation.nomenclature import nomenclature as nomenclatures
from annotation.nomenclature import readers
from annotation.nomenclature.layouts import Named
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.nomenclature.readers import ReadOptions

pytestmark = pytest.mark.real_data
INDEX = "uksic_alphabetical_index_dual_2003_2007.csv"


@pytest.fixture(scope="session")
def rev2(shared_data: Path) -> Nomenclature:
    return readers.read_nomenclature(shared_data / "naf/apistration_NAFRev2.csv", key="naf-rev2", title="NAF rév. 2")


@pytest.fixture(scope="session")
def naf2025(shared_data: Path) -> Nomenclature:
    bare = readers.read_nomenclature(shared_data / "naf/data_naf.xlsx", key="naf-2025", title="NAF 2025")
    return readers.merge_notes(bare, shared_data / "naf/NAFclasses.xlsx")


def per_level(nomenclature: Nomenclature) -> dict[int, int]:
    return dict(sorted(Counter(code.level for code in nomenclature).items()))


def leaves(nomenclature: Nomenclature) -> list[str]:
    return [code.code for code in nomenclature.leaves]


def column(path: Path, name: str, *, separator: str = ",") -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [row[name] for row in csv.DictReader(lines, delimiter=separator)]


def test_naf_rev_2__three_files_agree_on_732_leaves(shared_data: Path, rev2: Nomenclature) -> None:
    flat = readers.read_nomenclature(shared_data / "naf/naf2008.csv", key="naf-rev2")
    wide = readers.read_nomenclature(shared_data / "naf/naf_extended.csv", key="naf-rev2", title="NAF rév. 2")

    assert len(rev2.leaves) == 732
    assert leaves(flat) == leaves(wide) == leaves(rev2)
    assert per_level(rev2) == per_level(wide) == {1: 21, 2: 88, 3: 272, 4: 615, 5: 732}
    assert per_level(flat) == {1: 88, 2: 272, 3: 615, 4: 732}
    change = nomenclatures.diff(wide, rev2)
    assert (change.added, change.removed, change.moved) == ((), (), ())
    assert change.retitled == ("47.52B",)


def test_naf_rev_2__titles_are_the_full_ones_on_all_levels(rev2: Nomenclature) -> None:
    assert all(code.title for code in rev2)
    assert rev2["01"].title == "Culture et production animale, chasse et services annexes"
    assert [code.code for code in rev2.ancestors("01.11Z")] == ["01.11", "01.1", "01", "A"]
    assert rev2.at_level("99.00Z", 1) == "U"


def test_naf_2025__747_leaves_22_sections_87_divisions_651_classes(shared_data: Path, naf2025: Nomenclature) -> None:
    published = readers.read_nomenclature(shared_data / "naf/apistration_NAF2025.csv", key="naf-2025")

    assert len(naf2025.leaves) == 747
    assert leaves(published) == leaves(naf2025)
    assert per_level(naf2025) == {1: 22, 2: 87, 3: 287, 4: 651, 5: 747}
    assert naf2025["A"].title == "AGRICULTURE, SYLVICULTURE ET PÊCHE"
    assert [code.code for code in naf2025.ancestors("99.00Y")] == ["99.00", "99.0", "99", "V"]


def test_naf_2025__notes_are_merged(naf2025: Nomenclature) -> None:
    noted = [code for code in naf2025.leaves if code.includes or code.also_includes or code.excludes]

    assert len(noted) >= 734
    assert naf2025["01.12Y"].includes == "Cette sous-classe comprend : - la culture du riz"
    assert "01.11Y" in [code.code for code in naf2025.search("quinoa")]
    assert not any("  " in code.includes or code.includes != code.includes.strip() for code in naf2025)


def test_table_of_january_2026__1223_pairs(shared_data: Path, rev2: Nomenclature, naf2025: Nomenclature) -> None:
    path = shared_data / "naf/naf2008_naf2025_correspondance_insee_2026-01.csv"

    table = readers.read_correspondence(path, key="insee-2026-01", old=rev2, new=naf2025)

    assert len(table.pairs) == 1223
    assert (len(table.univocal), len(table.multivocal)) == (520, 212)
    assert max(len(table.candidates(old)) for old in table.multivocal) == 38
    assert table.unmapped(rev2) == ()
    assert table.without_antecedent(naf2025) == ("46.89Y",)


@pytest.mark.parametrize(("spoiled", "cure"), [("3299y", "Write 32.99Y."), ("99.99X", "Write 99.00Y")])
def test_table_of_january_2026__a_spoiled_code_is_refused_with_its_row(
    shared_data: Path, rev2: Nomenclature, naf2025: Nomenclature, tmp_path: Path, spoiled: str, cure: str
) -> None:
    published = shared_data / "naf/naf2008_naf2025_correspondance_insee_2026-01.csv"
    lines = published.read_text(encoding="utf-8-sig").splitlines()
    lines[100] = f"01.11Z,,{spoiled},,Multiple"
    path = tmp_path / "spoiled.csv"
    path.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(InvalidRowError) as refused:
        readers.read_correspondence(path, key="k", old=rev2, new=naf2025)

    assert refused.value.row == 101
    assert refused.value.cure.startswith(cure)


def test_naf_rev_2__a_lower_case_code_is_refused_with_its_row(shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "naf/naf2008.csv").read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("3299Z"))
    lines[at] = lines[at].replace("3299Z", "3299z")
    path = tmp_path / "naf2008.csv"
    path.write_text("\n".join(lines), encoding="utf-8")

    with pytest.raises(InvalidRowError, match=rf"row {at + 1}: 3299z .*Write 32\.99Z"):
        readers.read_nomenclature(path, key="naf-rev2")


def test_declarations__all_codes_are_leaves(shared_data: Path, rev2: Nomenclature) -> None:
    codes = column(shared_data / "naf/ape_example_50.csv", "code")
    codes += column(shared_data / "naf/ape_golden_tests_19.csv", "Target")

    assert len(codes) == 69
    assert all(rev2.parse(code, leaf=True) for code in codes)


def test_uk_sic__every_code_of_the_index_is_a_leaf(shared_data: Path) -> None:
    sic = readers.read_nomenclature(shared_data / "uksic/uksic2007_structure.csv", key="sic-2007")
    used = set(column(shared_data / "uksic" / INDEX, "sic2007"))

    assert per_level(sic) == {1: 21, 2: 88, 3: 272, 4: 615, 5: 806}
    assert {sic.parse(code, leaf=True) for code in used} == used
    assert sic.at_level("10110", 4) == "1011"


def test_uk_sic__the_index_is_a_correspondence(shared_data: Path) -> None:
    index = shared_data / "uksic" / INDEX
    options = ReadOptions(named=Named(code="sic2003"), repeated=True)
    old = readers.read_nomenclature(index, key="sic-2003", options=options)
    new = readers.read_nomenclature(shared_data / "uksic/uksic2007_structure.csv", key="sic-2007")

    table = readers.read_correspondence(
        index, key="ons", old=old, new=new, columns=("sic2003", "sic2007"), repeated=True
    )

    assert len(old.leaves) == 699
    assert (len(table.univocal), len(table.multivocal)) == (417, 282)


def test_coicop__published_codes_of_mixed_depth_without_the_technical_ones(shared_data: Path) -> None:
    path = shared_data / "coicop/coicop_with_descriptions.csv"

    coicop = readers.read_nomenclature(path, key="coicop")
    plain = readers.read_nomenclature(
        path, key="coicop", options=ReadOptions(every_code_a_leaf=True, without=("98", "99"))
    )

    assert per_level(coicop) == {1: 15, 2: 65, 3: 150, 4: 298, 5: 172}
    assert len({leaf.level for leaf in coicop.leaves}) > 2
    assert len(plain.leaves) == 681
    assert "98.1" in coicop
    assert "98.1" not in plain


def test_coicop__351_codes_of_receipts(shared_data: Path) -> None:
    path = shared_data / "coicop/tickets_application_min.csv"
    named = Named(code="Code coicop", title="Libellé coicop")
    options = ReadOptions(named=named, repeated=True, every_code_a_leaf=True)

    coicop = readers.read_nomenclature(path, key="coicop", options=options)

    used = set(column(path, "Code coicop", separator=";"))
    assert set(leaves(coicop)) == used
    assert len(used) == 351
    assert coicop.at_level("01.1.2.3.2", 2) == "01.1"


def test_banking77__a_flat_list_of_77_intents(shared_data: Path) -> None:
    options = ReadOptions(repeated=True)

    intents = readers.read_nomenclature(shared_data / "banking77/train.csv", key="banking77", options=options)

    assert per_level(intents) == {1: 77}
    assert intents.parse("card_arrival", leaf=True) == "card_arrival"
    assert intents == readers.read_nomenclature(shared_data / "banking77/test.csv", key="banking77", options=options)


def test_search__finds_each_code_of_naf_by_its_own_title(rev2: Nomenclature) -> None:
    assert [code.code for code in rev2 if code not in rev2.search(code.title)] == []
    assert rev2.search("boulangerie patisserie")[0].code == "10.71C"
