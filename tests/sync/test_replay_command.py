"""`awb replay` on a plain file, with fastText itself and a small model."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.parts import awb, tinycorpus
from tests.parts.awb import Result

SETTINGS = """
    [training.fasttext]
    dim = 10
    epoch = 15
    minn = 0
    maxn = 0
    word_ngrams = 1
    bucket = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "awb.toml").write_text(SETTINGS, encoding="utf-8")
    with (tmp_path / "coded.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("texte", "code"), *tinycorpus.declarations()])
    return tmp_path


def _replay(folder: Path, *arguments: str, code: str = "code") -> Result:
    return awb.call(
        *("replay", "--home", str(folder / "home"), "--config", str(folder / "awb.toml")),
        *("--input", str(folder / "coded.csv"), "--text-column", "texte", "--code-column", code),
        *("--initial", "0.1", "--batch", "0.25", "--seeds", "2", "--workers", "1"),
        *arguments,
        environment={},
    )


def test_replay__needs_no_ledger_and_gives_json_then_from_memory_a_page(folder: Path) -> None:
    content = _replay(folder, "--strategies", "margin", "--output", "json").succeeded()
    page = _replay(folder, "--strategies", "margin", "--to", str(folder / "replay.html"))

    assert set(content) == {"curves", "saved", "default"}
    assert set(content["curves"]) == set(content["saved"]) == {"random", "margin"}
    assert [point["labels"] for point in content["curves"]["random"]] == sorted(
        {point["labels"] for point in content["curves"]["margin"]}
    )
    assert page.code == 0, page.stderr
    assert (folder / "replay.html").read_text(encoding="utf-8").count("<svg") == 3
    assert not (folder / "home" / "ledger.db").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), "ape", "'ape'"),
        (("--strategies", "nonsense"), "code", "nonsense"),
        (("--until", "0.05"), "code", "cannot go from"),
        (("--seeds", "1", "--batch", "2"), "code", "batch"),
    ],
)
def test_replay__what_cannot_be_played_is_told(folder: Path, arguments: tuple[str, ...], code: str, said: str) -> None:
    result = _replay(folder, *arguments, "--output", "json", code=code)

    assert (result.code, result.stdout) == (3, "")
    assert said in json.loads(result.stderr.strip().splitlines()[-1])["message"]
