from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.parts import filled_ledger

with warnings.catch_warnings():
    # It would rather have a successor of httpx, which nothing else here needs.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", UserWarning)
    from starlette.testclient import TestClient

NewClient = Callable[..., TestClient]
TOKEN = "a-token-of-this-test"
SECRET = "a-secret-of-this-test"


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Read only: it is shared by all tests."""
    ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("filled"))
    filled_ledger.fill(ledger)
    return ledger


@pytest.fixture
def empty(tmp_path: Path) -> Ledger:
    return filled_ledger.empty_ledger(tmp_path)


@pytest.fixture
def new_client() -> Iterator[NewClient]:
    """Makes clients of applications that run until the test ends."""
    with ExitStack() as stack:

        def make(
            ledger: Ledger,
            *,
            tokens: str = TOKEN,
            secret: str = SECRET,
            host: str = "127.0.0.1",
            champion: Callable[[], str | None] = lambda: "activity/3",
        ) -> TestClient:
            serve = {"tokens": tokens or None, "webhook_secret": secret or None, "host": host}
            app = create_app(
                ledger=ledger, settings=Settings(serve=serve), champion=champion, clock=lambda: filled_ledger.NOW
            )
            return stack.enter_context(TestClient(app, base_url="http://127.0.0.1", follow_redirects=False))

        yield make
