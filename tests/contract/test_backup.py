"""A backup comes back on either database, whole or not at all, with every version of the training set."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import signal
import stat
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from annotation.domain.declaration import Text
from annotation.errors import CheckFailedError, InstallationError, InvalidInputError, NotFoundError
from annotation.ledger import revisions
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger
from sync.backups import backup as backups
from sync.backups import restore as restores
from sync.backups.backup import Backup
from sync.backups.restore import Restored
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import awb, filled_ledger, new_ledgers, released_schemas, writers
from tests.parts.filled_ledger import NOW
from tests.parts.s3 import S3Server
from tests.parts.trainingrows import codes, rows

LATER = NOW + timedelta(hours=1)
EVENTS = ("backup", "restore")
PG = pytest.param("postgresql", marks=pytest.mark.integration)

NewUrl = Callable[[str], str]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """The address of an empty database of a kind."""
    names = iter(range(100))

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'ledger-{next(names)}.db'}"
        address: str = request.getfixturevalue("postgres_url")()
        return address

    return make


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A SQLite ledger with rows in every table."""
    address = f"sqlite:///{tmp_path / 'small' / 'ledger.db'}"
    released_schemas.fill(address, revisions.HEAD)
    return address


def back_up(url: str, path: Path | str, storage: Storage | None = None, **options: Any) -> Backup:
    given: dict[str, Any] = {"with_files": False, "to": Storage("/"), "on_progress": lambda *_: None} | options
    with closing(Ledger.open(url)) as ledger:
        return backups.back_up(ledger=ledger, storage=storage, path=str(path), program="1.0", now=NOW, **given)


def restore(url: str, path: Path | str, storage: Storage | None = None, **options: Any) -> Restored:
    given: dict[str, Any] = {"source": Storage("/"), "on_progress": lambda *_: None} | options
    with closing(Ledger.open(url)) as ledger:
        return restores.restore(ledger=ledger, storage=storage, path=str(path), now=LATER, **given)


def ledger_rows(url: str) -> released_schemas.Rows:
    """All rows but those that tell of the backup itself."""
    found = released_schemas.read(url)
    return found | {"event": [row for row in found["event"] if row["kind"] not in EVENTS]}


# Whole and exact


@pytest.mark.parametrize("target", ["sqlite", PG])
@pytest.mark.parametrize("origin", ["sqlite", PG])
def test_restore__every_row_of_every_table_comes_back(
    origin: str, target: str, new_url: NewUrl, tmp_path: Path
) -> None:
    source, place = new_url(origin), new_url(target)
    written = released_schemas.fill(source, revisions.HEAD)
    with closing(Ledger.open(source)) as ledger:
        filled_ledger.fill(ledger)
        if target != origin:
            _without_halves(ledger)

    done = back_up(source, tmp_path / "b.zip")
    restored = restore(place, tmp_path / "b.zip")

    assert set(written) == {table.name for table in Base.metadata.tables.values()}
    assert ledger_rows(place) == ledger_rows(source)
    assert done.rows == restored.rows == sum(map(len, ledger_rows(source).values()))
    assert restored.revision == revisions.newest()


@pytest.mark.parametrize("target", ["sqlite", PG])
def test_restore__goes_on_counting_where_the_former_ledger_stopped(
    target: str, small: str, new_url: NewUrl, tmp_path: Path
) -> None:
    place = new_url(target)
    with closing(Ledger.open(small)) as ledger:
        _without_halves(ledger)
    back_up(small, tmp_path / "b.zip")
    restore(place, tmp_path / "b.zip")

    with closing(Ledger.open(place)) as ledger:
        filled_ledger.fill(ledger)

    found = released_schemas.read(place)
    assert min(row["id"] for row in found["judgement"]) == released_schemas.FIRST_ID
    assert len(found["judgement"]) > 200


def _without_halves(ledger: Ledger) -> None:
    with ledger.connected(writes=True) as connection:
        connection.execute(Base.metadata.tables["webhook_inbox"].update().values(payload={"emoji": "🙂"}))


