from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.errors import InvalidInputError, InvalidRowError, NotFoundError
from sync import tablefiles
from sync.storage import Storage


def rows(folder: Path, path: str = "") -> list[dict[str, str]]:
    return [row for batch in tablefiles.read(Storage(str(folder)), path) for row in batch.rows.to_pylist()]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_read__csv_separator_and_encoding_are_recognised(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [["libellé", "code"], ["Pâtisserie «à l'œuf»", "0111Z"], ["", "12"]]
    (tmp_path / "a.csv").write_text("\n".join(separator.join(line) for line in lines) + "\n", encoding=encoding)

    assert rows(tmp_path, "a.csv") == [
        {"libellé": "Pâtisserie «à l'œuf»", "code": "0111Z"},
        {"libellé": "", "code": "12"},
    ]


def test_read__quoted_cells_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"a;\nb";c\n"1;\n2";NA\n')

    assert rows(tmp_path, "a.csv") == [{"a;\nb": "1;\n2", "c": "NA"}]


def test_read__ragged_row_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4,5\n6,7\n")

    with pytest.raises(InvalidRowError, match=r"a\.csv, row 2: has 3 cells where the header has 2: 3,4,5") as raised:
        rows(tmp_path, "a.csv")

    assert raised.value.row == 2


def test_read__rows_are_counted_through_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tablefiles, "CHUNK_BYTES", 64)
    (tmp_path / "a.csv").write_text("n,name\n" + "".join(f"{n},name {n}\n" for n in range(1, 101)))

    batches = list(tablefiles.read(Storage(str(tmp_path)), "a.csv"))

    assert len(batches) > 1
    assert all(batch.row(at) == int(row["n"]) for batch in batches for at, row in enumerate(batch.rows.to_pylist()))


def test_read__folder_in_order_of_names_passing_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "part" / "_temporary").mkdir(parents=True)
    pq.write_table(pa.table({"n": [2, 3]}), tmp_path / "part" / "b.parquet")
    (tmp_path / "part" / "a.csv").write_text("n\n1\n")
    (tmp_path / "part" / "_temporary" / "c.csv").write_text("n\n9\n")
    (tmp_path / "part" / "README.md").write_text("no table")

    batches = list(tablefiles.read(Storage(str(tmp_path)), "part"))

    assert [(Path(batch.file).name, batch.first_row, batch.rows.to_pylist()) for batch in batches] == [
        ("a.csv", 1, [{"n": "1"}]),
        ("b.parquet", 1, [{"n": 2}, {"n": 3}]),
    ]


def test_read__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing at .*nowhere.csv"):
        rows(tmp_path, "nowhere.csv")


def test_read__no_table_among_the_files(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no table")

    with pytest.raises(NotFoundError, match="holds no table"):
        list(tablefiles.read(Storage(str(tmp_path)), ""))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"a,a\n1,2\n", "two columns named 'a'"),
        ("a.parquet", b"no parquet", "is no Parquet file"),
        ("a.csv", b"a\n\xff\x81\n", "cannot be read as CSV"),
    ],
)
def test_read__no_table(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidInputError, match=reason):
        rows(tmp_path, name)
