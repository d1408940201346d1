"""Whole turns on real texts, and what must hold afterwards, read from the ledger, the storage, MLflow and Label Studio.

Three turns of the English index and one of the French receipt lines run once; every test reads what they left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import mlflow
import pyarrow as pa
import pytest

from annotation.campaign.ports import PlatformTask
from annotation.domain.task import Component
from annotation.domain.text import Normaliser
from annotation.ledger.repositories.judgements import RecordedJudgement
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.quality import consensus
from annotation.quality.consensus import Settled
from sync import steps
from sync.settings import Settings
from sync.training import evaluation
from sync.trainingset import schema
from sync.wiring import Workbench
from tests.parts.awb import Awb
from tests.parts.labelstudio import started

EXAMPLES = Path(__file__).resolve().parents[2] / "configs" / "examples"
TURNS = {"uksic": 3, "coicop": 1}
LEAST_GAIN = 0.03

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.integration,
    pytest.mark.real_data,
    pytest.mark.timeout(3000),
    # MLflow's tables on a SQLite file, which the tests open in this process.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@dataclass
class Run:
    """What some turns left in a home; ``turns`` are their answers, ``work`` the ledger as they left it."""

    awb: Awb
    turns: list[dict[str, Any]]
    bench: Workbench
    work: UnitOfWork

    @property
    def settings(self) -> Settings:
        return self.bench.settings

    @property
    def campaign(self) -> str:
        return self.settings.campaign.key

    @property
    def nomenclature(self) -> str:
        return self.settings.campaign.nomenclature

    @cached_property
    def platform_tasks(self) -> list[PlatformTask]:
        project = self.work.platforms.project(self.campaign, self.bench.platform.name)
        assert project is not None
        ids = sorted(self.bench.platform.task_ids(project.external_id))
        return self.bench.platform.tasks(project.external_id, ids)

    @cached_property
    def judgements(self) -> list[RecordedJudgement]:
        return self.work.judgements.current(self.campaign)

    @cached_property
    def versions(self) -> dict[str, pa.Table]:
        return {version.tag: self.bench.store.read(version.tag) for version in self.bench.store.versions()}


@pytest.fixture(scope="module", params=TURNS)
def run(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    name = request.param
    folder = tmp_path_factory.mktemp(name)
    started(folder / "absent")  # installs Label Studio, or skips with the reason
    awb = Awb(home=folder / "home", config=EXAMPLES / f"{name}.toml")
    turns = [awb("turn") for _ in range(TURNS[name])]
    with Workbench(Settings.load(awb.config, home=awb.home)) as bench, bench.ledger.read() as work:
        yield Run(awb, turns, bench, work)


def test_turns__finish_and_say_what_they_did(run: Run) -> None:
    draw = run.settings.draw
    budget = draw.audit + draw.uncertain + draw.drifting + draw.rare + draw.disagreement
    for number, answer in enumerate(run.turns, start=1):
        (turn,) = answer["turns"]

        assert (turn["turn"], turn["status"], turn["resumed"]) == (number, "done", False)
        assert turn["trainingset_version"] == f"v{number + 1}"
        assert turn["model_version"] == f"{run.settings.training.model}/{number + 1}"
        assert 0 <= turn["accuracy"]["low"] <= turn["accuracy"]["value"] <= turn["accuracy"]["high"] <= 1
        assert turn["promoted"] in (True, False)
        assert turn["reason"]
        assert turn["tasks_pushed"] == sum(turn["components"].values()) <= 1.05 * budget
        assert turn["components"]["audit"] == run.settings.draw.audit
        assert turn["judgements"] >= 0.9 * turn["tasks_pushed"]
        assert set(answer) == {"turns", "urls", "relabel"}


def test_tasks__none_is_asked_twice(run: Run) -> None:
    tasks = run.work.tasks.of_campaign(run.campaign)
    groups = [text.group_key for text in run.work.texts.get([task.text_key for task in tasks]).values()]

    assert len(tasks) == sum(answer["turns"][0]["tasks_pushed"] for answer in run.turns)
    assert _twice(task.key for task in tasks) == []
    assert _twice(task.text_key for task in tasks) == []
    assert _twice(groups) == []


def test_tasks__each_is_on_the_platform_once(run: Run) -> None:
    ours = {task.key for task in run.work.tasks.of_campaign(run.campaign)}
    references = run.work.platforms.references(run.campaign, run.bench.platform.name)

    assert sorted(references.values()) == sorted(ours)
    assert {task.external_id: task.key for task in run.platform_tasks} == references


def test_tasks__each_says_why_and_with_what_chance(run: Run) -> None:
    for task in run.work.tasks.of_campaign(run.campaign):
        assert task.reason
        assert task.stratum or task.component is not Component.AUDIT
        assert task.model_version
        assert 0 < task.inclusion_probability <= 1


def test_judgements__are_those_of_the_platform_each_once(run: Run) -> None:
    said = {
        annotation.external_id: (task.key, annotation.outcome, annotation.code)
        for task in run.platform_tasks
        for annotation in task.annotations
    }
    recorded = {r.judgement.external_id: r.judgement for r in run.judgements}

    assert {key: (j.task_key, j.outcome, j.code) for key, j in recorded.items()} == said
    assert len(run.work.judgements.history(run.campaign)) == len(said)


def test_labels__each_settled_text_has_its_own(run: Run) -> None:
    labels = {r.label.text_key: r.label for r in run.work.labels.current(run.nomenclature)}
    text_of = {task.key: task.text_key for task in run.work.tasks.of_campaign(run.campaign)}
    settled = 0
    for key, said in _by_text(run.judgements, text_of).items():
        verdict = consensus.settle([r.judgement for r in said])
        if isinstance(verdict, Settled):
            settled += 1

            assert (labels[key].code, labels[key].source.value) == (verdict.code, "coder")
            assert labels[key].judgement_id == said[verdict.by].id
        else:
            assert key not in labels
    assert settled >= 0.9 * len(text_of)


def test_labels__with_a_code_are_trained_on_or_kept_apart_for_a_reason(run: Run) -> None:
    """Kept apart are texts of the evaluation set, and those that the model would read like one of them."""
    labels = {r.label.text_key for r in run.work.labels.current(run.nomenclature) if r.label.code is not None}
    newest = f"v{len(run.turns) + 1}"
    trained = set(run.versions[newest]["text_key"].to_pylist())
    groups, words = _evaluation_wordings(run)
    reading = _normaliser(run, newest)
    apart = labels - trained

    assert trained <= labels
    for text in run.work.texts.get(sorted(apart)).values():
        assert text.group_key in groups or reading.clean(text.text) in words
    recorded = run.work.turns.results(run.campaign, len(run.turns))["trainingset"]
    assert recorded["kept_out"] == len(apart)


def test_versions__are_chained(run: Run) -> None:
    expected = [(f"v{n}", f"v{n - 1}" if n > 1 else None) for n in range(1, len(run.turns) + 2)]
    name = run.settings.trainingset.name
    recorded = run.work.trainingsets.all(name)

    assert [(v.tag, v.parent) for v in run.bench.store.versions()] == expected
    assert [(v.tag, v.parent) for v in recorded] == expected
    for stored, known in zip(run.bench.store.versions(), recorded, strict=True):
        assert (stored.rows, stored.digest, stored.snapshot_id) == (known.rows, known.digest, known.snapshot_id)
        assert run.versions[stored.tag].num_rows == stored.rows


def test_versions__each_row_tells_where_its_code_comes_from(run: Run) -> None:
    labels = {r.label.text_key: r for r in run.work.labels.current(run.nomenclature)}
    newest = run.versions[f"v{len(run.turns) + 1}"]

    for row in newest.to_pylist():
        recorded = labels[row["text_key"]]
        label = recorded.label

        assert row["label_id"] == recorded.id
        assert (row["code"], row["source"], row["weight"]) == (label.code, label.source.value, label.weight)
        assert (row["coder"], row["judgement_id"]) == (label.coder, label.judgement_id)
    assert set(newest["source"].to_pylist()) == {"import", "coder"}


def test_versions__rebuild_equal_to_the_original(run: Run) -> None:
    rebuilt = run.awb("trainingset", "rebuild", "v2")

    assert rebuilt["equal"] is True
    assert rebuilt["rebuilt"] == run.bench.store.version("v2").digest


def test_versions__no_text_of_the_evaluation_set_is_in_any(run: Run) -> None:
    groups, _ = _evaluation_wordings(run)
    for tag, table in run.versions.items():
        assert not groups & set(table["group_key"].to_pylist()), tag


def test_versions__no_wording_of_the_evaluation_set_at_that_time_is_in_one(run: Run) -> None:
    for version in run.work.trainingsets.all(run.settings.trainingset.name):
        reading = _normaliser(run, version.tag)
        _, words = _evaluation_wordings(run, up_to=version.recipe["last_evaluation_member"])

        assert not words & {reading.clean(text) for text in run.versions[version.tag]["text"].to_pylist()}


def test_versions__a_wording_is_in_one_split_alone(run: Run) -> None:
    for table in run.versions.values():
        by_split = table.group_by("group_key").aggregate([("split", "count_distinct")])

        assert set(by_split["split_count_distinct"].to_pylist()) == {1}
        assert set(table["split"].to_pylist()) == {schema.TRAIN, schema.VALIDATION}


def test_evaluation_set__is_the_audit_and_its_labels_are_human(run: Run) -> None:
    audited = {t.text_key for t in run.work.tasks.of_campaign(run.campaign) if t.component is Component.AUDIT}
    members = run.work.evaluation.members(run.nomenclature)
    labels = {r.label.text_key: r.label for r in run.work.labels.current(run.nomenclature)}

    assert {member.text_key for member in members} == audited
    assert all(labels[key].source.is_human for key in audited if key in labels)


def test_models__name_the_training_set_that_they_saw(run: Run) -> None:
    """The same in the ledger, in MLflow's run, and in the tags of its model version."""
    stored = {version.tag: version for version in run.bench.store.versions()}
    client = mlflow.MlflowClient(run.bench.registry.tracking_uri)
    models = run.work.models.all(run.settings.training.model)

    assert [model.trainingset_tag for model in models] == list(stored)
    for model in models:
        used = client.get_run(model.run_id)
        (seen,) = used.inputs.dataset_inputs
        registered = run.bench.registry.version(model.version)
        assert registered is not None
        digest = stored[model.trainingset_tag].digest

        assert (model.trainingset_digest, used.data.tags["trainingset_digest"]) == (digest, digest)
        assert used.data.tags["trainingset"] == registered.tags["trainingset"] == model.trainingset_tag
        assert seen.dataset.name == model.trainingset_tag
        assert digest.startswith(seen.dataset.digest)
        assert registered.tags["model_sha256"] == model.sha256


