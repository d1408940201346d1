"""Settings of this package, and how every package's settings are read.

A value comes from the environment (``AWB_SECTION__FIELD``), else from the TOML file, else from the default. Secrets
are refused in the file: they come from the environment, or from a file that a ``…_file`` field names.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from annotation.domain import pseudonym
from annotation.domain.account import Role
from annotation.domain.policy import Policy
from annotation.domain.pseudonym import PseudonymKey
from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import HIDDEN, InvalidInputError, without_passwords
from annotation.network import Reach

_SECRET_FIELDS = frozenset(
    {
        "token",
        "secret",
        "key_id",
        "webhook_secret",
        "tokens",
        "password",
        "session_secret",
        "client_secret",
        "ml_password",
        "pseudonym_key",
    }
)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def given(cls, **values: Any) -> Self:
        """The section from what a user gave on the command line; InvalidInputError says what is wrong with it."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise InvalidInputError(f"{_faults(error)}.", cure="See --help.") from error


class TableSource(Section):
    """A published table: a file, or an https URL. ``key`` is the name that the ledger knows it by."""

    key: str
    path: str
    sheet: str = Field("", description="Sheet of a workbook; empty: the one that holds the codes.")


class NomenclatureSource(TableSource):
    title: str = ""
    notes_path: str = Field("", description="File or https URL of the explanatory notes, merged in.")
    code_column: str = Field("", description="Columns that the layout does not give away.")
    title_column: str = ""
    repeated: bool = Field(False, description="A file of coded texts: a code that stands again is the same code.")
    every_code_a_leaf: bool = Field(False, description="Texts may be coded at any depth.")
    without: tuple[str, ...] = Field((), description="Codes left out with all below them.")


class CorrespondenceSource(TableSource):
    old: str
    new: str
    old_column: str = ""
    new_column: str = ""


class LedgerSettings(Section):
    url: str = Field("", description="Empty: ledger.db under the home folder. postgresql+psycopg://… for an office.")


class LabelStudioSettings(Section):
    url: str = Field("", description="Empty: a server of our own, started when a command needs it.")
    token: SecretStr | None = None
    token_file: Path | None = None
    port: int = Field(0, description="Port of our own server; 0 takes a free one.")
    batch: int = Field(1000, ge=1, le=5000)

    def read_token(self) -> str | None:
        return read_secret(self.token, self.token_file)


class CampaignSettings(Section):
    key: str = Field(
        "main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", description="Letters, digits, dots, hyphens."
    )
    title: str = "Coding campaign"
    nomenclature: str = ""
    language: Literal["fr", "en"] = "fr"
    show_variables: dict[str, str] = Field(
        default_factory=dict, description="Variables sent to Label Studio, with the titles that coders read; no others."
    )
    variable_titles: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Titles of a variable's values, where these are codes: variable, value, title.",
    )
    show_reason: bool = False
    prefill: bool = Field(
        False, description="The model's first code stands chosen: one key less, but it draws coders to the model."
    )
    policy: Policy = Field(
        Policy(), description="The policy that a new campaign starts with; that of a campaign: awb campaign policy."
    )


class TextSettings(Section):
    cleaning: Cleaning = Cleaning()
    variables: tuple[str, ...] = ()

    @property
    def normaliser(self) -> Normaliser:
        return Normaliser(self.cleaning, self.variables)


class OidcSettings(Section):
    """Signing in through an OpenID Connect provider such as Keycloak; off while ``issuer`` is empty."""

    issuer: str = Field("", description="Such as https://keycloak.example/realms/office; empty: off.")
    client_id: str = ""
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    title: str = Field("", description="What the log-in page calls the provider; empty: its host.")
    scopes: str = Field("openid email profile", description="Asked of the provider, separated by spaces.")
    role_claim: str = Field(
        "", description="Where a person's groups stand, such as realm_access.roles; empty: roles are given here."
    )
    roles: dict[str, Role] = Field(default_factory=dict, description="From a value of role_claim to a role.")
    default_role: Role | None = Field(None, description="Of those with no other; none: they are refused.")

    @property
    def shown(self) -> str:
        """The provider's name for people; empty where there is none."""
        return self.title or urlsplit(self.issuer).hostname or ""

    def read_client_secret(self) -> str | None:
        return read_secret(self.client_secret, self.client_secret_file)


class ServeSettings(Section):
    host: str = "127.0.0.1"
    port: int = 8765
    tls_certificate_file: Path | None = Field(
        None, description="PEM file of our certificate and its chain; none: plain, as behind a proxy that ends TLS."
    )
    tls_key_file: Path | None = None
    public_url: str = Field("", description="How Label Studio reaches us for webhooks; empty: http://host:port.")
    webhook_secret: SecretStr | None = None
    webhook_secret_file: Path | None = None
    ml_user: str = Field("label-studio", description="By which Label Studio asks for predictions, at /ml.")
    ml_password: SecretStr | None = None
    ml_password_file: Path | None = Field(None, description="None: Label Studio gets no predictions from us.")
    tokens: SecretStr | None = Field(None, description="Tokens of the API, separated by commas.")
    tokens_file: Path | None = None
    session_secret: SecretStr | None = None
    session_secret_file: Path | None = Field(None, description="Signs the sessions; none: drawn once, in the home.")
    session_hours: float = Field(12, gt=0, le=24 * 30, description="How long a session lasts at the most.")
    session_idle_minutes: float = Field(120, gt=0, description="How long it lasts unused.")
    oidc: OidcSettings = OidcSettings()

    def read_session_secret(self) -> str | None:
        return read_secret(self.session_secret, self.session_secret_file)

    def read_ml_password(self) -> str | None:
        return read_secret(self.ml_password, self.ml_password_file)

    def read_webhook_secret(self) -> str | None:
        return read_secret(self.webhook_secret, self.webhook_secret_file)

    def read_tokens(self) -> frozenset[str]:
        text = read_secret(self.tokens, self.tokens_file) or ""
        return frozenset(token for token in re.split(r"[,\s]+", text) if token)


