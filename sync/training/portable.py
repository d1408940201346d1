"""A registered model as processes open it: from the folder it was fetched to, or else from the registry itself."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import UnreachableError
from annotation.labelstudio import installation
from sampling.fasttext_scorer import FastTextScorer
from sampling.pyfunc_scorer import PyfuncScorer, Verbatim
from sampling.scorer import Scorer

if TYPE_CHECKING:  # MLflow takes seconds to import, which a process that sees the files need not wait for
    from sync.training.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A ``PortableModel``. ``folder`` holds the whole MLflow model; ``file`` is the fastText file in it, of ``size``
    bytes, or empty for a model of another kind, which is asked through pyfunc.

    Where another machine does not see the folder, it fetches the version from the registry once.
    """

    version: str
    digest: str
    normaliser: Normaliser
    folder: Path
    file: str
    size: int
    tracking_uri: str

    @property
    def variables(self) -> tuple[str, ...]:
        return self.normaliser.variables

    def open(self) -> tuple[Scorer, Normaliser]:
        folder = self.folder if self._is_in(self.folder) else self._fetched()
        if self.file:
            scorer = FastTextScorer.load(folder / self.file, ignore_prefixes=self.normaliser.variable_prefixes)
            return scorer, self.normaliser
        from sync.training import registry

        asked = registry.load_pyfunc(folder)
        return PyfuncScorer(asked, self.variables, name=self.version), Verbatim(
            self.normaliser.cleaning, self.variables
        )

    def _is_in(self, folder: Path) -> bool:
        found = folder / (self.file or "MLmodel")
        return found.is_file() and found.stat().st_size == self.size

    def _fetched(self) -> Path:
        from sync.training.registry import ModelRegistry

        database = self.tracking_uri.removeprefix("sqlite:///")
        if database != self.tracking_uri and not Path(database).is_file():
            raise UnreachableError(
                f"This worker sees neither the model's folder {self.folder} nor the registry {self.tracking_uri}.",
                cure="Set mlflow.tracking_uri to an MLflow server, or home to a folder that all workers share.",
            )
        name, number = self.version.rsplit("/", 1)
        registry = ModelRegistry(self.tracking_uri, name, experiment="")
        return registry.fetch(number, _cache(self.tracking_uri))[1]


def portable(registry: ModelRegistry, alias_or_version: str, folder: Path, cleaning: Cleaning) -> RegisteredModel:
    """The version, fetched under ``folder``. ``cleaning`` makes the words of texts for a model that brings no cleaning
    of its own.
    """
    version, fetched = registry.fetch(alias_or_version, folder)
    files = registry.files_of(version, fetched)
    path = files.model_path if files else fetched / "MLmodel"
    return RegisteredModel(
        version=f"{version.name}/{version.version}",
        digest=version.tags.get("model_sha256") or version.run_id or version.uri,
        normaliser=files.normaliser if files else Normaliser(cleaning, registry.variables_of(fetched)),
        folder=fetched,
        file=str(path.relative_to(fetched)) if files else "",
        size=path.stat().st_size,
        tracking_uri=registry.tracking_uri,
    )


def _cache(tracking_uri: str) -> Path:
    """Where this machine keeps models of that registry."""
    registry = hashlib.sha256(tracking_uri.encode()).hexdigest()[:12]
    folder = installation.cache_folder() / "models" / registry
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # in a container without a home
        folder = Path(tempfile.gettempdir()) / "annotation-workbench-models" / registry
        folder.mkdir(parents=True, exist_ok=True)
    return folder
