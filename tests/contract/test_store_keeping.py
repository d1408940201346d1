"""Versions that are verified, dropped, raced for, or of the former form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table.update.snapshot import ManageSnapshots

from annotation.errors import InvalidInputError, NotFoundError
from sync.storage import Storage
from sync.trainingset import digest, schema
from sync.trainingset.store import TrainingSetStore
from tests.parts import amending, storeplaces
from tests.parts.storeplaces import Place
from tests.parts.trainingrows import codes, rows

pytestmark = pytest.mark.integration

ONE = {"a": "01.11Z", "b": "01.12Z", "c": "56.10A"}
TWO = {"a": "01.11Z", "b": "01.13Z", "d": "96.02A"}
THREE = {"a": "01.14Z", "b": "01.13Z"}
GRACE = timedelta(days=1)


@pytest.fixture(params=storeplaces.PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return storeplaces.of(request, tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[TrainingSetStore]:
    with place.store() as opened:
        yield opened


def three_versions(store: TrainingSetStore) -> None:
    for tag, content, parent in (("v1", ONE, None), ("v2", TWO, "v1"), ("v3", THREE, "v2")):
        store.commit(rows=rows(content), tag=tag, parent=parent)


def keys(batches: Iterator[pa.RecordBatch]) -> list[str]:
    return [key for batch in batches for key in batch["text_key"].to_pylist()]


def tomorrow() -> datetime:
    return datetime.now(UTC) + 2 * GRACE


def test_verify__a_sound_version(store: TrainingSetStore) -> None:
    three_versions(store)
    shares: list[float] = []

    found = store.verify("v3", on_progress=shares.append)

    assert (found.tag, found.rows, found.faults) == ("v3", 2, ())
    assert found.files == len(store.files("v3"))
    assert found.bytes > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_verify__names_the_file_that_was_changed_or_is_gone(place: Place, store: TrainingSetStore) -> None:
    three_versions(store)
    harmed = next(url for url in store.files("v2") if "changes-" in url)
    content = place.storage.read(harmed)

    place.storage.write(harmed, content[:-1] + bytes([content[-1] ^ 1]))
    assert [fault.split(" has ")[0] for fault in store.verify("v2").faults] == [harmed]
    place.storage.write(harmed, content + b"x")
    (fault,) = store.verify("v2").faults
    assert f"{len(content) + 1} bytes, not {len(content)}" in fault
    place.storage.delete(harmed)
    (fault,) = store.verify("v2").faults
    assert f"{harmed} does not exist" in fault
    assert store.verify("v1").faults == ()


def test_verify__finds_out_an_amendment_from_another_state(store: TrainingSetStore) -> None:
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    store.amend(after=rows({"a": "2"}), before=rows({"a": "never"}), tag="v2", parent="v1")

    (fault,) = store.verify("v2").faults
    assert "v2 has the digest" in fault


def test_collect__drops_versions_and_files_that_nothing_needs(place: Place, store: TrainingSetStore) -> None:
    three_versions(store)
    store.tag("v2", "campaign")
    place.storage.write("trainingset/naf/data/left-by-a-kill.parquet", b"orphan")
    before = place.storage.files()

    tried = store.collect(keep=["campaign"], grace=GRACE, now=tomorrow(), dry_run=True)
    assert place.storage.files() == before
    done = store.collect(keep=["campaign"], grace=GRACE, now=tomorrow())

    assert tried.versions == done.versions == ("v1",)
    assert done.files >= tried.files >= 2
    assert len(place.storage.files()) <= len(before) - tried.files + 1
    assert not place.storage.exists("trainingset/naf/data/left-by-a-kill.parquet")
    assert [one.tag for one in store.versions()] == ["v2", "v3"]
    for tag, content in (("v2", TWO), ("v3", THREE)):
        assert codes(store.read(tag)) == content
        assert store.verify(tag).faults == ()
    with pytest.raises(NotFoundError, match=r"no version v1\. There are v2, v3"):
        store.read("v1")


def test_collect__leaves_young_files_and_the_current_version(place: Place, store: TrainingSetStore) -> None:
    three_versions(store)
    place.storage.write("trainingset/naf/data/under-way.parquet", b"a commit under way")

    done = store.collect(keep=[], grace=GRACE, now=datetime.now(UTC))

    assert (done.versions, done.files) == (("v1", "v2"), 0)
    assert codes(store.read("v3")) == THREE
    assert place.storage.exists("trainingset/naf/data/under-way.parquet")
    with pytest.raises(NotFoundError):
        store.collect(keep=["v1"], grace=GRACE, now=tomorrow())


def test_collect__what_is_left_is_compared_and_continued(store: TrainingSetStore) -> None:
    three_versions(store)
    expected = keys(store.changes("v1", "v3"))
    store.collect(keep=["v1"], grace=GRACE, now=tomorrow())

    assert keys(store.changes("v1", "v3")) == expected == ["a", "b", "c"]
    assert store.history("b")["code"].to_pylist() == ["01.12Z", "01.13Z"]
    store.commit(rows=rows(ONE), tag="v4", parent="v3")
    store.collect(keep=[], grace=GRACE, now=tomorrow())

    assert store.history("a")["code"].to_pylist() == ["01.11Z", "01.14Z", "01.11Z"]
    assert codes(store.read("v4")) == ONE


def test_amend__writers_at_once_lose_nothing(place: Place, store: TrainingSetStore) -> None:
    """Each child adds texts of its own, one by one, again and again from the version that is then current."""
    store.commit(rows=rows(ONE), tag="v1", parent=None)
    children = [
        amending.process(catalog_uri=place.catalog_uri, storage=place.settings, writer=writer, times=4)
        for writer in "xy"
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(timeout=240)

    assert [child.exitcode for child in children] == [0, 0]
    assert [one.rows for one in store.versions()] == list(range(3, 12))
    current = store.current()
    assert current is not None
    assert codes(store.read(current.tag)).keys() == {*ONE, *(f"{writer}{n}" for writer in "xy" for n in range(4))}
    assert store.verify(current.tag).faults == ()


@pytest.fixture
def former(tmp_path: Path) -> TrainingSetStore:
    """Two versions as the store wrote them before it had base files, words_key and rule."""
    fields = (*schema.ROW, schema.CHANGE.field("change"), schema.CHANGE.field("sequence"))
    columns = pa.schema([field for field in fields if field.name not in ("words_key", "rule")])
    one = rows(ONE).append_column("added_in", pa.array(["v1"] * 3))
    two = rows({"b": "01.13Z", "c": "56.10A", "d": "96.02A"}).append_column("added_in", pa.array(["v2", "v1", "v2"]))
    storage = Storage(str(tmp_path / "store"))
    catalog = SqlCatalog("annotation_workbench", uri=f"sqlite:///{tmp_path}/ledger.sqlite", warehouse=storage.url)
    catalog.create_namespace("trainingset")
    table = catalog.create_table(("trainingset", "naf"), columns, location=storage.join("trainingset", "naf"))
    stored = (("v1", one, ["upsert"] * 3, ONE), ("v2", two, ["upsert", "remove", "upsert"], TWO))
    for sequence, (tag, table_rows, change, content) in enumerate(stored, 1):
        whole = table_rows.append_column("change", pa.array(change))
        whole = whole.append_column("sequence", pa.array([sequence] * 3)).select(columns.names).cast(columns)
        summary = {
            "tag": tag, "parent": f"v{sequence - 1}" if sequence > 1 else "", "rows": "3", "sequence": str(sequence),
            "added": "1", "removed": "1", "changed": "1", "digest": digest.digest(rows(content), form=schema.FORMER),
        }  # fmt: skip
        with table.transaction() as transaction:
            transaction.append(whole, snapshot_properties={f"trainingset.{k}": v for k, v in summary.items()})
            snapshot_id = transaction.table_metadata.refs["main"].snapshot_id
            ManageSnapshots(transaction).create_tag(snapshot_id, tag).commit()
    catalog.close()
    return TrainingSetStore(catalog_uri=f"{tmp_path}/ledger.sqlite", storage=storage, name="naf")


def test_former__is_read_compared_and_verified(former: TrainingSetStore) -> None:
    with former as store:
        assert [one.form for one in store.versions()] == [schema.FORMER, schema.FORMER]
        assert codes(store.read("v2")) == TWO
        assert store.read("v2")["words_key"].null_count == 3
        assert store.verify("v1").faults == store.verify("v2").faults == ()
        assert codes(store.diff("v1", "v2").recoded) == {"b": "01.13Z"}
        assert store.history("c")["change"].to_pylist() == ["upsert", "remove"]
        assert store.read_changes("v2")["text_key"].to_pylist() == ["b", "c", "d"]
        assert store.keys_where("v2", "code", ["01.13Z"]) == ["b"]


def test_former__is_continued_by_a_commit_of_the_whole(former: TrainingSetStore) -> None:
    with former as store:
        with pytest.raises(InvalidInputError, match="former form"):
            store.amend(after=rows({"b": "1"}), before=rows({"b": "01.13Z"}), tag="v3", parent="v2")
        three = store.commit(rows=rows(THREE), tag="v3", parent="v2")

        assert (three.form, three.added, three.removed, three.changed) == (schema.FORM, 0, 1, 1)
        assert store.read("v3").select(schema.CONTENT.names).equals(schema.content(rows(THREE)))
        assert store.read("v3")["added_in"].to_pylist() == ["v3", "v2"]
        assert codes(store.diff("v1", "v3").changed) == THREE
        assert store.history("d")["change"].to_pylist() == ["upsert", "remove"]
        assert [store.verify(tag).faults for tag in ("v1", "v2", "v3")] == [(), (), ()]


def test_former__is_returned_to(former: TrainingSetStore) -> None:
    with former as store:
        store.commit(rows=rows(THREE), tag="v3", parent="v2")

        four = store.rollback(to_tag="v2", as_tag="v4")

        assert (four.form, four.digest) == (schema.FORMER, store.version("v2").digest)
        assert store.read("v4").equals(store.read("v2"))
        assert store.verify("v4").faults == ()
        assert codes(store.read("v3")) == THREE
