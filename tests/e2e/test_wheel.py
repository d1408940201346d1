"""The wheel as a user gets it: built, installed in an environment of its own, run far from the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.parts.absence import absent
from tests.parts.awb import Awb

ROOT = Path(__file__).resolve().parents[2]
SHADOWS = ("annotation", "sampling", "sync", "configs")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def _uv() -> str:
    return os.environ.get("UV") or shutil.which("uv") or absent("uv is not installed; PyPI's uv brings it")


def _run(*command: str | Path, cwd: Path) -> str:
    hidden = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run(_uv(), "build", "--wheel", "--quiet", "--python", sys.executable, "--out-dir", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Awb:
    """The program in a folder whose sub-folders bear the names of our packages and break whoever imports them."""
    folder = tmp_path_factory.mktemp("away")
    environment = folder / "venv"
    python = environment / "bin" / "python"
    _run(_uv(), "venv", "--quiet", "--no-project", "--python", sys.executable, environment, cwd=folder)
    as_of = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["exclude-newer"]
    options = ("--quiet", "--no-config", "--python", python, "--exclude-newer", as_of)
    _run(_uv(), "pip", "install", *options, wheel, cwd=folder)
    for name in SHADOWS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise ImportError('shadowed')\n")
    return Awb(home=folder / "home", environment={"PYTHONSAFEPATH": "1"}, program=environment / "bin" / "awb")


def test_wheel__carries_what_the_program_reads_beside_code(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "sync/configs/default.toml",
        "sync/configs/demo/demo.toml",
        "sync/configs/demo/naf-rev2.csv",
        "sync/configs/demo/naf-2025.csv",
        "sync/configs/demo/naf-rev2-naf-2025.csv",
        "sync/configs/demo/wordings.toml",
        "annotation/py.typed",
        "annotation/ledger/migrations/env.py",
        "annotation/ledger/migrations/versions/0001_the_first_tables.py",
    }
    beside = {
        path.relative_to(ROOT).as_posix()
        for folder in ("annotation/api/templates", "annotation/api/static", "annotation/ledger/migrations")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert wanted | beside <= names


def test_wheel__carries_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"annotation", "sampling", "sync"}


def test_wheel__is_marked_so_that_no_index_takes_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))

        assert "Classifier: Private :: Do Not Upload" in archive.read(metadata).decode()


def test_installed__runs_beside_folders_of_the_same_names(installed: Awb) -> None:
    shown = subprocess.run(
        [str(installed.program), "--help"],
        cwd=installed.folder,
        env=installed.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "awb demo" in shown.stdout
    assert installed("init")["campaign"] is None
    demo = _packaged(installed) / "demo"
    imported = installed("nomenclature", "import", "naf-rev2", str(demo / "naf-rev2.csv"))
    examined = installed("doctor")

    assert imported["leaves"] > 50
    assert imported["quarantined"] == []
    assert examined["healthy"] is True
    assert "naf-rev2" in examined["parts"]["nomenclatures"]["message"]


def test_installed__console_script_needs_no_safe_path(installed: Awb) -> None:
    """Python puts the script's folder first, not the working folder; the variable guards `python -m` and images."""
    assert replace(installed, environment={})("nomenclature", "show")["nomenclatures"]


def _packaged(installed: Awb) -> Path:
    code = "import json; from sync.configs_folder import configs_folder; print(json.dumps(str(configs_folder())))"
    python = installed.program.with_name("python")
    folder = Path(json.loads(_run(python, "-P", "-c", code, cwd=installed.folder)))

    assert folder.is_relative_to(installed.program.parents[1])
    return folder
