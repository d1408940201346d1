from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from annotation.errors import InvalidInputError
from sync.storage import Storage
from sync.trainingset import export, schema
from sync.trainingset.export import Format, Selection, Split
from tests.parts.trainingrows import row, rows


class UpperCase:
    def line(self, text: str, variables: Mapping[str, str]) -> str:
        return " ".join([text.upper(), *(f"{name}_{value}" for name, value in variables.items())])


def test_export__parquet_and_csv_are_read_by_pandas(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    table = rows({"a": "01.11Z", "b": "56.10A"}, text='boulangerie, "fine"\npâtisserie')

    for form, reader in ((Format.PARQUET, pd.read_parquet), (Format.CSV, pd.read_csv)):
        done = export.export(table, storage=storage, path=f"out/set.{form}", form=form)
        frame = reader(done.url.removeprefix("file://"))

        assert frame["code"].tolist() == ["01.11Z", "56.10A"]
        assert frame["text"].tolist() == ['boulangerie, "fine"\npâtisserie'] * 2
        assert frame["variables"].tolist() == ['{"liasse_type":"X"}'] * 2


def test_export__fasttext_lines(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))

    export.export(
        rows({"a": "01.11Z", "b": "56.10A"}, text="thé"),
        storage=storage,
        path="set.txt",
        form=Format.FASTTEXT,
        normaliser=UpperCase(),
    )

    assert storage.read("set.txt").decode() == "__label__01.11Z THÉ liasse_type_X\n__label__56.10A THÉ liasse_type_X\n"


def test_export__fasttext_needs_a_normaliser_and_labels_without_blanks(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))

    with pytest.raises(InvalidInputError, match="needs the normaliser"):
        export.export(rows({"a": "1"}), storage=storage, path="x", form=Format.FASTTEXT)
    with pytest.raises(InvalidInputError, match="holds a blank"):
        export.export(rows({"a": "1 2"}), storage=storage, path="x", form=Format.FASTTEXT, normaliser=UpperCase())

    assert not storage.exists("x")


def mixed() -> pa.Table:
    """Two rows of each split, from two sources, with two weights."""
    made = [
        row(key, "10.71C") | {"split": split, "source": source, "weight": weight}
        for key, split, source, weight in (
            ("a", "train", "coder", 1.0),
            ("b", "train", "table", 0.5),
            ("c", "validation", "coder", 1.0),
            ("d", "validation", "table", 0.5),
        )
    ]
    return pa.Table.from_pylist(made, schema=schema.CONTENT).append_column("added_in", pa.array(["v1"] * 4))


@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        (Selection(), "abcd"),
        (Selection(Split.TRAIN), "ab"),
        (Selection(sources=frozenset({"table"})), "bd"),
        (Selection(Split.VALIDATION, frozenset({"table", "rule"})), "d"),
        (Selection(sources=frozenset({"llm"})), ""),
    ],
)
@pytest.mark.parametrize("form", [Format.PARQUET, Format.CSV])
def test_export__selected_rows_with_their_weights(
    tmp_path: Path, selection: Selection, keys: str, form: Format
) -> None:
    batches = mixed().to_batches(max_chunksize=3)
    done = export.export(batches, storage=Storage(str(tmp_path)), path="set", form=form, selection=selection)
    frame = pd.read_parquet(tmp_path / "set") if form is Format.PARQUET else pd.read_csv(tmp_path / "set")

    assert "".join(frame["text_key"]) == keys
    assert done.rows == len(frame)
    assert not done.weights_lost
    assert frame["weight"].tolist() == [{"coder": 1.0, "table": 0.5}[one] for one in frame["source"]]


def test_export__fasttext_says_when_it_loses_weights(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    told = [
        export.export(
            mixed(), storage=storage, path="x", form=Format.FASTTEXT, normaliser=UpperCase(), selection=selection
        ).weights_lost
        for selection in (Selection(), Selection(sources=frozenset({"coder"})))
    ]

    assert told == [True, False]


def _with_text(table: pa.Table, text: str) -> pa.Table:
    return table.set_column(table.column_names.index("text"), "text", pa.array([text] * table.num_rows))


@pytest.mark.parametrize("text", ["=1+2", "@SUM(A1)", "+33 1", "-x", "plain", 'a,"b"\nc'])
def test_export__csv_keeps_texts_exact_and_a_spreadsheet_runs_none(tmp_path: Path, text: str) -> None:
    storage, table = Storage(str(tmp_path)), _with_text(mixed(), text)
    export.export(table, storage=storage, path="exact.csv", form=Format.CSV)
    export.export(table, storage=storage, path="people.csv", form=Format.CSV, spreadsheet=True)
    people = pd.read_csv(tmp_path / "people.csv", encoding="utf-8-sig")

    assert set(pd.read_csv(tmp_path / "exact.csv")["text"]) == {text}
    assert set(people["text"]) == {f"'{text}" if text[0] in "=@+-" else text}
    assert people["weight"].tolist() == [1.0, 0.5, 1.0, 0.5]


def test_export__a_spreadsheet_is_csv(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Only CSV"):
        export.export(mixed(), storage=Storage(str(tmp_path)), path="x", spreadsheet=True)
