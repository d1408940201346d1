from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from annotation.errors import InvalidInputError
from sync import judgedtexts
from sync.storage import Storage

ROWS = [("boulangerie", "anne", "10.71C"), ("boulangerie", "zoé", "10.71D"), ("taxi", "anne", "")]


def _read(path: Path, code: str = "code") -> list[tuple[int, str, str, str]]:
    found = judgedtexts.read(Storage(str(path.parent)), str(path), text="texte", coder="qui", code=code)
    return [(one.row, one.text, one.coder, one.code) for one in found]


@pytest.mark.parametrize("kind", ["utf-8", "cp1252", "parquet"])
def test_read__csv_in_any_encoding_and_parquet_give_the_same_rows(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(ROWS, columns=["texte", "qui", "code"])
    path = tmp_path / ("t.parquet" if kind == "parquet" else "t.csv")
    if kind == "parquet":
        frame.assign(qui=frame["qui"].astype("category"), code=frame["code"].replace("", None)).to_parquet(path)
    else:
        frame.to_csv(path, sep=";", index=False, encoding=kind)

    assert _read(path) == [(number, *row) for number, row in enumerate(ROWS, start=2)]


def test_read__codes_in_figures_stay_whole(tmp_path: Path) -> None:
    frame = pd.DataFrame({"texte": ["a", "b"], "qui": [1, 2], "code": pd.array([4711, None], dtype="Int64")})
    frame.to_parquet(tmp_path / "t.parquet")

    assert _read(tmp_path / "t.parquet") == [(2, "a", "1", "4711"), (3, "b", "2", "")]


def test_read__a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("texte,qui,ape\na,b,c\n", encoding="utf-8")

    with pytest.raises(InvalidInputError, match="no column 'code'; it has texte, qui, ape"):
        _read(tmp_path / "t.csv")
