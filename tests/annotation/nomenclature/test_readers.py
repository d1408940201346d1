from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pytest

from annotation.errors import InvalidInputError, InvalidRowError, NotFoundError
from annotation.nomenclature import readers
from annotation.nomenclature.layouts import Named
from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.nomenclature.readers import ReadOptions

DATA = Path(__file__).parent / "data"


def written(folder: Path, text: str, *, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook(folder: Path, sheets: Mapping[str, Sequence[Sequence[object]]], *, name: str = "table.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    book.close()
    return folder / name


def shape(nomenclature: Nomenclature) -> list[tuple[str, int, str | None]]:
    return [(code.code, code.level, code.parent) for code in nomenclature]


def test_read_nomenclature__undotted_list_gets_dots_and_the_levels_above(tmp_path: Path) -> None:
    path = written(tmp_path, "code;libelle\n0112Z;Riz\n0111Z;Céréales, etc.\n0121Z;Vigne\n")

    naf = readers.read_nomenclature(path, key="naf")

    assert shape(naf) == [
        ("01", 1, None),
        ("01.1", 2, "01"),
        ("01.11", 3, "01.1"),
        ("01.11Z", 4, "01.11"),
        ("01.12", 3, "01.1"),
        ("01.12Z", 4, "01.12"),
        ("01.2", 2, "01"),
        ("01.21", 3, "01.2"),
        ("01.21Z", 4, "01.21"),
    ]
    assert naf["01.11Z"].title == "Céréales, etc."
    assert naf["01.2"].title == naf["01.21"].title == "Vigne"
    assert naf["01.1"].title == ""
    assert [code.code for code in naf.leaves] == ["01.11Z", "01.12Z", "01.21Z"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_read_nomenclature__any_separator_and_usual_encodings(tmp_path: Path, encoding: str, separator: str) -> None:
    text = 'Code;Intitulé\r\n01.11Z;"Blé; orge, maïs"\r\n01.12Z;"Riz"\r\n'.replace(";", separator)

    naf = readers.read_nomenclature(written(tmp_path, text, encoding=encoding), key="naf")

    assert naf["01.11Z"].title == " ".join("Blé; orge, maïs".replace(";", separator).split())


def test_read_nomenclature__insee_workbook_of_rev_2_in_the_old_format() -> None:
    """Section rows, blank rows, levels in one column, three titles, a code with a trailing blank."""
    naf = readers.read_nomenclature(DATA / "int_courts.xls", key="naf-rev2")

    assert shape(naf) == [
        ("A", 1, None),
        ("01", 2, "A"),
        ("01.1", 3, "01"),
        ("01.11", 4, "01.1"),
        ("01.11Z", 5, "01.11"),
    ]
    assert naf["01"].title == "Culture et production animale, chasse et services annexes"


def test_read_nomenclature__insee_workbook_with_one_sheet_per_level(tmp_path: Path) -> None:
    listing = [["SECTION A", "AGRICULTURE"], ["01", "Culture"], ["01.1", "Non permanentes"]]
    classes, leaves = [["01.11", "Céréales"], ["01.12", "Riz"]], [["01.11Y", "Céréales"], ["01.12Y", "Riz"]]
    path = workbook(
        tmp_path,
        {
            "NAF 2025": [["Structure de la NAF 2025"], [], ["Code", "Intitulés"], *listing],
            "Sections": [["Code", "Intitulés"], ["A", "Agriculture"]],
            "Divisions": [["Code", "Intitulés"], ["01", "Culture"]],
            "Groupes": [["Code", "Intitulés"], ["01.1", "Non permanentes"]],
            "Classes": [["Code", "Intitulés"], *classes],
            "Sous-classes": [["NACE\nRev.2.1", "NAF 2025\nsous-classes", "Intitulés"]]
            + [[leaf[:5], leaf, title] for leaf, title in leaves],
        },
    )

    naf = readers.read_nomenclature(path, key="naf-2025")

    assert shape(naf) == [
        ("A", 1, None),
        ("01", 2, "A"),
        ("01.1", 3, "01"),
        ("01.11", 4, "01.1"),
        ("01.11Y", 5, "01.11"),
        ("01.12", 4, "01.1"),
        ("01.12Y", 5, "01.12"),
    ]
    assert naf["A"].title == "AGRICULTURE"


@pytest.mark.parametrize(
    "header",
    [
        "Order,Level,Code,Parent,Description,This item includes,This item also includes,This item excludes",
        "ID,LEVEL,CODE,PARENT_CODE,HEADING,Includes,IncludesAlso,Excludes",
    ],
)
def test_read_nomenclature__nace_as_eurostat_publishes_it(tmp_path: Path, header: str) -> None:
    rows = (
        "1,1,A,,AGRICULTURE,all,some,none\n2,2,01,A,Crops,,,\n4,3,01.1,01,Non-perennial,,,\n5,4,01.11,01.1,Cereals,,,\n"
    )

    nace = readers.read_nomenclature(written(tmp_path, f"{header}\n{rows}"), key="nace")

    assert shape(nace) == [("A", 1, None), ("01", 2, "A"), ("01.1", 3, "01"), ("01.11", 4, "01.1")]
    assert nace["01.11"].title == "Cereals"
    assert (nace["A"].includes, nace["A"].also_includes, nace["A"].excludes) == ("all", "some", "none")
    assert [code.code for code in nace.leaves] == ["01.11"]


def test_read_nomenclature__one_column_per_level(tmp_path: Path) -> None:
    path = written(
        tmp_path, "NIV3,NIV2,NIV1,LIB_NIV3,LIB_NIV2,LIB_NIV1\na1,a,X,one,all of a,everything\na2,a,X,two,,\n"
    )

    flat = readers.read_nomenclature(path, key="own")

    assert shape(flat) == [("X", 1, None), ("a", 2, "X"), ("a1", 3, "a"), ("a2", 3, "a")]
    assert [code.title for code in flat] == ["everything", "all of a", "one", "two"]


def test_read_nomenclature__parents_and_levels_by_column(tmp_path: Path) -> None:
    by_parent = written(tmp_path, "code,title,parent\nleaf,Leaf,top\ntop,Top,\n")
    by_level = written(tmp_path, "niveau;code;libellé\n1;T;Top\n2;T-a;A\n2;T-b;B\n1;U;Up\n", name="levels.csv")

    assert shape(readers.read_nomenclature(by_parent, key="own")) == [("leaf", 2, "top"), ("top", 1, None)]
    assert shape(readers.read_nomenclature(by_level, key="own")) == [
        ("T", 1, None),
        ("T-a", 2, "T"),
        ("T-b", 2, "T"),
        ("U", 1, None),
    ]


def test_read_nomenclature__dotted_codes_of_mixed_depth_with_what_is_missing_above(tmp_path: Path) -> None:
    path = written(tmp_path, "libelle;code;comprend;ne_comprend_pas\nRiz;01.1.1;riz étuvé;;\nTabac;02;;\nX;09.2.10;;\n")

    coicop = readers.read_nomenclature(path, key="coicop", options=ReadOptions(every_code_a_leaf=True))

    assert shape(coicop) == [
        ("01", 1, None),
        ("01.1", 2, "01"),
        ("01.1.1", 3, "01.1"),
        ("02", 1, None),
        ("09", 1, None),
        ("09.2", 2, "09"),
        ("09.2.10", 3, "09.2"),
    ]
    assert [code.code for code in coicop.leaves] == ["01.1.1", "02", "09.2.10"]
    assert coicop["01.1.1"].includes == "riz étuvé"


def test_read_nomenclature__figures_that_grow_to_the_right(tmp_path: Path) -> None:
    path = written(tmp_path, "code,title\n1,Managers\n11,Chief executives\n111,Legislators\n2,Professionals\n")

    isco = readers.read_nomenclature(path, key="isco")

    assert shape(isco) == [("1", 1, None), ("11", 2, "1"), ("111", 3, "11"), ("2", 1, None)]


def test_read_nomenclature__uk_sic_gives_each_class_five_figures_to_code_with(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Description,SECTION,Division,Group,Class,Sub Class,Most disaggregated level,Level headings\n"
        "CONSTRUCTION,F,na,na,na,na,F,SECTION\nSpecialised,F,43,na,na,na,43,Division\nOther,F,43,439,na,na,439,Group\n"
        "Other n.e.c.,F,43,439,4399,na,43990,Class\nScaffold,F,43,439,4399,43991,43991,Sub Class\n",
    )

    sic = readers.read_nomenclature(path, key="sic-2007")

    assert shape(sic)[3:] == [("4399", 4, "439"), ("43990", 5, "4399"), ("43991", 5, "4399")]
    assert [code.code for code in sic.leaves] == ["43990", "43991"]


def test_read_nomenclature__a_single_column_of_labels(tmp_path: Path) -> None:
    labels = readers.read_nomenclature(written(tmp_path, "label\ncard_arrival\nRefund_late\n"), key="intents")

    assert shape(labels) == [("card_arrival", 1, None), ("Refund_late", 1, None)]
    assert [code.code for code in labels.search("card")] == ["card_arrival"]


def test_read_nomenclature__labels_of_coded_texts(tmp_path: Path) -> None:
    path = written(tmp_path, "text,outcome,name\nhello,b,Bee\nhi,b,Other\nho,a,Ay\n")
    options = ReadOptions(named=Named(code="Outcome", title="name"), repeated=True)

    labels = readers.read_nomenclature(path, key="own", options=options)

    assert [(code.code, code.title) for code in labels] == [("a", "Ay"), ("b", "Bee")]


def test_read_nomenclature__codes_left_out_take_along_what_is_below(tmp_path: Path) -> None:
    path = written(tmp_path, "code;libelle\n01;a\n01.1;b\n98;technical\n98.1;total\n98.1.1;sum\n")

    coicop = readers.read_nomenclature(path, key="coicop", options=ReadOptions(without=("98",)))

    assert list(coicop.codes) == ["01", "01.1"]


def test_read_nomenclature__numbers_in_cells_are_codes_too(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"s": [["code", "title"], [11, "eleven"], [12, "twelve"]]})

    assert list(readers.read_nomenclature(path, key="own").codes) == ["11", "12"]


@pytest.mark.parametrize(
    ("row", "reason", "cure"),
    [
        ("3299y;Autres", "3299y is not written as the other codes are", "Write 32.99Y."),
        ("1;Culture", "1 is not written as the other codes are", "Write 01."),
        ("zzz;Autres", "zzz is not written as the other codes are", "Correct the code"),
        ("0111Z;Céréales", r"01\.11Z stands already in row 2", "Remove one"),
        (";Orpheline", "there is no code", "Give the code"),
    ],
)
def test_read_nomenclature__a_bad_row_is_named(tmp_path: Path, row: str, reason: str, cure: str) -> None:
    good = "\n".join(f"01{number}Z;Culture" for number in range(11, 21))
    path = written(tmp_path, f"code;libelle\n{good}\n;\n{row}\n")

    with pytest.raises(InvalidRowError, match=reason) as refused:
        readers.read_nomenclature(path, key="naf")

    assert (refused.value.file, refused.value.row) == ("table.csv", 13)
    assert refused.value.cure.startswith(cure)


def test_collect_nomenclature__hands_back_bad_rows_beside_what_could_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, "code,title,parent,level\na,A,,1\nb,B,nowhere,2\nc,C,b,3\nd,D,a,deep\ne,E,f,\nf,F,e,\n")

    result = readers.collect_nomenclature(path, key="own")

    assert list(result.nomenclature.codes) == ["a"]
    assert [(bad.row, bad.raw, bad.reason) for bad in result.rejected] == [
        (3, "b", "its parent nowhere is not in the file"),
        (4, "c", "its parent b is not in the file"),
        (5, "d", "the level 'deep' is not a whole number"),
        (6, "e", "e stands above itself"),
        (7, "f", "f stands above itself"),
    ]


def test_read_nomenclature__an_unknown_layout_names_what_it_has_and_what_is_wanted(tmp_path: Path) -> None:
    path = written(tmp_path, "nom;prénom\nDupont;Jean\n")

    with pytest.raises(InvalidInputError, match=r"table\.csv has the columns 'nom', 'prénom'") as refused:
        readers.read_nomenclature(path, key="naf")

    assert "a code column" in refused.value.cure


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04 torn", b"\xd0\xcf\x11\xe0 torn"])
def test_read_nomenclature__a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "naf.xlsx"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=r"naf\.xlsx"):
        readers.read_nomenclature(path, key="naf")


