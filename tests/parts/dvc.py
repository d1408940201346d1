"""DVC in an environment of its own, since it shares too many dependencies with us; installed once into the cache."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from annotation.labelstudio import installation
from tests.parts.absence import absent

VERSION: Final = "3.67.1"


def program() -> Path:
    """The path of the command ``dvc``."""
    folder = installation.cache_folder() / f"dvc-{VERSION}-py{sys.version_info.major}.{sys.version_info.minor}"
    found = folder / "bin" / "dvc"
    if not found.exists():
        _install(folder)
    return found


def _install(folder: Path) -> None:
    uv = shutil.which("uv") or absent("uv is not installed, which installs DVC")
    _run([uv, "venv", "--quiet", "--no-project", "--clear", "--python", sys.executable, str(folder)])
    wanted = ["--exclude-newer", installation.RESOLVED_AS_OF, f"dvc[s3]=={VERSION}"]
    _run([uv, "pip", "install", "--quiet", "--no-config", "--python", str(folder / "bin" / "python"), *wanted])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        absent(f"DVC could not be installed: {done.stderr[-500:]}")
