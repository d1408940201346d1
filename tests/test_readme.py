"""What the README tells people to type is true: commands, settings, file names, and the code of its snippets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from annotation import errors
from annotation.domain.text import Normaliser
from annotation.errors import WorkbenchError
from annotation.nomenclature import readers
from sync.cli import app
from sync.settings import Settings
from sync.storage import Storage
from sync.trainingset import rulefile
from sync.trainingset.store import TrainingSetStore
from tests.parts.trainingrows import codes, rows

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOT_COMMAND: Any = typer.main.get_command(app)


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def command_lines() -> list[str]:
    """Each `awb …` in inline code or a shell snippet, from ``awb`` on, once."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE))
    typed = [line for text in snippets("sh") for line in text.splitlines()]
    found = (re.search(r"(?:^|&& |uv run )(awb [a-z].*)$", line) for line in [*inline, *typed])
    return list(dict.fromkeys(match[1] for match in found if match))


def resolve(words: list[str]) -> tuple[Any, list[str], list[str]]:
    """The command at the end of the path, the path, and what is left for it to parse."""
    command, path = ROOT_COMMAND, []
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        path.append(words[0])
        words = words[1:]
    return command, path, words


def leaves(command: Any = ROOT_COMMAND, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(path)
        return
    for name, child in command.commands.items():
        yield from leaves(child, (*path, name))


@pytest.mark.parametrize("line", command_lines())
def test_commands__parse_as_they_stand(line: str) -> None:
    command, path, rest = resolve(shlex.split(line)[1:])

    assert not hasattr(command, "commands"), f"{line} names no command"
    command.make_context(path[-1], rest)  # raises what a person would be told


def test_commands__each_has_its_line() -> None:
    shown = {" ".join(resolve(shlex.split(line)[1:])[1]) for line in command_lines()}

    assert set(leaves()) == shown


RULES = [snippet for snippet in snippets("toml") if snippet.startswith("[[rules]]")]


@pytest.mark.parametrize("snippet", [snippet for snippet in snippets("toml") if snippet not in RULES])
def test_settings__load(snippet: str, tmp_path: Path) -> None:
    (tmp_path / "awb.toml").write_text(snippet, encoding="utf-8")

    Settings.load(tmp_path / "awb.toml")


def test_rules__are_those_of_the_demo_s_nomenclature(tmp_path: Path) -> None:
    (snippet,) = RULES
    (tmp_path / "rules.toml").write_text(snippet, encoding="utf-8")
    nomenclature = readers.read_nomenclature(ROOT / "configs/demo/naf-rev2.csv", key="naf-rev2")

    found = rulefile.read(
        storage=Storage(str(tmp_path)), path="rules.toml", nomenclature=nomenclature, normaliser=Normaliser()
    )
    assert [(rule.id, rule.code) for rule in found] == [("point-chaud", "47.24Z")]


def test_settings__named_variables_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(re.findall(r"AWB_([A-Z]+__[A-Z_]+)", README)) - {"SECTION__FIELD"}

    assert names
    for name in names:
        section, field = name.lower().split("__")
        assert field in type(getattr(Settings(), section)).model_fields, name


def test_exit_codes__are_those_of_the_errors() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, WorkbenchError)]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert {one.exit_code for one in kinds} <= told


def test_files__that_are_named_exist() -> None:
    named = set(re.findall(r"(?<![\w/])((?:configs|tests)/[\w./-]+)", README))

    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_python__reads_a_version_without_our_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of v2: one as in v1, one recoded, one new; the removed one is gone for every reader."""
    (tmp_path / ".awb").mkdir()
    uri, storage = f"sqlite:///{tmp_path}/.awb/ledger.db", Storage(str(tmp_path / ".awb" / "storage"))
    with TrainingSetStore(catalog_uri=uri, storage=storage, name="trainingset") as store:
        store.commit(rows=rows({"a": "01.11Z", "b": "01.12Z", "c": "01.13Z"}), tag="v1", parent=None)
        store.commit(rows=rows({"a": "01.11Z", "b": "01.14Z", "d": "01.15Z"}), tag="v2", parent="v1")
        store.commit(rows=rows({"a": "01.16Z"}), tag="v3", parent="v2")
        expected = codes(store.read("v2"))
    monkeypatch.chdir(tmp_path)

    found: dict[str, Any] = {}
    (snippet,) = [one for one in snippets("python") if "SqlCatalog" in one]
    exec(compile(snippet, "README.md", "exec"), found)
    found["catalog"].close()

    assert expected == {"a": "01.11Z", "b": "01.14Z", "d": "01.15Z"}
    for frame in (found["frame"], found["same"]):
        assert dict(zip(frame["text_key"], frame["code"], strict=True)) == expected
    assert list((tmp_path / ".awb/storage/trainingset/trainingset/metadata").glob("*.metadata.json"))
