"""What every command of the command line keeps to: help, one JSON object, exit codes by kind, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from annotation.ledger.unit_of_work import Ledger
from sync import cli
from sync.configs_folder import configs_folder
from sync.settings import Settings
from tests.parts import awb
from tests.parts.awb import Result
from tests.parts.ports import free_port

DEMO = configs_folder() / "demo"
ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("mlflow", "pyiceberg", "fastapi", "label_studio_sdk", "s3fs", "duckdb", "sklearn")
NOW = datetime(2026, 3, 1, tzinfo=UTC)

INVALID, MISSING, UNREACHABLE, CONFLICT, REFUSED, INSTALLATION = 3, 4, 5, 6, 7, 8


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command with the words that call it."""
    inside = getattr(found, "commands", None)
    if inside is None:
        yield path, found
        return
    for name, one in inside.items():
        yield from commands(one, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(cli.app)))
WANTED = """
    init, doctor, nomenclature import, nomenclature show, nomenclature diff, correspondence import,
    correspondence show, texts import, score, calibrate, drift, draw, replay, push, pull, trainingset build,
    trainingset log, trainingset show, trainingset diff, trainingset tag, trainingset export, trainingset
    rollback, trainingset rebuild, trainingset blame, trainingset verify, trainingset gc, train, evaluate, promote,
    relabel plan, relabel apply, campaign create,
    campaign list, campaign show, campaign close, campaign anchoring, campaign relook, gold add, gold propose,
    gold list, gold retire, campaign policy, campaign pause, campaign resume, campaign extend, coder add,
    coder list, coder pause, coder resume, coder leave, coder export, coder forget, agreement, serve, turn, simulate,
    demo, config show, campaign export, account add, account list, account role, account disable, account enable,
    account password, token create, token list, token revoke, quarantine list,
    quarantine show, quarantine retry, quarantine drop, privacy erase, privacy rotate-key, backup, restore
"""


