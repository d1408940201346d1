"""The parts, put together from the settings; opened when first used, closed together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from annotation import wiring as annotation
from annotation.campaign.goldtexts import Row as GoldRow
from annotation.campaign.quarantining import Retake
from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError, NotFoundError
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import Account, LabelStudioServer
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality.longtable import Judged
from sampling import model as models
from sampling.model import PortableModel
from sampling.scorer import Scorer
from sync import codedtexts, goldfiles, judgedtexts, retaking
from sync.settings import Settings
from sync.storage import Storage
from sync.training.model import CHAMPION
from sync.training.replay_learner import FastTextLearner
from sync.trainingset.version import Version

if TYPE_CHECKING:
    from sync.training.registry import ModelRegistry
    from sync.trainingset.store import TrainingSetStore


class Workbench:
    """Use as a context manager: whatever was started is stopped on leaving. ``migrates``: own files that are old."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_progress: Callable[[str], None] = lambda _message: None,
        migrates: bool = True,
    ) -> None:
        self.settings = settings
        self._migrates = migrates
        self.home = settings.home.resolve()
        self._on_progress = on_progress
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, whatever its migration; a SQLite file of our own is migrated on the way."""
        ledger = Ledger.open(self.settings.ledger_url)
        self._stack.callback(ledger.close)
        if self._migrates and not self.settings.ledger.url:
            ledger.migrate()
        else:
            ledger.require_migrated()
        return ledger

    def migrate(self) -> str:
        """Bring the ledger to the revision of this program, which for an office's database is never done unasked."""
        ledger = Ledger.open(self.settings.ledger_url)
        try:
            return ledger.migrate()
        finally:
            ledger.close()

    @cached_property
    def storage(self) -> Storage:
        return self.settings.open_storage()

    def storage_of(self, path: str) -> Storage:
        """What opens a user's file: the configured storage for an address of its scheme, else the local disk."""
        if path.startswith("s3://") and self.storage.scheme == "s3":
            return self.storage
        return Storage(path) if path.startswith("s3://") else Storage(str(Path.cwd()))

    @cached_property
    def store(self) -> TrainingSetStore:
        # Here and below: Iceberg and MLflow take seconds to import, which most commands need not wait for.
        from sync.trainingset.store import TrainingSetStore

        name = self.settings.trainingset.name
        store = TrainingSetStore(catalog_uri=self.ledger.url, storage=self.storage, name=name)
        return self._stack.enter_context(store)

    @cached_property
    def registry(self) -> ModelRegistry:
        from sync.training.registry import ModelRegistry

        settings = self.settings.mlflow
        own = settings.tracking_uri == ""
        folder = self.home / "mlflow"
        if own:
            folder.mkdir(parents=True, exist_ok=True)
        return ModelRegistry(
            settings.tracking_uri or f"sqlite:///{folder / 'mlflow.db'}",
            self.settings.training.model,
            settings.experiment,
            settings.artifact_root or (str(folder / "artifacts") if own else None),
            ca_file=self.settings.network.ca_file,
        )

    @property
    def has_registry(self) -> bool:
        """Whether there is one already; that of the home folder is made when it is first used."""
        return bool(self.settings.mlflow.tracking_uri) or (self.home / "mlflow" / "mlflow.db").is_file()

    @property
    def normaliser(self) -> Normaliser:
        return self.settings.text.normaliser

    @property
    def nomenclature(self) -> Nomenclature:
        return annotation.nomenclature(self)

    @cached_property
    def server(self) -> LabelStudioServer | None:
        """Our own Label Studio, started here; None when the settings name an office's server."""
        if self.settings.labelstudio.url:
            return None
        server = LabelStudioServer(
            data=self.home / "label-studio",
            port=self.settings.labelstudio.port or None,
            on_progress=self._on_progress,
        )
        return self._stack.enter_context(server)

    @cached_property
    def platform(self) -> LabelStudioPlatform:
        settings = self.settings.labelstudio
        language = self.settings.campaign.language
        if self.server is not None:
            account: Account = self.server.account
            platform = LabelStudioPlatform(
                self.server.url, account.token, name=f"label-studio:{account.server}", language=language
            )
        else:
            token = settings.read_token()
            if not token:
                raise InvalidInputError(
                    f"There is no token for Label Studio at {settings.url}.",
                    cure="Set AWB_LABELSTUDIO__TOKEN, or labelstudio.token_file in the configuration.",
                )
            ca_file = self.settings.network.ca_file
            platform = LabelStudioPlatform(settings.url, token, language=language, ca_file=ca_file)
        self._stack.callback(platform.close)
        return platform

    def version_of(self, tag: str) -> Version:
        """The training set version of the tag; the current one for an empty tag."""
        found = self.store.version(tag) if tag else self.store.current()
        if found is None:
            raise NotFoundError("The training set has no version yet.", cure="Run: awb trainingset build")
        return found

    def versions_with(self, text_keys: tuple[str, ...]) -> list[str]:
        """Tags of the training set versions whose files hold one of these texts, oldest first."""
        with self.ledger.read() as work:
            known = work.trainingsets.all(self.settings.trainingset.name)
        there = [one.tag for one in known if one.collected_at is None]
        return [tag for tag in there if self.store.rows_of(tag, list(text_keys)).num_rows]

    def champion(self) -> str | None:
        """The champion as ``name/number``, or None before the first."""
        return self.version_name(CHAMPION)

    def champion_or_error(self) -> str:
        champion = self.champion()
        if champion is None:
            raise NotFoundError(
                f"The model {self.settings.training.model} has no champion yet.",
                cure="Train and promote one: awb trainingset build, awb train, awb promote.",
            )
        return champion

    def version_name(self, version: str) -> str | None:
        """A version or alias as ``name/number``; None when the registry lacks it."""
        found = self.registry.version(version)
        return f"{found.name}/{found.version}" if found else None

    def version_or_error(self, version: str) -> str:
        name = self.version_name(version)
        if name is None:
            raise NotFoundError(
                f"The model {self.registry.model_name} has no version or alias {version}.",
                cure="See MLflow, or: awb train",
            )
        return name

    def load(self, model_version: str) -> tuple[Scorer, Normaliser]:
        """The scorer of a model version (``name/number``, a number or an alias) and what makes the lines it reads."""
        return models.opened(self.portable(model_version))

    def portable(self, model_version: str) -> PortableModel:
        """The version as processes of scoring open it; fetched from the registry on the way."""
        from sync.training import portable

        name = re.sub(rf"^{re.escape(self.registry.model_name)}/", "", model_version)
        return portable.portable(self.registry, name, self.models_folder, self.settings.text.cleaning)

    def coded_texts(self, path: str, *, text: str, code: str) -> Iterator[tuple[str, str]]:
        """Pairs of text and code from a user's file."""
        return codedtexts.read(self.storage_of(path), path, text=text, code=code, now=annotation.clock())

    def judged_texts(self, path: str, *, text: str, coder: str, code: str) -> Iterator[Judged]:
        """Rows of judgements from a user's file."""
        return judgedtexts.read(self.storage_of(path), path, text=text, coder=coder, code=code)

    def gold_rows(self, path: str, *, text: str, code: str, note: str, variables: tuple[str, ...]) -> Iterator[GoldRow]:
        """Rows of gold from a user's file."""
        storage, now = self.storage_of(path), annotation.clock()
        return goldfiles.read(storage, path, text=text, code=code, note=note, variables=variables, now=now)

    def retakes(self) -> Mapping[str, Retake]:
        """How what was set aside is taken again, by kind."""
        return retaking.all_kinds(today=self.settings.campaign.nomenclature)

    @property
    def learner(self) -> FastTextLearner:
        """What trains as the configured training does, without registering anything."""
        return FastTextLearner(self.settings.training.fasttext, self.settings.training.timeout_seconds)

    @property
    def models_folder(self) -> Path:
        return self.home / "models"


def absolute(path: str) -> str:
    """A path as the user means it, from the working folder; an address as it is."""
    return path if "://" in path else str(Path(path).absolute())