def test_read_nomenclature__a_header_without_rows(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="has no code"):
        readers.read_nomenclature(written(tmp_path, "code;libelle\n"), key="naf")


def test_read_nomenclature__missing_file_or_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path, {"one": [["code", "title"], ["a", "A"]]})

    with pytest.raises(NotFoundError, match=r"absent\.csv"):
        readers.read_nomenclature(tmp_path / "absent.csv", key="naf")
    with pytest.raises(NotFoundError, match=r"no sheet 'two'\. It has: one"):
        readers.read_nomenclature(path, key="naf", options=ReadOptions(sheet="two"))


def test_merge_notes__keeps_titles_and_refuses_unknown_codes(tmp_path: Path) -> None:
    naf = Nomenclature(key="naf", title="", codes=[Code("01.11Y", 1, None, "Céréales"), Code("01.12Y", 1, None, "Riz")])
    header = ["Section", "Code", "Title", "Includes", "Also includes", "Not includes"]
    good = workbook(tmp_path, {"s": [header, ["A", "01.11Y", " Other ", "le blé ", "l'orge", "le riz"]]})
    bad = workbook(tmp_path, {"s": [header, ["A", "0111y", "", "x", "", ""]]}, name="bad.xlsx")

    merged = readers.merge_notes(naf, good)

    code = merged["01.11Y"]
    assert (code.title, code.includes, code.also_includes, code.excludes) == ("Céréales", "le blé", "l'orge", "le riz")
    assert merged["01.12Y"] == naf["01.12Y"]
    with pytest.raises(InvalidRowError, match=r"bad\.xlsx \(s\), row 2: '0111y' is not in the case.*Write 01\.11Y"):
        readers.merge_notes(naf, bad)


