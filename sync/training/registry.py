"""Models in MLflow: one run, one model version per training, found again by its key.

A training that is killed and run again finds what it registered; half-made runs of it are closed and left. Slow to
import (mlflow takes seconds): commands that need no model import it late.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from annotation import network
from annotation.domain import stop_words, text
from annotation.domain.text import Normaliser
from annotation.errors import InstallationError, InvalidInputError, NotFoundError, UnreachableError, WorkbenchError
from sync.training import lineage
from sync.training.fasttext_trainer import TrainedModel
from sync.training.model import CHALLENGER, ModelFiles, ModelVersion, TrainingSetRef

# Read by mlflow when it is imported; what an administrator has set stays.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_PRINT_MODEL_URLS_ON_CREATION": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "GIT_PYTHON_REFRESH": "quiet",
}.items():
    os.environ.setdefault(_name, _value)

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*Any type hint")  # of mlflow about classes of its own
    import mlflow
    import mlflow.artifacts
    import mlflow.pyfunc
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import Model, ModelSignature  # noqa: E402
from mlflow.types import ColSpec, Schema  # noqa: E402
from mlflow.types.schema import Array  # noqa: E402

logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])  # also where mlflow was imported before us

_KEY_TAG = "training_key"
_COMPLETE_TAG = "registered"
_REQUIREMENTS = ("mlflow", "fasttext", "numpy", "pandas", "snowballstemmer")
TEXT = "text"

_KINDS = {"INVALID_PARAMETER_VALUE": InvalidInputError, "RESOURCE_DOES_NOT_EXIST": NotFoundError}


class ModelRegistry:
    """One registered model of one MLflow server, or of a SQLite file (``sqlite:///path``).

    ``artifact_root`` says where a new experiment keeps its files, as a folder or a URL; without it the server decides,
    and beside a SQLite file it is the folder ``mlartifacts``.
    """

    def __init__(
        self,
        tracking_uri: str,
        model_name: str,
        experiment: str,
        artifact_root: str | None = None,
        ca_file: Path | None = None,
    ) -> None:
        if ca_file is not None:
            # The only way to tell mlflow and the boto3 in it; what an administrator has set stays.
            for name in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "AWS_CA_BUNDLE"):
                os.environ.setdefault(name, str(ca_file))
        self._trusted = network.trust(ca_file)
        self.tracking_uri = tracking_uri
        self.model_name = model_name
        self.experiment = experiment
        self._artifact_root = _artifact_root(tracking_uri, artifact_root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of mlflow's own tables, on a SQLite file
            self._client = mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def register(
        self,
        *,
        training_key: str,
        trained: TrainedModel,
        normaliser: Normaliser,
        trainingset: TrainingSetRef,
        parameters: Mapping[str, object],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        examples: Sequence[Mapping[str, str]] = (),
    ) -> ModelVersion:
        """The version of this training, made and named ``challenger`` unless an earlier call with the key did so.

        ``examples`` are rows with ``text`` and variables that the model shows as its input example.
        """
        with self._translated():
            version = self._find(training_key)
            if version is None:
                run_tags = {**tags, _KEY_TAG: training_key, "model_sha256": trained.sha256, **trainingset.tags}
                run_id = self._begin(training_key, run_tags, trainingset)
                self._client.log_batch(run_id, _metrics(metrics), _params(parameters), synchronous=True)
                model_uri, model_id = self._log_model(run_id, trained, normaliser, examples)
                version = self._create_version(run_id, model_uri, model_id, run_tags)
            if _COMPLETE_TAG not in version.tags:
                self._client.set_registered_model_alias(self.model_name, CHALLENGER, version.version)
                self._client.set_model_version_tag(self.model_name, version.version, _COMPLETE_TAG, "true")
            return self._version(self._client.get_model_version(self.model_name, version.version))

    def version(self, alias_or_version: str) -> ModelVersion | None:
        """Takes ``champion``, ``3``, ``models:/NAME@champion`` and ``models:/NAME/3``; None where there is none."""
        wanted = self._parse(alias_or_version)
        with self._translated():
            try:
                if wanted.isdigit():
                    return self._version(self._client.get_model_version(self.model_name, wanted))
                return self._version(self._client.get_model_version_by_alias(self.model_name, wanted))
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST" or _is_unknown_alias(error):
                    return None
                raise

    def versions(self) -> tuple[ModelVersion, ...]:
        """All versions, oldest first."""
        with self._translated():
            found = self._search(f"name = '{self.model_name}'")
        return tuple(sorted(found, key=lambda version: int(version.version)))

    def set_alias(self, version: str, alias: str) -> None:
        with self._translated():
            self._client.set_registered_model_alias(self.model_name, alias, version)

    def log_metrics(self, version: str, metrics: Mapping[str, float]) -> None:
        """Adds metrics to the run of a version; of a name logged twice the later value counts."""
        run_id = self._existing(version).run_id
        with self._translated():
            self._client.log_batch(run_id, _metrics(metrics), synchronous=True)

    def download(self, alias_or_version: str, folder: Path) -> ModelFiles:
        """What `awb train` made of a version, under ``folder``; WorkbenchError for a model of another kind."""
        version, fetched = self.fetch(alias_or_version, folder)
        files = self.files_of(version, fetched)
        if files is None:
            raise WorkbenchError(
                f"{version.uri} is no model of this program: no normaliser or no fastText file in {fetched}.",
                cure="Set the alias to a version that `awb train` made.",
            )
        return files

    def fetch(self, alias_or_version: str, folder: Path) -> tuple[ModelVersion, Path]:
        """Any version, and its folder under ``folder``: fetched once; an interrupted one leaves nothing that counts."""
        version = self._existing(alias_or_version)
        # With the run, so that a registry begun anew is not answered from the cache of the former one.
        target = folder / f"{self.model_name}-{version.version}-{version.run_id[:8]}"
        if not target.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
                with self._translated():
                    # download_artifacts asks the global servers, whatever tracking_uri it is given.
                    mlflow.set_tracking_uri(self.tracking_uri)
                    mlflow.set_registry_uri(self.tracking_uri)
                    fetched = mlflow.artifacts.download_artifacts(
                        artifact_uri=version.uri, dst_path=scratch, tracking_uri=self.tracking_uri
                    )
                _move_unless_there(Path(fetched), target)
        return version, target

    def files_of(self, version: ModelVersion, folder: Path) -> ModelFiles | None:
        """The parts of a fetched model that `awb train` made; None for a model of another kind."""
        artifacts = folder / "artifacts"
        document = artifacts / "normaliser.json"
        models = sorted(artifacts.glob("*.bin"))
        if not document.is_file() or len(models) != 1:
            return None
        return ModelFiles(version, folder, models[0], Normaliser.from_json(document.read_text(encoding="utf-8")))

    def variables_of(self, folder: Path) -> tuple[str, ...]:
        """The auxiliary variables that a fetched model of another kind reads; none where it has no signature."""
        schema = Model.load(str(folder)).get_input_schema()
        names = list(schema.input_names()) if schema and schema.has_input_names() else [TEXT]
        if TEXT not in names:
            raise InvalidInputError(
                f"The model in {folder} reads {', '.join(names)}, and no column {TEXT!r}.",
                cure=f"Log it with a signature whose inputs are {TEXT!r} and the auxiliary variables.",
            )
        return tuple(name for name in names if name != TEXT)

    def named(self, model_name: str) -> ModelRegistry:
        """Another model of the same server."""
        return ModelRegistry(self.tracking_uri, model_name, self.experiment, self._artifact_root)

    @contextmanager
    def asking(self) -> Iterator[Any]:
        """MLflow's client; where it refuses or does not answer, an error of ours is raised."""
        with self._translated():
            yield self._client

    def check(self) -> str:
        """Kind and version of what answers; UnreachableError with what to do otherwise."""
        if self.tracking_uri.startswith(("http://", "https://")):
            return self._check_server()
        with self._translated():
            self._client.search_experiments(max_results=1)
        return f"MLflow {mlflow.__version__} in {self.tracking_uri}"

    def _check_server(self) -> str:
        cure = "Start the server, or correct the address in the settings (mlflow.tracking_uri)."
        try:
            answer = httpx.get(f"{self.tracking_uri.rstrip('/')}/version", timeout=10, verify=self._trusted)
        except httpx.HTTPError as error:
            cure = network.DISTRUST_CURE if network.distrusted(error) else cure
            raise UnreachableError(f"MLflow at {self.tracking_uri} does not answer: {error}.", cure=cure) from error
        if answer.status_code in (401, 403):
            cure = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        if answer.status_code != httpx.codes.OK:
            raise UnreachableError(f"MLflow at {self.tracking_uri} answers {answer.status_code}.", cure=cure)
        with self._translated():
            self._client.search_experiments(max_results=1)
        return f"MLflow server {answer.text.strip()} at {self.tracking_uri}"

    def _find(self, training_key: str) -> ModelVersion | None:
        found = self._search(f"name = '{self.model_name}' AND tags.{_KEY_TAG} = '{training_key}'")
        return min(found, key=lambda version: int(version.version), default=None)

    def _search(self, query: str) -> list[ModelVersion]:
        # A search leaves the aliases out, so each one found is read again by its number.
        found, token = [], None
        while True:
            page = self._client.search_model_versions(query, max_results=200, page_token=token)
            found += [self._client.get_model_version(self.model_name, str(version.version)) for version in page]
            token = page.token
            if not token:
                return [self._version(version) for version in found]

    def _begin(self, training_key: str, tags: Mapping[str, str], trainingset: TrainingSetRef) -> str:
        experiment_id = self._experiment_id()
        query = f"tags.{_KEY_TAG} = '{training_key}' AND attributes.status = 'RUNNING'"
        for left in self._client.search_runs([experiment_id], query):
            self._client.set_terminated(left.info.run_id, status="KILLED")
        run = self._client.create_run(experiment_id, run_name=trainingset.tag, tags=dict(tags))
        profile = json.dumps({"num_rows": trainingset.rows}) if trainingset.rows is not None else None
        digest = trainingset.digest[: lineage.DIGEST_LENGTH]
        dataset = Dataset(trainingset.tag, digest, lineage.SOURCE_TYPE, trainingset.source, profile=profile)
        used = DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
        self._client.log_inputs(run.info.run_id, [used])
        return str(run.info.run_id)

    def _experiment_id(self) -> str:
        known = self._client.get_experiment_by_name(self.experiment)
        if known is None:
            return str(self._client.create_experiment(self.experiment, artifact_location=self._artifact_root))
        if known.lifecycle_stage != "active":
            raise NotFoundError(
                f"The MLflow experiment {self.experiment!r} was deleted.",
                cure=f"Restore it (mlflow experiments restore -x {known.experiment_id}) or name another one.",
            )
        return str(known.experiment_id)

    def _log_model(
        self, run_id: str, trained: TrainedModel, normaliser: Normaliser, examples: Sequence[Mapping[str, str]]
    ) -> tuple[str, str]:
        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_registry_uri(self.tracking_uri)
        with tempfile.TemporaryDirectory(prefix="model-") as scratch, mlflow.start_run(run_id=run_id):
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(Path(__file__).with_name("pyfunc_model.py")),
                artifacts=_artifacts(trained, normaliser, Path(scratch)),
                signature=_signature(normaliser),
                input_example=_input_example(normaliser, examples),
                pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in _REQUIREMENTS],
            )
        return str(info.model_uri), str(info.model_id)

    def _create_version(self, run_id: str, model_uri: str, model_id: str, tags: Mapping[str, str]) -> ModelVersion:
        try:
            self._client.create_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return self._version(
            self._client.create_model_version(
                self.model_name, source=model_uri, run_id=run_id, tags=dict(tags), model_id=model_id
            )
        )

    def _existing(self, alias_or_version: str) -> ModelVersion:
        version = self.version(alias_or_version)
        if version is None:
            raise NotFoundError(
                f"The registry has no version {alias_or_version!r} of model {self.model_name}.",
                cure="Train one first, or promote a challenger.",
            )
        return version

    def _parse(self, alias_or_version: str) -> str:
        match = re.fullmatch(r"models:/([^@/]+)[@/](.+)", alias_or_version)
        if match is None:
            return alias_or_version.removeprefix("@")
        if match[1] != self.model_name:
            raise NotFoundError(f"{alias_or_version} is not of the model {self.model_name} that is configured.")
        return match[2]

    def _version(self, found: Any) -> ModelVersion:
        return ModelVersion(
            name=self.model_name,
            version=str(found.version),
            run_id=found.run_id or "",
            uri=f"models:/{self.model_name}/{found.version}",
            aliases=tuple(sorted(found.aliases)),
            tags=dict(found.tags),
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except MlflowException as error:
            kind = _KINDS.get(error.error_code, UnreachableError)
            raise kind(
                f"MLflow at {self.tracking_uri} refused or did not answer: {error.message}",
                cure="Check mlflow.tracking_uri, and that the server runs and knows you.",
            ) from error
        except ModuleNotFoundError as error:
            raise InstallationError(
                f"Artifacts of MLflow at {self.tracking_uri} need the package {error.name}.",
                cure="Install it, or let the MLflow server hand out the artifacts (--artifacts-destination).",
            ) from error


def _is_unknown_alias(error: MlflowException) -> bool:
    # The code alone would take a bad name for a missing one; the word alone, a server that did not answer at an
    # address that holds it.
    return bool(error.error_code == "INVALID_PARAMETER_VALUE" and "alias" in error.message)


def _artifact_root(tracking_uri: str, artifact_root: str | None) -> str | None:
    if artifact_root is not None:
        return artifact_root if "://" in artifact_root else Path(artifact_root).absolute().as_uri()
    if tracking_uri.startswith("sqlite:///"):
        return (Path(tracking_uri.removeprefix("sqlite:///")).absolute().parent / "mlartifacts").as_uri()
    return None


def _artifacts(trained: TrainedModel, normaliser: Normaliser, scratch: Path) -> dict[str, str]:
    (scratch / "normaliser.json").write_text(normaliser.to_json(), encoding="utf-8")
    cleaning = scratch / "cleaning"
    cleaning.mkdir()
    (cleaning / "__init__.py").touch()
    for module in (text, stop_words):
        source = Path(str(module.__file__))
        shutil.copyfile(source, cleaning / source.name)
    return {
        "model": str(trained.path),
        "normaliser": str(scratch / "normaliser.json"),
        "cleaning": str(cleaning),
    }


def _signature(normaliser: Normaliser) -> ModelSignature:
    if "text" in normaliser.variables:
        raise InvalidInputError("A variable cannot be called 'text'.", cure="Rename it in the settings.")
    variables = [ColSpec("string", name, required=False) for name in normaliser.variables]
    outputs = (
        ("string", "code"),
        ("double", "probability"),
        ("double", "margin"),
        ("boolean", "codable"),
        (Array("string"), "codes"),
        (Array("double"), "probabilities"),
    )
    return ModelSignature(
        inputs=Schema([ColSpec("string", "text"), *variables]),
        outputs=Schema([ColSpec(kind, name) for kind, name in outputs]),
    )


def _input_example(normaliser: Normaliser, examples: Sequence[Mapping[str, str]]) -> pd.DataFrame | None:
    if not examples:
        return None
    columns = ("text", *normaliser.variables)
    # Not the default string index, which mlflow compares in a way that pandas 3 warns of.
    index = pd.Index(columns, dtype=object)
    return pd.DataFrame([[example.get(name, "") for name in columns] for example in examples], columns=index)


def load_pyfunc(folder: Path) -> Any:
    """A fetched model of any kind, opened for ``predict``."""
    try:
        return mlflow.pyfunc.load_model(str(folder))
    except ModuleNotFoundError as error:
        raise InstallationError(
            f"The model in {folder} needs the package {error.name}, which is not installed here.",
            cure=f"Install what its requirements.txt names: pip install -r {folder / 'requirements.txt'}",
        ) from error
    except Exception as error:  # whatever the author's own code raises at loading
        raise InvalidInputError(
            f"The model in {folder} cannot be loaded: {type(error).__name__}: {error}",
            cure="Load it by hand: mlflow.pyfunc.load_model",
        ) from error


def _move_unless_there(fetched: Path, target: Path) -> None:
    try:
        fetched.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was quicker, with the same files
            raise


def _metrics(metrics: Mapping[str, float]) -> list[Metric]:
    now = time.time_ns() // 1_000_000
    return [Metric(name, float(value), now, 0) for name, value in sorted(metrics.items())]


def _params(parameters: Mapping[str, object]) -> list[Param]:
    return [Param(name, str(value)) for name, value in sorted(parameters.items())]
