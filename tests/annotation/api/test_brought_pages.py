from __future__ import annotations

import json

import pytest

from annotation.api.formats import Formats
from annotation.api.plots import Plot, Series, Shape, Unit
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Component
from annotation.domain.team import Enrolment, GoldText, Standing
from annotation.ledger.unit_of_work import Ledger
from tests.annotation.api.conftest import NewClient, TestClient
from tests.annotation.api.test_pages import whole
from tests.parts import filled_ledger, signing_in
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer


@pytest.fixture
def demo(filled: Ledger, new_client: NewClient) -> TestClient:
    return new_client(filled, tokens="")


def test_brought_page__says_in_a_sentence_what_came_of_the_answers(demo: TestClient) -> None:
    page = whole(demo, "/campaigns/main/brought")

    assert (
        "Depuis le début de la campagne (240 réponses), le modèle est passé de 67\u202f% à 85\u202f% de codes justes."
        in page
    )
    assert "Il reste 45 tâches sans réponse et 15 en attente" in page
    assert "Aucune marge ne garantit encore 95\u202f% de codes justes" in page
    assert "awb replay" in page
    assert "data-chart=" in page


def test_brought_page__of_an_empty_campaign(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty, language="en")
    page = whole(new_client(empty, tokens="", champion=lambda: None), "/campaigns/main/brought")

    assert "No task of this campaign is done yet" in page
    assert "No model is in production yet." in page


def test_brought_page__claims_nothing_of_what_other_campaigns_brought(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.fill(empty)
    with empty.begin() as work:
        work.campaigns.add(Campaign("new", "Une autre", "naf", "fr", NOW))
    page = whole(new_client(empty, tokens=""), "/campaigns/new/brought")

    assert "Aucune tâche de cette campagne n’est encore faite" in page
    assert "le modèle est passé de" not in page
    assert "points (de" not in page


def test_campaign_page__no_end_is_foreseen_where_tasks_only_wait(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.add_campaign(empty)
    tasks = filled_ledger.add_draw(empty, "d", days_ago=9, tasks=[(Component.UNCERTAIN, 5)])
    answers = [Answer(outcome=Outcome.LATER if i < 2 else Outcome.CODED, days_ago=i + 1) for i in range(5)]
    filled_ledger.judge(empty, list(zip(tasks, answers, strict=True)))
    page = whole(new_client(empty, tokens=""), "/campaigns/main")

    assert "Pas de prévision" in page
    assert "il ne reste que des tâches en attente (2)" in page


def test_brought_page__unknown_campaign(demo: TestClient) -> None:
    assert demo.get("/campaigns/nowhere/brought").status_code == 404


def test_campaign_page__paused_and_with_a_rate(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.fill(empty)
    with empty.begin() as work:
        work.policies.set("main", Policy(paused=True, hourly_rate=30), by="test", now=NOW)
    page = whole(new_client(empty, tokens=""), "/campaigns/main")

    assert "la campagne est en pause" in page
    assert "3,6 heures à 30\u00a0€." in page


def test_coders_page__pseudonyms_in_their_order(empty: Ledger, new_client: NewClient) -> None:
    filled_ledger.fill(empty, coders=3)
    with empty.begin() as work:
        work.enrolments.record(Enrolment("main", "C002", Standing.PAUSED, NOW, reason="Two of ten gold texts right."))
    page = whole(new_client(empty, tokens=""), "/campaigns/main/coders")

    places = [page.index(f'<th scope="row">C00{number}</th>') for number in (1, 2, 3)]
    assert places == sorted(places)
    assert "Two of ten gold texts right." in page
    assert "@example" not in page


def test_own_page__what_gold_held_against_an_answer_and_why(empty: Ledger, new_client: NewClient) -> None:
    _gold_answered_wrongly(empty, email="Anne@example.org")
    signing_in.add_account(empty, "anne@example.org", Role.CODER)
    client = new_client(empty, tokens="")
    signing_in.sign_in(client, email="anne@example.org", password=signing_in.PASSWORD)
    page = client.get("/me").text

    assert "47.24Z" in page
    assert "10.71C" in page
    assert "Cuit sur place" in page
    assert client.get("/campaigns/main/coders").status_code == 403


def test_own_page__nothing_of_others(empty: Ledger, new_client: NewClient) -> None:
    _gold_answered_wrongly(empty, email="anne@example.org")
    signing_in.add_account(empty, "bob@example.org", Role.CODER)
    client = new_client(empty, tokens="")
    signing_in.sign_in(client, email="bob@example.org", password=signing_in.PASSWORD)
    page = client.get("/me").text

    assert "Aucune réponse n’est connue sous bob@example.org" in page
    assert "47.24Z" not in page


def test_plot__rows_are_the_figures_of_the_chart() -> None:
    plot = Plot(
        Shape.POINTS,
        "Accuracy",
        "Model",
        ["a/1", "a/2", "a/3"],
        [
            Series("ours", [0.5, 0.75, None], "link", low=[0.4, 0.7, None], high=[0.6, 0.8, None]),
            Series("ceiling", [0.8, None, None], "waiting"),
        ],
        unit=Unit.SHARE,
    )

    assert plot.rows(Formats("en")) == [
        ("a/1", ["50.0% (40.0% – 60.0%)", "80.0%"]),
        ("a/2", ["75.0% (70.0% – 80.0%)", "–"]),
    ]
    assert json.loads(plot.document)["series"][0]["values"] == [0.5, 0.75, None]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.04, "0.0"), (3.14, "3.1"), (12.4, "12"), (1449, "1,400"), (98_765, "99,000")]
)
def test_round__two_figures_count(value: float, expected: str) -> None:
    assert Formats("en").round(value) == expected


@pytest.mark.parametrize(
    ("language", "currency", "expected"),
    [("en", "EUR", "€1,234"), ("fr", "EUR", "1\u202f234\u00a0€"), ("en", "CHF", "1,234\u00a0CHF")],
)
def test_money__as_a_language_writes_it(language: str, currency: str, expected: str) -> None:
    assert Formats(language).money(1234, currency) == expected


def _gold_answered_wrongly(ledger: Ledger, *, email: str) -> None:
    filled_ledger.add_campaign(ledger)
    (task,) = filled_ledger.add_draw(ledger, "d", days_ago=2, tasks=[(Component.GOLD, 1)])
    with ledger.begin() as work:
        work.coders.pseudonym(filled_ledger.PLATFORM, "7", email=email, now=NOW)
        work.gold.record([GoldText("naf", task.text_key, RIGHT, "Cuit sur place.", "test", NOW)])
    filled_ledger.judge(ledger, [(task, Answer("7", code=WRONG))])
