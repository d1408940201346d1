"""Label Studio asks us for predictions of tasks that people made by hand, as it does of any ML backend."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from annotation.api.backend import Suggestion
from annotation.campaign.ports import Candidate, ProjectSpec, TaskPayload
from annotation.labelstudio import live
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from sync import app as web
from sync.settings import Settings
from tests.parts import campaigns, filled_ledger
from tests.parts.labelstudio import Hands, platform_of

pytestmark = pytest.mark.integration

USER, PASSWORD = "label-studio", "a-password-of-this-test"


@dataclass
class Champion:
    """Says one and the same of all texts, and remembers them."""

    nomenclature = campaigns.NAF
    language = "fr"
    asked: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Ready at once."""

    def suggest(self, texts: Sequence[str]) -> list[Suggestion]:
        self.asked += texts
        return [Suggestion(("01.12Z", "01.11Z"), (0.6, 0.3)) for _ in texts]


@dataclass(frozen=True)
class Bench:
    url: str
    champion: Champion
    platform: LabelStudioPlatform
    hands: Hands

    def project(self) -> int:
        spec = ProjectSpec(f"backend-{uuid4()}", "By hand", "", campaigns.NAF, prefill=True)
        return self.platform.ensure_project(spec)

    def connect(self, project: int, *, password: str = PASSWORD) -> dict[str, Any]:
        body = {
            "project": project,
            "url": f"{self.url}/ml",
            "title": "workbench",
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": USER,
            "basic_auth_pass": password,
        }
        made: dict[str, Any] = self.hands.request("POST", "/api/ml/", json=body)
        return made

    def opened(self, task: int) -> dict[str, Any]:
        """What a coder's browser gets who opens the task."""
        found: dict[str, Any] = self.hands.request("GET", f"/api/tasks/{task}/")
        return found


@pytest.fixture(scope="module")
def bench(label_studio: LabelStudioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    champion = Champion()
    with platform_of(label_studio) as platform, closing(Hands(label_studio)) as hands:

        def dress(task: int, data: Mapping[str, Any]) -> None:
            live.dress(platform.session, task=task, data=data)

        ledger = filled_ledger.empty_ledger(tmp_path_factory.mktemp("ledger"))
        settings = Settings(
            serve={"ml_user": USER, "ml_password": PASSWORD}, home=Path(tmp_path_factory.mktemp("home"))
        )
        application = web.create_app(
            ledger=ledger, settings=settings, champion=lambda: "m/1", predictor=champion, dress=dress
        )
        with closing(ledger), served(application) as url:
            yield Bench(url, champion, platform, hands)


@contextmanager
def served(application: Any) -> Iterator[str]:
    listening = web.listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def test_backend__a_task_made_by_hand_is_coded_when_it_is_opened(bench: Bench) -> None:
    project = bench.project()
    connected = bench.connect(project)
    task = bench.hands.add_foreign_task(project)

    seen = bench.opened(task)
    again = bench.opened(task)

    assert (connected["readable_state"], connected["model_version"]) == ("Connected", "workbench")
    [prediction] = seen["predictions"]
    assert [region["value"]["choices"] for region in prediction["result"]] == [["01.12Z"]]
    assert (prediction["model_version"], prediction["score"]) == ("workbench", pytest.approx(0.3))
    assert [one["alias"] for one in seen["data"]["candidates"]][:3] == ["01.12Z", "01.11Z", "@other"]
    assert [one["id"] for one in again["predictions"]] == [prediction["id"]]


def test_backend__a_blind_task_that_we_pushed_stays_blind(bench: Bench) -> None:
    project = bench.project()
    bench.connect(project)
    candidates = (Candidate("01.11Z", "Culture de céréales"),)
    pushed = bench.platform.create_tasks(
        project,
        [
            TaskPayload("blind-one", "texte aveugle", blind=True, candidates=candidates, score=0.4),
            TaskPayload("shown-one", "texte montré", candidates=candidates, score=0.4),
        ],
    )

    assert bench.opened(pushed["blind-one"])["predictions"] == []
    assert len(bench.opened(pushed["shown-one"])["predictions"]) == 1
    assert not {"texte aveugle", "texte montré"} & set(bench.champion.asked)


def test_backend__predictions_for_many_tasks_at_once(bench: Bench) -> None:
    """As the action of the task list does."""
    project = bench.project()
    bench.connect(project)
    data = [
        {"text": f"à la main {i}", "context": "", "reason": "", "candidates": [], "answers": "", "feedback": ""}
        for i in range(12)
    ]
    bench.hands.request("POST", f"/api/projects/{project}/import", json=[{"data": one} for one in data])
    everything = {"selectedItems": {"all": True, "excluded": []}}
    bench.hands.request(
        "POST", "/api/dm/actions/", params={"id": "retrieve_tasks_predictions", "project": project}, json=everything
    )

    found = bench.hands.request("GET", "/api/tasks", params={"project": project, "fields": "all", "page_size": 20})
    results = [one["result"] for task in found["tasks"] for one in task["predictions"]]
    assert [[region["value"] for region in one] for one in results] == [[{"choices": ["01.12Z"]}]] * 12
    assert all(task["data"]["candidates"][0]["alias"] == "01.12Z" for task in found["tasks"])


def test_backend__a_wrong_password_is_refused_at_once(bench: Bench) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        bench.connect(bench.project(), password="wrong")

    assert "authentication parameters" in refused.value.response.text
