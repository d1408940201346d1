"""The parts of an office in place of the embedded ones: PostgreSQL, S3, an MLflow server, Label Studio elsewhere."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from annotation.domain.judgement import Outcome
from annotation.labelstudio.server import LabelStudioServer
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sync.training.mlflow_server import MlflowServer
from tests.parts import tinycorpus
from tests.parts.awb import Awb
from tests.parts.labelstudio import platform_of
from tests.parts.ports import free_port
from tests.parts.s3 import S3Server
from tests.parts.tinycorpus import TASKS

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(1800)]

SECRET, TOKEN = "webhook-secret-of-the-office", "token-of-a-reader"
KILLS = 5
BEGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Office:
    """One campaign on the office's parts, with ``truth`` for the simulated coders."""

    awb: Awb
    ledger_url: str
    campaign: str
    truth: Path

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        ledger = Ledger.open(self.ledger_url)
        try:
            with ledger.read() as work:
                yield work
        finally:
            ledger.close()


Open = Callable[..., Office]


@pytest.fixture
def opened(
    tmp_path: Path,
    postgres_url: Callable[[], str],
    s3: S3Server,
    mlflow_server: MlflowServer,
    label_studio: LabelStudioServer,
) -> Open:
    """Makes a campaign of its own on fresh storage and a fresh database; ``coders`` 0: people answer."""

    def make(*, coders: int) -> Office:
        ledger, campaign = postgres_url(), f"office-{uuid4().hex[:6]}"
        environment = {
            "AWB_LEDGER__URL": ledger,
            "AWB_STORAGE__URL": s3.new_bucket(),
            "AWB_STORAGE__ENDPOINT": s3.endpoint,
            "AWB_STORAGE__KEY_ID": s3.key,
            "AWB_STORAGE__SECRET": s3.secret,
            "AWB_LABELSTUDIO__URL": label_studio.url,
            "AWB_LABELSTUDIO__TOKEN": label_studio.account.token,
            "AWB_MLFLOW__TRACKING_URI": mlflow_server.url,
            "AWB_SERVE__WEBHOOK_SECRET": SECRET,
            "AWB_SERVE__TOKENS": TOKEN,
        }
        config = tinycorpus.write(tmp_path, campaign=campaign, coders=coders)
        awb = Awb(home=tmp_path / "home", config=config, environment=environment)
        awb("init")
        return Office(awb, ledger, campaign, tmp_path / "truth.csv")

    return make


def test_turn__on_the_parts_of_an_office(opened: Open, s3: S3Server, mlflow_server: MlflowServer) -> None:
    office = opened(coders=3)
    turn = office.awb("turn")["turns"][0]

    assert turn["status"] == "done"
    assert turn["tasks_pushed"] == pytest.approx(sum(TASKS.values()), abs=6)
    assert turn["judgements"] >= 0.9 * turn["tasks_pushed"]
    assert (turn["trainingset_version"], turn["model_version"]) == ("v2", f"{office.campaign}/2")
    assert office.awb("doctor")["healthy"] is True
    assert office.awb("trainingset", "rebuild", "v2")["equal"] is True
    exported = office.awb("trainingset", "export", office.awb.environment["AWB_STORAGE__URL"] + "/v2.parquet")
    assert exported["url"].startswith("s3://")
    assert s3.storage(office.awb.environment["AWB_STORAGE__URL"]).exists("v2.parquet")
    # Nothing of the ledger, the storage or the registry was made at home on the way.
    assert not [path for path in office.awb.home.rglob("*") if path.suffix in (".db", ".avro", ".sqlite3")]
    experiments = httpx.get(
        f"{mlflow_server.url}/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": office.campaign}
    )
    assert experiments.status_code == 200
    _nothing_twice(office)


def test_turn__waits_for_people_and_goes_on(opened: Open) -> None:
    office = opened(coders=0)
    waiting = office.awb("turn")["turns"][0]
    still = office.awb("turn")["turns"][0]

    assert (waiting["turn"], waiting["status"]) == (1, "waiting")
    assert (still["turn"], still["status"], still["resumed"]) == (1, "waiting", True)
    tasks = waiting["tasks_pushed"]
    assert f"of {tasks} texts" in still["reason"]
    answers = ("--truth", str(office.truth), "--coders", "2", "--skip-rate", "0", "--error-rate", "0")
    assert office.awb("simulate", *answers)["answered"] == tasks
    done = office.awb("turn")["turns"][0]

    assert (done["turn"], done["status"], done["resumed"]) == (1, "done", True)
    assert done["judgements"] == tasks
    _nothing_twice(office)


def test_serve__takes_webhooks_and_shows_the_campaign_to_holders_of_a_token(
    opened: Open, label_studio: LabelStudioServer, tmp_path: Path
) -> None:
    office = opened(coders=0)
    tasks = office.awb("turn")["turns"][0]["tasks_pushed"]
    with _serving(office, tmp_path / "serve.log") as client:
        _refuses_strangers(client, office.campaign)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        shown = client.get(f"/api/campaigns/{office.campaign}", headers=bearer)
        assert shown.status_code == 200
        assert office.campaign in shown.text
        versions = client.get("/api/trainingsets/trainingset/versions", headers=bearer).json()
        assert [version["tag"] for version in versions["items"]] == ["v1"]

        answered = office.awb("simulate", "--coders", "2")["answered"]
        told = _await_inbox(office, answered)
        assert {webhook.action for webhook in told} == {"ANNOTATION_CREATED"}

    pulled = office.awb("pull")

    assert pulled["new"] == answered == tasks
    with office.reading() as work:
        assert work.inbox.waiting() == []


