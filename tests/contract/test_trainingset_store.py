"""One behaviour on a laptop (folder and SQLite) and in production (S3 and PostgreSQL)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.table import StaticTable

from annotation.errors import CheckFailedError, ConflictError, InvalidInputError, NotFoundError, UnreachableError
from sync.storage import Storage
from sync.trainingset import digest, export, schema
from sync.trainingset.store import TrainingSetStore
from tests.parts import committing, storeplaces, trainingrows
from tests.parts.committing import Commit
from tests.parts.storeplaces import Place
from tests.parts.trainingrows import codes, rows

pytestmark = pytest.mark.integration

KILLS = 10


@pytest.fixture(params=storeplaces.PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return storeplaces.of(request, tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[TrainingSetStore]:
    with place.store() as opened:
        yield opened


ONE = {"a": "01.11Z", "b": "01.12Z", "c": "56.10A"}
TWO = {"a": "01.11Z", "b": "01.13Z", "d": "96.02A"}


def test_versions__none_yet(store: TrainingSetStore) -> None:
    assert store.versions() == []
    assert store.current() is None
    with pytest.raises(NotFoundError, match=r"no version v1\. Nothing was committed yet"):
        store.read("v1")


def test_commit__reads_back_with_counts_and_parent(store: TrainingSetStore) -> None:
    one = store.commit(rows=rows(ONE), tag="v1", parent=None, properties={"recipe": "r1"})
    two = store.commit(rows=rows(TWO), tag="v2", parent="v1")

    assert (one.rows, one.added, one.removed, one.changed, one.parent) == (3, 3, 0, 0, None)
    assert (two.rows, two.added, two.removed, two.changed, two.parent) == (3, 1, 1, 1, "v1")
    assert one.properties == {"recipe": "r1"}
    assert codes(store.read("v1")) == ONE
    assert codes(store.read("v2")) == TWO
    assert store.read("v2").select(schema.CONTENT.names).equals(schema.content(rows(TWO)).cast(schema.CONTENT))
    assert store.read("v2")["added_in"].to_pylist() == ["v1", "v2", "v2"]
    assert store.versions() == [one, two]
    assert store.version("v2") == store.current() == two
    assert digest.digest(store.read("v2")) == two.digest


def test_read_changes__only_what_differs_is_stored(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows(TWO), tag="v2", parent="v1")

    changes = store.read_changes("v2").select(["text_key", "code", "change", "sequence"]).to_pylist()

    assert changes == [
        {"text_key": "b", "code": "01.13Z", "change": "upsert", "sequence": 2},
        {"text_key": "c", "code": "56.10A", "change": "remove", "sequence": 2},
        {"text_key": "d", "code": "96.02A", "change": "upsert", "sequence": 2},
    ]


def test_commit__same_content_again_is_the_same_version(place: Place, store: TrainingSetStore) -> None:
    first = store.commit(rows=rows(ONE), tag="v1", parent=None)

    with place.store() as other:
        again = other.commit(rows=rows(dict(reversed(ONE.items()))), tag="v1", parent=None)

    assert again == first
    assert len(store.versions()) == 1


def test_commit__same_tag_with_other_content_is_refused(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)

    with pytest.raises(ConflictError, match="v1 exists with another content"):
        store.commit(rows=rows(TWO), tag="v1", parent=None)

    assert codes(store.read("v1")) == ONE


def test_commit__nothing_new_is_a_version_too(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    two = store.commit(rows=rows(ONE), tag="v2", parent="v1")

    assert (two.added, two.removed, two.changed) == (0, 0, 0)
    assert codes(store.read("v2")) == ONE


def test_commit__child_of_a_version_that_is_not_the_last(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows({}), tag="v2", parent="v1")
    side = store.commit(rows=rows(ONE | {"e": "01.11Z"}), tag="side", parent="v1")
    root = store.commit(rows=rows({"z": "01.11Z"}), tag="root", parent=None)

    assert (side.added, side.removed, side.changed, side.sequence) == (1, 0, 0, 2)
    assert (root.added, root.parent, root.sequence) == (1, None, 1)
    assert {one.tag: codes(store.read(one.tag)) for one in store.versions()} == {
        "v1": ONE,
        "v2": {},
        "side": ONE | {"e": "01.11Z"},
        "root": {"z": "01.11Z"},
    }


def test_commit__unknown_parent_or_bad_rows_write_nothing(store: TrainingSetStore) -> None:
    with pytest.raises(NotFoundError, match="no version v0"):
        store.commit(rows=rows(ONE), tag="v1", parent="v0")
    with pytest.raises(CheckFailedError, match="Text a occurs twice"):
        store.commit(rows=pa.concat_tables([rows(ONE), rows(ONE)]), tag="v1", parent=None)
    with pytest.raises(InvalidInputError, match="cannot name a version"):
        store.commit(rows=rows(ONE), tag="main", parent=None)

    assert store.versions() == []


def test_rollback__is_a_new_version_with_the_old_content(store: TrainingSetStore) -> None:
    one = store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows(TWO), tag="v2", parent="v1")

    three = store.rollback(to_tag="v1", as_tag="v3")

    assert three.digest == one.digest
    assert three.parent == "v2"
    assert three.properties == {"rolled_back_to": "v1"}
    assert store.rollback(to_tag="v1", as_tag="v3") == three
    assert store.read("v3").equals(store.read("v1"))
    assert codes(store.read("v2")) == TWO
    assert [one.tag for one in store.versions()] == ["v1", "v2", "v3"]


def test_rollback__over_amendments_stores_only_what_they_changed(store: TrainingSetStore) -> None:
    base = {f"{n:05}": "01.11Z" for n in range(5_000)}
    store.commit(rows=rows(base), tag="v1", parent=None)
    gone, coming = store.rows_of("v1", ["00003", "00004"]), rows({"00003": "01.12Z", "new": "01.13Z"})
    store.amend(before=gone, after=coming, tag="v2", parent="v1")

    back = store.rollback(to_tag="v1", as_tag="v3")

    assert (back.added, back.removed, back.changed, back.rows) == (1, 1, 1, 5_000)
    assert store.read("v3").equals(store.read("v1"))
    assert sorted(store.read_changes("v3")["text_key"].to_pylist()) == ["00003", "00004", "new"]
    assert store.diff("v1", "v3").is_empty
    assert store.verify("v3").faults == ()
    assert store.rollback(to_tag="v2", as_tag="v4").digest == store.version("v2").digest
    assert codes(store.read("v4")) == codes(store.read("v2"))


def test_tag__another_name_that_never_moves(store: TrainingSetStore) -> None:
    one = store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows(TWO), tag="v2", parent="v1")

    assert store.tag("v1", "campaign-2026") == store.tag("v1", "campaign-2026") == one
    assert store.names("v1") == ["campaign-2026", "v1"]
    assert store.version("campaign-2026") == one
    with pytest.raises(ConflictError):
        store.tag("v2", "campaign-2026")
    with pytest.raises(ConflictError):
        store.commit(rows=rows(TWO), tag="campaign-2026", parent="v2")


def test_commit__killed_at_random_moments_and_run_again(place: Place) -> None:
    """Each run of the child makes all commits; whatever was done before a kill is found and not done again."""
    wanted: list[Commit] = [
        (f"v{n}", {f"t{m}": f"c{n % 3}" for m in range(n)}, f"v{n - 1}" if n > 1 else None) for n in range(1, 13)
    ]
    moment = random.Random(20261122)
    for _ in range(KILLS):
        child = place.committing(wanted)
        child.process.start()
        assert child.ready.wait(60)
        time.sleep(moment.uniform(0, 0.5))
        child.process.kill()
        child.process.join()
    child = place.committing(wanted)
    child.process.start()
    child.process.join(timeout=120)

    assert child.process.exitcode == 0
    with place.store() as store:
        assert [(one.tag, one.parent) for one in store.versions()] == [(tag, parent) for tag, _, parent in wanted]
        assert [codes(store.read(tag)) for tag, _, _ in wanted] == [content for _, content, _ in wanted]


def test_commit__two_processes_at_once_lose_nothing(place: Place, store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    wanted: dict[str, list[Commit]] = {
        side: [(f"{side}{n}", {f"{side}{n}": "c"}, "v1" if n == 1 else f"{side}{n - 1}") for n in range(1, 7)]
        for side in ("left", "right")
    }
    children = [place.committing(commits) for commits in wanted.values()]
    for child in children:
        child.process.start()
    for child in children:
        child.process.join(timeout=120)

    assert [child.process.exitcode for child in children] == [0, 0]
    assert len(store.versions()) == 13
    for commits in wanted.values():
        for tag, content, parent in commits:
            assert (codes(store.read(tag)), store.version(tag).parent) == (content, parent)


def test_commit__two_processes_with_the_same_tag(place: Place) -> None:
    children = [place.committing([("v1", content, None)]) for content in (ONE, TWO)]
    for child in children:
        child.process.start()
    for child in children:
        child.process.join(timeout=120)

    ended = [child.process.exitcode for child in children]
    assert sorted(ended) == [0, committing.CONFLICT]
    with place.store() as store:
        assert [one.tag for one in store.versions()] == ["v1"]
        assert codes(store.read("v1")) == (ONE if ended[0] == 0 else TWO)


def test_export__pandas_and_duckdb_read_the_file(place: Place, store: TrainingSetStore, tmp_path: Path) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)

    url = export.export(store.read("v1"), storage=place.storage, path="exports/v1.parquet").url

    local = tmp_path / "v1.parquet"
    local.write_bytes(place.storage.read(url))
    assert dict(pd.read_parquet(local)[["text_key", "code"]].to_numpy().tolist()) == ONE
    assert duckdb.sql(f"select count(*) from '{local}' where variables->>'liasse_type' = 'X'").fetchall() == [(3,)]


LATEST = f"""
    select {", ".join(schema.ROW.names)} from changes
    qualify row_number() over (partition by text_key order by sequence desc) = 1 and change = 'upsert'
    order by text_key
