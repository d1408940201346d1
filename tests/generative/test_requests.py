"""Requests made up from the API's own schema: no route fails, and all answer as they say."""

from __future__ import annotations

from pathlib import Path

from tests.parts import api_requests, filled_ledger


def test_requests__are_answered_as_the_schema_says(tmp_path: Path) -> None:
    ledger = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(ledger)
    filled_ledger.set_aside(ledger, 3)

    sent, faults = api_requests.ask(ledger, examples=3)

    assert faults == []
    assert min(sent.values()) >= 1
