"""Whatever is committed reads back, and a diff applied to the old version gives the new one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.storage import Storage
from sync.trainingset import changes, difference, schema
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


@given(States, States)
def test_diff__agrees_with_dictionaries(a: State, b: State) -> None:
    found = difference.diff(table(a), table(b))

    assert state_of(found.added) == {key: b[key] for key in b.keys() - a.keys()}
    assert state_of(found.removed) == {key: a[key] for key in a.keys() - b.keys()}
    both = a.keys() & b.keys()
    assert state_of(found.changed) == {key: b[key] for key in both if a[key] != b[key]}
    assert state_of(found.recoded) == {key: b[key] for key in both if a[key][0] != b[key][0]}
    assert sum(one.net for one in difference.by_code(found)) == len(b) - len(a)


@given(st.lists(States, min_size=1, max_size=6))
def test_resolve__changes_one_after_the_other_give_the_last_state(states: list[State]) -> None:
    stored, resolved = schema.CHANGE.empty_table(), schema.empty()
    for sequence, state in enumerate(states, 1):
        step = changes.between(resolved, table(state), tag=f"v{sequence}", sequence=sequence)
        stored = pa.concat_tables([step.table, stored])
        resolved = changes.resolve(stored)

        assert state_of(resolved) == state


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
