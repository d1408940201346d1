"""Connections that are cut: told as such, and what was asked is done at the next try, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from annotation.domain.declaration import Text
from annotation.errors import NotFoundError, UnreachableError
from annotation.ledger.unit_of_work import Ledger
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts import trainingrows
from tests.parts.s3 import S3Server
from tests.parts.toxic_proxy import HOST, Toxic, ToxicProxy

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CUTS = (0, 1, 8, 60, 300, 1500)
LARGE = bytes(range(256)) * 4096


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[ToxicProxy]:
    with ToxicProxy(int(urlsplit(s3.endpoint).port or 0)) as proxy:
        yield proxy


@pytest.fixture
def storage(s3: S3Server, proxy: ToxicProxy) -> Storage:
    return Storage(s3.new_bucket(), key=s3.key, secret=s3.secret, endpoint=f"http://{HOST}:{proxy.port}")


@pytest.fixture
def far(postgres_url: Callable[[], str]) -> Iterator[tuple[ToxicProxy, str, str]]:
    """A proxy before a database with tables, its address, and that of the proxy."""
    url = postgres_url()
    with closing(Ledger.open(url)) as ledger:
        ledger.migrate()
    parts = urlsplit(url)
    with ToxicProxy(int(parts.port or 0)) as proxy:
        yield proxy, url, urlunsplit(parts._replace(netloc=f"{parts.username}@{HOST}:{proxy.port}"))


def test_storage__an_answer_cut_at_any_byte_is_no_answer(storage: Storage, proxy: ToxicProxy) -> None:
    storage.write("large", LARGE)
    for bytes_ in (*CUTS, len(LARGE) // 2):
        proxy.infect(Toxic(cut_after=bytes_))
        with pytest.raises(UnreachableError):
            storage.read("large")
        proxy.heal()

        assert storage.read("large") == LARGE


def test_storage__an_object_whose_upload_was_cut_is_whole_or_not_there(storage: Storage, proxy: ToxicProxy) -> None:
    for number, bytes_ in enumerate(CUTS):
        proxy.infect(Toxic(cut_after=bytes_))
        with suppress(UnreachableError):
            storage.write(f"object-{number}", LARGE)
        proxy.heal()
        with suppress(NotFoundError):
            assert storage.read(f"object-{number}") == LARGE


def test_store__a_commit_whose_storage_was_cut_lands_once(
    far: tuple[ToxicProxy, str, str], storage: Storage, proxy: ToxicProxy
) -> None:
    _, url, _ = far
    codes: dict[str, str] = {}
    with TrainingSetStore(catalog_uri=url, storage=storage, name="naf") as store:
        for number, bytes_ in enumerate(CUTS[:4], start=1):
            codes |= {f"k{number}": "01.11Z"}
            parent = f"v{number - 1}" if number > 1 else None
            proxy.infect(Toxic(cut_after=bytes_))
            with suppress(UnreachableError):
                store.commit(rows=trainingrows.rows(codes), tag=f"v{number}", parent=parent)
            proxy.heal()
            made = store.commit(rows=trainingrows.rows(codes), tag=f"v{number}", parent=parent)

            assert (made.tag, made.rows) == (f"v{number}", number)
            assert [one.tag for one in store.versions()] == [f"v{place}" for place in range(1, number + 1)]
            assert store.verify(made.tag).faults == ()


def test_store__a_commit_whose_catalog_did_not_answer_is_found_again(
    far: tuple[ToxicProxy, str, str], s3: S3Server
) -> None:
    """The database did what it was asked, and the answer was cut: at which byte, decides of which statement."""
    proxy, _, url = far
    codes: dict[str, str] = {}
    with TrainingSetStore(catalog_uri=url, storage=s3.storage(), name="naf") as store:
        store.versions()
        for number, bytes_ in enumerate((0, 200, 1000, 3000, 6000), start=1):
            codes |= {f"k{number}": "01.11Z"}
            parent = f"v{number - 1}" if number > 1 else None
            proxy.infect(Toxic(cut_after=bytes_))
            with suppress(UnreachableError):
                store.commit(rows=trainingrows.rows(codes), tag=f"v{number}", parent=parent)
            proxy.heal()
            made = store.commit(rows=trainingrows.rows(codes), tag=f"v{number}", parent=parent)

            assert (made.rows, [one.tag for one in store.versions()][-1]) == (number, f"v{number}")


@pytest.mark.parametrize("bytes_", CUTS[:5])
def test_ledger__a_connection_cut_at_any_byte_is_told_and_the_next_one_is_new(
    far: tuple[ToxicProxy, str, str], bytes_: int
) -> None:
    proxy, _, url = far
    text = Text("key", "group", "boulangerie")
    with closing(Ledger.open(url)) as ledger:
        with ledger.begin() as work:
            work.texts.add([text], now=NOW)
        proxy.infect(Toxic(cut_after=bytes_))
        with pytest.raises(UnreachableError), ledger.begin() as work:
            work.texts.get(["key"])
        proxy.heal()

        with ledger.read() as work:
            assert work.texts.get(["key"]) == {"key": text}


def test_ledger__a_pool_without_a_free_connection_says_so() -> None:
    engine = create_engine("sqlite://", pool_size=1, max_overflow=0, pool_timeout=0.05, poolclass=QueuePool)
    with closing(Ledger(engine)) as ledger, engine.connect(), pytest.raises(UnreachableError, match="busy"):
        ledger.revision()
