"""The policies of configs/security on a real S3 server, enforced by a gate before it: all that is done is allowed, and
nothing is allowed that is not done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annotation.errors import NotFoundError, UnreachableError
from sync.configs_folder import configs_folder
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import s3_policy, trainingrows
from tests.parts.s3 import S3Server
from tests.parts.s3_policy import Asked, PolicyGate

pytestmark = pytest.mark.integration

FOLDER = configs_folder() / "security"
PREFIX = "annotation/workbench"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    gate: PolicyGate
    bucket: str
    server: S3Server

    def storage(self, url: str = "") -> Storage:
        server = self.server
        return Storage(url or f"{self.bucket}/{PREFIX}", key=server.key, secret=server.secret, endpoint=self.gate.url)


@contextmanager
def guarded(s3: S3Server, file: str, bucket: str) -> Iterator[Place]:
    policy = (FOLDER / file).read_text().replace("BUCKET", bucket.removeprefix("s3://")).replace("PREFIX", PREFIX)
    with s3_policy.gate(s3.endpoint, policy) as gate:
        yield Place(gate, bucket, s3)


@pytest.fixture
def place(s3: S3Server) -> Iterator[Place]:
    with guarded(s3, "s3-policy.json", s3.new_bucket()) as found:
        yield found


def work(place: Place, folder: Path) -> None:
    """Everything that is done with a storage."""
    storage = place.storage()
    storage.check()
    storage.write("large.bin", bytes(60_000_000))  # in several parts
    with pytest.raises(RuntimeError), storage.writing("broken.bin") as handle:
        handle.write(bytes(60_000_000))
        raise RuntimeError
    assert len(storage.read("large.bin")) == 60_000_000
    assert storage.exists("large.bin") and not storage.exists("nothing")
    with pytest.raises(NotFoundError):
        storage.read("nothing")
    storage.fingerprint("large.bin")
    with TrainingSetStore(catalog_uri=f"sqlite:///{folder}/catalog.db", storage=storage, name="naf") as store:
        store.commit(rows=trainingrows.rows({f"k{n:03d}": "01.11Z" for n in range(50)}), tag="v1", parent=None)
        store.commit(rows=trainingrows.rows({f"k{n:03d}": "01.12Z" for n in range(40)}), tag="v2", parent="v1")
        store.rollback(to_tag="v1", as_tag="v3")
        assert store.read("v3").num_rows == 50
        assert store.verify("v2").faults == ()
        store.collect(keep=["v3"], grace=timedelta(0), now=datetime.now(UTC) + timedelta(hours=1))
    storage.delete("large.bin")
    assert storage.files()


def test_policy__allows_all_that_is_done_and_nothing_else(place: Place, tmp_path: Path) -> None:
    work(place, tmp_path)

    granted = {
        action
        for statement in place.gate.policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert place.gate.denied == []
    assert {one.action for one in place.gate.allowed} == granted


def test_policy__nothing_beside_the_prefix_can_be_touched(place: Place, s3: S3Server) -> None:
    beside = f"{place.bucket}/elsewhere"
    s3.storage(beside).write("secret", b"secret")

    for operate in (
        lambda: place.storage(beside).read("secret"),
        lambda: place.storage(beside).write("mine", b"x"),
        lambda: place.storage(beside).files(),
        lambda: place.storage(place.bucket).files(),
        lambda: place.storage(f"{place.bucket}/{PREFIX}-of-others").write("x", b""),
        lambda: place.storage(s3.new_bucket()).files(),
    ):
        with pytest.raises(UnreachableError):
            operate()
    assert s3.storage(beside).read("secret") == b"secret"
    assert place.gate.allowed == []


def test_policy__readers_read_and_write_nothing(s3: S3Server, place: Place) -> None:
    place.storage().write("a/b", b"1")

    with guarded(s3, "s3-policy-readers.json", place.bucket) as reading:
        assert reading.storage().read("a/b") == b"1"
        assert reading.storage().files("a") == [f"{place.bucket}/{PREFIX}/a/b"]
        for operate in (lambda: reading.storage().write("a/b", b"2"), lambda: reading.storage().delete("a/b")):
            with pytest.raises(UnreachableError):
                operate()

    assert place.storage().read("a/b") == b"1"


@pytest.mark.parametrize("file", ["s3-policy.json", "s3-policy-readers.json"])
def test_policy__denies_what_is_not_encrypted_on_its_way(file: str) -> None:
    (deny,) = [one for one in json.loads((FOLDER / file).read_text())["Statement"] if one["Effect"] == "Deny"]

    assert deny["Action"] == ["s3:*"]
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", Asked("s3:ListAllMyBuckets", "*")),
        ("GET", "/b?list-type=2&prefix=x%2Fy", Asked("s3:ListBucket", "b", prefix="x/y")),
        ("HEAD", "/b/x%20y", Asked("s3:GetObject", "b", "x y")),
        ("POST", "/b/x?uploads", Asked("s3:PutObject", "b", "x")),
        ("DELETE", "/b/x?uploadId=1", Asked("s3:AbortMultipartUpload", "b", "x")),
        ("PUT", "/b", Asked("s3:CreateBucket", "b")),
    ],
)
def test_asked__as_the_service_names_actions(method: str, path: str, expected: Asked) -> None:
    assert s3_policy.asked(method, path, {}, b"") == [expected]
