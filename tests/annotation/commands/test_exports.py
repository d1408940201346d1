"""`awb campaign export`, as people call it."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.annotation.commands.test_coders_and_policy import Desk
from tests.parts import campaigns

INVALID, MISSING = 3, 4


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def test_export__all_tables_as_files(desk: Desk, tmp_path: Path) -> None:
    to = tmp_path / "out" / "deeper"
    found = desk("campaign", "export", campaigns.KEY, "--to", str(to))
    with (to / f"{campaigns.KEY}-tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert set(found["files"]) == {"tasks", "judgements", "labels", "coders", "draws", "agreement"}
    assert rows[0]["component"] == "audit"
    assert sorted(path.name for path in to.iterdir()) == sorted(Path(path).name for path in found["files"].values())


def test_export__one_table_as_parquet(desk: Desk, tmp_path: Path) -> None:
    desk("campaign", "export", campaigns.KEY, "--to", str(tmp_path), "--format", "parquet", "--table", "draws")

    assert pq.read_table(tmp_path / f"{campaigns.KEY}-draws.parquet").num_rows == 1


def test_export__what_is_not_there(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("campaign", "export", "none", "--to", str(tmp_path)).code == MISSING
    assert desk.run("campaign", "export", campaigns.KEY, "--table", "none", "--to", str(tmp_path)).code == INVALID