def test_turn__killed_at_any_moment_does_nothing_twice(opened: Open, label_studio: LabelStudioServer) -> None:
    """How long a turn takes differs by machine: each kill comes a random time after the turn has got further."""
    office = opened(coders=2)
    chance = random.Random(11)
    killed = 0
    while killed < KILLS:
        log = office.awb.home.parent / f"turn-{killed}.log"
        process = office.awb.start("turn", log=log)
        ended = _kill_later(process, log, delay=chance.uniform(0.2, 6))
        if ended is not None:
            assert ended == 0, log.read_text()[-2000:]
            break
        killed += 1
    last = office.awb("turn")["turns"][0] if killed == KILLS else None

    assert killed >= 3
    assert last is None or (last["turn"], last["status"]) == (1, "done")
    _nothing_twice(office)
    with platform_of(label_studio) as platform, office.reading() as work:
        project = work.platforms.projects(office.campaign)[0]
        tasks = platform.tasks(project.external_id, sorted(platform.task_ids(project.external_id)))
        drawn = {task.key for task in work.tasks.of_campaign(office.campaign)}
    assert len(tasks) == len({task.key for task in tasks}) == len(drawn)
    assert len(drawn) == pytest.approx(sum(TASKS.values()), abs=6)
    assert all(len(task.annotations) == 1 for task in tasks)


def _kill_later(process: subprocess.Popen[bytes], log: Path, *, delay: float) -> int | None:
    """Kill the command and its children some time after it said its first word; its exit code if it was faster."""
    deadline = time.monotonic() + BEGIN_SECONDS
    while not log.stat().st_size and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(delay)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return None


def _nothing_twice(office: Office) -> None:
    """After one turn: two versions, two models, no text asked twice, every settled answer a label."""
    with office.reading() as work:
        tasks = work.tasks.of_campaign(office.campaign)
        judgements = work.judgements.current(office.campaign)
        platform = work.platforms.projects(office.campaign)[0].platform
        references = work.platforms.references(office.campaign, platform)
        models = work.models.all(office.campaign)
        versions = work.trainingsets.all("trainingset")
        labels = {r.label.text_key: r.label for r in work.labels.current("flat")}
        history = work.judgements.history(office.campaign)
        turns = work.turns.last_number(office.campaign)

    assert turns == 1
    assert [v.tag for v in versions] == ["v1", "v2"]
    assert [(m.version, m.trainingset_tag) for m in models] == [("1", "v1"), ("2", "v2")]
    assert _most(task.text_key for task in tasks) == _most(references.values()) == 1
    assert sorted(references.values()) == sorted(task.key for task in tasks)
    assert _most(r.judgement.external_id for r in history) == _most(r.judgement.task_key for r in history) == 1
    text_of = {task.key: task.text_key for task in tasks}
    settled = {text_of[r.judgement.task_key]: r for r in judgements if r.judgement.outcome.settles}
    assert {labels[key].judgement_id for key in settled} == {r.id for r in settled.values()}
    assert all(labels[key].code is None for key, r in settled.items() if r.judgement.outcome is Outcome.UNCLASSIFIABLE)


def _most(items: Any) -> int:
    return max(Counter(items).values())


@contextmanager
def _serving(office: Office, log: Path) -> Iterator[httpx.Client]:
    port = free_port()
    process = office.awb.start("serve", "--register", "--port", str(port), log=log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)
    try:
        _await_health(client, process, log)
        yield client
    finally:
        client.close()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.returncode in (0, 130), log.read_text()[-2000:]
    assert "Traceback" not in log.read_text()


def _await_health(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + BEGIN_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if client.get("/health").status_code == 200:
                return
        assert process.poll() is None, log.read_text()[-2000:]
        time.sleep(0.2)
    raise AssertionError(f"awb serve did not answer: {log.read_text()[-2000:]}")


def _refuses_strangers(client: httpx.Client, campaign: str) -> None:
    for address in ("/api/campaigns", f"/api/campaigns/{campaign}", "/api/decisions"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            refused = client.get(address, headers=headers)

            assert refused.status_code == 401
            assert {"message", "cure"} <= set(refused.json())
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "task": {"id": 1}}
    assert client.post("/webhooks/labelstudio", json=event).status_code == 401
    assert client.post("/webhooks/labelstudio", json=event, headers={"X-AWB-Secret": "wrong"}).status_code == 401


def _await_inbox(office: Office, number: int) -> list[Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with office.reading() as work:
            waiting = work.inbox.waiting()
        if len(waiting) >= number:
            return waiting
        time.sleep(0.3)
    raise AssertionError(f"{len(waiting)} of {number} webhooks came")
