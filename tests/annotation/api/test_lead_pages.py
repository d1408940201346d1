"""The pages on drift, draws, training sets, models and texts, without a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from tests.annotation.api.conftest import TestClient
from tests.parts import filled_ledger, lead_pages
from tests.parts.filled_ledger import NOW, RIGHT, WRONG

PATHS = (
    "/campaigns/main/monitoring",
    "/campaigns/main/draws",
    "/draws/1",
    "/trainingsets/trainingset",
    "/trainingsets/trainingset/diff?from=v1&to=v2",
    "/models/learnt",
    "/models/learnt/2",
    "/texts/flow-5-1",
    "/campaigns/main/exports",
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("lead")
    ledger = filled_ledger.empty_ledger(home)
    lead_pages.fill(ledger)
    lead_pages.commit(ledger, home, ({"flow-5-1": RIGHT, "b": RIGHT}, {"flow-5-1": WRONG, "c": RIGHT}))
    lead_pages.label(ledger, "flow-5-1", WRONG, judgements=(1, 2))
    app = create_app(
        ledger=ledger, settings=lead_pages.settings(home), champion=lambda: "activity/3", clock=lambda: NOW
    )
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made


def _whole(client: TestClient, path: str) -> str:
    """The page once nothing in it is still being worked out."""
    deadline = time.monotonic() + 60
    while 'hx-trigger="load delay' in (page := client.get(path).text):
        assert time.monotonic() < deadline, page
        time.sleep(0.05)
    return page


@pytest.mark.parametrize("path", PATHS)
def test_pages__no_inline_script_or_style_and_no_other_server(client: TestClient, path: str) -> None:
    page = _whole(client, path)

    assert "style=" not in page
    assert "onclick" not in page
    assert 'src="http' not in page


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/none/monitoring", "/campaigns/none/draws", "/draws/999", "/trainingsets/none", "/models/none",
        "/models/learnt/9", "/texts/none", "/campaigns/none/exports", "/trainingsets/trainingset/diff?from=v1&to=v9",
    ],
)  # fmt: skip
def test_pages__what_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_monitoring__drift_with_its_texts_shares_and_accuracy(client: TestClient) -> None:
    page = _whole(client, "/campaigns/main/monitoring")

    assert "Le flux a changé" in page
    assert "vente de pain flow-5-" in page
    assert page.count("data-chart=") == 3
    assert "2026-09" in page


def test_monitoring__a_campaign_without_anything(empty: Ledger, tmp_path_factory: pytest.TempPathFactory) -> None:
    filled_ledger.add_campaign(empty, language="en")
    settings = lead_pages.settings(tmp_path_factory.mktemp("none"))
    app = create_app(ledger=empty, settings=settings, champion=lambda: None, clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        page = client.get("/campaigns/main/monitoring").text

    assert "No turn has looked for drift yet." in page
    assert "No model has scored this campaign’s flow yet." in page


def test_draws__components_with_what_was_wanted_and_found(client: TestClient) -> None:
    page = client.get("/campaigns/main/draws").text

    assert page.index("2026-10") < page.index("2026-09")
    assert "Contrôle" in page


def test_draw__tasks_say_why_and_what_was_answered_but_not_by_whom(client: TestClient) -> None:
    page = client.get("/draws/1").text

    assert "Drawn at random to measure the model" in page
    assert f"<strong>{RIGHT}</strong>" in page
    assert "C001" not in page


def test_draw__filtered_by_component_state_and_words(client: TestClient) -> None:
    uncertain = client.get("/draws/2?component=uncertain&state=outstanding").text
    found = client.get("/draws/1", params={"search": "PAIN t1-audit-5"}).text
    wild = client.get("/draws/1", params={"search": "%"}).text

    assert "The model hesitates" in uncertain
    assert "Drawn at random" not in uncertain.partition('id="draw-tasks"')[2]
    assert found.count('<tr id="task-') == 11  # t1-audit-5 and those from 50 to 59
    assert "Aucune tâche ne correspond." in wild


def test_draw__page_by_page_with_the_filter_kept(client: TestClient) -> None:
    first = client.get("/draws/1?component=uncertain").text
    second = client.get("/draws/1?component=uncertain&page=2").text

    assert 'href="/draws/1?component=uncertain&amp;page=2#tasks"' in first
    assert second.count('<tr id="task-') == 40


def test_draw__empty_fields_of_the_form_restrict_nothing(client: TestClient) -> None:
    assert client.get("/draws/1?component=&state=&search=").text.count('<tr id="task-') == 50


def test_trainingset__versions_with_the_models_that_saw_them(client: TestClient) -> None:
    page = _whole(client, "/trainingsets/trainingset")

    assert 'href="/models/learnt/2"' in page
    assert "from=v1&amp;to=v2" in page


def test_diff__counts_codes_and_rows(client: TestClient) -> None:
    added = _whole(client, "/trainingsets/trainingset/diff?from=v1&to=v2")
    recoded = _whole(client, "/trainingsets/trainingset/diff?from=v1&to=v2&change=recoded")

    assert 'href="/texts/c"' in added
    assert f"était {RIGHT}" in recoded
    assert 'href="/texts/flow-5-1"' in recoded


def test_model__back_to_the_judgement(client: TestClient) -> None:
    page = _whole(client, "/models/learnt/2")

    assert "trainingset@v2" in page
    assert "C001" in page
    assert 'href="/draws/1"' in page


def test_text__what_was_said_settled_learnt_and_predicted(client: TestClient) -> None:
    page = _whole(client, "/texts/flow-5-1")

    assert 'href="#judgement-1"' in page
    assert 'href="/models/learnt/1"' in page
    assert 'href="/models/activity/1"' in page


def test_text__judgements_in_force_and_superseded(client: TestClient) -> None:
    page = client.get("/texts/t1-audit-0").text

    assert 'id="judgement-1"' in page
    assert "Drawn at random to measure the model" in page
