"""From a training set version to who learnt from it and back, asked of a real MLflow."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag

from annotation.errors import NotFoundError, UnreachableError
from sync.training import lineage
from sync.training.lineage import Learner
from sync.training.mlflow_server import MlflowServer
from sync.training.model import TrainingSetRef
from sync.training.registry import ModelRegistry
from tests.parts.ports import free_port

pytestmark = pytest.mark.integration

OURS = TrainingSetRef("v3", "a1" * 32, "file:///sets/naf/metadata.json", 4711, 10)
OTHER = "b2" * 32


class Notebook:
    """What people do in MLflow without this program."""

    def __init__(self, registry: ModelRegistry) -> None:
        self.client: Any = mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)
        self.experiment = self.client.create_experiment(f"lineage-{registry.model_name}")

    def run(
        self, *, tags: dict[str, str] | None = None, dataset: TrainingSetRef | None = None, status: str = ""
    ) -> str:
        made = self.client.create_run(self.experiment, tags=tags or {}).info.run_id
        if dataset is not None:
            seen = Dataset(dataset.tag, dataset.digest[:36], "trainingset", dataset.source)
            self.client.log_inputs(made, [DatasetInput(seen, [InputTag("mlflow.data.context", "training")])])
        self.client.set_terminated(made, status=status)
        return str(made)

    def model(self, name: str, *, run_id: str = "", tags: dict[str, str] | None = None) -> str:
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name)
        made = self.client.create_model_version(name, "s3://models/nowhere", run_id=run_id or None, tags=tags or {})
        return f"{name}/{made.version}"


@pytest.fixture(scope="module", params=["sqlite", "server"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelRegistry:
    if request.param == "server":
        server: MlflowServer = request.getfixturevalue("mlflow_server")
        return ModelRegistry(server.url, "learnt-lineage", "lineage")
    return ModelRegistry(f"sqlite:///{tmp_path_factory.mktemp('lineage')}/mlflow.db", "learnt-lineage", "lineage")


@pytest.fixture(scope="module")
def made(registry: ModelRegistry) -> dict[str, str]:
    """A model and its run, a version tagged by hand, a run with the dataset alone, and what does not count."""
    notebook = Notebook(registry)
    run = notebook.run(tags=dict(OURS.tags), dataset=OURS)
    found = {
        "run": run,
        "model": notebook.model("learnt-lineage", run_id=run, tags=dict(OURS.tags)),
        "by hand": notebook.model("by-hand", tags=dict(OURS.tags)),
        "dataset": notebook.run(dataset=OURS),
        "elsewhere": notebook.model("by-hand", tags={"trainingset": "v1", "trainingset_digest": OTHER}),
        "silent": notebook.model("by-hand", run_id=notebook.run()),
    }
    notebook.run(tags=dict(OURS.tags), status="KILLED")
    notebook.client.set_registered_model_alias("by-hand", "champion", "1")
    return found


def test_learners__models_and_runs_of_any_program_but_not_what_was_given_up(
    registry: ModelRegistry, made: dict[str, str]
) -> None:
    found = lineage.learners(registry, OURS.digest)

    assert [(one.models, one.run_id) for one in found] == [
        ((made["by hand"],), ""),
        ((made["model"],), made["run"]),
        ((), made["dataset"]),
    ]
    assert [one.label for one in found] == [made["by hand"], made["model"], f"run {made['dataset']}"]
    assert lineage.learners(registry, "0" * 64) == ()


def test_learners_of__all_versions_at_once_are_told_the_same(registry: ModelRegistry, made: dict[str, str]) -> None:
    found = lineage.learners_of(registry, [OURS.digest, OTHER, "0" * 64])

    assert set(found) == {OURS.digest, OTHER}
    assert found[OURS.digest] == lineage.learners(registry, OURS.digest)
    assert found[OTHER] == (Learner("", "", (made["elsewhere"],)),)


@pytest.mark.parametrize(
    "named", ["learnt-lineage/1", "1", "models:/by-hand/1", "by-hand/champion", "models:/by-hand@champion"]
)
def test_of_model__by_any_of_its_names(registry: ModelRegistry, made: dict[str, str], named: str) -> None:
    found = lineage.of_model(registry, named)

    assert (found.tag, found.digest, found.snapshot_id) == (OURS.tag, OURS.digest, OURS.snapshot_id)


def test_of_run__by_its_tags_or_by_its_dataset(registry: ModelRegistry, made: dict[str, str]) -> None:
    tagged, dataset = lineage.of_run(registry, made["run"]), lineage.of_run(registry, made["dataset"])

    assert (tagged.digest, tagged.uri, tagged.snapshot_id) == (OURS.digest, OURS.uri, OURS.snapshot_id)
    assert (dataset.tag, dataset.uri) == (OURS.tag, OURS.uri)
    assert OURS.digest.startswith(dataset.digest)


@pytest.mark.parametrize("named", ["learnt-lineage/9", "nobody", "absent/1"])
def test_of_model__that_is_not_there(registry: ModelRegistry, made: dict[str, str], named: str) -> None:
    with pytest.raises(NotFoundError, match=named):
        lineage.of_model(registry, named)


def test_of_model__that_says_nothing(registry: ModelRegistry, made: dict[str, str]) -> None:
    with pytest.raises(NotFoundError, match="does not say"):
        lineage.of_model(registry, made["silent"])


def test_of_run__that_is_not_there(registry: ModelRegistry) -> None:
    with pytest.raises(NotFoundError, match="f{32}"):
        lineage.of_run(registry, "f" * 32)


def test_learners__when_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = ModelRegistry(f"http://127.0.0.1:{free_port()}", "learnt", "lineage")
    with pytest.raises(UnreachableError):
        lineage.learners(registry, OURS.digest)
