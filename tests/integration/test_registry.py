from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import InvalidInputError, NotFoundError, UnreachableError, WorkbenchError
from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_trainer, model
from sync.training.fasttext_trainer import FastTextParameters, TrainedModel
from sync.training.mlflow_server import MlflowServer
from sync.training.registry import ModelRegistry, ModelVersion, TrainingSetRef

pytestmark = pytest.mark.integration

NORMALISER = Normaliser(Cleaning(digits=False), ("liasse_type",))
TEXTS = [("01.11Z", "Culture de céréales"), ("10.71C", "Boulangerie, pâtisserie"), ("Divers, à part", "Autre chose")]
TRAININGSET = TrainingSetRef("v1", "d" * 64, "file:///sets/naf", 17, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    lines = [(code, NORMALISER.line(text, {"liasse_type": "I"})) for code, text in TEXTS] * 5
    parameters = FastTextParameters(dim=10, bucket=1000)
    return fasttext_trainer.train(
        lines=lines, parameters=parameters, folder=tmp_path_factory.mktemp("trained"), timeout=60
    )


@pytest.fixture(scope="module", params=["sqlite", "server"])
def tracking_uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "server":
        server: MlflowServer = request.getfixturevalue("mlflow_server")
        return server.url
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


@pytest.fixture
def models(tracking_uri: str, request: pytest.FixtureRequest) -> Iterator[ModelRegistry]:
    """A registered model of the test's own, in the tracking store that the tests share."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    yield ModelRegistry(tracking_uri, request.node.originalname, "experiment")
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def _register(models: ModelRegistry, trained: TrainedModel, training_key: str = "key-1") -> ModelVersion:
    return models.register(
        training_key=training_key,
        trained=trained,
        normaliser=NORMALISER,
        trainingset=TRAININGSET,
        parameters={"lr": 0.5, "loss": "softmax"},
        metrics={"accuracy/level_5": 0.75},
        tags={"turn": "1"},
        examples=[{"text": "Boulangerie", "liasse_type": "I"}],
    )


def test_register__the_model_tells_where_it_comes_from(models: ModelRegistry, trained: TrainedModel) -> None:
    version = _register(models, trained)

    run = mlflow.MlflowClient(models.tracking_uri).get_run(version.run_id)
    dataset = run.inputs.dataset_inputs[0].dataset
    assert (version.version, version.aliases) == ("1", ("challenger",))
    assert version.tags["training_key"] == "key-1"
    assert version.tags["trainingset"] == "v1"
    assert run.data.params == {"lr": "0.5", "loss": "softmax"}
    assert run.data.metrics == {"accuracy/level_5": 0.75}
    assert run.data.tags["model_sha256"] == trained.sha256
    assert run.info.status == "FINISHED"
    assert (dataset.name, dataset.source) == ("v1", "file:///sets/naf#tag=v1&snapshot=17")
    assert dataset.profile == '{"num_rows": 3}'
    assert version.tags["trainingset_digest"] == TRAININGSET.digest
    assert version.tags["trainingset_snapshot"] == run.data.tags["trainingset_snapshot"] == "17"
    assert TRAININGSET.digest.startswith(dataset.digest)


def test_register__again_finds_the_same_version(models: ModelRegistry, trained: TrainedModel) -> None:
    first = _register(models, trained)
    second = _register(models, trained, "key-2")

    again = _register(models, trained)

    assert again == models.version("1")
    assert again.run_id == first.run_id
    assert again.aliases == ()
    assert [version.version for version in models.versions()] == ["1", "2"]
    assert models.version("challenger") == second


@pytest.mark.parametrize("killed_at", ["_log_model", "_create_version"])
def test_register__killed_in_the_middle_and_run_again(
    models: ModelRegistry, trained: TrainedModel, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ModelRegistry, killed_at, _killed)
        with pytest.raises(KeyboardInterrupt):
            _register(models, trained, f"killed-{killed_at}")

    version = _register(models, trained, f"killed-{killed_at}")

    assert [found.version for found in models.versions() if found.run_id == version.run_id] == [version.version]
    assert models.version("challenger") == version


def test_register__killed_before_the_alias(
    models: ModelRegistry, trained: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", _killed)
        with pytest.raises(KeyboardInterrupt):
            _register(models, trained)

    version = _register(models, trained)

    assert (version.version, version.aliases) == ("1", ("challenger",))


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_download__scores_as_the_pyfunc_predicts(models: ModelRegistry, trained: TrainedModel, tmp_path: Path) -> None:
    version = _register(models, trained)
    models.set_alias(version.version, model.CHAMPION)
    asked = pd.DataFrame({"text": ["BOULANGERIE", "céréales\nculture", "autre chose"], "liasse_type": ["I", "", "II"]})

    files = models.download(f"models:/{models.model_name}@champion", tmp_path)
    predicted = mlflow.pyfunc.load_model(str(files.folder)).predict(asked)

    lines = [files.normaliser.line(row.text, {"liasse_type": row.liasse_type}) for row in asked.itertuples()]
    scores = FastTextScorer.load(files.model_path).score(lines, k=2)
    assert files.version.version == version.version
    assert files.model_path.read_bytes() == trained.path.read_bytes()
    assert files.normaliser == NORMALISER
    assert predicted["code"].tolist() == scores.codes[:, 0].tolist() == ["10.71C", "01.11Z", "Divers, à part"]
    np.testing.assert_allclose(predicted["probability"], scores.probabilities[:, 0], atol=1e-6)
    np.testing.assert_allclose(predicted["margin"], scores.margin, atol=1e-6)


def test_pyfunc__marks_what_cannot_be_coded(models: ModelRegistry, trained: TrainedModel, tmp_path: Path) -> None:
    _register(models, trained)
    model = mlflow.pyfunc.load_model(str(models.download("1", tmp_path).folder))

    predicted = model.predict(pd.DataFrame({"text": ["idem", None, "boulangerie"]}))

    assert predicted["codable"].tolist() == [False, False, True]
    assert predicted["code"].tolist() == ["", "", "10.71C"]
    assert predicted["margin"].tolist()[:2] == [0, 0]


def test_pyfunc__loads_without_the_project(models: ModelRegistry, trained: TrainedModel, tmp_path: Path) -> None:
    _register(models, trained)
    folder = models.download("1", tmp_path).folder
    program = f"""
import sys
sys.meta_path.insert(0, type("Absent", (), {{"find_spec": staticmethod(lambda name, *_: (_ for _ in ()).throw(
    ImportError(name)) if name.split(".")[0] in ("annotation", "sampling", "sync") else None)}}))
import mlflow.pyfunc, pandas
print(mlflow.pyfunc.load_model({str(folder)!r}).predict(pandas.DataFrame({{"text": ["boulangerie"]}}))["code"][0])
"""

    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["10.71C"]


def test_download__is_fetched_once(models: ModelRegistry, trained: TrainedModel, tmp_path: Path) -> None:
    _register(models, trained)
    first = models.download("1", tmp_path)
    inode = first.model_path.stat().st_ino

    assert models.download("1", tmp_path).model_path.stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [first.folder.name]


def test_version__none_where_there_is_none(models: ModelRegistry, trained: TrainedModel, tmp_path: Path) -> None:
    assert models.version("champion") is None
    _register(models, trained)

    assert models.version("champion") is None
    assert models.version("7") is None
    with pytest.raises(NotFoundError):
        models.download("champion", tmp_path)
    with pytest.raises(NotFoundError, match="not of the model"):
        models.version("models:/another@champion")


def test_log_metrics__adds_to_the_run(models: ModelRegistry, trained: TrainedModel) -> None:
    version = _register(models, trained)

    models.log_metrics("challenger", {"accuracy/evaluation": 0.5})

    metrics = mlflow.MlflowClient(models.tracking_uri).get_run(version.run_id).data.metrics
    assert metrics == {"accuracy/level_5": 0.75, "accuracy/evaluation": 0.5}


def test_register__says_nothing(
    models: ModelRegistry, trained: TrainedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _register(models, trained)
    models.download("1", tmp_path)

    assert capfd.readouterr() == ("", "")


def test_register__a_variable_called_text_is_refused(models: ModelRegistry, trained: TrainedModel) -> None:
    with pytest.raises(InvalidInputError, match="'text'"):
        models.register(
            training_key="key",
            trained=trained,
            normaliser=Normaliser(variables=("text",)),
            trainingset=TRAININGSET,
            parameters={},
            metrics={},
            tags={},
        )


def test_check__names_what_answers(models: ModelRegistry) -> None:
    assert models.tracking_uri in models.check()
    assert mlflow.__version__ in models.check()


def test_check__nobody_answers() -> None:
    with pytest.raises(UnreachableError) as caught:
        ModelRegistry("http://127.0.0.1:9", "coder", "experiment").check()

    assert isinstance(caught.value, WorkbenchError)
    assert "Start the server" in caught.value.cure


def test_version__of_an_alias__nobody_answers_is_not_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a champion that cannot be asked for would be replaced without a comparison."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(UnreachableError):
        ModelRegistry("http://127.0.0.1:9", "coder", "experiment").version("champion")


def test_server__stop_leaves_no_process_and_start_finds_its_state(tmp_path: Path, trained: TrainedModel) -> None:
    server = MlflowServer(tmp_path)
    with server:
        _register(ModelRegistry(server.url, "coder", "experiment"), trained)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health")
    left = subprocess.run(["pgrep", "-f", f"--port {server.port}"], capture_output=True, text=True)
    assert left.stdout == ""

    with MlflowServer(tmp_path, port=server.port) as again:
        assert ModelRegistry(again.url, "coder", "experiment").version("challenger") is not None


def test_server__that_does_not_come_up_is_told_and_stopped(tmp_path: Path) -> None:
    server = MlflowServer(tmp_path, timeout=1)

    with pytest.raises(UnreachableError, match="did not answer within 1 s"):
        server.start()

    left = subprocess.run(["pgrep", "-f", f"--port {server.port}"], capture_output=True, text=True)
    assert left.stdout == ""


def test_download__in_a_process_that_registered_nothing(
    models: ModelRegistry, trained: TrainedModel, tmp_path: Path
) -> None:
    """MLflow's global registry is somebody else's there: nothing may be looked up, or made, in it."""
    _register(models, trained)
    program = (
        "import sys; from pathlib import Path; from sync.training.registry import ModelRegistry;"
        "print(ModelRegistry(*sys.argv[1:4]).download('challenger', Path(sys.argv[4])).model_path)"
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    arguments = [models.tracking_uri, models.model_name, models.experiment, str(tmp_path / "models")]

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=elsewhere,
        env={n: v for n, v in os.environ.items() if not n.startswith("MLFLOW_")}
        | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    assert list(elsewhere.iterdir()) == []