class NetworkSettings(Section):
    """Whom we trust on the network, and where we may go."""

    ca_file: Path | None = Field(
        None, description="PEM file of the authorities that sign the office's certificates; none: the usual ones."
    )
    internal_hosts: tuple[str, ...] = Field(
        (), description="Names, or networks as 10.0.0.0/8, that an address may lead to although they are not public."
    )

    @property
    def reach(self) -> Reach:
        return Reach(self.internal_hosts, self.ca_file)


class PrivacySettings(Section):
    """What is kept of people, and for how long; see awb privacy."""

    keep_texts_days: int = Field(
        0, ge=0, description="Texts that nothing rests on are erased when they are older; 0: never."
    )
    keep_quarantine_days: int = Field(0, ge=0, description="Rows that were set aside lose their content; 0: never.")
    pseudonym_key: SecretStr | None = None
    pseudonym_key_file: Path | None = Field(
        None, description="Keys of the pseudonyms in what is exported; none: the ledger's own pseudonyms leave."
    )

    def read_pseudonym_key(self) -> PseudonymKey | None:
        """The key in force; None where exports bear the ledger's own pseudonyms."""
        if self.pseudonym_key is not None:
            return PseudonymKey(self.pseudonym_key.get_secret_value().encode())
        document = read_secret(None, self.pseudonym_key_file)
        return None if document is None else pseudonym.newest(document)


class AnnotationSettings(BaseSettings):
    """The sections that this package reads; packages above add theirs by inheritance."""

    model_config = SettingsConfigDict(
        env_prefix="AWB_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    home: Path = Path(".awb")
    nomenclatures: tuple[NomenclatureSource, ...] = ()
    correspondences: tuple[CorrespondenceSource, ...] = ()
    ledger: LedgerSettings = LedgerSettings()
    labelstudio: LabelStudioSettings = LabelStudioSettings()
    campaign: CampaignSettings = CampaignSettings()
    text: TextSettings = TextSettings()
    serve: ServeSettings = ServeSettings()
    network: NetworkSettings = NetworkSettings()
    privacy: PrivacySettings = PrivacySettings()

    @property
    def ledger_url(self) -> str:
        return self.ledger.url or f"sqlite:///{self.home.resolve() / 'ledger.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # What the file says comes in as the initial values; the environment stands above it.
        return env_settings, init_settings

    @classmethod
    def load(cls, path: Path | None = None, *, home: Path | None = None) -> Self:
        """Settings from the file, below the environment. Relative paths in the file start at the file's folder.

        Raises InvalidInputError that names the file, the field and what is wrong with it.
        """
        values = read_toml(path) if path else {}
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise InvalidInputError(
                f"The settings of {path or 'the environment'} are wrong: {_faults(error)}.",
                cure="The fields and their defaults stand in configs/default.toml.",
            ) from error
        return settings if home is None else settings.model_copy(update={"home": home})

    def shown(self) -> dict[str, Any]:
        """Every field in force, secrets and passwords hidden."""
        shown: dict[str, Any] = _hide(self.model_dump(mode="json"))
        return shown


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())


def read_secret(value: SecretStr | None, file: Path | None) -> str | None:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidInputError(
            f"The secret in {file} cannot be read ({error.strerror}).", cure="Check the path and its permissions."
        ) from error


def read_toml(path: Path) -> dict[str, Any]:
    """The file's content with relative paths made absolute; InvalidInputError where it holds a secret."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read ({error.strerror}).", cure="Check --config.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is no TOML: {error}.", cure="Mend that line.") from error
    for place, value in _leaves(values):
        if place[-1] in _SECRET_FIELDS or (isinstance(value, str) and without_passwords(value) != value):
            name = "__".join(("AWB", *place)).upper().replace("AWB__", "AWB_", 1)
            raise InvalidInputError(
                f"{path}: {'.'.join(place)} is a secret and does not belong in a file that people share.",
                cure=f"Take it out and set {name}, or name a file in {place[-1]}_file.",
            )
    anchored: dict[str, Any] = _anchor(values, path.resolve().parent)
    if storage := anchored.get("storage", {}).get("url", ""):
        anchored["storage"]["url"] = _anchor(storage, path.resolve().parent, "path")
    return anchored


def _leaves(values: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, name))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for item in value:
                yield from _leaves(item, (*place, name))
        else:
            yield (*place, name), value


def _anchor(value: Any, folder: Path, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _anchor(item, folder, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_anchor(item, folder, name) for item in value]
    is_path = name in ("path", "home") or name.endswith(("_path", "_file"))
    if is_path and isinstance(value, str) and value and "://" not in value and not Path(value).is_absolute():
        return str((folder / value).resolve())
    return value


def _hide(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _hide(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, name) for item in value]
    if name in _SECRET_FIELDS and value:
        return HIDDEN
    return without_passwords(value) if isinstance(value, str) else value
