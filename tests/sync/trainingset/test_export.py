from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from annotation.errors import InvalidInputError
from sync.storage import Storage
from sync.trainingset import export
from sync.trainingset.export import Format
from tests.parts.trainingrows import rows


class UpperCase:
    def line(self, text: str, variables: Mapping[str, str]) -> str:
        return " ".join([text.upper(), *(f"{name}_{value}" for name, value in variables.items())])


def test_export__parquet_and_csv_are_read_by_pandas(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    table = rows({"a": "01.11Z", "b": "56.10A"}, text='boulangerie, "fine"\npâtisserie')

    for form, reader in ((Format.PARQUET, pd.read_parquet), (Format.CSV, pd.read_csv)):
        url = export.export(table, storage=storage, path=f"out/set.{form}", form=form)
        frame = reader(url.removeprefix("file://"))

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
