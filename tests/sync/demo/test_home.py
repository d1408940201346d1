from __future__ import annotations

import json
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from annotation.errors import ConflictError, InstallationError
from sync.demo import home as homes
from sync.demo.home import DemoHome
from sync.settings import Settings

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 24, 9, 30, tzinfo=UTC)


def held(path: Path, *, fresh: bool = False, now: datetime = NOW) -> DemoHome:
    with homes.held(path, fresh=fresh, now=now, on_message=lambda _message: None) as home:
        return home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DemoHome:
    return held(tmp_path_factory.mktemp("demo") / "home")


def test_held__a_new_home_has_the_register_and_settings_that_load(made: DemoHome) -> None:
    settings = Settings.load(made.config, home=made.path)

    assert made.new
    assert {path.name for path in (made.path / "register").iterdir()} == {
        "history.csv",
        "stream",
        "truth",
        "naf-2025.csv",
        "naf-rev2.csv",
        "naf-rev2-naf-2025.csv",
    }
    named = [source.path for source in (*settings.nomenclatures, *settings.correspondences, *settings.intake)]
    assert all(Path(path).exists() for path in [*named, settings.simulate.truth_path])


def test_held__no_file_that_is_taken_in_carries_the_true_codes(made: DemoHome) -> None:
    register = made.path / "register"

    assert "true_code" not in pd.read_csv(register / "history.csv", dtype=str).columns
    assert "true_code" not in pd.read_csv(register / "stream" / "month-1.csv", dtype=str).columns
    assert list(pd.read_csv(register / "truth" / "month-1.csv", dtype=str).columns) == ["libelle", "true_code"]


def test_held__a_second_time_continues_with_the_first_ones_calendar(made: DemoHome) -> None:
    again = held(made.path, now=LATER)

    assert not again.new
    assert again.made_at == NOW - homes.MONTH * homes.LATER_TURNS


def test_held__fresh_clears_what_the_demo_left_and_nothing_else(tmp_path: Path) -> None:
    held(tmp_path)
    (tmp_path / "ledger.db").write_text("old")
    (tmp_path / "ledger.db-wal").write_text("old")
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "notes.txt").write_text("mine")

    again = held(tmp_path, fresh=True, now=LATER)

    assert again.new
    assert again.made_at == LATER - homes.MONTH * homes.LATER_TURNS
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not any((tmp_path / name).exists() for name in ("ledger.db", "ledger.db-wal", "mlflow"))


def test_held__a_home_whose_making_was_killed_is_made_anew(tmp_path: Path) -> None:
    held(tmp_path)
    (tmp_path / "demo.json").write_text(json.dumps({"made_at": NOW.isoformat(), "whole": False}))

    assert held(tmp_path).new


@pytest.mark.parametrize("fresh", [False, True])
def test_held__what_no_demo_made_is_refused_and_left(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "ledger.db").write_text("an office's")

    with pytest.raises(ConflictError, match="not the demo's"):
        held(tmp_path, fresh=fresh)

    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_held__two_demos_on_one_home_are_refused(tmp_path: Path) -> None:
    with (
        homes.held(tmp_path, fresh=False, now=NOW, on_message=lambda _message: None),
        pytest.raises(ConflictError, match="Another demo runs"),
    ):
        held(tmp_path)


def test_held__a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(homes.shutil, "disk_usage", lambda _path: usage(10, 9, 1))

    with pytest.raises(InstallationError, match="MB left"):
        held(tmp_path)

    assert not (tmp_path / "register").exists()


def test_add_month__comes_once_and_differs_from_the_month_before(tmp_path: Path) -> None:
    home = held(tmp_path)

    assert not home.add_month(1)
    assert home.add_month(2)
    assert not home.add_month(2)
    first, second = (
        pd.read_csv(tmp_path / "register" / "stream" / f"month-{number}.csv", dtype=str) for number in (1, 2)
    )
    assert first["date_modification"].max() <= second["date_modification"].min()
    assert not set(first["liasse_numero"]) & set(second["liasse_numero"])