OLD = Nomenclature(key="old", title="", codes=[Code("01.11Z", 1, None, ""), Code("01.12Z", 1, None, "")])
NEW = Nomenclature(key="new", title="", codes=[Code("01.11Y", 1, None, ""), Code("01.12Y", 1, None, "")])
PAIRS = (("01.11Z", "01.11Y"), ("01.12Z", "01.12Y"))


@pytest.mark.parametrize(
    "header",
    [
        "naf_rev2,intitule_rev2,naf_2025,intitule_2025",
        "old,title,new,title",
        "Code NAF rév. 2,Intitulé NAF rév. 2,Code NAF 2025,Intitulé NAF 2025",
        '"NAFold-code\n(code niveau sous-classe)",NAFold-intitulé,"NAFnew-code\n(NAF 2025)",NAFnew-intitulé',
        '"Table de passage",,,\n\nNAF rév. 2,,NAF 2025,\nCode,Intitulé,Code,Intitulé',
    ],
)
def test_read_correspondence__recognises_the_columns(tmp_path: Path, header: str) -> None:
    path = written(tmp_path, f"{header}\n01.11Z,Céréales,0111Y,Céréales\n,,,\n01.12Z ,Riz,01.12Y,Riz\n")

    table = readers.read_correspondence(path, key="2026-01", old=OLD, new=NEW)

    assert table.pairs == PAIRS
    assert (table.source, table.target) == ("old", "new")