@pytest.mark.integration
def test_restore__what_postgresql_cannot_hold_is_named_and_nothing_is_left(
    small: str, new_url: NewUrl, tmp_path: Path
) -> None:
    back_up(small, tmp_path / "b.zip")
    place = new_url("postgresql")

    with pytest.raises(InvalidInputError, match="cannot hold a row of webhook_inbox, one of the rows 1 to 1"):
        restore(place, tmp_path / "b.zip")

    assert released_schemas.read(place) == {}


@pytest.mark.parametrize(
    ("revision", "target"),
    [*((one, "sqlite") for one in released_schemas.RELEASED), pytest.param("0001", "postgresql", marks=PG.marks)],
)
def test_restore__an_earlier_ledger_is_brought_to_this_program(
    revision: str, target: str, new_url: NewUrl, tmp_path: Path
) -> None:
    """The backup is taken as the ledger stands: it is what one takes before a migration."""
    source = new_url(target)
    written = released_schemas.fill(source, revision)

    assert back_up(source, tmp_path / "b.zip").revision == revision
    with closing(Ledger.open(source)) as ledger:
        assert ledger.revision() == revision
    place = new_url(target)
    restored = restore(place, tmp_path / "b.zip")

    assert (restored.from_revision, restored.revision) == (revision, revisions.newest())
    found = ledger_rows(place)
    for name, kept in written.items():
        assert [{k: row[k] for k in kept[0]} for row in found[name]] == sorted(kept, key=repr), name


# One moment


@pytest.mark.parametrize("kind", ["sqlite", PG])
def test_backup__taken_while_others_write_is_of_one_moment(kind: str, new_url: NewUrl, tmp_path: Path) -> None:
    """A text and its event are written in one transaction: no archive may hold one without the other."""
    source, stop, begun = new_url(kind), threading.Event(), threading.Event()
    with closing(Ledger.open(source)) as ledger:
        ledger.migrate()

        def write() -> None:
            for number in range(100_000):
                with ledger.begin() as work:
                    work.events.add("written", str(number), now=NOW)
                    work.texts.add([Text(f"t{number}", "g", "texte")], now=NOW)
                if number > 20:
                    begun.set()
                if stop.is_set():
                    return

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert begun.wait(60)
            for number in range(4):
                back_up(source, tmp_path / f"{number}.zip")
        finally:
            stop.set()
            writer.join()

    for number in range(4):
        restored = f"sqlite:///{tmp_path / f'restored-{number}.db'}"
        restore(restored, tmp_path / f"{number}.zip")
        found = released_schemas.read(restored)

        subjects = {f"t{row['subject']}" for row in found["event"] if row["kind"] == "written"}
        assert len(subjects) > 20
        assert {row["key"] for row in found["text"]} == subjects


# With the training set


@pytest.fixture(params=["folder-sqlite", pytest.param("s3-postgresql", marks=pytest.mark.integration)])
def office(request: pytest.FixtureRequest, new_url: NewUrl, tmp_path: Path) -> tuple[str, Storage]:
    """A ledger with three versions of a training set: its address and its storage."""
    if request.param == "folder-sqlite":
        address, storage = new_url("sqlite"), Storage(str(tmp_path / "storage"))
    else:
        server: S3Server = request.getfixturevalue("s3")
        address, storage = new_url("postgresql"), server.storage(f"{server.new_bucket()}/office")
    with closing(Ledger.open(address)) as ledger:
        ledger.migrate()
    with TrainingSetStore(catalog_uri=address, storage=storage, name="naf") as store:
        store.commit(rows=rows({"a": "01.11Z", "b": "01.12Z"}), tag="v1", parent=None)
        store.commit(rows=rows({"a": "01.11Z", "c": "01.13Z"}), tag="v2", parent="v1")
        store.tag("v1", "before-summer")
        store.commit(rows=rows({"a": "56.10A", "c": "01.13Z"}), tag="v3", parent="v2")
    return address, storage


