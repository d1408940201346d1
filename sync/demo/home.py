"""The folder that a demo lives in: what it holds, whose it is, and how it is begun again.

Only a folder that the demo made itself, or an empty one, is ever used or cleared.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from annotation.errors import ConflictError, InstallationError
from sync.configs_folder import configs_folder
from sync.demo import orphans, register
from sync.demo.orphans import OnMessage

SEED = 2026
MONTH = timedelta(days=30)
# The first month lies so far back that each of these turns has one more, none of them in the future.
LATER_TURNS = 11
LEAST_FREE_BYTES = 500_000_000
_TABLES = ("naf-rev2.csv", "naf-2025.csv", "naf-rev2-naf-2025.csv")
# What a demo leaves in its home, and what others would: a home with any of it is somebody's.
_KEPT = ("register", "awb.toml", "ledger.db", "storage", "mlflow", "models", "label-studio", "downloads")
_PATH = re.compile(r'^(\w*path = ")', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DemoHome:
    """``made_at`` is the last day of the first month. ``new`` is False when there was a demo to continue."""

    path: Path
    made_at: datetime
    new: bool

    @property
    def config(self) -> Path:
        return self.path / "awb.toml"

    @property
    def label_studio(self) -> Path:
        return self.path / "label-studio"

    @property
    def mlflow(self) -> Path:
        return self.path / "mlflow"

    def add_month(self, number: int) -> bool:
        """Let the declarations of the month arrive, counted from 1; False where they are there already."""
        folder = self.path / "register"
        name = f"month-{number}.csv"
        if (folder / "stream" / name).exists():
            return False
        made = register.make_register(seed=SEED + number - 1, now=self.made_at + MONTH * (number - 1))
        # The truth first: a month without it would be asked about and never answered.
        _write(made.stream[["libelle", "true_code"]], folder / "truth" / name)
        _write(made.stream.drop(columns=["true_code"]), folder / "stream" / name)
        return True


@contextmanager
def held(path: Path, *, fresh: bool, now: datetime, on_message: OnMessage) -> Iterator[DemoHome]:
    """The home, made when it is not there yet or begun again when ``fresh``; ours alone inside ``with``.

    Raises ConflictError where another demo runs on it, or where it holds what no demo made; InstallationError where
    the disk has no room.
    """
    path = path.resolve()
    _require_ours(path)
    path.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path).free < LEAST_FREE_BYTES:
        raise InstallationError(
            f"The disk that holds {path} has less than {LEAST_FREE_BYTES // 1_000_000} MB left.",
            cure="Make room, or choose a folder on another disk with --home.",
        )
    with (path / "demo.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"Another demo runs on {path}.", cure="Stop it with Ctrl-C, or choose another folder with --home."
            ) from error
        made_at = None if fresh else _made_at(path)
        if made_at is not None:
            yield DemoHome(path, made_at, new=False)
        else:
            yield _make(path, now, on_message)


def _require_ours(path: Path) -> None:
    if not _marker(path).exists() and any((path / name).exists() for name in _KEPT):
        raise ConflictError(
            f"{path} holds a workbench that is not the demo's.", cure="Choose another folder with --home."
        )


def _made_at(path: Path) -> datetime | None:
    """None where the making, or the clearing for it, did not come to its end."""
    marker = _marker(path)
    known = json.loads(marker.read_text()) if marker.exists() else {}
    return datetime.fromisoformat(known["made_at"]) if known.get("whole") else None


def _make(path: Path, now: datetime, on_message: OnMessage) -> DemoHome:
    last_day = now - MONTH * LATER_TURNS
    home = DemoHome(path, last_day, new=True)
    _mark(path, last_day, whole=False)
    orphans.stop(home.label_studio / "server.json", "label_studio", on_message)
    orphans.stop(home.mlflow / "server.json", "mlflow", on_message)
    _clear(path)
    on_message("writing a small register of French business descriptions")
    folder = path / "register"
    made = register.make_register(seed=SEED, now=last_day)
    _write(made.history.drop(columns=["true_code"]), folder / "history.csv")
    demo = configs_folder() / "demo"
    for name in _TABLES:
        shutil.copyfile(demo / name, folder / name)
    home.add_month(1)
    settings = (demo / "demo.toml").read_text(encoding="utf-8")
    home.config.write_text(_PATH.sub(r"\1register/", settings), encoding="utf-8")
    _mark(path, last_day, whole=True)
    return home


def _clear(path: Path) -> None:
    for name in _KEPT:
        for found in (path / name, path / f"{name}-wal", path / f"{name}-shm"):
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink(missing_ok=True)


def _marker(path: Path) -> Path:
    return path / "demo.json"


def _mark(path: Path, made_at: datetime, *, whole: bool) -> None:
    marker = _marker(path)
    partial = marker.with_suffix(".writing")
    partial.write_text(json.dumps({"made_at": made_at.isoformat(), "whole": whole}))
    partial.rename(marker)


def _write(rows: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent.parent / f"{path.name}.writing"
    rows.to_csv(partial, index=False)
    partial.rename(path)
