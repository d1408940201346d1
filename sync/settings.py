"""The settings of the whole workbench."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from annotation.domain.label import Source
from annotation.domain.policy import Consensus
from annotation.settings import Section, read_secret
from sampling.settings import SamplingSettings
from sync.storage import Storage
from sync.training.fasttext_trainer import FastTextParameters
from sync.trainingset.checks import Checks
from sync.trainingset.policy import BuildPolicy, Exclusions
from sync.trainingset.rules import Rule

# Folders bear these names.
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


class StorageSettings(Section):
    url: str = Field(
        "", description="Empty: the folder storage under the home folder. s3://bucket/prefix for an office."
    )
    endpoint: str | None = None
    region: str = "us-east-1"
    key_id: SecretStr | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None


class ExclusionSettings(Section):
    """What stays out of training sets. Codes are as they stand after the rules."""

    codes: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    coders: tuple[str, ...] = Field((), description="Pseudonyms; their labels say nothing.")
    texts: tuple[str, ...] = Field((), description="Keys of texts.")


class TrainingSetSettings(Section):
    name: str = Field("trainingset", pattern=NAME, description="Letters, digits, dots, hyphens.")
    sources: tuple[Source, ...] = Field(
        (Source.ARBITER, Source.CODER, Source.IMPORT, Source.TABLE, Source.RULE),
        description="Whose labels count; of several labels of a text, the newest of the first source holds.",
    )
    weights: dict[Source, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Factors on the labels' weights, by source; 1 for those not named."
    )
    consensus: Literal[""] | Consensus = Field(
        "", description="How judgements become a label: as under campaign.policy; empty: by each campaign's own policy."
    )
    least_judgements: int = Field(
        1, ge=1, description="A coder's label with fewer judgements behind it does not count."
    )
    not_before: date | None = Field(None, description="Older labels do not count.")
    max_age_days: int = Field(
        0, ge=0, description="Nor do those that are older than this on the day; 0: none is too old."
    )
    rules_path: str = Field("", description="TOML file of rules that edit labels; see the README.")
    validation_share: float = Field(0.1, ge=0, lt=1)
    seed: int = 1
    exclude: ExclusionSettings = ExclusionSettings()
    checks: Checks = Checks()

    def policy(self, rules: tuple[Rule, ...] = ()) -> BuildPolicy:
        """The declared policy, with the rules of its file."""
        return BuildPolicy(
            sources=tuple(source.value for source in self.sources),
            weights={source.value: weight for source, weight in sorted(self.weights.items())},
            consensus=str(self.consensus),
            least_judgements=self.least_judgements,
            not_before=self.not_before,
            max_age_days=self.max_age_days,
            excluded=Exclusions(
                codes=self.exclude.codes,
                sources=tuple(source.value for source in self.exclude.sources),
                coders=self.exclude.coders,
                texts=self.exclude.texts,
            ),
            rules=rules,
        )


class MlflowSettings(Section):
    tracking_uri: str = Field("", description="Empty: an SQLite file under the home folder. http://… for a server.")
    experiment: str = "annotation-workbench"
    artifact_root: str = ""


class TrainingSettings(Section):
    model: str = Field("activity", pattern=NAME, description="Letters, digits, dots, hyphens.")
    fasttext: FastTextParameters = FastTextParameters()
    title_repeats: int = Field(1, ge=0, description="How often each leaf's official title is added as a line.")
    timeout_seconds: float = Field(7200.0, gt=0)


class GateSettings(Section):
    """When a challenger becomes champion; differences are challenger minus champion, on the evaluation set."""

    least_evaluated: int = Field(50, ge=1)
    least_difference: float = 0.0
    non_inferiority: float = Field(0.03, ge=0, description="The interval of the difference may reach this far below 0.")
    confidence: float = Field(0.9, gt=0.5, lt=1, description="Of the interval; 0.9 is the usual one-sided 5 %.")


class RelabelSettings(Section):
    correspondence: str = ""
    campaign: str = Field("", description="Key of the campaign that decides multivocal codes; empty: KEY-NEW.")
    budget: int = Field(100, ge=0, description="Revision tasks that may be open at a time.")


class IntakeSource(Section):
    """A file, folder or s3:// prefix of declarations; empty column names mean that there is none."""

    path: str
    source: str = "register"
    text: str = "libelle"
    id: str = ""
    date: str = ""
    code: str = ""
    variables: tuple[str, ...] = ()
    codes: str = Field(
        "", description="Column of predicted codes, most probable first: a list, or values between bars."
    )
    probabilities: str = Field("", description="Column of their probabilities, in the same form.")
    model_version: str = Field("", description="The model that predicted them, as name/version.")
    coded: bool = Field(False, description="The code column holds settled codes: they become labels of source import.")


class RehearsalSettings(Section):
    """A coded file played as a flow: some of it is known beforehand, the rest arrives month by month without code."""

    path: str = ""
    text: str = "text"
    code: str = "code"
    variables: tuple[str, ...] = ()
    initial: int = Field(4000, ge=1)
    parts: int = Field(3, ge=1)
    first_day: str = "2026-01-01"
    seed: int = 1


class SimulateSettings(Section):
    """Coders that answer from a file of true codes: ``truth_path`` and its columns, or the rehearsal's file."""

    truth_path: str = ""
    truth_text: str = "text"
    truth_code: str = "code"
    coders: int = Field(0, ge=0, description="0: people annotate. Otherwise this many simulated coders answer.")
    error_rate: float = Field(0.08, ge=0, le=1)
    skip_rate: float = Field(0.02, ge=0, le=1)
    seed: int = 1


class TurnSettings(Section):
    least_done: float = Field(0.9, ge=0, le=1, description="Share of the draw's tasks to be answered before training.")


class Settings(SamplingSettings):
    storage: StorageSettings = StorageSettings()
    trainingset: TrainingSetSettings = TrainingSetSettings()
    mlflow: MlflowSettings = MlflowSettings()
    training: TrainingSettings = TrainingSettings()
    gate: GateSettings = GateSettings()
    relabel: RelabelSettings = RelabelSettings()
    intake: tuple[IntakeSource, ...] = ()
    rehearsal: RehearsalSettings = RehearsalSettings()
    simulate: SimulateSettings = SimulateSettings()
    turn: TurnSettings = TurnSettings()

    def open_storage(self) -> Storage:
        settings = self.storage
        return Storage(
            settings.url or str(self.home.resolve() / "storage"),
            key=settings.key_id.get_secret_value() if settings.key_id else None,
            secret=read_secret(settings.secret, settings.secret_file),
            endpoint=settings.endpoint,
            region=settings.region,
            # In-house servers bear in-house certificates; Amazon's own never do.
            ca_file=self.network.ca_file if settings.endpoint else None,
        )
