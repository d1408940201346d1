"""What a version costs to write, and that it reads the same however its files were merged or written anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyiceberg.table import StaticTable

from annotation.errors import CheckFailedError, InvalidInputError
from sync.trainingset import difference, digest, layout, schema
from sync.trainingset.store import TrainingSetStore
from sync.trainingset.version import StaleParentError, Version
from tests.parts import storeplaces
from tests.parts.storeplaces import Place
from tests.parts.trainingrows import codes, rows

pytestmark = pytest.mark.integration

ONE = {"a": "01.11Z", "b": "01.12Z", "c": "56.10A"}
MANY = {f"{n:08}": "01.11Z" for n in range(12_000)}


@pytest.fixture(params=storeplaces.PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return storeplaces.of(request, tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[TrainingSetStore]:
    with place.store() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[TrainingSetStore]:
    """For what does not depend on where the files lie."""
    storage = storeplaces.Storage(str(tmp_path / "store"))
    with TrainingSetStore(catalog_uri=f"sqlite:///{tmp_path}/l.sqlite", storage=storage, name="naf") as opened:
        yield opened


def amend(store: TrainingSetStore, tag: str, new: Mapping[str, str | None], *, parent: str | None = None) -> Version:
    """On the current version; None removes the text."""
    current = store.current()
    assert current is not None
    there = store.rows_of(current.tag, new.keys())
    after = rows({key: code for key, code in new.items() if code is not None})
    return store.amend(after=after, before=there, tag=tag, parent=parent or current.tag)


def assert_whole(store: TrainingSetStore, tag: str, expected: Mapping[str, str]) -> None:
    found = store.read(tag)
    assert codes(found) == expected
    assert found["text_key"].to_pylist() == sorted(expected)
    assert pa.Table.from_batches(store.batches(tag), schema=schema.ROW).equals(found)
    assert digest.digest(found) == store.version(tag).digest
    assert store.verify(tag).faults == ()


def test_amend__is_the_version_that_a_commit_would_make(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    two = amend(store, "v2", {"b": "01.13Z", "c": None, "d": "96.02A"})

    expected = {"a": "01.11Z", "b": "01.13Z", "d": "96.02A"}
    assert (two.rows, two.added, two.removed, two.changed, two.parent) == (3, 1, 1, 1, "v1")
    assert two.digest == digest.digest(rows(expected))
    assert store.read("v2")["added_in"].to_pylist() == ["v1", "v2", "v2"]
    assert store.commit(rows=rows(expected), tag="v2", parent="v1") == two
    assert amended_files(store) == 1
    assert_whole(store, "v2", expected)
    assert_whole(store, "v1", ONE)


def amended_files(store: TrainingSetStore) -> int:
    return len(set(store.files("v2")) - set(store.files("v1")))


def test_amend__on_a_parent_that_is_no_longer_current(place: Place, store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    amend(store, "v2", {"a": "01.13Z"})
    files = place.storage.files()

    with pytest.raises(StaleParentError, match=r"v1 is no longer the current version: v2 is\."):
        amend(store, "v3", {"a": "01.14Z"}, parent="v1")

    assert place.storage.files() == files
    assert [one.tag for one in store.versions()] == ["v1", "v2"]


def test_amend__the_same_again_is_the_version_that_is_there(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    before = store.rows_of("v1", ["a"])
    first = store.amend(after=rows({"a": "01.13Z"}), before=before, tag="v2", parent="v1")

    assert store.amend(after=rows({"a": "01.13Z"}), before=before, tag="v2", parent="v1") == first


def test_commit__batches_out_of_order_leave_nothing_behind(place: Place, store: TrainingSetStore) -> None:
    wrong = [rows({"b": "1"}).to_batches()[0], rows({"a": "1"}).to_batches()[0]]

    with pytest.raises(InvalidInputError, match="not sorted by text key: a comes too late"):
        store.commit(rows=wrong, tag="v1", parent=None)
    with pytest.raises(CheckFailedError, match="Text b occurs twice"):
        store.commit(rows=[wrong[0], wrong[0]], tag="v1", parent=None)

    assert not [url for url in place.storage.files() if url.endswith(".parquet")]


def test_amend__many_times_keeps_few_files_and_the_whole_history(folder: TrainingSetStore) -> None:
    folder.commit(rows=rows(ONE), tag="v1", parent=None)
    state: dict[str, str] = dict(ONE)
    for number in range(2, 42):
        new = {"a": f"code {number}", f"t{number:02}": "96.02A"}
        amend(folder, f"v{number}", new)
        state |= new

    assert len(folder.files("v41")) < 2 * layout.FILES_OF_ONE_SIZE
    assert_whole(folder, "v41", state)
    assert folder.history("a")["code"].to_pylist() == ["01.11Z", *(f"code {number}" for number in range(2, 42))]
    assert folder.history("a")["code_before"].to_pylist()[:3] == [None, "01.11Z", "code 2"]
    assert folder.read_changes("v20")["text_key"].to_pylist() == ["a", "t20"]
    assert_diff(folder, "v1", "v41")
    assert_diff(folder, "v30", "v12")


def assert_diff(store: TrainingSetStore, old: str, new: str) -> None:
    """As from the rows of both."""
    expected = difference.diff(store.read(old), store.read(new))
    found = store.diff(old, new)

    for name in ("added", "removed", "changed", "recoded", "reweighted"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        known = [column for column in mine.column_names if column != "added_in_before"]
        assert mine.select(known).equals(theirs.select(known)), name


def test_base__is_written_anew_below_the_changes_that_are_too_many(folder: TrainingSetStore) -> None:
    folder.commit(rows=rows(MANY), tag="v1", parent=None)
    keys = sorted(MANY)
    amend(folder, "v2", dict.fromkeys(keys[:6_000], "01.12Z"))
    three = amend(folder, "v3", dict.fromkeys(keys[4_000:10_000], "01.13Z") | {keys[0]: None})
    amend(folder, "v4", {keys[1]: "01.14Z", "new": "01.14Z"})

    assert three.base == 2
    assert folder.read_changes("v3").num_rows == 6_001
    assert not set(folder.files("v3")) & set(folder.files("v2"))
    expected = MANY | dict.fromkeys(keys[:4_000], "01.12Z") | dict.fromkeys(keys[4_000:10_000], "01.13Z")
    del expected[keys[0]]
    assert_whole(folder, "v3", expected)
    assert_diff(folder, "v1", "v4")
    assert_diff(folder, "v4", "v2")
    assert folder.history(keys[0])["change"].to_pylist() == ["upsert", "upsert", "remove"]
    assert folder.history(keys[4_000])["code"].to_pylist() == ["01.11Z", "01.12Z", "01.13Z"]


@pytest.mark.parametrize("amended", [True, False])
def test_base__is_written_anew_with_a_change_of_almost_everything(folder: TrainingSetStore, amended: bool) -> None:
    folder.commit(rows=rows(MANY), tag="v1", parent=None)
    keys = sorted(MANY)
    new = dict.fromkeys(keys[:11_000], "01.12Z") | {f"x{n}": "1" for n in range(5)}
    expected = MANY | new
    if amended:
        amend(folder, "v2", new)
    else:
        folder.commit(rows=small_batches(expected), tag="v2", parent="v1")

    two = folder.version("v2")
    assert (two.base, two.added, two.removed, two.changed) == (2, 5, 0, 11_000)
    assert_whole(folder, "v2", expected)
    assert pc.value_counts(folder.read("v2")["added_in"]).to_pylist() == [
        {"values": "v2", "counts": 11_005},
        {"values": "v1", "counts": 1_000},
    ]
    assert folder.read_changes("v2").num_rows == 11_005
    assert folder.history(keys[0])["code"].to_pylist() == ["01.11Z", "01.12Z"]
    assert_diff(folder, "v1", "v2")


def small_batches(state: Mapping[str, str]) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = rows(dict(sorted(state.items()))).to_batches(max_chunksize=700)
    return batches


def test_changes__between_versions_that_parted(folder: TrainingSetStore) -> None:
    folder.commit(rows=rows(ONE), tag="v1", parent=None)
    folder.commit(rows=rows(ONE | {"d": "1", "a": "2"}), tag="left", parent="v1")
    folder.commit(rows=rows({"a": "3", "b": "01.12Z", "e": "1"}), tag="right", parent="v1")
    folder.commit(rows=rows({"a": "9", "z": "1"}), tag="alone", parent=None)

    kinds = {
        row["text_key"]: (row["kind"], row["code_before"])
        for batch in folder.changes("left", "right")
        for row in batch.to_pylist()
    }
    assert kinds == {
        "a": ("changed", "2"),
        "c": ("removed", "56.10A"),
        "d": ("removed", "1"),
        "e": ("added", None),
    }
    assert_diff(folder, "left", "right")
    assert_diff(folder, "left", "alone")
    assert folder.diff("left", "left").is_empty


def test_rows_of_and_keys_where__see_the_changes(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    amend(store, "v2", {"b": "01.13Z", "c": None, "d": "01.13Z"})

    assert codes(store.rows_of("v2", ["d", "b", "c", "nothing"])) == {"b": "01.13Z", "d": "01.13Z"}
    assert codes(store.rows_of("v1", ["d", "b", "c"])) == {"b": "01.12Z", "c": "56.10A"}
    assert store.keys_where("v2", "code", ["01.13Z", "01.12Z", "56.10A"]) == ["b", "d"]
    assert store.keys_where("v1", "words_key", [words_key("a"), words_key("c")]) == ["a", "c"]
    assert store.keys_where("v1", "group_key", []) == []


def words_key(key: str) -> int:
    return schema.words_key(f"texte no {key}")


def test_read__some_columns(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    amend(store, "v2", {"b": "01.13Z", "c": None})

    found = store.read("v2", ["code", "added_in"])
    assert found.to_pydict() == {"code": ["01.11Z", "01.13Z"], "added_in": ["v1", "v2"]}
    assert next(store.batches("v2", columns=["weight"])).schema.names == ["weight"]


LATEST = f"""
    select {", ".join(schema.ROW.names)} from stored
    qualify row_number() over (partition by text_key order by sequence desc) = 1 and change = 'upsert'
    order by text_key
"""


def test_reading__with_iceberg_alone_after_merging_and_rewriting(
    place: Place, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    keys = sorted(MANY)
    store.commit(rows=rows(MANY), tag="v1", parent=None)
    for number in range(2, 11):
        amend(store, f"v{number}", {keys[number]: None, "a": f"code {number}"})
    amend(store, "v11", dict.fromkeys(keys[1_000:11_000], "01.13Z"))
    amend(store, "v12", {keys[5_000]: "01.14Z"})
    nullable = pa.schema([field.with_nullable(True) for field in schema.ROW])

    table = StaticTable.from_metadata(store.location(), properties=place.storage.iceberg_properties())
    assert store.version("v11").base == 10
    for tag in ("v9", "v10", "v11", "v12"):
        snapshot = table.snapshot_by_name(tag)
        assert snapshot is not None
        stored = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
        with duckdb.connect() as connection:
            connection.register("stored", stored)
            found = connection.sql(LATEST).to_arrow_table()

        assert found.equals(store.read(tag).cast(nullable)), tag
