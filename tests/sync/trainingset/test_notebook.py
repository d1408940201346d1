"""What a notebook reads, from the outside: the installed package, and a home that must not change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.errors import InstallationError, NotFoundError
from sync import trainingset
from tests.parts import versioned_home
from tests.parts.filled_ledger import RIGHT, WRONG
from tests.parts.versioned_home import VersionedHome


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> VersionedHome:
    return versioned_home.make(tmp_path_factory.mktemp("notebook") / "home")


@pytest.fixture
def home(made: VersionedHome, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Found by the environment, and the same afterwards."""
    monkeypatch.setenv("AWB_HOME", str(made.home))
    before = _state(made.home)
    yield made.home

    assert _state(made.home) == before


def _state(home: Path) -> dict[str, str]:
    # SQLite keeps its lock beside the file while somebody reads.
    files = [one for one in home.rglob("*") if one.is_file() and not one.name.endswith(("-shm", "-wal"))]
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def test_load__the_rows_with_weights_and_splits(home: Path) -> None:
    frame = trainingset.load("v1")

    assert frame["code"].tolist() == [RIGHT, RIGHT, WRONG]
    assert frame["weight"].tolist() == [1.0] * 3
    assert set(frame["split"]) <= {"train", "validation"}
    assert frame.attrs["trainingset"] == "v1"
    assert set(frame.attrs) == {"trainingset", "trainingset_digest", "trainingset_snapshot"}


def test_load__the_current_version_or_one_by_another_name(home: Path) -> None:
    assert trainingset.load().attrs["trainingset"] == "v2"
    assert trainingset.load("spring").attrs["trainingset"] == "v1"


def test_load__some_columns_and_the_variables_as_columns(home: Path) -> None:
    frame = trainingset.load("v1", columns=["text_key", "code"], variables=True)

    assert frame.columns.tolist() == ["text_key", "code", "surface"]
    assert frame["surface"].tolist() == ["2"] * 3


def test_diff__one_row_per_text_with_both_states(home: Path) -> None:
    frame = trainingset.diff("v1", "v2").set_index("kind")

    assert sorted(frame.index) == ["added", "recoded", "removed"]
    assert frame.loc["recoded", ["code_before", "code"]].tolist() == [RIGHT, WRONG]
    assert trainingset.diff("v1", "v2", coder="C001").index.size == 1


def test_diff__of_a_version_with_itself_has_the_columns_and_no_row(home: Path) -> None:
    frame = trainingset.diff("v2", "v2")

    assert len(frame) == 0
    assert frame.columns.tolist() == trainingset.diff("v1", "v2").columns.tolist()


def test_versions__by_tag(home: Path) -> None:
    frame = trainingset.versions()

    assert frame.index.tolist() == ["v1", "v2"]
    assert frame.loc["v2", "parent"] == "v1"
    assert frame.loc["v1", "models"] == ["activity/1"]


def test_blame__a_row_for_each_thing_that_happened(home: Path, made: VersionedHome) -> None:
    frame = trainingset.blame(made.tasks[0].text_key)

    assert frame["what"].tolist() == ["asked", "judged", "labelled", "judged", "labelled", "version", "version"]
    assert frame["at"].is_monotonic_increasing


def test_of_model__before_there_is_an_mlflow(home: Path) -> None:
    with pytest.raises(NotFoundError, match="no MLflow"):
        trainingset.of_model("activity/1")


def test_load__nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"ledger\.db"):
        trainingset.load(home=tmp_path / "nowhere")

    assert list(tmp_path.iterdir()) == []


def test_load__an_old_ledger_is_not_migrated(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with pytest.raises(InstallationError, match="revision none"):
        trainingset.load(home=tmp_path)


def test_package__names_are_found_and_others_are_not() -> None:
    assert {"load", "diff", "versions", "blame", "of_model"} == set(trainingset.__all__)
    with pytest.raises(AttributeError):
        trainingset.nothing  # noqa: B018


def test_load__from_another_folder_that_python_does_not_look_into(home: Path, tmp_path: Path) -> None:
    """As images do it: a folder named like one of ours in the working directory must not hide it."""
    (tmp_path / "sync").mkdir()
    (tmp_path / "sync" / "__init__.py").write_text("raise RuntimeError")
    code = "from sync import trainingset; print(len(trainingset.load('v2')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr
