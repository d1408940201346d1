from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts import awb


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (["--input", "parts"], "--text-column"),
        (["--input", "parts", "--text-column", "libelle"], "--to"),
        (["--to", "scores", "--text-column", "libelle"], "--input"),
    ],
)
def test_score__files_want_three_options(tmp_path: Path, given: list[str], missing: str) -> None:
    result = awb.call("score", *given, "--home", str(tmp_path), "--output", "json")

    assert result.code == 3
    assert result.error["message"] == f"{missing} is missing."
