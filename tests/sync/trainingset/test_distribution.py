from __future__ import annotations

import pytest

from sync.trainingset import distribution
from sync.trainingset.checks import Checks

CHECKS = Checks()
BEFORE = {f"{number:02}": 100 for number in range(50)}


def told(now: dict[str, int], before: dict[str, int] = BEFORE, checks: Checks = CHECKS) -> list[str]:
    return [sentence for sentence, _ in distribution.moves(now, before, checks=checks)]


def test_moves__none_where_all_grew_alike() -> None:
    assert told({code: 3 * number for code, number in BEFORE.items()}) == []


def test_moves__a_code_is_gone() -> None:
    before = BEFORE | {"98": 4, "99": 5}

    assert told(BEFORE, before) == ["1 codes are gone that the parent had 5 rows of or more: 99 (5)."]


def test_moves__a_code_grew_and_one_shrank() -> None:
    now = BEFORE | {"00": 300, "01": 20}

    assert told(now) == ["2 codes grew or shrank 2 times, beyond chance: 00 (100 to 300), 01 (100 to 20)."]


def test_moves__a_rare_code_that_doubles_is_chance() -> None:
    assert told(BEFORE | {"99": 7}, BEFORE | {"99": 3}) == []
    assert told(BEFORE | {"99": 10}) == []
    assert told(BEFORE | {"99": 40}) == ["1 codes grew or shrank 2 times, beyond chance: 99 (0 to 40)."]


def test_moves__the_whole_moved() -> None:
    now = {code: number if place % 2 else 51 for place, (code, number) in enumerate(BEFORE.items())}

    assert told(now, checks=Checks(total_variation=0.1)) == [
        "The shares of the codes moved by 0.16 in total variation, more than 0.1."
    ]


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ({"a": 1}, {"a": 5}, 0.0),
        ({"a": 1}, {"b": 1}, 1.0),
        ({"a": 3, "b": 1}, {"a": 1, "b": 1}, 0.25),
        ({}, {"a": 1}, 0.0),
    ],
)
def test_total_variation(one: dict[str, int], other: dict[str, int], distance: float) -> None:
    assert distribution.total_variation(one, other) == distance
