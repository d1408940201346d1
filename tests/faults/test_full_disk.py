"""A disk without room under the ledger and the storage of a home: commands say so, lose nothing, and run again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts import awb, small_disk, tinycorpus
from tests.parts.awb import Result
from tests.parts.small_disk import Disk

pytestmark = pytest.mark.integration

MEGABYTES = 6


@dataclass(frozen=True, slots=True)
class Home:
    """``disk`` is None where none could be mounted."""

    folder: Path
    disk: Disk | None

    def run(self, *arguments: str) -> Result:
        config = self.folder.parent / "awb.toml"
        return awb.call(*arguments, "--config", str(config), "--home", str(self.folder), "--output", "json")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    tinycorpus.write(tmp_path, campaign="full")
    with small_disk.mounted(tmp_path / "home", megabytes=MEGABYTES) as disk:
        yield Home(tmp_path / "home", disk)


def test_a_full_disk_is_told_and_what_was_asked_is_done_once_there_is_room(home: Home) -> None:
    known, arriving = (str(home.folder.parent / name) for name in ("known.csv", "arriving.csv"))
    home.run("init").succeeded()
    home.run("texts", "import", known, "--text", "text", "--code", "code", "--coded").succeeded()
    first = home.run("trainingset", "build").succeeded()["version"]
    with small_disk.full(home.disk):
        refused = [
            home.run("texts", "import", arriving, "--text", "text", "--source", "arriving"),
            home.run("trainingset", "export", str(home.folder / "v1.csv"), "--format", "csv"),
        ]

    assert [one.code for one in refused] == [5, 5]
    assert all("room" in one.error["message"] + one.error["cure"] for one in refused)
    taken = home.run("texts", "import", arriving, "--text", "text", "--source", "arriving").succeeded()
    again = home.run("trainingset", "build").succeeded()
    assert taken["texts"] == tinycorpus.TEXTS - tinycorpus.KNOWN
    assert (again["new"], again["version"]["tag"], again["version"]["digest"]) == (False, "v1", first["digest"])
    assert not list(home.folder.glob("**/*v1.csv*"))
