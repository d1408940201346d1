from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from annotation.errors import InvalidInputError, NotFoundError
from sync import codedtexts
from sync.storage import Storage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = [("boulangerie, pâtisserie", "10.71C"), ("taxi", "49.32Z"), ("", "47.11B"), ("coiffure", "")]


def _read(path: Path, text: str = "texte", code: str = "code") -> list[tuple[str, str]]:
    return list(codedtexts.read(Storage(str(path.parent)), str(path), text=text, code=code, now=NOW))


def test_read__tables_and_workbooks_give_the_same_pairs(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["texte", "code"])
    frame.to_csv(tmp_path / "a.csv", sep=";", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Published in December"])
    sheet.append([])
    sheet.append(["year", "code", "texte"])
    for text, code in ROWS:
        sheet.append([2026, code, text])
    book.save(tmp_path / "a.xlsx")

    for name in ("a.csv", "a.parquet", "a.xlsx"):
        assert _read(tmp_path / name) == ROWS, name


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_read__a_missing_column_is_told_with_those_there_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        pd.DataFrame(ROWS, columns=["texte", "code"]).to_csv(path, index=False)
    else:
        book = openpyxl.Workbook()
        book.worksheets[0].append(["texte", "code"])
        book.save(path)

    with pytest.raises(InvalidInputError, match=r"'ape'.*texte, code"):
        _read(path, code="ape")


def test_read__a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        _read(tmp_path / "none.xlsx")