"""


def test_reading__with_iceberg_and_duckdb_and_none_of_our_code(
    place: Place, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows(TWO), tag="v2", parent="v1")
    store.commit(rows=rows(ONE), tag="v3", parent="v2")

    table = StaticTable.from_metadata(store.location(), properties=place.storage.iceberg_properties())
    snapshot = table.snapshot_by_name("v2")
    assert snapshot is not None
    changes = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()  # noqa: F841 - DuckDB reads the variable

    assert duckdb.sql(LATEST).to_arrow_table().equals(store.read("v2").cast(_nullable()))


def test_reading__with_duckdb_alone(place: Place, store: TrainingSetStore, tmp_path: Path) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.commit(rows=rows(TWO), tag="v2", parent="v1")

    files = [tmp_path / f"{n}.parquet" for n, url in enumerate(store.files("v2"))]
    for url, file in zip(store.files("v2"), files, strict=True):
        file.write_bytes(place.storage.read(url))
    changes = duckdb.read_parquet([str(file) for file in files])  # noqa: F841 - DuckDB reads the variable

    assert duckdb.sql(LATEST).to_arrow_table().equals(store.read("v2").cast(_nullable()))


def _nullable() -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema.ROW])


def test_commit__a_thousand_changes_are_quick(place: Place, store: TrainingSetStore) -> None:
    base = {f"{n:08}": "01.11Z" for n in range(10_000)}
    store.commit(rows=rows(base), tag="v1", parent=None)
    new = rows(base | {f"{n:08}": "01.12Z" for n in range(1_000)})

    start = time.perf_counter()
    version = store.commit(rows=new, tag="v2", parent="v1")

    assert version.changed == 1_000
    # Measured 0.2 s; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 5


def test_unreachable_catalog_is_said_without_the_password(tmp_path: Path) -> None:
    uri = "postgresql+psycopg://someone:very-secret@127.0.0.1:9/nowhere"

    store = TrainingSetStore(catalog_uri=uri, storage=Storage(str(tmp_path)), name="naf")

    with pytest.raises(UnreachableError) as raised:
        store.versions()

    assert "very-secret" not in str(raised.value)


def test_stored_files_are_plain_parquet(place: Place, store: TrainingSetStore, tmp_path: Path) -> None:
    store.commit(rows=trainingrows.rows(ONE), tag="v1", parent=None)

    local = tmp_path / "file.parquet"
    local.write_bytes(place.storage.read(store.files("v1")[0]))

    assert pq.read_table(local).column_names == schema.CHANGE.names