def contents(address: str, storage: Storage) -> dict[str, tuple[dict[str, str], str]]:
    """Codes and digest of each version, and of each other name."""
    with TrainingSetStore(catalog_uri=address, storage=storage, name="naf") as store:
        names = [name for version in store.versions() for name in store.names(version.tag)]
        return {name: (codes(store.read(name)), store.version(name).digest) for name in names}


@pytest.mark.parametrize("target", ["sqlite", PG])
def test_restore__all_versions_are_read_and_the_next_is_built(
    office: tuple[str, Storage], target: str, new_url: NewUrl, tmp_path: Path
) -> None:
    source, storage = office
    before = contents(source, storage)
    done = back_up(source, tmp_path / "b.zip", storage)
    place = new_url(target)

    restored = restore(place, tmp_path / "b.zip", storage)

    assert done.files == restored.files_checked > 6
    assert set(before) == {"v1", "v2", "v3", "before-summer"}
    assert contents(place, storage) == before
    with TrainingSetStore(catalog_uri=place, storage=storage, name="naf") as store:
        following = store.commit(rows=rows({"a": "01.11Z"}), tag="v4", parent="v3")
        assert (following.removed, following.changed) == (1, 1)


def test_restore__with_files_into_an_empty_storage_at_the_same_address(
    office: tuple[str, Storage], new_url: NewUrl, tmp_path: Path
) -> None:
    source, storage = office
    before = contents(source, storage)
    done = back_up(source, tmp_path / "b.zip", storage, with_files=True)
    for url in storage.files():
        storage.delete(url)
    place = new_url("sqlite")

    restored = restore(place, tmp_path / "b.zip", storage)

    assert done.holds_files
    assert (restored.files_written, restored.files_checked) == (done.files, 0)
    assert contents(place, storage) == before
    with TrainingSetStore(catalog_uri=place, storage=storage, name="naf") as store:
        assert store.commit(rows=rows({"a": "01.11Z"}), tag="v4", parent="v3").parent == "v3"


def test_restore__files_that_are_there_are_left_and_others_never_written_over(
    office: tuple[str, Storage], new_url: NewUrl, tmp_path: Path
) -> None:
    source, storage = office
    done = back_up(source, tmp_path / "b.zip", storage, with_files=True)
    gone, *_, other = [url for url in storage.files() if url.endswith(".parquet")]
    storage.delete(gone)

    assert restore(new_url("sqlite"), tmp_path / "b.zip", storage).files_written == 1

    content = storage.read(other)
    storage.write(other, b"something else")
    place = new_url("sqlite")
    with pytest.raises(InvalidInputError, match=r"The storage is not empty: other files lie at .*parquet"):
        restore(place, tmp_path / "b.zip", storage)
    assert storage.read(other) == b"something else"
    assert released_schemas.read(place) == {}
    storage.write(other, content)
    assert restore(place, tmp_path / "b.zip", storage).files_checked == done.files


def test_restore__missing_or_changed_files_are_named(
    office: tuple[str, Storage], new_url: NewUrl, tmp_path: Path
) -> None:
    source, storage = office
    back_up(source, tmp_path / "b.zip", storage)
    gone, changed, *_ = [url for url in storage.files() if url.endswith(".parquet")]
    storage.delete(gone)
    storage.write(changed, storage.read(changed)[:-1] + b"x")
    place = new_url("sqlite")

    with pytest.raises(CheckFailedError) as raised:
        restore(place, tmp_path / "b.zip", storage)

    assert f"{gone} is missing" in raised.value.message
    assert f"{changed} has another content" in raised.value.message
    assert released_schemas.read(place) == {}
    assert restore(place, tmp_path / "b.zip").files_checked == 0


