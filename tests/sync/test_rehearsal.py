from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotation.domain.text import group_key
from annotation.errors import InvalidInputError
from sync import rehearsal
from sync.rehearsal import Rehearsal
from sync.settings import RehearsalSettings
from sync.storage import Storage
from tests.parts import pools

START = datetime(2026, 1, 1, tzinfo=UTC)


def load(folder: Path, rows: list[tuple[str, str]], **settings: object) -> Rehearsal:
    file = folder / "coded.csv"
    file.write_text("text;code\n" + "".join(f"{text};{code}\n" for text, code in rows), encoding="utf-8")
    configured = RehearsalSettings.model_validate({"path": str(file), "initial": 10, "parts": 3, **settings})
    return rehearsal.load(storage=Storage(str(folder)), settings=configured, nomenclature=pools.NAF)


ROWS = [(f"texte {number}", pools.CODES[number % 3]) for number in range(30)]


def test_load__deals_every_row_out_once(tmp_path: Path) -> None:
    played = load(tmp_path, [*ROWS, ("sans code", "99.99Z")])
    ids = [row.external_id for part in (played.history, *played.parts) for row in part]

    assert len(ids) == len(set(ids)) == 31
    assert [len(part) for part in played.parts] == [7, 7, 6]
    assert {row.code for row in played.history} == {*pools.CODES, "99.99Z"}
    assert {row.code for part in played.parts for row in part} == {""}


def test_load__time_goes_on(tmp_path: Path) -> None:
    played = load(tmp_path, ROWS)
    moments = [row.declared_at for part in (played.history, *played.parts) for row in part]

    assert all(moment is not None for moment in moments)
    assert moments == sorted(m for m in moments if m is not None)
    assert moments[0] == START - timedelta(days=365)
    assert [part[0].declared_at for part in played.parts] == [START + timedelta(days=30 * n) for n in range(3)]


def test_load__by_its_seed(tmp_path: Path) -> None:
    assert load(tmp_path, ROWS) == load(tmp_path, ROWS)
    assert load(tmp_path, ROWS).history != load(tmp_path, ROWS, seed=2).history


def test_load__truth_is_the_most_usual_code_of_a_wording(tmp_path: Path) -> None:
    rows = [*ROWS, ("Blé", "01.11Z"), ("BLE !", "0112Z"), ("blé", "01.12Z")]
    truth = load(tmp_path, rows).truth

    assert truth[group_key("ble")] == "01.12Z"
    assert truth[group_key("texte 2")] == "56.10A"


def test_load__too_few_rows(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"holds 5 rows with a known code; .* more than 10"):
        load(tmp_path, ROWS[:5] + [("x", "unknown")] * 20)


def test_load__first_day_that_is_no_date(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="first_day is 'soon'"):
        load(tmp_path, ROWS, first_day="soon")
