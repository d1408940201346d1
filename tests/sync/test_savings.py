from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotation.campaign.brought import Saving
from annotation.errors import InvalidInputError
from sync import savings
from sync.settings import Settings

RESULT = {
    "saved": {
        "random": {"mid": 0, "end": 0, "low": None, "high": None},
        "margin": {"mid": 0.3, "end": 0.25, "low": 0.1, "high": 0.4},
        "entropy": {"mid": 0.2, "end": 0.2, "low": None, "high": None},
    },
    "default": "margin",
}


def test_last__nothing_played(tmp_path: Path) -> None:
    assert savings.last(Settings(home=tmp_path)) is None


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("margin_covering", Saving("margin", 0.25, 0.1, 0.4)),
        ("entropy", Saving("entropy", 0.2, None, None)),
    ],
)
def test_last__of_the_strategy_in_use_or_of_the_one_found_best(tmp_path: Path, drawn: str, expected: Saving) -> None:
    (tmp_path / "replay.json").write_text(json.dumps(RESULT))

    assert savings.last(Settings(home=tmp_path, draw={"strategy": drawn})) == expected


def test_last__something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "replay.json").write_text("[]")

    with pytest.raises(InvalidInputError, match="no result of a replay"):
        savings.last(Settings(home=tmp_path))


def test_saving__labels_that_random_would_have_needed_on_top() -> None:
    assert Saving("margin", 0.2, None, None).labels(400) == 100
