"""The newcomer's command, run as a newcomer runs it: the installed program, real servers, one turn and then another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from annotation.campaign import settling
from annotation.domain.label import Source
from annotation.domain.task import FIRST_SEAT
from annotation.domain.team import ARBITRATION, SECOND, SHARED
from annotation.errors import InstallationError
from annotation.labelstudio import installation
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.consensus import Dispute
from sync.storage import Storage
from sync.trainingset.store import TrainingSetStore
from tests.parts.absence import absent

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(1500)]

PATIENCE = 1200
NOMENCLATURE = "naf-rev2"


@dataclass
class Ran:
    home: Path
    result: dict[str, Any] = field(default_factory=dict)
    said: str = ""

    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.home / 'ledger.db'}")


def command(home: Path, *more: str) -> list[str]:
    program = Path(sys.executable).parent / "awb"
    return [str(program), "demo", "--once", "--output", "json", "--home", str(home), *more]


def run(home: Path, *more: str) -> Ran:
    done = subprocess.run(
        command(home, *more), capture_output=True, text=True, timeout=PATIENCE, cwd=home.parent, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Ran(home, json.loads(done.stdout), done.stderr)


def alive(home: Path) -> list[int]:
    """The processes that work on the home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                here = (entry / "cwd").readlink()
                working = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                continue
            if working and here.is_relative_to(home):
                found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A demo that is killed in its middle, by the signal that nobody can catch, and then run to its end."""
    try:
        installation.prepare(installation.cache_folder())
    except InstallationError as error:
        absent(error.message)
    home = tmp_path_factory.mktemp("demo") / "home"
    killed_while_coders_answer(home)
    return run(home)


def killed_while_coders_answer(home: Path) -> None:
    log = home.parent / "killed.log"
    with log.open("w") as standard_error:
        process = subprocess.Popen(
            command(home), stdout=subprocess.DEVNULL, stderr=standard_error, cwd=home.parent, start_new_session=True
        )
    until = time.monotonic() + PATIENCE
    while "simulate" not in log.read_text() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.3)
    time.sleep(3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def ledger(first: Ran) -> Iterator[Ledger]:
    ledger = first.ledger()
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def store(first: Ran, ledger: Ledger) -> Iterator[TrainingSetStore]:
    with TrainingSetStore(
        catalog_uri=ledger.url, storage=Storage(str(first.home / "storage")), name="trainingset"
    ) as opened:
        yield opened


def test_demo__prints_one_object_with_what_a_program_needs(first: Ran) -> None:
    [turn] = first.result["turns"]

    assert first.result["status"] == "continued"
    assert "going on with turn 1" in first.said
    assert {"turn", "tasks_pushed", "judgements", "trainingset_version", "model_version", "accuracy"} <= turn.keys()
    assert {"promoted", "reason"} <= turn.keys()
    assert "steps" not in turn
    assert first.result["urls"].keys() == {"label_studio", "mlflow", "campaign"}
    assert all(url.startswith("http://127.0.0.1:") for url in first.result["urls"].values())
    assert first.result["log_ins"]["label_studio"]["password"]
    assert first.result["seconds"] > 0


def test_demo__asks_each_component_within_its_budget(first: Ran) -> None:
    [turn] = first.result["turns"]

    assert turn["components"]["audit"] == 150
    assert turn["tasks_pushed"] == sum(turn["components"].values()) == pytest.approx(500, rel=0.05)
    assert {one["component"] for one in first.result["asked"]} >= {"audit", "uncertain", "drifting", "rare"}
    assert all(one["text"] and one["reason"] for one in first.result["asked"])


def test_demo__finds_the_drift_that_the_register_was_made_with(first: Ran) -> None:
    codes = {one["value"] for one in first.result["moved"] if one["title"]}

    assert "53.20Z" in codes


def test_demo__measures_accuracy_on_the_audit_with_an_interval(first: Ran) -> None:
    [turn] = first.result["turns"]
    before, after = turn["accuracy_before"], turn["accuracy"]

    for estimate in (before, after):
        assert 0.3 < estimate["low"] < estimate["value"] < estimate["high"] < 0.95
        assert 100 < estimate["texts"] <= 150
    assert turn["reason"]
    assert turn["promoted"] == (turn["champion"] == turn["model_version"])


def test_demo__a_kill_in_the_middle_leaves_no_task_twice_and_none_missing(first: Ran, ledger: Ledger) -> None:
    with ledger.read() as work:
        tasks = work.tasks.of_campaign("demo")
        platform = work.platforms.projects("demo")[0].platform
        references = work.platforms.references("demo", platform)
        judged = [recorded.judgement for recorded in work.judgements.current("demo")]

    [turn] = first.result["turns"]
    firsts = [task.text_key for task in tasks if task.seat == FIRST_SEAT]
    assert len(set(firsts)) == len(firsts) == turn["tasks_pushed"]
    assert sorted(references.values()) == sorted(task.key for task in tasks)
    assert len({one.task_key for one in judged}) == len(judged) == len(tasks)


def test_demo__asks_some_texts_twice_and_the_arbiter_where_coders_differ(first: Ran, ledger: Ledger) -> None:
    said = first.result["said"]
    with ledger.read() as work:
        queues = {project.queue for project in work.platforms.projects("demo")}
        verdicts = settling.verdicts(work, "demo")
        labels = [recorded.label for recorded in work.labels.current(NOMENCLATURE)]

    assert queues == {SHARED, SECOND, ARBITRATION}
    assert 25 < said["twice"] < 110
    assert 0.5 < said["agreed"] < 1
    assert said["arbitrated"] == sum(label.source is Source.ARBITER for label in labels) > 0
    assert not any(isinstance(verdict, Dispute) for verdict in verdicts.values())


def test_demo__every_judgement_is_accounted_for(first: Ran) -> None:
    said = first.result["said"]
    [turn] = first.result["turns"]

    assert said["coded"] + said["unclassifiable"] + said["put_off"] == turn["tasks_pushed"] < turn["judgements"]
    assert said["open"] == 0
    assert said["coders"] == 5
    assert 0.02 < said["wrong"] / said["coded"] < 0.16
    assert said["unclassifiable"] > 0
    assert said["put_off"] > 0


def test_demo__evaluation_texts_are_never_trained_on(first: Ran, ledger: Ledger, store: TrainingSetStore) -> None:
    with ledger.read() as work:
        members = work.evaluation.members(NOMENCLATURE)
    rows = store.read(first.result["turns"][0]["trainingset_version"])

    groups = set(rows["group_key"].to_pylist())
    assert len({member.text_key for member in members}) == 150
    assert not {member.group_key for member in members} & groups


def test_demo__versions_know_their_parents_and_models_their_training_set(
    first: Ran, ledger: Ledger, store: TrainingSetStore
) -> None:
    with ledger.read() as work:
        versions = {version.tag: version for version in work.trainingsets.all("trainingset")}
        models = work.models.all("naf-rev2")
    added = store.read("v2").filter(pc.equal(store.read("v2")["source"], "coder"))

    assert [(tag, one.parent) for tag, one in versions.items()] == [("v1", None), ("v2", "v1")]
    assert [(one.version, one.trainingset_tag) for one in models] == [("1", "v1"), ("2", "v2")]
    assert all(one.trainingset_digest == versions[one.trainingset_tag].digest for one in models)
    assert added.num_rows > 200


def test_demo__prepares_the_move_to_the_new_nomenclature(first: Ran, ledger: Ledger) -> None:
    relabel = first.result["relabel"]
    with ledger.read() as work:
        revisions = work.tasks.of_campaign("demo-naf-2025")

    assert relabel.keys() == {"univocal", "multivocal", "pending"}
    assert relabel["univocal"] > 0
    assert relabel["multivocal"] >= relabel["pending"] > 0
    assert len(revisions) == 60
    assert sum(one["labels"] for one in first.result["pending_codes"]) == relabel["pending"]


def test_demo__stops_what_it_started_even_what_the_killed_run_left(first: Ran) -> None:
    assert alive(first.home) == []


def test_demo__a_second_run_continues_with_another_month(first: Ran) -> None:
    before = first.result["turns"]
    again = run(first.home)

    assert again.result["status"] == "continued"
    assert "continues" in again.said
    assert [one["turn"] for one in again.result["turns"]] == [1, 2]
    assert again.result["turns"][0] == before[0]
    assert again.result["turns"][1]["trainingset_version"] == "v3"
    assert again.result["turns"][1]["accuracy"]["texts"] > before[0]["accuracy"]["texts"]
    with again.ledger().read() as work:
        tasks = work.tasks.of_campaign("demo")
    asked = sum(one["tasks_pushed"] for one in again.result["turns"])
    firsts = [task.text_key for task in tasks if task.seat == FIRST_SEAT]
    assert len(set(firsts)) == len(firsts) == asked


def test_demo__a_home_that_somebody_works_in_is_left_alone(first: Ran, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shutil.copyfile(first.home / "ledger.db", own / "ledger.db")
    done = subprocess.run(command(own, "--fresh"), capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert done.returncode == 6
    assert "not the demo's" in json.loads(done.stderr.splitlines()[-1])["message"]
    assert [path.name for path in own.iterdir()] == ["ledger.db"]