def ids(path: tuple[str, ...]) -> str:
    return " ".join(path)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A home with both demo nomenclatures, their table, a campaign and two versions of a training set. No model."""
    made = Bench(tmp_path_factory.mktemp("cli"))
    awb.call("init", "--home", str(made.home), "-o", "json").succeeded()
    made("nomenclature", "import", "naf-rev2", str(DEMO / "naf-rev2.csv"))
    made("nomenclature", "import", "naf-2025", str(DEMO / "naf-2025.csv"))
    table = ("naf-rev2-naf-2025", str(DEMO / "naf-rev2-naf-2025.csv"))
    made("correspondence", "import", *table, "--old", "naf-rev2", "--new", "naf-2025")
    made("campaign", "create", "main")
    for number, text in enumerate(["boulangerie artisanale", "cabinet d'architectes"], start=1):
        file = made.folder / f"known-{number}.csv"
        file.write_text(f"libelle,ape\n{text},10.71C\n{text} de quartier,10.71D\n")
        made("texts", "import", str(file), "--source", f"file-{number}", "--code", "ape", "--coded")
        made("trainingset", "build")
    return made


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.environment = {
            "AWB_CAMPAIGN__NOMENCLATURE": "naf-rev2",
            "AWB_RELABEL__CORRESPONDENCE": "naf-rev2-naf-2025",
        }

    def __call__(self, *arguments: str) -> dict[str, Any]:
        return self.run(*arguments).succeeded()

    def run(self, *arguments: str, **environment: str) -> Result:
        words = (*arguments, "--home", str(self.home), "--output", "json")
        return awb.call(*words, environment=self.environment | environment)


def refused(result: Result, code: int, *words: str) -> None:
    """It ends with the code, prints nothing as result, and tells as JSON what happened and what to do."""
    assert result.code == code, result.stderr
    assert result.stdout == ""
    assert set(result.error) == {"error", "message", "cure"}
    assert result.error["message"]
    for word in words:
        assert word in f"{result.error['message']} {result.error['cure']}"


def config(folder: Path, text: str) -> tuple[str, str]:
    path = folder / "awb.toml"
    path.write_text(text)
    return "--config", str(path)


# Help


def test_commands__are_those_promised() -> None:
    assert {ids(path) for path in COMMANDS} == {" ".join(one.split()) for one in WANTED.split(",")}


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_help__says_what_the_command_and_each_of_its_parameters_do(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    silent = [one.name for one in command.params if one.name != "help" and not getattr(one, "help", "")]

    assert len(command.help) > 30
    assert not silent


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_help__is_shown(path: tuple[str, ...]) -> None:
    shown = awb.call(*path, "--help")

    assert shown.code == 0
    assert "Usage" in shown.stdout
    assert shown.stderr == ""


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_commands__share_home_and_output(path: tuple[str, ...]) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}

    assert {"--home", "--output"} <= options
    assert "--config" in options or path == ("demo",)


def test_usage__unknown_command_or_option_ends_with_2() -> None:
    assert awb.call("dance").code == 2
    assert awb.call("doctor", "--loud").code == 2
    assert awb.call("draw", "--audit", "-1").code == 2


def test_start__loads_no_part_that_a_light_command_does_without() -> None:
    """MLflow alone takes seconds, at each command."""
    code = "import sync.cli, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not set(HEAVY) & set(loaded.stdout.split())


# Results


LIGHT = {
    "init": ("campaign", "config", "home", "ledger_revision"),
    "doctor": ("healthy", "parts"),
    "config show": ("campaign", "home", "ledger", "storage"),
    "nomenclature show": ("nomenclatures",),
    "nomenclature show naf-rev2 --search boulang": ("codes", "key", "search"),
    "nomenclature diff naf-rev2 naf-2025": ("added", "removed"),
    "correspondence show": ("correspondences",),
    "correspondence show naf-rev2-naf-2025 --code 1071C": ("candidates", "code", "key"),
    "campaign create main": ("campaign",),
    "campaign list": ("campaigns",),
    "campaign show": ("campaign", "champion", "components"),
    "trainingset build": ("added", "harvest", "new", "version"),
    "trainingset log": ("versions",),
    "trainingset show v1": ("codes", "digest", "first_rows", "recipe", "source", "tag"),
    "trainingset diff v1 v2": ("codes", "counts", "new", "old", "rows"),
    "trainingset verify --all": ("sound", "versions"),
    "trainingset gc --dry-run": ("bytes", "dry_run", "files", "kept", "versions"),
    "trainingset rebuild v1": ("equal", "rebuilt", "stored", "version"),
    "relabel plan": ("multivocal", "pending", "univocal"),
}


@pytest.mark.parametrize("line", LIGHT)
def test_json__is_one_object_and_nothing_else(bench: Bench, line: str) -> None:
    assert set(LIGHT[line]) <= set(bench(*line.split()))


@pytest.mark.parametrize("line", LIGHT)
def test_text__is_for_people(bench: Bench, line: str) -> None:
    shown = awb.call(*line.split(), "--home", str(bench.home), environment=bench.environment)

    assert shown.code == 0, shown.stderr
    assert shown.stdout.strip()
    with pytest.raises(json.JSONDecodeError):
        json.loads(shown.stdout)


def test_home__is_taken_from_the_environment(bench: Bench) -> None:
    environment = bench.environment | {"AWB_HOME": str(bench.home)}
    shown = awb.call("nomenclature", "show", "--output", "json", environment=environment)

    assert [one["key"] for one in shown.succeeded()["nomenclatures"]] == ["naf-2025", "naf-rev2"]


def test_init__twice_leaves_the_settings_file_alone(tmp_path: Path) -> None:
    first = awb.call("init", "--home", str(tmp_path / "home"), "--output", "json").succeeded()
    written = Path(first["config"])
    written.write_text(written.read_text() + "# mine\n")
    again = awb.call("init", "--home", str(tmp_path / "home"), "--output", "json").succeeded()

    assert again == first
    assert written.read_text().endswith("# mine\n")


def test_texts_import__tells_what_it_took_and_takes_nothing_twice(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("numero;libelle;jour\nA1;plomberie générale;2026-01-02\nA2;coiffure;demain\nA3;;2026-01-02\n")
    columns = ("--id", "numero", "--date", "jour", "--source", "greffe")
    first = bench("texts", "import", str(file), *columns)
    again = bench("texts", "import", str(file), *columns)

    assert (first["rows"], first["declarations"], first["quarantined"]) == (3, 2, 1)
    assert (again["texts"], again["declarations"]) == (0, 0)


def test_trainingset__tag_export_and_rollback_answer_with_what_they_made(bench: Bench, tmp_path: Path) -> None:
    assert bench("trainingset", "tag", "v1", "campaign-2026")["name"] == "campaign-2026"
    exported = bench("trainingset", "export", str(tmp_path / "v1.csv"), "--version", "v1", "--format", "csv")
    assert exported["rows"] == len((tmp_path / "v1.csv").read_text().splitlines()) - 1
    made = bench("trainingset", "rollback", "v1")

    assert (made["tag"], made["parent"], made["rows"]) == ("v3", "v2", 2)


def test_campaign__created_closed_and_listed(bench: Bench) -> None:
    made = bench("campaign", "create", "spring", "--nomenclature", "naf-2025", "--language", "en")
    closed = bench("campaign", "close", "spring")
    listed = {one["key"]: one for one in bench("campaign", "list")["campaigns"]}

    assert made["campaign"]["nomenclature"] == "naf-2025"
    assert listed["spring"]["closed_at"] == closed["campaign"]["closed_at"]
    assert listed["main"]["closed_at"] is None


# Settings


def test_settings__of_default_toml_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWB_HOME", "AWB_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    assert Settings.load(configs_folder() / "default.toml") == Settings()


def test_settings__default_toml_names_every_field() -> None:
    """Secrets and optional fields stand in comments, since TOML has no word for nothing."""
    text = (configs_folder() / "default.toml").read_text()
    written = tomllib.loads(text)
    for name, section in Settings():
        if hasattr(section, "model_fields_set"):
            for field, value in section:
                named = field in written[name] or f"# {field}" in text

                assert named or isinstance(value, tuple), f"{name}.{field}"


def test_config_show__hides_secrets(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-in-a-file\n")
    environment = {
        "AWB_STORAGE__SECRET": "storage-secret",
        "AWB_LABELSTUDIO__TOKEN": "platform-token",
        "AWB_SERVE__WEBHOOK_SECRET": "webhook-secret",
        "AWB_LEDGER__URL": "postgresql+psycopg://user:database-password@127.0.0.1/name",
    }
    for output in ("json", "text"):
        shown = awb.call("config", "show", "--output", output, environment=environment)
        everything = shown.stdout + shown.stderr

        assert shown.code == 0
        assert not [secret for secret in (*environment.values(), "database-password") if secret in everything]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[campaign\nkey = 1", "awb.toml"),
        ("[campaign]\ncolour = 'red'", "campaign.colour"),
        ("[draw]\naudit = -3", "draw.audit"),
        ("[draw]\naudit = 'many'", "draw.audit"),
        ("campaign = 3", "campaign"),
        ("[labelstudio]\ntoken = 'abc'", "AWB_LABELSTUDIO__TOKEN"),
        ("[storage]\nsecret = 'abc'", "AWB_STORAGE__SECRET"),
        ("[ledger]\nurl = 'postgresql+psycopg://me:pass@host/db'", "AWB_LEDGER__URL"),
        ("[[intake]]\nsource = 'x'", "intake"),
        ("[training.fasttext]\ndim = 0", "dim"),
        ("[campaign]\nlanguage = 'de'", "campaign.language"),
        ("[text.cleaning]\nstemmer = 'klingon'", "klingon"),
    ],
)
def test_settings__wrong_ones_are_named(tmp_path: Path, text: str, named: str) -> None:
    result = awb.call("config", "show", *config(tmp_path, text), "--output", "json")

    refused(result, INVALID, named)


def test_settings__wrong_ones_in_the_environment_are_named() -> None:
    refused(awb.call("config", "show", "-o", "json", environment={"AWB_DRAW__AUDIT": "many"}), INVALID, "draw.audit")


def test_settings__missing_or_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"[campaign]\ntitle = '\xe9t\xe9'")
    for path in (tmp_path / "absent.toml", tmp_path, tmp_path / "latin.toml"):
        refused(awb.call("doctor", "--config", str(path), "-o", "json"), INVALID, str(path))


# Errors


def test_errors__are_told_to_people_on_standard_error_without_traceback(tmp_path: Path) -> None:
    result = awb.call("doctor", "--config", str(tmp_path / "absent.toml"))

    assert result.code == INVALID
    assert result.stdout == ""
    assert "Check --config." in result.stderr
    assert "Traceback" not in result.stderr


def test_home__that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    for command in (["init"], ["campaign", "list"], ["turn"]):
        refused(awb.call(*command, "--home", str(tmp_path / "home"), "-o", "json"), UNREACHABLE, "home")


@pytest.mark.parametrize("command", ["campaign list", "nomenclature show", "trainingset log", "turn", "init"])
def test_ledger__unreachable(tmp_path: Path, command: str) -> None:
    environment = {"AWB_LEDGER__URL": f"postgresql+psycopg://me:hidden@127.0.0.1:{free_port()}/db"}
    result = awb.call(*command.split(), "--home", str(tmp_path / "home"), "-o", "json", environment=environment)

    refused(result, UNREACHABLE)
    assert "hidden" not in result.stderr


def test_ledger__address_that_is_none(tmp_path: Path) -> None:
    environment = {"AWB_LEDGER__URL": "mysql://somewhere"}
    result = awb.call("campaign", "list", "--home", str(tmp_path / "home"), "-o", "json", environment=environment)

    refused(result, INVALID, "ledger.url")


def test_ledger__of_an_office_is_migrated_by_init_alone(tmp_path: Path) -> None:
    environment = {"AWB_LEDGER__URL": f"sqlite:///{tmp_path / 'office.db'}"}
    words = ("--home", str(tmp_path / "home"), "-o", "json")

    refused(awb.call("campaign", "list", *words, environment=environment), INSTALLATION, "awb init")
    assert awb.call("init", *words, environment=environment).code == 0
    assert awb.call("campaign", "list", *words, environment=environment).code == 0


def test_label_studio__unreachable_or_without_token(bench: Bench) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with closing(Ledger.open(f"sqlite:///{bench.home / 'ledger.db'}")) as ledger, ledger.begin() as work:
        work.platforms.add_project(campaign="main", platform=address, external_id=1, now=NOW)

    refused(bench.run("push", AWB_LABELSTUDIO__URL=address), INVALID, "AWB_LABELSTUDIO__TOKEN")
    for command in ("push", "pull"):
        result = bench.run(command, AWB_LABELSTUDIO__URL=address, AWB_LABELSTUDIO__TOKEN="0" * 40)

        refused(result, UNREACHABLE, address)
        assert "0" * 40 not in result.stderr


def test_storage__that_cannot_be_written(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file")
    for url in (f"file://{tmp_path}/blocked/storage", "s3://bucket/prefix"):
        endpoint = f"http://127.0.0.1:{free_port()}"
        result = bench.run(
            "trainingset",
            "build",
            AWB_STORAGE__URL=url,
            AWB_STORAGE__ENDPOINT=endpoint,
            AWB_STORAGE__KEY_ID="key",
            AWB_STORAGE__SECRET="secret-of-storage",
            AWB_TRAININGSET__NAME="elsewhere",
        )

        refused(result, UNREACHABLE)
        assert "secret-of-storage" not in result.stderr


def test_storage__of_an_unknown_kind(bench: Bench) -> None:
    refused(bench.run("trainingset", "build", AWB_STORAGE__URL="ftp://somewhere/x"), INVALID, "ftp")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("nomenclature show absent", "absent"),
        ("nomenclature diff naf-rev2 absent", "absent"),
        ("nomenclature import other nowhere.csv", "nowhere.csv"),
        ("correspondence show absent", "absent"),
        ("correspondence import other nowhere.csv --old naf-rev2 --new naf-2025", "nowhere.csv"),
        ("campaign show absent", "absent"),
        ("campaign close absent", "absent"),
        ("campaign create other --nomenclature absent", "absent"),
        ("push --campaign absent", "absent"),
        ("pull --campaign absent", "absent"),
        ("trainingset show v9", "v9"),
        ("trainingset diff v1 v9", "v9"),
        ("trainingset tag v9 name", "v9"),
        ("trainingset export out.csv --version v9", "v9"),
        ("trainingset rollback v9", "v9"),
        ("trainingset rebuild v9", "v9"),
        ("train --version v9", "v9"),
        ("evaluate --model 12", "12"),
        ("evaluate", "champion"),
        ("score", "champion"),
        ("score --model nobody", "nobody"),
        ("drift", "champion"),
        ("draw", "champion"),
        ("promote", "challenger"),
        ("promote --version 12", "12"),
        ("texts import nowhere.csv", "nowhere.csv"),
    ],
)
def test_missing__is_named_with_the_cure(bench: Bench, line: str, named: str) -> None:
    platform = {"AWB_LABELSTUDIO__URL": "http://127.0.0.1:1", "AWB_LABELSTUDIO__TOKEN": "x"}

    refused(bench.run(*line.split(), **platform), MISSING, named)


@pytest.mark.parametrize(
    ("content", "arguments", "named"),
    [
        (b"", "", "register.csv"),
        (b"texte\nplomberie\n", "", "libelle"),
        (b"libelle\nplomberie\n", "--code ape --coded", "ape"),
        (b"libelle\nplomberie\n", "--coded", "--code"),
        (b"libelle,id\nplomberie\n", "", "row"),
        (b"PK\x03\x04\x00\x00\xff\xfe\x00", "", "register.csv"),
    ],
)
def test_texts_import__bad_file_is_refused(
    bench: Bench, tmp_path: Path, content: bytes, arguments: str, named: str
) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(content)

    refused(bench.run("texts", "import", str(file), *arguments.split()), INVALID, named)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"a,b\n1,2\n", b"code,title\n"])
def test_nomenclature_import__bad_file_is_refused(bench: Bench, tmp_path: Path, content: bytes) -> None:
    for suffix in (".csv", ".xlsx", ".xls"):
        file = tmp_path / f"nomenclature{suffix}"
        file.write_bytes(content)

        refused(bench.run("nomenclature", "import", "bad", str(file)), INVALID)


def test_conflict__same_key_with_other_content(bench: Bench) -> None:
    refused(bench.run("nomenclature", "import", "naf-rev2", str(DEMO / "naf-2025.csv")), CONFLICT, "naf-rev2")
    refused(bench.run("campaign", "create", "main", "--nomenclature", "naf-2025"), CONFLICT, "main")
    bench("trainingset", "tag", "v1", "fixed")
    refused(bench.run("trainingset", "tag", "v2", "fixed"), CONFLICT, "v1")


def test_closed_campaign__is_neither_drawn_nor_pushed_nor_turned(bench: Bench) -> None:
    bench("campaign", "create", "past", "--nomenclature", "naf-rev2")
    bench("campaign", "close", "past")
    for command in ("push", "turn"):
        result = bench.run(
            command,
            AWB_CAMPAIGN__KEY="past",
            AWB_LABELSTUDIO__URL=f"http://127.0.0.1:{free_port()}",
            AWB_LABELSTUDIO__TOKEN="x",
        )

        refused(result, INVALID, "closed")


def test_doctor__sick_parts_end_with_7_and_say_what_to_do(tmp_path: Path) -> None:
    """The result is a finding, not an error: it stands on standard output."""
    result = awb.call("doctor", "--home", str(tmp_path / "home"), "-o", "json")

    assert result.code == REFUSED
    assert result.json["healthy"] is False
    assert all(part["cure"] for part in result.json["parts"].values() if not part["healthy"])


def test_promote__force_wants_a_reason(bench: Bench) -> None:
    refused(bench.run("promote", "--force"), INVALID, "--reason")


def test_relabel__without_a_table(bench: Bench) -> None:
    for command in ("plan", "apply"):
        refused(bench.run("relabel", command, AWB_RELABEL__CORRESPONDENCE=""), INVALID, "relabel.correspondence")


def test_turn__without_a_nomenclature(tmp_path: Path) -> None:
    refused(awb.call("turn", "--home", str(tmp_path / "home"), "-o", "json"), INVALID, "campaign.nomenclature")


def test_turn__without_texts(bench: Bench, tmp_path: Path) -> None:
    result = awb.call(
        "turn",
        "--home",
        str(tmp_path / "home"),
        "-o",
        "json",
        *config(
            tmp_path,
            f"""
            [campaign]
            nomenclature = "naf-rev2"
            [[nomenclatures]]
            key = "naf-rev2"
            path = "{DEMO / "naf-rev2.csv"}"
        """,
        ),
    )

    refused(result, INVALID, "awb texts import")


def test_simulate__without_truth(bench: Bench) -> None:
    refused(bench.run("simulate"), INVALID, "--truth")
