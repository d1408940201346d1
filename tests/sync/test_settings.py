from __future__ import annotations

import os
from pathlib import Path

import pytest

from annotation.errors import HIDDEN, InvalidInputError
from sync.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWB_")]:
        monkeypatch.delenv(name)


def load(folder: Path, content: str) -> Settings:
    (folder / "awb.toml").write_text(content, encoding="utf-8")
    return Settings.load(folder / "awb.toml")


def refusal(folder: Path, content: str) -> str:
    with pytest.raises(InvalidInputError) as error:
        load(folder, content)
    return str(error.value)


def test_load__without_a_file_there_are_defaults() -> None:
    settings = Settings.load(None)

    assert (settings.home, settings.draw.audit, settings.simulate.coders) == (Path(".awb"), 150, 0)
    assert settings.ledger_url == f"sqlite:///{Path('.awb').resolve() / 'ledger.db'}"


def test_load__environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWB_DRAW__AUDIT", "7")
    monkeypatch.setenv("AWB_TRAINING__FASTTEXT__DIM", "20")
    settings = load(tmp_path, "[draw]\naudit = 70\nuncertain = 80\n[training.fasttext]\nepoch = 5\n")

    assert (settings.draw.audit, settings.draw.uncertain) == (7, 80)
    assert (settings.training.fasttext.dim, settings.training.fasttext.epoch) == (20, 5)


def test_load__home_that_is_given_stands_above_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWB_HOME", "/elsewhere")

    assert Settings.load(None).home == Path("/elsewhere")
    assert Settings.load(None, home=tmp_path).home == tmp_path


def test_load__paths_start_at_the_files_folder(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        'home = "state"\n[rehearsal]\npath = "../coded.csv"\n[simulate]\ntruth_path = "/abs.csv"\n'
        '[labelstudio]\ntoken_file = "secrets/token"\n[[intake]]\npath = "s3://bucket/flow"\n'
        '[[nomenclatures]]\nkey = "naf"\npath = "naf.xls"\nnotes_path = "https://insee.example/notes.xlsx"\n',
    )

    assert settings.home == tmp_path / "state"
    assert settings.rehearsal.path == str(tmp_path.parent / "coded.csv")
    assert settings.simulate.truth_path == "/abs.csv"
    assert settings.labelstudio.token_file == tmp_path / "secrets" / "token"
    assert settings.intake[0].path == "s3://bucket/flow"
    assert settings.nomenclatures[0].path == str(tmp_path / "naf.xls")
    assert settings.nomenclatures[0].notes_path == "https://insee.example/notes.xlsx"


@pytest.mark.parametrize(
    ("content", "variable"),
    [
        ('[labelstudio]\ntoken = "abc"', "AWB_LABELSTUDIO__TOKEN"),
        ('[storage]\nsecret = "abc"', "AWB_STORAGE__SECRET"),
        ('[serve]\nwebhook_secret = "abc"', "AWB_SERVE__WEBHOOK_SECRET"),
        ('[ledger]\nurl = "postgresql+psycopg://me:abc@host/x"', "AWB_LEDGER__URL"),
        ('[mlflow]\ntracking_uri = "https://me:abc@host"', "AWB_MLFLOW__TRACKING_URI"),
    ],
)
def test_load__a_secret_in_the_file_is_refused(tmp_path: Path, content: str, variable: str) -> None:
    said = refusal(tmp_path, content)

    assert f"set {variable}" in said
    assert "abc" not in said


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[draw]\naudits = 5", "draw.audits"),
        ("[draws]\naudit = 5", "draws"),
        ('[draw]\naudit = "many"', "draw.audit"),
        ("[draw]\naudit = -1", "draw.audit"),
        ('[training.fasttext]\nloss = "best"', "training.fasttext.loss"),
        ("[training.fasttext]\nthreads = 4", "training.fasttext"),
        ('[text.cleaning]\nstemmer = "klingon"', "text.cleaning"),
        ('[campaign]\nlanguage = "de"', "campaign.language"),
    ],
)
def test_load__names_the_field_that_is_wrong(tmp_path: Path, content: str, named: str) -> None:
    said = refusal(tmp_path, content)

    assert f"{named}: " in said
    assert "awb.toml" in said


def test_load__names_a_wrong_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWB_DRAW__AUDITS", "5")
    with pytest.raises(InvalidInputError, match=r"the environment are wrong: draw\.audits"):
        Settings.load(None)


def test_load__no_toml_and_no_file(tmp_path: Path) -> None:
    assert "is no TOML" in refusal(tmp_path, "draw = [")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        Settings.load(tmp_path / "nowhere.toml")


def test_shown__hides_every_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWB_LEDGER__URL", "postgresql+psycopg://me:hunter2@host/x")
    for name in ("LABELSTUDIO__TOKEN", "SERVE__WEBHOOK_SECRET", "SERVE__TOKENS", "STORAGE__KEY_ID", "STORAGE__SECRET"):
        monkeypatch.setenv(f"AWB_{name}", "hunter2")
    settings = Settings.load(None)
    shown = settings.shown()

    assert "hunter2" not in str(shown)
    assert shown["ledger"]["url"] == "postgresql+psycopg://me:********@host/x"
    assert shown["storage"]["secret"] == HIDDEN
    assert shown["labelstudio"]["token_file"] is None
    assert settings.labelstudio.read_token() == "hunter2"
    assert settings.serve.read_tokens() == {"hunter2"}


def test_read_secret__from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n", encoding="utf-8")

    settings = load(tmp_path, '[labelstudio]\ntoken_file = "token"')

    assert settings.labelstudio.read_token() == "hunter2"
    assert "hunter2" not in str(settings.shown())


def test_read_secret__file_that_is_not_there(tmp_path: Path) -> None:
    settings = load(tmp_path, '[storage]\nsecret_file = "nowhere"')
    with pytest.raises(InvalidInputError, match="nowhere cannot be read"):
        settings.open_storage()


def test_default_toml__says_what_the_program_does() -> None:
    """The shipped file shows every default; one that has gone stale would mislead."""
    shipped = Path(__file__).resolve().parents[2] / "configs" / "default.toml"
    given, default = Settings.load(shipped), Settings.load(None)

    assert given.model_dump(exclude={"home"}) == default.model_dump(exclude={"home"})
