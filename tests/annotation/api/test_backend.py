"""Label Studio's protocol for ML backends, with a model that knows three words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from annotation.api.backend import Suggestion
from annotation.errors import UnreachableError
from annotation.labelstudio import interface, taxonomy
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.annotation.api.conftest import TestClient
from tests.parts import campaigns

USER, PASSWORD = "label-studio", "a-password-of-this-test"
KNOWN = {"ble": ("01.11Z", "01.12Z"), "riz": ("01.12Z",)}
CODES = {"01.11Z": 0.7, "01.12Z": 0.2}


@dataclass
class WordModel:
    """What it was asked, and whether it was told to get ready."""

    nomenclature = campaigns.NAF
    language = "en"
    asked: list[str] = field(default_factory=list)
    prepared: bool = False
    late: bool = False

    def prepare(self) -> None:
        self.prepared = True

    def suggest(self, texts: Sequence[str]) -> list[Suggestion]:
        if self.late:
            raise UnreachableError("The champion is still being loaded.")
        self.asked += texts
        found = [KNOWN.get(text, ()) for text in texts]
        return [Suggestion(codes, tuple(CODES[code] for code in codes)) for codes in found]


def config(**changes: Any) -> str:
    digest = hashlib.sha256(taxonomy.tree(campaigns.NAF)).hexdigest()[:12]
    url = f"http://labels.example/data/upload/1/abc-tree-{changes.get('digest', digest)}.json"
    return interface.configuration(campaigns.NAF, language="en", tree_url=url)


@contextmanager
def serving(
    ledger: Ledger,
    model: WordModel | None,
    *,
    password: str = PASSWORD,
    dressed: dict[int, Mapping[str, Any]] | None = None,
) -> Iterator[TestClient]:
    settings = Settings(serve={"ml_user": USER, "ml_password": password or None})
    dress = None if dressed is None else dressed.__setitem__
    app = create_app(ledger=ledger, settings=settings, champion=lambda: None, predictor=model, dress=dress)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.auth = (USER, PASSWORD)
        yield client


def by_hand(text: str = "ble", number: int = 7, **data: Any) -> dict[str, Any]:
    return {"id": number, "data": {"text": text, **data}, "annotations": [], "predictions": [], "project": 1}


def asked(client: TestClient, *tasks: dict[str, Any], label_config: str | None = None) -> list[list[dict[str, Any]]]:
    body = {
        "tasks": tasks,
        "project": "1.1700000000",
        "label_config": config() if label_config is None else label_config,
        "params": {"login": None, "password": None, "context": None},
    }
    answer = client.post("/ml/predict", json=body)
    assert answer.status_code == 200, answer.text
    results: list[list[dict[str, Any]]] = answer.json()["results"]
    return results


def chosen(prediction: dict[str, Any]) -> dict[str, Any]:
    return {region["from_name"]: region["value"][region["type"]] for region in prediction["result"]}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "health"), ("POST", "setup"), ("POST", "predict"), ("POST", "webhook")]
)
def test_routes__want_the_password(empty: Ledger, method: str, path: str) -> None:
    with serving(empty, WordModel()) as client:
        for auth in ((USER, "wrong"), ("somebody", PASSWORD)):
            assert client.request(method, f"/ml/{path}", auth=auth, json={"tasks": []}).status_code == 401
        client.auth = None
        assert client.request(method, f"/ml/{path}", json={"tasks": []}).status_code == 401


def test_routes__are_closed_without_a_password(empty: Ledger) -> None:
    with serving(empty, WordModel(), password="") as client:
        assert client.get("/ml/health").status_code == 503


def test_setup__gets_the_model_ready_and_keeps_the_token_to_itself(
    empty: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    model = WordModel()
    with serving(empty, model) as client:
        answer = client.post("/ml/setup", json={"project": "1.17", "schema": "<View/>", "access_token": "very-secret"})

    assert answer.json() == {"model_version": "workbench"}
    assert model.prepared
    told = capfd.readouterr()
    assert "very-secret" not in told.out + told.err + answer.text


def test_predict__a_task_made_by_hand_is_coded_in_the_tree(empty: Ledger) -> None:
    with serving(empty, WordModel()) as client:
        [[prediction]] = asked(client, by_hand(candidates=[]))

    assert chosen(prediction) == {"code": ["@other"], "tree": [["A", "01.1", "01.11Z"]]}
    assert (prediction["score"], prediction["model_version"]) == (pytest.approx(0.5), "workbench")


def test_predict__among_candidates_that_somebody_gave(empty: Ledger) -> None:
    with serving(empty, WordModel()) as client:
        [[prediction]] = asked(client, by_hand(candidates=[{"value": "01.11Z Céréales", "alias": "01.11Z"}]))

    assert chosen(prediction) == {"code": ["01.11Z"]}


def test_predict__offers_candidates_where_there_are_none(empty: Ledger) -> None:
    dressed: dict[int, Mapping[str, Any]] = {}
    with serving(empty, WordModel(), dressed=dressed) as client:
        [[prediction]] = asked(client, by_hand(context="seen", candidates=[]))

    assert [one["alias"] for one in dressed[7]["candidates"]][:3] == ["01.11Z", "01.12Z", "@other"]
    assert (dressed[7]["text"], dressed[7]["context"]) == ("ble", "seen")
    assert chosen(prediction) == {"code": ["01.11Z"]}


def test_predict__candidates_that_label_studio_does_not_take_leave_the_tree(empty: Ledger) -> None:
    """It is asked once: each refusal may take seconds, while somebody waits."""
    refused: list[int] = []

    class Refusing(dict[int, Mapping[str, Any]]):
        def __setitem__(self, key: int, value: Mapping[str, Any]) -> None:
            refused.append(key)
            raise UnreachableError("busy")

    with serving(empty, WordModel(), dressed=Refusing()) as client:
        found = asked(client, by_hand(candidates=[]), by_hand("riz", 8, candidates=[]))

    assert [chosen(one)["code"] for [one] in found] == [["@other"], ["@other"]]
    assert refused == [7]


def test_predict__a_bulk_order_is_not_written_task_by_task(empty: Ledger) -> None:
    dressed: dict[int, Mapping[str, Any]] = {}
    with serving(empty, WordModel(), dressed=dressed) as client:
        found = asked(client, *(by_hand(number=number, candidates=[]) for number in range(101)))

    assert all(chosen(one)["code"] == ["@other"] for [one] in found)
    assert not dressed


def test_predict__a_task_that_we_pushed_never_gets_one(empty: Ledger) -> None:
    """It may be blind: what the model says would anchor the coder."""
    model = WordModel()
    with serving(empty, model) as client:
        assert asked(client, by_hand(key="abc"), by_hand("riz", 8)) == [[], asked(client, by_hand("riz", 8))[0]]

    assert model.asked == ["riz", "riz"]


def test_predict__says_nothing_of_texts_it_does_not_know(empty: Ledger) -> None:
    with serving(empty, WordModel()) as client:
        assert asked(client, by_hand("charbon"), by_hand("  "), {"id": 9, "data": {"text": ["ble"]}}) == [[], [], []]


@pytest.mark.parametrize("other", ["<View></View>", config(digest="0" * 12)], ids=["their own", "another nomenclature"])
def test_predict__keeps_out_of_screens_that_are_not_ours(empty: Ledger, other: str) -> None:
    with serving(empty, WordModel()) as client:
        assert asked(client, by_hand(), label_config=other) == [[]]


def test_predict__without_a_model_there_is_no_prediction(empty: Ledger) -> None:
    with serving(empty, None) as client:
        assert asked(client, by_hand()) == [[]]


def test_predict__a_model_that_takes_too_long_is_an_outage(empty: Ledger) -> None:
    with serving(empty, WordModel(late=True)) as client:
        answer = client.post("/ml/predict", json={"tasks": [by_hand()], "label_config": config()})

    assert answer.status_code == 503


def test_webhook__is_taken_and_starts_nothing(empty: Ledger) -> None:
    with serving(empty, WordModel()) as client:
        assert client.post("/ml/webhook", json={"action": "START_TRAINING"}).json() == {"status": "ignored"}
