"""Nothing but the table of coders leads from a pseudonym to a person."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from annotation.campaign import extracting, presenting
from annotation.campaign.presenting import Shown
from annotation.domain.account import Role, Scope
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TestClient
from tests.annotation.api.route_roles import RULES, Api, Page
from tests.annotation.api.test_route_roles import SECRET, Guest, Office, _filled
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW, PLATFORM

DOMAIN = "coders.example"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Every coder has an e-mail address."""
    opened = filled_ledger.empty_ledger(tmp_path_factory.mktemp("pseudonyms"))
    filled_ledger.fill(opened)
    with opened.begin() as work:
        for number in range(5):
            work.coders.pseudonym(PLATFORM, str(number), email=f"marie{number}@{DOMAIN}", now=NOW)
    return opened


@pytest.fixture(scope="module")
def office(ledger: Ledger) -> Iterator[Office]:
    settings = Settings(serve={"session_secret": SECRET})
    app = create_app(ledger=ledger, settings=settings, champion=lambda: "activity/3", clock=lambda: NOW)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield Office(ledger, app, client)


def test_pages_and_api__show_a_lead_no_coders_address(office: Office) -> None:
    shown = {}
    for route, rule in RULES.items():
        method, _, path = route.partition(" ")
        if method != "GET" or not isinstance(rule, Page | Api) or rule.role is Role.ADMIN:
            continue
        guest = Guest(Role.LEAD, Scope.READ if isinstance(rule, Api) else None)
        shown[route] = office.send(guest, method, _filled(path)).text

    assert len(shown) > 20
    assert [route for route, text in shown.items() if DOMAIN in text] == []


def test_exports_events_and_tasks__hold_no_coders_address(ledger: Ledger) -> None:
    with ledger.read() as work:
        tables = [
            list(extracting.of_campaign(work, "main", table, now=NOW).rows) for table in sorted(extracting.CAMPAIGN)
        ]
        events = [asdict(event) for event in work.events.latest(limit=1000)]
        campaign = work.campaigns.get("main")
        tasks = work.tasks.of_campaign("main")
        sent = [
            asdict(one)
            for one in presenting.payloads(work, campaign, tasks, Shown({"surface": "Surface"}, reason=True))
        ]
        labels = [asdict(recorded.label) for recorded in work.labels.current("naf")]
    written = json.dumps([tables, events, sent, labels], default=str)

    assert "C001" in written
    assert DOMAIN not in written


def test_ledger__only_the_table_of_coders_holds_the_address(ledger: Ledger) -> None:
    path = Path(ledger.url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    holding = [name for name in names if any(DOMAIN in str(row) for row in connection.execute(f"SELECT * FROM {name}"))]
    connection.close()

    assert holding == ["coder"]
