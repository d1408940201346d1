"""Requests made up from the API's own schema, as an admin with a token."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter

import hypothesis
from hypothesis import HealthCheck, Phase

from annotation.domain.account import Role, Scope
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.parts import filled_ledger

TOKEN = "awb_" + "t" * 40
SECRET = "a-secret-of-this-test"


def ask(ledger: Ledger, *, examples: int) -> tuple[Counter[str], list[str]]:
    """How many requests each route was sent, and what was wrong with the answers."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

    with ledger.begin() as work:
        account = work.accounts.add("admin@office.example", Role.ADMIN, now=filled_ledger.NOW)
        work.tokens.add(account.id, "tests", TOKEN, Scope.WRITE, now=filled_ledger.NOW, expires_at=None)
    app = create_app(
        ledger=ledger,
        settings=Settings.model_validate(
            {"home": tempfile.mkdtemp(), "serve": {"webhook_secret": SECRET, "ml_password": SECRET}}
        ),
        champion=lambda: "activity/3",
        clock=lambda: filled_ledger.NOW,
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    headers = {"Authorization": f"Bearer {TOKEN}", "X-AWB-Secret": SECRET}
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
    sent: Counter[str] = Counter()
    faults: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def request(case: schemathesis.Case) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                response = case.call(headers=headers)
                sent[case.operation.label] += 1
                case.validate_response(response, checks=checks)

        try:
            request()
        except (Exception, BaseExceptionGroup) as error:
            faults.append(f"{operation.label}: {str(error)[:600]}")
    return sent, faults