def test_decisions__each_promotion_is_written_with_its_reason(run: Run) -> None:
    decisions = run.work.decisions.all("promote")
    champion = next((d.subject for d in reversed(decisions) if d.accepted), None)

    assert [d.subject.rpartition("/")[2] for d in decisions] == [str(n) for n in range(1, len(run.turns) + 2)]
    assert all(d.reason for d in decisions)
    assert run.bench.champion() == champion == run.turns[-1]["turns"][0]["champion"]


@pytest.mark.parametrize("run", ["uksic"], indirect=True)
def test_champion__is_better_than_the_first_model_on_the_same_texts(run: Run) -> None:
    champion, first = run.bench.champion_or_error(), f"{run.settings.training.model}/1"
    for version in (champion, first):
        steps.score_evaluation_set(run.bench, version)
    compared = evaluation.compare(
        ledger=run.bench.ledger,
        nomenclature=run.bench.nomenclature,
        challenger=champion,
        champion=first,
        confidence=run.settings.gate.confidence,
    )

    assert compared.difference is not None
    assert compared.difference.value >= LEAST_GAIN
    assert compared.challenger.judged >= 0.9 * compared.challenger.members


@pytest.mark.parametrize("run", ["uksic"], indirect=True)
def test_build_and_train__of_an_unchanged_ledger_make_nothing(run: Run) -> None:
    built = run.awb("trainingset", "build")
    trained = run.awb("train")

    assert (built["new"], built["version"]["tag"]) == (False, "v4")
    assert (trained["new"], trained["model_version"]) == (False, f"{run.settings.training.model}/4")


def _twice(items: Iterator[str] | list[str]) -> list[str]:
    return [item for item, number in Counter(items).items() if number > 1]


def _by_text(said: list[RecordedJudgement], text_of: dict[str, str]) -> dict[str, list[RecordedJudgement]]:
    found: dict[str, list[RecordedJudgement]] = {}
    for recorded in said:
        found.setdefault(text_of[recorded.judgement.task_key], []).append(recorded)
    return found


def _normaliser(run: Run, tag: str) -> Normaliser:
    recipe = run.work.trainingsets.get(run.settings.trainingset.name, tag).recipe
    return Normaliser.from_json(recipe["normaliser"])


def _evaluation_wordings(run: Run, *, up_to: int | None = None) -> tuple[set[str], set[str]]:
    """Group keys and cleaned words of the evaluation set."""
    members = run.work.evaluation.members(run.nomenclature, up_to=up_to)
    texts = run.work.texts.get([member.text_key for member in members]).values()
    reading = run.bench.normaliser
    return {text.group_key for text in texts}, {reading.clean(text.text) for text in texts} - {""}
