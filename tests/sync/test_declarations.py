from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.errors import InvalidInputError
from sync import declarations
from sync.intake import Arrival
from sync.settings import IntakeSource
from sync.storage import Storage

NOW = datetime(2026, 4, 1, tzinfo=UTC)
COLUMNS: dict[str, Any] = {"id": "liasse_numero", "date": "date_modification", "code": "ape", "variables": ("cj",)}


def read(path: Path, **columns: Any) -> list[Arrival]:
    source = IntakeSource(path=str(path), **columns)
    return [row for batch in declarations.read(Storage(str(path.parent)), source, now=NOW) for row in batch]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def parquet(path: Path, columns: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def test_read__csv(tmp_path: Path) -> None:
    file = written(
        tmp_path / "july.csv",
        "liasse_numero;date_modification;libelle;ape;cj\n"
        " A1 ;2026-03-02;Culture de blé ;0111Z;1000\nA2;2026-03-03;Riz;;\n",
    )
    first, second = read(file, **COLUMNS)

    assert first == Arrival(
        "july.csv", 2, "A1", "Culture de blé", datetime(2026, 3, 2, tzinfo=UTC), {"cj": "1000"}, "0111Z"
    )
    assert (second.row, second.code, second.variables, second.problem) == (3, "", {}, "")


def test_read__parquet_with_its_types(tmp_path: Path) -> None:
    file = parquet(
        tmp_path / "july.parquet",
        {
            "liasse_numero": pa.array([10_000_000_000_000_001, None]),
            "date_modification": pa.array([date(2026, 3, 2), date(2026, 3, 3)]),
            "libelle": ["Culture\x00 de blé", None],
            "ape": pa.array([47110, None], pa.int32()),
            "cj": ["1000", None],
        },
    )
    first, second = read(file, **COLUMNS)

    assert (first.external_id, first.code, first.text) == ("10000000000000001", "47110", "Culture de blé")
    assert first.declared_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert (second.external_id, second.text, second.code, second.variables) == ("july.parquet:3", "", "", {})


def test_read__without_id_and_date(tmp_path: Path) -> None:
    (row,) = read(written(tmp_path / "july.csv", "libelle\nCulture de blé\n"))

    assert (row.external_id, row.declared_at) == ("july.csv:2", NOW)


def test_read__files_of_one_name_in_several_folders_stay_apart(tmp_path: Path) -> None:
    """As Spark writes partitions: without an id, every row is a declaration of its own."""
    for month in ("01", "02"):
        parquet(tmp_path / "flow" / f"month={month}" / "part-0.parquet", {"libelle": [f"texte {month}"]})

    rows = read(tmp_path / "flow")

    assert [row.external_id for row in rows] == ["month=01/part-0.parquet:2", "month=02/part-0.parquet:2"]


def test_read__a_place_that_is_too_long_for_the_ledger_is_shortened(tmp_path: Path) -> None:
    for name in ("a", "b"):
        parquet(tmp_path / "flow" / ("x" * 120) / f"{name * 60}.parquet", {"libelle": ["texte"]})

    ids = {row.external_id for row in read(tmp_path / "flow")}

    assert len(ids) == 2
    assert max(map(len, ids)) <= declarations.LONGEST_ID


def test_read__missing_columns_are_named_with_those_there_are(tmp_path: Path) -> None:
    file = written(tmp_path / "july.csv", "texte,ape\nCulture,01.11Z\n")
    with pytest.raises(InvalidInputError, match=r"no column 'libelle', 'liasse_numero', .* it has texte, ape"):
        read(file, **COLUMNS)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-13-01", "03/02/2026"])
def test_read__a_date_that_is_none(tmp_path: Path, moment: str) -> None:
    (row,) = read(written(tmp_path / "july.csv", f"libelle,date\nCulture,{moment}\n"), date="date")

    assert row.problem == f"The date {moment!r} is no ISO date (2026-11-30)."


def test_read__an_id_that_is_too_long(tmp_path: Path) -> None:
    (row,) = read(written(tmp_path / "july.csv", f"libelle,id\nCulture,{'9' * 129}\n"), id="id")

    assert "129 characters" in row.problem


PREDICTED = {"codes": "codes", "probabilities": "p", "model_version": "office/1"}


@pytest.mark.parametrize("cells", ["01.11Z|01.12Z;0.6|0.3", '"[""01.11Z"", ""01.12Z""]";"[0.6, 0.3]"'])
def test_read__predictions_of_a_csv(tmp_path: Path, cells: str) -> None:
    (row,) = read(written(tmp_path / "july.csv", f"libelle;codes;p\nCulture;{cells}\n"), **PREDICTED)

    assert (row.codes, row.probabilities, row.problem) == (("01.11Z", "01.12Z"), (0.6, 0.3), "")


def test_read__predictions_of_a_parquet(tmp_path: Path) -> None:
    columns = {"libelle": ["blé", "riz"], "codes": [["01.11Z", "01.12Z"], None], "p": [[0.6, 0.3], None]}
    first, second = read(parquet(tmp_path / "july.parquet", columns), **PREDICTED)

    assert (first.codes, first.probabilities) == (("01.11Z", "01.12Z"), (0.6, 0.3))
    assert (second.codes, second.probabilities, second.problem) == ((), (), "")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("a|b;0.6", "2 codes and 1 probabilities"),
        ("a;high", "cannot be read"),
        ("[a;0.6", "cannot be read"),
        ("a|b;0.2|0.6", "do not fall"),
        ("a;60", "do not fall"),
    ],
)
def test_read__predictions_that_are_none(tmp_path: Path, cells: str, problem: str) -> None:
    (row,) = read(written(tmp_path / "july.csv", f"libelle;codes;p\nCulture;{cells}\n"), **PREDICTED)

    assert problem in row.problem
    assert row.codes == ()


