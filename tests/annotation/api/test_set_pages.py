"""The pages on versions that a real build made, with rules, findings and several coders."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TOKEN, TestClient
from tests.parts import versioned_home
from tests.parts.filled_ledger import NOW, RIGHT, WRONG
from tests.parts.versioned_home import VersionedHome


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> VersionedHome:
    made = versioned_home.make(tmp_path_factory.mktemp("pages") / "home")
    made.add_ruled()
    return made


@contextmanager
def visiting(home: VersionedHome, **settings: Any) -> Iterator[TestClient]:
    given = Settings(home=home.home, campaign={"language": "en"}, training={"model": "activity"}, **settings)
    with closing(Ledger.open(f"sqlite:///{home.home / 'ledger.db'}")) as ledger:
        app = create_app(ledger=ledger, settings=given, champion=lambda: None, clock=lambda: NOW)
        with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
            yield made


@pytest.fixture(scope="module")
def client(home: VersionedHome) -> Iterator[TestClient]:
    with visiting(home) as made:
        yield made


def _whole(client: TestClient, path: str) -> str:
    """The page once nothing in it is still being worked out."""
    deadline = time.monotonic() + 60
    while 'hx-trigger="load delay' in (page := client.get(path).text):
        assert time.monotonic() < deadline, page
        time.sleep(0.05)
    return page


def test_versions__lead_to_each_version_and_say_what_was_found(client: TestClient) -> None:
    page = _whole(client, "/trainingsets/trainingset")

    assert 'href="/trainingsets/trainingset/versions/v3"' in page
    assert "findings: 2" in page


def test_version__findings_and_the_journal_of_edits(client: TestClient, home: VersionedHome) -> None:
    page = client.get("/trainingsets/trainingset/versions/v3").text
    journal = page.partition('id="edits"')[2]

    assert "share of a source" in page
    assert home.wording(1) in journal
    assert "sold-only" in journal
    assert "2099-12-31" in journal
    assert "left out" in journal


def test_version__without_findings_or_edits(client: TestClient) -> None:
    page = client.get("/trainingsets/trainingset/versions/v1").text

    assert "All checks passed." in page
    assert "No rule changed a label" in page
    assert 'href="/models/activity/1"' in page


def test_version__that_is_not_there(client: TestClient) -> None:
    assert client.get("/trainingsets/trainingset/versions/v9").status_code == 404


def test_text__tells_what_rules_made_of_its_label(client: TestClient, home: VersionedHome) -> None:
    page = _whole(client, f"/texts/{home.tasks[1].text_key}").partition('id="edits"')[2]

    assert f"{RIGHT} → <strong>{WRONG}</strong>" in page
    assert "rule sold-only" in page


def test_diff__by_coder_and_by_rule(client: TestClient, home: VersionedHome) -> None:
    coders = _whole(client, "/trainingsets/trainingset/diff?from=v1&to=v2").partition('id="coders"')[2]
    ruled = _whole(client, "/trainingsets/trainingset/diff?from=v2&to=v3&change=by_rule")

    assert '<th scope="row">C002</th><td class="n">1</td><td class="n">1</td>' in coders
    assert "rule sold-only" in ruled
    assert home.wording(1) in ruled


def test_diff__as_a_file_has_each_row_once(client: TestClient) -> None:
    lines = client.get("/exports/trainingsets/trainingset/diff.csv?from=v2&to=v3").text.splitlines()

    assert [line.partition(",")[0] for line in lines[1:]] == ["removed", "recoded", "recoded"]
    assert all(f"{WRONG},{RIGHT}" in line for line in lines[2:])


def test_diff__for_programs_tells_coders_too(home: VersionedHome) -> None:
    with visiting(home, serve={"tokens": TOKEN}) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        found = client.get("/api/trainingsets/trainingset/diff?from=v1&to=v2").json()

    assert {one["coder"]: one["net"] for one in found["coders"]} == {"C001": 0, "C002": 0}
    assert {one["code"] for one in found["codes"]} == {RIGHT, WRONG}
