"""Fixtures that every tier may use; the parts that tests start live in tests/parts."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.parts.browser",
    "tests.parts.labelstudio",
    "tests.parts.mlflow",
    "tests.parts.postgres",
    "tests.parts.s3",
]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data beside the project; nothing of it is in the repository, so its absence is no failure."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the public data are not at {folder}")
    return folder
