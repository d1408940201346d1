from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from annotation.domain import pseudonym
from annotation.domain.text import text_key
from annotation.ledger.unit_of_work import Ledger
from sync.configs_folder import configs_folder
from tests.parts import awb
from tests.parts.awb import Result

NAMED = "cabinet de Mme Aurélie d'Exemple"
OLD = "2019-05-01"


class Bench:
    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"

    def run(self, *words: str, **environment: str) -> Result:
        known = {"AWB_CAMPAIGN__NOMENCLATURE": "naf-rev2", **environment}
        return awb.call(*words, "--home", str(self.home), "--output", "json", environment=known)

    def __call__(self, *words: str, **environment: str) -> dict[str, Any]:
        return self.run(*words, **environment).succeeded()

    def texts(self) -> dict[str, str]:
        """Wordings by key."""
        ledger = Ledger.open(f"sqlite:///{self.home / 'ledger.db'}")
        with ledger.read() as work:
            keys = [text_key(one, {}) for one in (NAMED, "boulangerie", "vieux texte")]
            found = {key: text.text for key, text in work.texts.get(keys).items()}
        ledger.close()
        return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two coded texts, one of which names a person, in a version; and an old text without a code."""
    folder = tmp_path_factory.mktemp("privacy")
    made = Bench(folder)
    made("init")
    made("nomenclature", "import", "naf-rev2", str(configs_folder() / "demo" / "naf-rev2.csv"))
    made("campaign", "create", "main")
    for name, rows in {
        "coded": [("1", NAMED, "2026-01-01", "96.02A"), ("2", "boulangerie", "2026-01-01", "10.71C")],
        "old": [("3", "vieux texte", OLD, "")],
    }.items():
        file = folder / f"{name}.csv"
        with file.open("w", newline="") as opened:
            csv.writer(opened).writerows([("id", "libelle", "jour", "ape"), *rows])
        coded = ("--code", "ape", "--coded") if name == "coded" else ()
        made("texts", "import", str(file), "--source", name, "--id", "id", "--date", "jour", *coded)
    made("trainingset", "build")
    return made


def test_erase__by_age_spares_what_something_rests_on(bench: Bench) -> None:
    counted = bench("privacy", "erase", "--dry-run", AWB_PRIVACY__KEEP_TEXTS_DAYS="365")
    before = bench.texts()
    done = bench("privacy", "erase", "--yes", AWB_PRIVACY__KEEP_TEXTS_DAYS="365")

    old = text_key("vieux texte", {})
    assert (counted["due"], counted["texts"], done["texts"]) == (1, 0, 1)
    assert before[old] == "vieux texte"
    assert bench.texts() == before | {old: ""}


def test_erase__one_text_names_the_versions_that_hold_it_and_the_next_leaves_it_out(bench: Bench) -> None:
    key = text_key(NAMED, {})
    counted = bench("privacy", "erase", key, "--dry-run")
    done = bench("privacy", "erase", key, "--yes")
    built = bench("trainingset", "build")

    assert counted["versions"] == done["versions"] == ["v1"]
    assert counted["rested"] == ["label", "version"]
    assert bench.texts()[key] == ""
    assert (built["version"]["tag"], built["version"]["rows"]) == ("v2", 1)
    assert "Aurélie" not in (bench.home / "ledger.db").read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("words", [("0" * 20,), (), ("0" * 20, "--older-than", "3")])
def test_erase__is_never_done_by_mistake(bench: Bench, words: tuple[str, ...]) -> None:
    before = bench.texts()

    assert bench.run("privacy", "erase", *words).code == 3
    assert bench.run("privacy", "erase", *words, "--yes").code in (3, 4)
    assert bench.texts() == before


def test_rotate_key__what_is_exported_afterwards_bears_other_names(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "keys" / "pseudonyms"
    environment = {"AWB_PRIVACY__PSEUDONYM_KEY_FILE": str(file)}
    first = bench("privacy", "rotate-key", **environment)["key"]
    exported = bench("campaign", "export", "main", "--to", str(tmp_path / "out"), **environment)
    second = bench("privacy", "rotate-key", **environment)["key"]

    assert exported["pseudonym_key"] == first != second
    assert file.stat().st_mode & 0o777 == 0o600
    assert [key.id for key in pseudonym.keys(file.read_text())] == [first, second]
    assert bench("campaign", "export", "main", "--to", str(tmp_path / "out"))["pseudonym_key"] is None


def test_rotate_key__without_a_file_says_which_setting(bench: Bench) -> None:
    refused = bench.run("privacy", "rotate-key")

    assert refused.code == 3
    assert "privacy.pseudonym_key_file" in refused.error["cure"]