def test_restore__with_files_to_another_address_is_refused(tmp_path: Path, new_url: NewUrl) -> None:
    source, storage = new_url("sqlite"), Storage(str(tmp_path / "storage"))
    with closing(Ledger.open(source)) as ledger:
        ledger.migrate()
    with TrainingSetStore(catalog_uri=source, storage=storage, name="naf") as store:
        store.commit(rows=rows({"a": "01.11Z"}), tag="v1", parent=None)
    back_up(source, tmp_path / "b.zip", storage, with_files=True)

    elsewhere = Storage(str(tmp_path / "elsewhere"))
    assert restore(new_url("sqlite"), tmp_path / "b.zip", elsewhere).files_written == 0
    shutil.rmtree(tmp_path / "storage")
    with pytest.raises(InvalidInputError, match="works nowhere else"):
        restore(new_url("sqlite"), tmp_path / "b.zip", elsewhere)

    assert elsewhere.files() == []


@pytest.mark.parametrize("at", [30, 90, 110])
@pytest.mark.parametrize("kind", ["sqlite", PG])
def test_restore__killed_leaves_nothing_and_is_run_again(kind: str, at: int, new_url: NewUrl, tmp_path: Path) -> None:
    source, place = new_url(kind), new_url(kind)
    released_schemas.fill(source, revisions.HEAD)
    back_up(source, tmp_path / "b.zip")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([writers.__name__])
    process = context.Process(target=writers.restore_and_die, args=(place, str(tmp_path / "b.zip"), at), daemon=True)
    process.start()
    process.join(120)

    assert process.exitcode == -signal.SIGKILL
    assert released_schemas.read(place) == {}
    restore(place, tmp_path / "b.zip")
    assert ledger_rows(place) == ledger_rows(source)


def test_commands__into_a_folder_and_out_of_it(tmp_path: Path) -> None:
    former, new = str(tmp_path / "former"), str(tmp_path / "new")
    released_schemas.fill(f"sqlite:///{former}/ledger.db", revisions.HEAD)

    done = awb.call("backup", f"{tmp_path}/kept/", "--home", former, "-o", "json").succeeded()
    told = awb.call("restore", done["archive"], "--home", new)
    again = awb.call("restore", done["archive"], "--home", new, "-o", "json")

    assert re.fullmatch(rf"file://{tmp_path}/kept/awb-\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.zip", done["archive"])
    assert "Not in it: Label Studio, MLflow" in " ".join(told.stdout.split())
    assert (told.code, again.code) == (0, InvalidInputError.exit_code)
    assert "is not empty" in again.error["message"]
    assert ledger_rows(f"sqlite:///{new}/ledger.db") == ledger_rows(f"sqlite:///{former}/ledger.db")


# Refusals


def test_restore__a_place_that_is_not_empty_is_told_and_left(small: str, tmp_path: Path) -> None:
    back_up(small, tmp_path / "b.zip")
    before = released_schemas.read(small)

    with pytest.raises(InvalidInputError, match=r"is not empty\. It holds rows of account \(1\), api_token \(1\), "):
        restore(small, tmp_path / "b.zip")

    assert released_schemas.read(small) == before


def test_restore__into_tables_that_init_made(small: str, tmp_path: Path) -> None:
    back_up(small, tmp_path / "b.zip")
    with closing(new_ledgers.make(tmp_path / "new")) as ledger:
        place = ledger.url

    restore(place, tmp_path / "b.zip")

    assert ledger_rows(place) == ledger_rows(small)


def test_restore__a_later_program_s_archive_is_refused(small: str, new_url: NewUrl, tmp_path: Path) -> None:
    back_up(small, tmp_path / "b.zip")
    _rewrite(tmp_path / "b.zip", tmp_path / "later.zip", revision="0999", program="9.1")

    with pytest.raises(InstallationError, match=r"revision 0999, written by version 9\.1"):
        restore(new_url("sqlite"), tmp_path / "later.zip")


