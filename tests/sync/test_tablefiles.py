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
    monkeypatch.setattr(tablefiles, "BLOCK_BYTES", 64)
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
        ("a.csv", b"a,b\x00\n1,2\n", "is no text"),
        ("a.parquet", b"PAR1" + b"\0" * 40 + b"PAR1", "is no Parquet file"),
    ],
)
def test_read__no_table(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidInputError, match=reason):
        rows(tmp_path, name)


def test_read__ragged_rows_are_handed_back_and_the_others_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tablefiles, "BLOCK_BYTES", 64)
    monkeypatch.setattr(tablefiles, "BATCH_ROWS", 3)
    torn = {2, 3, 30, 59, 60}
    lines = [f"{n},x,y" if n in torn else f'{n},"a\nb"' for n in range(1, 61)]
    (tmp_path / "a.csv").write_text("n,name\n" + "\n".join(lines) + "\n")

    batches = list(tablefiles.read(Storage(str(tmp_path)), "a.csv", lenient=True))

    kept = {batch.row(at): int(row["n"]) for batch in batches for at, row in enumerate(batch.rows.to_pylist())}
    assert kept == {n: n for n in range(1, 61) if n not in torn}
    assert [one.row for batch in batches for one in batch.refused] == sorted(torn)
    assert {one.reason for batch in batches for one in batch.refused} == {"has 3 cells where the header has 2"}


def test_read__where_no_row_has_the_cells_of_the_header_the_file_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1\n2\n")

    with pytest.raises(InvalidRowError, match=r"row 1: has 1 cells where the header has 2, and no row below is"):
        list(tablefiles.read(Storage(str(tmp_path)), "a.csv", lenient=True))


def test_read__an_open_quotation_mark_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tablefiles, "BLOCK_BYTES", 256)
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 50 + '3,"' + "x" * 2000 + "\n4,5\n")

    with pytest.raises(InvalidRowError, match=r"longer than 256 bytes Is a quotation mark left open"):
        list(tablefiles.read(Storage(str(tmp_path)), "a.csv"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_read__with_the_mark_of_its_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text("libellé;n\nœuf;1\n", encoding=encoding)

    assert rows(tmp_path, "a.csv") == [{"libellé": "œuf", "n": "1"}]


def test_read__a_few_broken_bytes_do_not_make_utf_8_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("libellé;n\nœuf;1\n".encode() + b"caf\xe9;2\n" + "été;3\n".encode())

    (batch,) = tablefiles.read(Storage(str(tmp_path)), "a.csv")

    assert batch.damaged
    assert [row["libellé"] for row in batch.rows.to_pylist()] == ["œuf", "caf\ufffd", "été"]


def test_read__parquet_with_two_columns_of_one_name(tmp_path: Path) -> None:
    pq.write_table(pa.table([pa.array(["x"]), pa.array(["y"])], names=["a", "a"]), tmp_path / "a.parquet")

    with pytest.raises(InvalidInputError, match="two columns named 'a'"):
        rows(tmp_path, "a.parquet")


def test_read__parquet_that_unpacks_into_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tablefiles, "MOST_BYTES_PER_BATCH", 10**6)
    packed = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * 10_000]))
    schema = pa.schema([pa.field("a", pa.string())])
    with pq.ParquetWriter(tmp_path / "a.parquet", schema, compression="zstd") as writer:
        writer.write_table(pa.table([packed.dictionary_decode()], schema=schema))

    assert (tmp_path / "a.parquet").stat().st_size < 10**5
    with pytest.raises(InvalidInputError, match="column 'a' has 20000000 bytes in the 2000 rows from 1 on"):
        rows(tmp_path, "a.parquet")


def test_read__parquet_whose_row_group_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tablefiles, "MOST_BYTES_PER_GROUP", 50)
    pq.write_table(pa.table({"a": ["x" * 100]}), tmp_path / "a.parquet")

    with pytest.raises(InvalidInputError, match="row groups of .* bytes when unpacked"):
        rows(tmp_path, "a.parquet")


def test_read__a_parquet_file_that_was_cut_off_or_altered(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [f"text {n}" for n in range(5000)]}), tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(content[: len(content) // 2])
    (tmp_path / "altered.parquet").write_bytes(content[:300] + bytes(reversed(content[300:900])) + content[900:])

    for name in ("cut.parquet", "altered.parquet"):
        with pytest.raises(InvalidInputError, match="is no Parquet file, or a damaged one"):
            rows(tmp_path, name)
