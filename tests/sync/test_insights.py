from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from annotation.api.insights import Change, Insights
from annotation.errors import NotFoundError
from annotation.ledger.unit_of_work import Ledger
from sampling.calibration import Calibration
from sync import insights
from tests.parts import campaigns, lead_pages

VERSIONS = ({"a": "01.11Z", "b": "01.12Z"}, {"a": "01.13Z", "c": "01.12Z"}, {"a": "01.13Z", "b": "01.12Z"})


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Insights]:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    with ledger.begin() as work:
        work.nomenclatures.add(_named("naf"), origin="by hand", sha256="0" * 64, now=campaigns.NOW)
    lead_pages.commit(ledger, tmp_path, VERSIONS)
    yield insights.of(ledger, lead_pages.settings(tmp_path))
    ledger.close()


def _named(key: str) -> campaigns.Nomenclature:
    return campaigns.Nomenclature(key=key, title="Another", codes=campaigns.NAF.codes.values())


def test_difference__counts_rows_and_codes(found: Insights) -> None:
    change = found.trainingsets.difference("trainingset", "v1", "v2")

    assert dict(change.counts) == {
        Change.ADDED: 1, Change.REMOVED: 1, Change.RECODED: 1, Change.REWEIGHTED: 0, Change.BY_RULE: 0,
    }  # fmt: skip
    recoded = change.rows(Change.RECODED, limit=10, offset=0)[0]
    assert (recoded.text_key, recoded.code, recoded.before) == (
        "a",
        "01.13Z",
        {"code": "01.11Z", "source": "coder", "weight": 1.0, "rule": None},
    )
    assert {one.name: one.net for one in change.codes} == {"01.11Z": -1, "01.12Z": 0, "01.13Z": 1}


def test_rows_and_sources__of_a_version(found: Insights) -> None:
    rows = found.trainingsets.rows("trainingset", "v2", limit=1, offset=1)

    assert [(row.text_key, row.code, row.added_in) for row in rows] == [("c", "01.12Z", "v2")]
    assert found.trainingsets.sources("trainingset", "v2") == {"coder": 2}


def test_history__a_text_that_left_and_came_back(found: Insights) -> None:
    history = found.trainingsets.history("trainingset", "b")

    assert [(row.sequence, row.removed) for row in history] == [(1, False), (2, True), (3, False)]
    assert found.trainingsets.history("trainingset", "nowhere") == []


@pytest.mark.parametrize(("name", "tag"), [("another", "v1"), ("trainingset", "v9")])
def test_rows__what_is_not_there(found: Insights, name: str, tag: str) -> None:
    with pytest.raises(NotFoundError):
        found.trainingsets.rows(name, tag, limit=1, offset=0)


def test_confidence__by_the_calibration_or_the_model_alone(found: Insights) -> None:
    cooled = Calibration(temperature=2.0).to_document()
    sure, margin = np.array([0.9, 0.9]), np.array([0.85, 0.85])

    assert found.confidence(None, sure, margin, ["A", None]).tolist() == [0.9, 0.0]
    assert found.confidence(cooled, sure, margin, ["A", "A"])[0] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("", None),
        ("sqlite:///mlflow.db", None),
        ("https://user:secret@mlflow.example", None),
        ("https://mlflow.example/", "https://mlflow.example/#/models/a%20b/versions/3"),
    ],
)
def test_model_address__only_where_a_browser_can_go(uri: str, address: str | None) -> None:
    assert insights.model_address(uri, "a b", "3") == address