# Bad input: each row that can be read is, and each that cannot says why.


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("45991", "a day as a spreadsheet counts it"),
        ("45991.5", "a day as a spreadsheet counts it"),
        ("0001-01-01", "before 1900"),
        ("0001-01-01T00:00:00+14:00", "before 1900"),
        ("9999-12-31T23:59:59-12:00", "after 9998"),
        ("-1", "no ISO date"),
        ("1e400", "no ISO date"),
        ("NaN", "no ISO date"),
        ("2026-02-30", "no ISO date"),
        ("2027-01-01", "lies in the future"),
        ("9" * 5000, "no ISO date"),
    ],
)
def test_read__dates_that_cannot_be(tmp_path: Path, moment: str, reason: str) -> None:
    bad, good = read(written(tmp_path / "july.csv", f"libelle,date\nCulture,{moment}\nRiz,2026-03-01\n"), date="date")

    assert reason in bad.problem
    assert len(bad.problem) < 200
    assert (good.problem, good.declared_at) == ("", datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),  # is no hour in Paris
        ("2025-10-26T02:30:00", datetime(2025, 10, 26, 2, 30, tzinfo=UTC)),  # comes twice in Paris
        ("2025-10-26T02:30:00+02:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("2025-10-26T02:30:00+01:00", datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
        ("2026-01-01T00:00:00+14:00", datetime(2025, 12, 31, 10, tzinfo=UTC)),
        ("20260102", datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_read__a_date_without_zone_is_one_of_utc(tmp_path: Path, moment: str, utc: datetime) -> None:
    (row,) = read(written(tmp_path / "july.csv", f"libelle,date\nCulture,{moment}\n"), date="date")

    assert (row.problem, row.declared_at) == ("", utc)


def test_read__columns_of_any_type(tmp_path: Path) -> None:
    paris = pd.Timestamp("2026-03-29 04:00", tz="Europe/Paris")
    columns: dict[str, pa.Array] = {
        "dictionary": pa.array(["a", "b"]).dictionary_encode(),
        "integer": pa.array([47110, None]),
        "decimal": pa.array([Decimal("12.50"), None]),
        "null": pa.nulls(2),
        "large": pa.array(["x", "y"], pa.large_string()),
        "zoned": pa.array([paris, None], pa.timestamp("ns", tz="Europe/Paris")),
        "day": pa.array([date(2026, 3, 1), date(1, 1, 1)]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    def column(name: str, **more: str) -> list[Arrival]:
        return read(tmp_path / "a.parquet", text=name, **more)

    assert [row.text for row in column("dictionary")] == ["a", "b"]
    assert [row.text for row in column("integer")] == ["47110", ""]
    assert [row.text for row in column("decimal")] == ["12.50", ""]
    assert [row.text for row in column("null")] == ["", ""]
    assert [row.text for row in column("large")] == ["x", "y"]
    zoned = column("large", date="zoned")
    assert (zoned[0].declared_at, zoned[1].problem[:8]) == (datetime(2026, 3, 29, 2, tzinfo=UTC), "The date")
    days = column("large", date="day")
    assert (days[0].declared_at, days[1].problem) == (
        datetime(2026, 3, 1, tzinfo=UTC), "The date '0001-01-01' lies before 1900, or after 9998.",
    )  # fmt: skip
    assert all(row.problem for row in column("large", date="decimal"))


def test_read__cells_that_are_no_text(tmp_path: Path) -> None:
    columns = {
        "list": pa.array([["a"], None]),
        "struct": pa.array([{"a": 1}, None]),
        "bytes": pa.array([b"\xff\x00", None]),
        "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")

    for name in columns:
        bad, empty = read(tmp_path / "a.parquet", text=name)
        assert bad.problem.startswith(f"The cell {name!r} is no text, but ")
        assert (empty.problem, empty.text) == ("", "")


def test_read__characters_that_no_database_holds(tmp_path: Path) -> None:
    path = written(tmp_path / "july.csv", 'libelle;codes;p\na\0b\u202ec\u200b;["\\ud800x"];[0.5]\n')

    (row,) = read(path, codes="codes", probabilities="p")

    assert row.text == "ab\u202ec\u200b"
    assert row.codes == ("\ufffdx",)
    assert row.problem == ""


@pytest.mark.parametrize(
    ("codes", "probabilities"),
    [
        ("[" * 10_000, "[0.5]"),
        ("a", "1e400"),
        ("a", "NaN"),
        ("a", "-0.1"),
        ("a|b", "0.1|0.9"),
        ("a|a", "0.5|0.5"),
        ("[1, 2", "0.5"),
        ("a", "0x1"),
        ("[[1]]", "[[1]]"),
        ('{"a": 1}', ""),
    ],
)
def test_read__predictions_out_of_nothing(tmp_path: Path, codes: str, probabilities: str) -> None:
    quoted = [f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in ("Culture", codes, probabilities)]

    (row,) = read(
        written(tmp_path / "a.csv", f"libelle,codes,p\n{','.join(quoted)}\n"), codes="codes", probabilities="p"
    )

    assert row.problem
    assert len(row.problem) < 200
    assert row.codes == ()


def test_read__predictions_as_plain_numbers(tmp_path: Path) -> None:
    pq.write_table(pa.table({"libelle": ["x"], "code": [47], "p": [0.5]}), tmp_path / "a.parquet")

    (row,) = read(tmp_path / "a.parquet", codes="code", probabilities="p")

    assert (row.codes, row.probabilities, row.problem) == (("47",), (0.5,), "")


def test_read__a_text_that_is_none(tmp_path: Path) -> None:
    long = "mot " * 2_500_000

    bad, good = read(written(tmp_path / "a.csv", f'libelle;type\n"{long}";a\nCulture;b\n'), variables=("type",))

    assert bad.problem == f"The cell 'libelle' has {len(long) - 1} characters, more than 20000."
    assert good.problem == ""


def test_read__torn_rows_and_broken_bytes_among_good_ones(tmp_path: Path) -> None:
    content = "libelle;code\nPêche;1\ntorn\nŒufs;2\n".encode() + b"caf\xe9;3\n" + "Été;4\n".encode()
    (tmp_path / "a.csv").write_bytes(content)

    found = {row.row: row for row in read(tmp_path / "a.csv", code="code")}

    assert {number: row.text for number, row in found.items() if not row.problem} == {2: "Pêche", 4: "Œufs", 6: "Été"}
    assert found[3].problem == (
        "The row has 1 cells where the header has 2. Quote cells that hold the separator or a line break."
    )
    assert found[5].problem == "The cell 'libelle' holds bytes that are no characters. Save the file as UTF-8."


def test_read__a_file_whose_name_is_odd(tmp_path: Path) -> None:
    name = "it's \u202e=cmd|' ünï\n.csv"

    (row,) = read(written(tmp_path / name, "libelle\nCulture\n"))

    assert (row.problem, row.external_id) == ("", f"{name}:2")


def test_again__reads_a_row_as_it_was_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "libelle;date;codes\nCulture;2027-01-01;a|b\n")
    source = IntakeSource(path=str(path), date="date", codes="codes")
    storage = Storage(str(tmp_path))
    ((row,),) = declarations.read(storage, source, now=NOW)

    same = declarations.again(row.cells, source, file=row.file, row=row.row, now=NOW)
    later = declarations.again(row.cells, source, file=row.file, row=row.row, now=datetime(2027, 1, 2, tzinfo=UTC))

    assert "lies in the future" in row.problem
    assert same == row
    assert (later.problem, later.codes, later.text) == ("", ("a", "b"), "Culture")