def test_read_correspondence__columns_named_by_the_user_and_repeated_pairs(tmp_path: Path) -> None:
    path = written(tmp_path, "activity,before,after\na,0111Z,0111Y\nb,0111Z,0111Y\nc,0112Z,0112Y\n")

    table = readers.read_correspondence(path, key="k", old=OLD, new=NEW, columns=("before", "after"), repeated=True)

    assert table.pairs == PAIRS


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("01.11z,01.11Y", r"'01\.11z' is not in the case of the published code of old"),
        ("01.11Z,01.99Y", r"'01\.99Y' is not a code of new"),
        ("01.11Z,", "'' is not a code of new"),
        ("01.12Z,01.12Y", r"01\.12Z -> 01\.12Y stands already in row 2"),
    ],
)
def test_read_correspondence__a_bad_row_is_named(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path, f"old,new\n01.12Z,01.12Y\n{row}\n")

    with pytest.raises(InvalidRowError, match=rf"table\.csv, row 3: {reason}"):
        readers.read_correspondence(path, key="k", old=OLD, new=NEW)
    result = readers.collect_correspondence(path, key="k", old=OLD, new=NEW)
    assert result.correspondence.pairs == (("01.12Z", "01.12Y"),)
    assert [bad.row for bad in result.rejected] == [3]


def test_read_correspondence__unknown_columns_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n")

    with pytest.raises(InvalidInputError, match=r"has the columns 'a', 'b'\. Wanted: the old codes"):
        readers.read_correspondence(path, key="k", old=OLD, new=NEW)
    with pytest.raises(InvalidInputError, match="Wanted: x and y"):
        readers.read_correspondence(path, key="k", old=OLD, new=NEW, columns=("x", "y"))
