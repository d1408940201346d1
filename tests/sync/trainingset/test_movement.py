from __future__ import annotations

import pyarrow as pa
import pytest

from sync.trainingset import movement, schema
from sync.trainingset.movement import Filter, Kind

SCHEMA = pa.schema([field.with_nullable(True) for field in schema.DIFFERENCE])
State = dict[str, object]
STATE: State = {
    "code": "10.71C",
    "nomenclature": "naf",
    "source": "coder",
    "weight": 1.0,
    "coder": "C001",
    "label_id": 1,
}


def change(key: str, now: State, before: State | None, kind: str = schema.CHANGED) -> State:
    former = {f"{name}_before": value for name, value in (STATE | before).items()} if before is not None else {}
    return {"text_key": key, "kind": kind if former else schema.ADDED} | STATE | now | former


CHANGES = (
    change("a", {}, None),
    change("b", {"code": "10.71D", "coder": "C002"}, None),
    change("c", {}, {}, schema.REMOVED),
    change("d", {"code": "10.71D", "coder": "C002"}, {}),
    change("e", {"code": "10.71D", "rule": "bread"}, {}),
    change("f", {"source": "arbiter"}, {}),
    change("g", {"weight": 0.5, "coder": None}, {"coder": None}),
    change("h", {"split": "train"}, {"split": "validation"}),
    change("i", {}, {"code": "47.24Z", "rule": "bread"}),
)


def batches(size: int = 4) -> list[pa.RecordBatch]:
    return pa.Table.from_pylist(list(CHANGES), schema=SCHEMA).to_batches(max_chunksize=size)


def test_tally__counts_each_change_once_by_the_first_kind_that_fits() -> None:
    found = movement.tally(movement.classified(batches()))

    assert dict(found.counts) == {
        Kind.ADDED: 2, Kind.REMOVED: 1, Kind.RECODED: 3, Kind.REWEIGHTED: 2, Kind.OTHERWISE: 1,
    }  # fmt: skip
    assert found.ruled == 2  # edited by the rule since, or no longer


def test_tally__by_code_and_by_coder_most_movement_first() -> None:
    found = movement.tally(movement.classified(batches()))

    assert [(one.name, one.added, one.removed, one.entered, one.left, one.net) for one in found.codes] == [
        ("10.71C", 1, 1, 1, 2, -1),
        ("10.71D", 1, 0, 2, 0, 3),
        ("47.24Z", 0, 0, 0, 1, -1),
    ]
    assert {one.name: one.net for one in found.coders} == {"C001": -1, "C002": 2}


@pytest.mark.parametrize("size", [1, 3, 100])
def test_tally__is_the_same_however_the_changes_are_cut(size: int) -> None:
    assert movement.tally(movement.classified(batches(size)), rows=2) == movement.tally(
        movement.classified(batches()), rows=2
    )


def test_tally__keeps_the_first_rows_of_each_kind() -> None:
    found = movement.tally(movement.classified(batches()), rows=2)

    assert [row["text_key"] for row in found.rows[Kind.RECODED]] == ["d", "e"]
    assert [row["text_key"] for row in found.rows[Kind.REMOVED]] == ["c"]


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        (Filter(code="47.24Z"), "i"),
        (Filter(code="10.71D"), "bde"),
        (Filter(code="10"), "abcdefghi"),
        (Filter(coder="C002"), "bd"),
        (Filter(code="10.71D", coder="C001"), "de"),
    ],
)
def test_filter__fits_by_the_new_state_or_by_the_former_one(chosen: Filter, keys: str) -> None:
    found = movement.classified(batches(), chosen)

    assert "".join(key for table in found for key in table["text_key"].to_pylist()) == keys


def test_tally__nothing_changed() -> None:
    found = movement.tally(movement.classified([]), rows=3)

    assert not any(found.counts.values())
    assert (found.ruled, found.codes, found.coders) == (0, (), ())
