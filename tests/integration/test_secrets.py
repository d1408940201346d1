"""Unusual values for every secret, all that is said and written meanwhile, and a search for them in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from annotation.api import sessions
from annotation.errors import HIDDEN
from annotation.labelstudio.server import LabelStudioServer
from sync.settings import Settings
from sync.training import fasttext_trainer
from tests.parts import awb, tinycorpus
from tests.parts.awb import Awb, Result
from tests.parts.ports import free_port
from tests.parts.s3 import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LOUD = {
    "MLFLOW_LOGGING_LEVEL": "DEBUG",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "S3FS_LOGGING_LEVEL": "DEBUG",
    "PYTHONASYNCIODEBUG": "1",
}
SMALL = {"EPOCH": "3", "DIM": "4", "BUCKET": "100"}


def secret_fields(model: type[BaseModel] = Settings, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where secrets stand in the settings, found by their type: a new one is found too."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        if SecretStr in kinds:
            yield *place, name
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from secret_fields(kind, (*place, name))


FIELDS = tuple(secret_fields())


def variable(place: tuple[str, ...]) -> str:
    return "AWB_" + "__".join(place).upper()


@dataclass(frozen=True, slots=True)
class Watched:
    """A bench on real parts with a canary in each secret."""

    awb: Awb
    canaries: dict[str, str]
    said: list[str]

    def run(self, *arguments: str, **environment: str) -> Result:
        command = Awb(self.awb.home, self.awb.config).command(*arguments)[1:]
        done = awb.call(*command, environment={**self.awb.environment, **environment})
        self.said.append(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done

    def succeeds(self, *arguments: str) -> None:
        done = self.run(*arguments)
        assert done.code == 0, done.stderr[-3000:]

    def found_in(self, content: bytes) -> set[str]:
        """The names of the secrets that stand there."""
        return {name for name, canary in self.canaries.items() if canary.encode() in content}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, label_studio: LabelStudioServer, s3: S3Server) -> Watched:
    """After the way from texts to a model and to Label Studio."""
    folder = tmp_path_factory.mktemp("secrets")
    canaries = {variable(place): f"canary-{'-'.join(place)}-{uuid4().hex}" for place in FIELDS}
    canaries |= {"AWB_LABELSTUDIO__TOKEN": label_studio.account.token, "AWB_STORAGE__SECRET": s3.secret}
    environment = {
        **canaries,
        **LOUD,
        "AWB_LABELSTUDIO__URL": label_studio.url,
        "AWB_STORAGE__URL": s3.new_bucket(),
        "AWB_STORAGE__ENDPOINT": s3.endpoint,
        "AWB_STORAGE__KEY_ID": s3.key,
        **{f"AWB_TRAINING__FASTTEXT__{name}": number for name, number in SMALL.items()},
    }
    # The key id of the test's server is a word of this project's name.
    del canaries["AWB_STORAGE__KEY_ID"]
    campaign = f"secrets-{uuid4().hex[:6]}"
    environment |= {"AWB_CAMPAIGN__NOMENCLATURE": "flat", "AWB_CAMPAIGN__KEY": campaign}
    bench = Watched(Awb(folder / "home", None, environment), canaries, [])
    work(bench, folder, campaign)
    return bench


def work(bench: Watched, folder: Path, campaign: str) -> None:
    """As an office does; the training in a process of its own, whose parts log all that they can."""
    tinycorpus.write(folder, campaign=campaign)
    bench.succeeds("init")
    bench.succeeds("nomenclature", "import", "flat", str(folder / "codes.csv"))
    bench.succeeds("campaign", "create", campaign)
    known, arriving = (str(folder / f"{name}.csv") for name in ("known", "arriving"))
    bench.succeeds("texts", "import", known, "--source", "known", "--text", "text", "--code", "code", "--coded")
    bench.succeeds("texts", "import", arriving, "--source", "new", "--text", "text")
    bench.succeeds("trainingset", "build")
    trained = bench.awb.run("train")
    bench.said.append(f"train\n{trained.stdout}\n{trained.stderr}")
    bench.succeeds("promote", "--force", "--reason", "the first")
    bench.succeeds("score")
    bench.succeeds("draw", "--audit", "5", "--uncertain", "5", "--drifting", "0")
    bench.succeeds("push")
    bench.succeeds("pull")


def test_fields__are_those_that_a_file_may_not_hold(tmp_path: Path) -> None:
    for place in FIELDS:
        file = tmp_path / "awb.toml"
        table = ".".join(place[:-1])
        file.write_text(f'[{table}]\n{place[-1]} = "a-secret"\n')

        with pytest.raises(Exception, match="is a secret and does not belong in a file"):
            Settings.load(file)


def test_fields__each_has_a_file_beside_it_and_is_hidden_where_settings_are_shown() -> None:
    given: dict[str, Any] = {}
    for place in FIELDS:
        section = given
        for name in place[:-1]:
            section = section.setdefault(name, {})
        section[place[-1]] = "-".join(place)
    settings = Settings(**given)

    shown = json.dumps(settings.shown())
    for place in FIELDS:
        assert "-".join(place) not in shown
        assert "-".join(place) not in repr(settings)
    assert shown.count(HIDDEN) == len(FIELDS)


def test_said__by_commands_that_succeed_and_fail(watched: Watched) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    wrong = "canary-of-a-wrong-password-9d1c"
    database = f"postgresql+psycopg://me:{wrong}@127.0.0.1:{free_port()}/db"
    watched.canaries["wrong"] = wrong
    for arguments, environment in (
        (("config", "show"), {}),
        (("doctor",), {}),
        (("trainingset", "log"), {}),
        (("account", "add", "ada@office.example", "--role", "admin"), {}),
        (("trainingset", "log"), {"AWB_STORAGE__ENDPOINT": nowhere}),
        (("trainingset", "show"), {"AWB_STORAGE__SECRET": wrong}),
        (("doctor",), {"AWB_STORAGE__SECRET": wrong, "AWB_LABELSTUDIO__TOKEN": wrong}),
        (("pull",), {"AWB_LABELSTUDIO__TOKEN": wrong}),
        (("push",), {"AWB_LABELSTUDIO__URL": nowhere}),
        (("campaign", "list"), {"AWB_LEDGER__URL": database}),
        (("doctor",), {"AWB_LEDGER__URL": database}),
        (("doctor",), {"AWB_MLFLOW__TRACKING_URI": f"http://me:{wrong}@127.0.0.1:{free_port()}"}),
        (("evaluate",), {"AWB_MLFLOW__TRACKING_URI": f"http://me:{wrong}@127.0.0.1:{free_port()}"}),
        (("config", "show"), {"AWB_LEDGER__URL": database, "AWB_GATE__CONFIDENCE": "no number"}),
        (("privacy", "erase", "--dry-run", "--older-than", "1"), {}),
        (("campaign", "export", "--to", str(watched.awb.home / "exports")), {}),
    ):
        watched.run(*arguments, **environment)

    leaks = [one.partition("\n")[0] for one in watched.said if watched.found_in(one.encode())]
    assert leaks == []
    assert len(watched.said) >= 16


def test_written__in_the_home_the_ledger_mlflow_and_the_storage(watched: Watched, s3: S3Server) -> None:
    bucket = s3.folder / watched.awb.environment["AWB_STORAGE__URL"].removeprefix("s3://")
    files = [path for folder in (watched.awb.home, bucket) for path in folder.rglob("*") if path.is_file()]

    assert len(files) > 20
    assert {str(path): found for path in files if (found := watched.found_in(path.read_bytes()))} == {}
    with sqlite3.connect(watched.awb.home / "ledger.db") as ledger:
        assert watched.found_in("\n".join(ledger.iterdump()).encode()) == set()


def test_written__in_label_studio(watched: Watched, label_studio: LabelStudioServer) -> None:
    headers = {"Authorization": f"Token {label_studio.account.token}"}
    with httpx.Client(base_url=label_studio.url, headers=headers, timeout=60) as client:
        projects = client.get("/api/projects/", params={"page_size": 100}).json()["results"]
        ours = [one for one in projects if "secrets-" in (one["description"] or "")]
        exported = [client.get(f"/api/projects/{one['id']}/export", params={"exportType": "JSON"}) for one in ours]

    assert ours
    assert watched.found_in(json.dumps(ours).encode()) == set()
    assert [watched.found_in(one.content) for one in exported] == [set()] * len(ours)


def test_children__inherit_nothing_of_ours(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, canary in watched.canaries.items():
        monkeypatch.setenv(name, canary)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-aws")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "canary-mlflow")

    given = fasttext_trainer.child_environment()

    assert not watched.found_in(json.dumps(given).encode())
    assert not [name for name in given if name.startswith(("AWB_", "AWS_", "MLFLOW_"))]


def test_server__of_label_studio_knows_none_of_our_secrets(
    watched: Watched, label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Path(f"/proc/{label_studio.pid}/environ").read_bytes()
    arguments = Path(f"/proc/{label_studio.pid}/cmdline").read_bytes()

    # It gets its own first account, and nothing else.
    assert watched.found_in(environment) <= {"AWB_LABELSTUDIO__TOKEN"}
    assert not [one for one in environment.split(b"\0") if one.startswith(b"AWB_")]
    assert watched.found_in(arguments) == set()


def test_secret_of__the_one_that_we_draw_is_its_owners_alone(tmp_path: Path) -> None:
    secret = sessions.secret_of(tmp_path / "home")
    (kept,) = (tmp_path / "home").iterdir()

    assert kept.read_text() == secret
    assert kept.stat().st_mode & 0o077 == 0
