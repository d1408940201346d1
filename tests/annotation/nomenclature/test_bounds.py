"""Workbooks that unpack into more than they are worth are refused before they are unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from annotation.errors import InvalidInputError
from annotation.nomenclature import bounds, sheets

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(**cells: object) -> dict[str, bytes]:
    """The parts of a small workbook."""
    made = openpyxl.Workbook()
    for place, value in cells.items():
        made.active[place] = value
    buffer = io.BytesIO()
    made.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def sheet(rows: str) -> bytes:
    return f'<worksheet xmlns="{NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def test_check__a_usual_workbook(tmp_path: Path) -> None:
    (read,) = sheets.read(packed(tmp_path / "a.xlsx", workbook(A1="code", B2="title")))

    assert [row.cells for row in read.rows] == [("code", ""), ("", "title")]


def test_check__many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_BYTES", 10**6)
    path = packed(tmp_path / "a.xlsx", workbook(A1="code") | {"xl/media/image1.png": b"\0" * 10**8})

    assert path.stat().st_size < 10**6
    with pytest.raises(InvalidInputError, match=r"a\.xlsx has \d+ bytes and unpacks into more than 1000000"):
        sheets.read(path)


def test_check__a_zip_that_lies_about_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_BYTES", 10**6)
    path = packed(tmp_path / "a.xlsx", workbook(A1="code") | {"xl/sharedStrings.xml": b" " * 10**8})
    content = path.read_bytes()

    assert content.count(struct.pack("<I", 10**8)) == 2
    path.write_bytes(content.replace(struct.pack("<I", 10**8), struct.pack("<I", 10)))
    with pytest.raises(InvalidInputError, match="unpacks into more than 1000000"):
        sheets.read(path)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="&#88;FD1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        "<row r='1'><c r='XFD1'><v>1</v></c></row><row r='1048576'><c><v>1</v></c></row>",
    ],
)
def test_check__a_cell_far_away(tmp_path: Path, rows: str) -> None:
    path = packed(tmp_path / "a.xlsx", workbook(A1="code") | {"xl/worksheets/sheet1.xml": sheet(rows)})

    with pytest.raises(InvalidInputError, match=r"spans \d+ cells, more than 10000000. Is there a lone cell"):
        sheets.read(path)


def ods(table: str) -> bytes:
    return f"""<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body>
        <office:spreadsheet><table:table table:name="s">{table}</table:table></office:spreadsheet></office:body>
        </office:document-content>""".encode()


CELL = '<table:table-cell office:value-type="string"{}><text:p>x</text:p></table:table-cell>'


def test_check__a_cell_that_is_repeated(tmp_path: Path) -> None:
    row = f'<table:table-row table:number-rows-repeated="1048576">{CELL.format("")}{CELL.format("")}</table:table-row>'
    wide = CELL.format(' table:number-columns-repeated="16384"')
    content = ods(f"{row}<table:table-row>{wide}</table:table-row>")

    with pytest.raises(InvalidInputError, match="spans"):
        bounds.check("a.ods", packed(tmp_path / "a.ods", {"content.xml": content}).read_bytes())


def test_check__empty_cells_to_the_end_of_the_sheet_are_usual(tmp_path: Path) -> None:
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    rest = f'<table:table-row table:number-rows-repeated="1048575">{empty}</table:table-row>'
    content = ods(f"<table:table-row>{CELL.format('')}{empty}</table:table-row>{rest}")

    bounds.check("a.ods", packed(tmp_path / "a.ods", {"content.xml": content}).read_bytes())

    with pytest.raises(InvalidInputError, match="spans"):
        bounds.check(
            "a.ods",
            packed(
                tmp_path / "b.ods",
                {
                    "content.xml": content.replace(
                        rest.encode(), rest.replace("/>", ' office:value-type="float"/>').encode()
                    )
                },
            ).read_bytes(),
        )


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 200, b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_read__damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)

    with pytest.raises(InvalidInputError, match="a.xlsx"):
        sheets.read(tmp_path / "a.xlsx")


def test_read__entities_that_grow(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{entities}]><worksheet><c r="&e9;"/></worksheet>'.encode()
    path = packed(tmp_path / "a.xlsx", workbook(A1="code") | {"xl/worksheets/sheet1.xml": bomb})

    with pytest.raises(InvalidInputError, match="a.xlsx"):
        sheets.read(path)


def test_read__utf_16_with_its_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code;libellé\n01;œuf\n", encoding="utf-16")

    (read,) = sheets.read(tmp_path / "a.csv")

    assert [row.cells for row in read.rows] == [("code", "libellé"), ("01", "œuf")]


def test_read__a_cell_of_ten_megabytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('code;title\n01;a\n02;"' + "x" * 10_000_000 + '"\n')

    with pytest.raises(InvalidInputError, match=r"a\.csv, row 3: field larger than field limit"):
        sheets.read(tmp_path / "a.csv")
