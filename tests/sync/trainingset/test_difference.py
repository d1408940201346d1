from __future__ import annotations

import pyarrow as pa

from sync.trainingset import difference
from sync.trainingset.difference import CodeCount
from tests.parts.trainingrows import codes, rows


def test_diff__each_kind_of_change() -> None:
    a = rows({"kept": "1", "gone": "1", "recoded": "1", "reweighted": "2", "resourced": "2", "moved": "2"})
    b = pa.concat_tables(
        [
            rows({"kept": "1", "recoded": "2", "new": "3"}),
            rows({"reweighted": "2"}, weight=0.5),
            rows({"resourced": "2"}, source="arbiter"),
            rows({"moved": "2"}, split="validation"),
        ]
    )

    found = difference.diff(a, b)

    assert codes(found.added) == {"new": "3"}
    assert codes(found.removed) == {"gone": "1"}
    assert codes(found.changed) == {"moved": "2", "recoded": "2", "resourced": "2", "reweighted": "2"}
    assert found.recoded.select(["text_key", "code", "code_before"]).to_pylist() == [
        {"text_key": "recoded", "code": "2", "code_before": "1"}
    ]
    assert found.reweighted.select(["text_key", "weight", "weight_before", "source", "source_before"]).to_pylist() == [
        {"text_key": "resourced", "weight": 1.0, "weight_before": 1.0, "source": "arbiter", "source_before": "coder"},
        {"text_key": "reweighted", "weight": 0.5, "weight_before": 1.0, "source": "coder", "source_before": "coder"},
    ]
    assert difference.by_code(found) == [
        CodeCount("1", removed=1, left=1),
        CodeCount("2", entered=1),
        CodeCount("3", added=1),
    ]


def test_diff__equal_sets() -> None:
    one = rows({"a": "1", "b": "2"}, coder=None)

    assert difference.diff(one, one.take([1, 0])).is_empty


def test_diff__from_nothing_and_to_nothing() -> None:
    assert codes(difference.diff(rows({}), rows({"a": "1"})).added) == {"a": "1"}
    assert codes(difference.diff(rows({"a": "1"}), rows({})).removed) == {"a": "1"}
    assert difference.diff(rows({}), rows({})).is_empty


def test_diff__value_that_appears_or_disappears_is_a_change() -> None:
    found = difference.diff(rows({"a": "1"}, judgement_id=None), rows({"a": "1"}, judgement_id=4))

    assert codes(found.changed) == {"a": "1"}