def _rewrite(archive: Path, to: Path, *, without: str = "", **changes: object) -> None:
    """A copy with another manifest, or without a member."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(to, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | changes).encode()
            if name != without:
                target.writestr(name, content)


def test_restore__a_truncated_archive_is_refused_before_anything_is_written(
    small: str, new_url: NewUrl, tmp_path: Path
) -> None:
    back_up(small, tmp_path / "b.zip")
    content = (tmp_path / "b.zip").read_bytes()
    place = new_url("sqlite")

    for length in [0, 1, 100, *range(1000, len(content), 4999), len(content) - 1]:
        (tmp_path / "cut.zip").write_bytes(content[:length])
        with pytest.raises(InvalidInputError, match="is no whole backup"):
            restore(place, tmp_path / "cut.zip")

    assert not Path(place.removeprefix("sqlite:///")).exists() or released_schemas.read(place) == {}


def test_restore__a_damaged_archive_is_refused_wherever_the_damage_is(
    small: str, new_url: NewUrl, tmp_path: Path
) -> None:
    """A byte that is turned is found, or lies where nothing reads: then all rows are those of the ledger."""
    back_up(small, tmp_path / "b.zip")
    content, refused = (tmp_path / "b.zip").read_bytes(), 0

    for position in range(10, len(content), max(1, len(content) // 30)):
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        (tmp_path / "damaged.zip").write_bytes(damaged)
        place = new_url("sqlite")
        try:
            restore(place, tmp_path / "damaged.zip")
        except (InvalidInputError, InstallationError):
            refused += 1
            assert not Path(place.removeprefix("sqlite:///")).exists() or released_schemas.read(place) == {}
        else:
            assert ledger_rows(place) == ledger_rows(small)

    assert refused > 20


@pytest.mark.parametrize("without", ["tables/judgement.jsonl", "manifest.json"])
def test_restore__an_archive_without_a_member_is_refused(
    small: str, without: str, new_url: NewUrl, tmp_path: Path
) -> None:
    back_up(small, tmp_path / "b.zip")
    _rewrite(tmp_path / "b.zip", tmp_path / "less.zip", without=without)

    with pytest.raises(InvalidInputError, match=Path(without).name):
        restore(new_url("sqlite"), tmp_path / "less.zip")


def test_restore__a_file_that_is_no_backup(new_url: NewUrl, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("manifest.json", "[]")

    for name in ("text.zip", "other.zip"):
        with pytest.raises(InvalidInputError, match=name):
            restore(new_url("sqlite"), tmp_path / name)
    with pytest.raises(NotFoundError, match="absent.zip"):
        restore(new_url("sqlite"), tmp_path / "absent.zip")


def test_backup__is_for_its_owner_alone_and_never_written_over(small: str, tmp_path: Path) -> None:
    back_up(small, tmp_path / "b.zip")

    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    with pytest.raises(InvalidInputError, match="is there already"):
        back_up(small, tmp_path / "b.zip")


def test_backup__that_fails_leaves_no_archive(small: str, tmp_path: Path) -> None:
    def fail(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(small, tmp_path / "to" / "b.zip", on_progress=fail)

    assert list((tmp_path / "to").iterdir()) == []


def test_backup__without_a_ledger(new_url: NewUrl, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no ledger"):
        back_up(new_url("sqlite"), tmp_path / "b.zip")


def test_backup__tells_how_far_it_is_and_is_noted(small: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    done = back_up(small, tmp_path / "b.zip", on_progress=lambda *now: told.append(now))

    assert told[-1] == (done.rows, done.rows)
    with closing(Ledger.open(small)) as ledger, ledger.read() as work:
        noted = work.events.newest("backup", "ledger")
    assert noted is not None
    assert (noted.payload["archive"], noted.happened_at) == (f"file://{tmp_path}/b.zip", NOW)


@pytest.mark.integration
def test_backup__to_object_storage_and_back(small: str, new_url: NewUrl, tmp_path: Path, s3: S3Server) -> None:
    storage = s3.storage()

    done = back_up(small, storage.join("backups", "b.zip"), to=storage)
    place = new_url("sqlite")
    restore(place, done.archive, source=storage)

    assert ledger_rows(place) == ledger_rows(small)
