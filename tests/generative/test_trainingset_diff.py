"""Whatever is committed reads back, and a diff applied to the old version gives the new one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.storage import Storage
from sync.trainingset import comparison, difference, merging, netting, schema
from sync.trainingset.store import TrainingSetStore
from tests.parts.trainingrows import row

States = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(
        st.sampled_from(["01.11Z", "01.12Z"]), st.sampled_from([0.5, 1.0]), st.sampled_from(["train", "validation"])
    ),
)
State = Mapping[str, tuple[str, float, str]]


def table(state: State) -> pa.Table:
    listed = [row(key, code) | {"weight": weight, "split": split} for key, (code, weight, split) in state.items()]
    return pa.Table.from_pylist(listed, schema=schema.CONTENT)


def state_of(rows: pa.Table) -> State:
    return {one["text_key"]: (one["code"], one["weight"], one["split"]) for one in rows.to_pylist()}


@settings(deadline=None)
@given(States, States)
def test_diff__agrees_with_dictionaries(a: State, b: State) -> None:
    found = difference.diff(table(a), table(b))

    assert state_of(found.added) == {key: b[key] for key in b.keys() - a.keys()}
    assert state_of(found.removed) == {key: a[key] for key in a.keys() - b.keys()}
    both = a.keys() & b.keys()
    assert state_of(found.changed) == {key: b[key] for key in both if a[key] != b[key]}
    assert state_of(found.recoded) == {key: b[key] for key in both if a[key][0] != b[key][0]}
    assert sum(one.net for one in difference.by_code(found)) == len(b) - len(a)


def steps(states: Sequence[State], *, first: int = 1) -> list[pa.Table]:
    """What each state stores against the one before; nothing is before the first."""
    stored, former = [], schema.empty()
    for sequence, state in enumerate(states, first):
        new = schema.content(table(state))
        found = comparison.between(former, new)
        stored.append(found.stored(tag=f"v{sequence}", sequence=sequence))
        former = comparison.stamped(former, new, found, f"v{sequence}")
    return stored


@settings(max_examples=50, deadline=None)
@given(st.lists(States, min_size=1, max_size=6), st.integers(1, 4))
def test_merged__changes_laid_over_a_base_give_the_last_state(states: list[State], size: int) -> None:
    first, *others = steps(states)
    base = merging.holding(first).to_batches(max_chunksize=size)
    changes = merging.latest(pa.concat_tables([schema.CHANGE.empty_table(), *reversed(others)]))

    found = pa.Table.from_batches(merging.merged(base, changes, schema.ROW.names), schema=schema.ROW)

    assert found["text_key"].to_pylist() == sorted(states[-1])
    assert state_of(found) == states[-1]


@settings(max_examples=50, deadline=None)
@given(States, st.lists(States, max_size=3), st.lists(States, max_size=3))
def test_differences__along_what_was_stored_are_those_of_the_ends(
    common: State, ours: list[State], theirs: list[State]
) -> None:
    old, new = [common, *ours][-1], [common, *theirs][-1]
    back, forth = (
        pa.concat_tables([schema.CHANGE.empty_table(), *steps([common, *line])[1:]]) for line in (ours, theirs)
    )

    found = netting.differences(back, forth)
    expected = comparison.between(schema.content(table(old)), schema.content(table(new))).differences()

    named = [name for name in schema.DIFFERENCE.names if not name.startswith("added_in")]
    assert found.select(named).equals(expected.select(named))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_store__any_sequence_of_commits_and_rollbacks_reads_back(data: st.DataObject) -> None:
    """Parents are any former version or none, so that histories fork."""
    with (
        tempfile.TemporaryDirectory() as folder,
        TrainingSetStore(
            catalog_uri=f"{folder}/ledger.sqlite", storage=Storage(f"{folder}/store"), name="naf"
        ) as store,
    ):
        expected: dict[str, State] = {}
        for number in range(1, data.draw(st.integers(1, 5)) + 1):
            tag, former = f"v{number}", sorted(expected)
            if former and data.draw(st.booleans()):
                back = data.draw(st.sampled_from(former))
                version = store.rollback(to_tag=back, as_tag=tag)
                expected[tag] = expected[back]
                assert version.parent == former[-1]
            else:
                parent = data.draw(st.sampled_from([None, *former]))
                expected[tag] = data.draw(States)
                version = store.commit(rows=table(expected[tag]), tag=tag, parent=parent)
                assert version.parent == parent

        assert {version.tag: state_of(store.read(version.tag)) for version in store.versions()} == expected
