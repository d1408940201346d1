"""A version is read by pandas, DuckDB and PyIceberg, from a folder and from S3, with none of our code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable, Table

from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import trainingrows
from tests.parts.s3 import S3Server
from tests.parts.trainingrows import codes

pytestmark = pytest.mark.integration

HOLDS: Final = """
    select * from stored join (select text_key, max(sequence) as sequence from stored group by text_key)
    using (text_key, sequence) where change = 'upsert'
"""

START: Final = {f"text-{number:03}": f"{number % 7:02}.11Z" for number in range(200)}
VERSIONS: Final = {
    "v1": START,
    "v2": {key: code for key, code in START.items() if not key.endswith("9")} | {"text-005": "96.02A", "new": "56.10A"},
    "v3": START | {"text-009": "96.02A"},
    "v4": START | {"text-009": "96.02A", "new": "56.10B"},
}


@dataclass(frozen=True)
class Outside:
    """What somebody has who knows where the catalog is and may read the storage; ``files`` opens what lies there."""

    catalog_uri: str
    properties: dict[str, str]
    files: fs.FileSystem
    metadata: str

    def paths(self, table: Table, tag: str) -> list[str]:
        snapshot = table.snapshot_by_name(tag)
        assert snapshot is not None
        urls = [task.file.file_path for task in table.scan(snapshot_id=snapshot.snapshot_id).plan_files()]
        return [url.removeprefix("s3://").removeprefix("file://") for url in urls]

    def from_catalog(self) -> Table:
        catalog = SqlCatalog("annotation_workbench", uri=self.catalog_uri, **self.properties)
        return catalog.load_table("trainingset.naf")

    def from_metadata(self) -> Table:
        return StaticTable.from_metadata(self.metadata, self.properties)


@pytest.fixture(scope="module", params=["folder", "s3"])
def outside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("outside")
    uri = f"sqlite:///{folder}/ledger.db"
    storage, properties, files = _place(request, folder)
    with TrainingSetStore(catalog_uri=uri, storage=storage, name="naf") as store:
        for tag, content in VERSIONS.items():
            parent = None if tag == "v1" else f"v{int(tag[1:]) - 1}"
            store.commit(rows=trainingrows.rows(content), tag=tag, parent=parent)
        store.rollback(to_tag="v2", as_tag="v5")
        yield Outside(uri, properties, files, store.location())


def _place(request: pytest.FixtureRequest, folder: Path) -> tuple[Storage, dict[str, str], fs.FileSystem]:
    if request.param == "folder":
        return Storage(str(folder / "stored")), {}, fs.LocalFileSystem()
    server: S3Server = request.getfixturevalue("s3")
    properties = {
        "s3.endpoint": server.endpoint,
        "s3.access-key-id": server.key,
        "s3.secret-access-key": server.secret,
        "s3.region": "us-east-1",
    }
    files = fs.S3FileSystem(
        access_key=server.key, secret_key=server.secret, endpoint_override=server.endpoint, region="us-east-1"
    )
    return server.storage(), properties, files


EXPECTED: Final = VERSIONS | {"v5": VERSIONS["v2"]}
TAGS: Final = tuple(EXPECTED)


@pytest.mark.parametrize("tag", TAGS)
def test_pandas__over_the_scan_of_the_catalog(outside: Outside, tag: str) -> None:
    table = outside.from_catalog()
    snapshot = table.snapshot_by_name(tag)
    assert snapshot is not None
    stored = table.scan(snapshot_id=snapshot.snapshot_id).to_pandas()

    latest = stored.sort_values("sequence").drop_duplicates("text_key", keep="last")
    frame = latest[latest["change"] == "upsert"]

    assert dict(zip(frame["text_key"], frame["code"], strict=True)) == EXPECTED[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_pandas__over_the_files_alone(outside: Outside, tag: str) -> None:
    paths = outside.paths(outside.from_catalog(), tag)
    stored = pd.concat(pd.read_parquet(path, filesystem=outside.files) for path in paths)

    latest = stored.sort_values("sequence").drop_duplicates("text_key", keep="last")
    frame = latest[latest["change"] == "upsert"]

    assert dict(zip(frame["text_key"], frame["code"], strict=True)) == EXPECTED[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_duckdb__over_the_files_alone(outside: Outside, tag: str) -> None:
    dataset = ds.dataset(outside.paths(outside.from_catalog(), tag), filesystem=outside.files)
    with duckdb.connect() as connection:
        connection.register("stored", dataset)
        found = connection.sql(HOLDS).to_arrow_table()

    assert codes(found) == EXPECTED[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_iceberg__from_the_metadata_file_without_a_catalog(outside: Outside, tag: str) -> None:
    table = outside.from_metadata()
    snapshot = table.snapshot_by_name(tag)
    assert snapshot is not None
    stored = table.scan(snapshot_id=snapshot.snapshot_id, selected_fields=("text_key", "code", "change", "sequence"))

    assert _held(stored.to_arrow()) == EXPECTED[tag]


def test_iceberg__a_snapshot_says_of_itself_what_version_it_is(outside: Outside) -> None:
    table = outside.from_catalog()
    snapshot = table.snapshot_by_name("v3")
    assert snapshot is not None
    assert snapshot.summary is not None
    said = snapshot.summary.additional_properties

    assert {name: said[f"trainingset.{name}"] for name in ("tag", "parent", "rows", "added", "removed", "changed")} == {
        "tag": "v3", "parent": "v2", "rows": "200", "added": "20", "removed": "1", "changed": "1",
    }  # fmt: skip


def test_parquet__a_file_opens_by_itself_and_its_columns_say_what_they_are(outside: Outside) -> None:
    (path, *_) = outside.paths(outside.from_catalog(), "v1")
    read = pq.read_table(path, filesystem=outside.files)

    types = {name: str(read.schema.field(name).type) for name in ("text_key", "code", "weight", "label_id", "sequence")}
    assert types == {
        "text_key": "string",
        "code": "string",
        "weight": "double",
        "label_id": "int64",
        "sequence": "int64",
    }


def _held(stored: pa.Table) -> dict[str, Any]:
    return codes(duckdb.sql(HOLDS).to_arrow_table())
