from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import measurement
from annotation.campaign.measurement import Benchmark
from annotation.domain.campaign import Draw
from annotation.domain.task import Component, Task
from annotation.ledger.repositories.labels import EvaluationMember
from tests.parts import pools


def test_benchmark__strata_stand_draw_by_draw_and_the_least_sure_first(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    strata = ["10: unscored", "2: confidence 10 of 10", "2: confidence 9 of 10", "2: unscored"]
    keys = pools.arrive(ledger, strata)
    members = [EvaluationMember(key, key, key, stratum, 0.5) for key, stratum in zip(keys, strata, strict=True)]
    with ledger.begin() as work:
        draw = work.draws.add(Draw("d", "main", 1, pools.MODEL, "", "", {}, pools.START))
        work.tasks.add([Task(key, draw.id, key, Component.AUDIT, "s", 0.5, 1, "", (), (), None) for key in keys])
        work.evaluation.add("naf", members, now=pools.START)

        population = measurement.benchmark(work, "naf").population

    assert list(population.items()) == [(stratum, 2.0) for stratum in reversed(strata)]


def test_estimate__members_that_the_model_was_not_asked_about_are_missing() -> None:
    members = tuple(EvaluationMember(key, key, key, "1: s", 1.0) for key in "abcd")
    known = Benchmark(members, dict.fromkeys("abcd", "01.11Z"), {"1: s": 1.0}, {"1: s": 4.0})

    found = measurement.estimate(known, {"a": 1.0, "b": 1.0, "c": 0.0})

    assert found.value == pytest.approx(2 / 3)
    assert found.low < found.value < found.high
