from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

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
