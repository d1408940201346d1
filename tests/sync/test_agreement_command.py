"""`awb agreement` on files that others made, and on a campaign."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb, campaigns, filled_ledger
from tests.parts.awb import Result
from tests.parts.filled_ledger import RIGHT, WRONG, Answer, Component
from tests.parts.simulated_ratings import World

COLUMNS = ("--text-column", "texte", "--coder-column", "codeur", "--code-column", "code")
KEYS = ("percent", "cohen", "fleiss", "krippendorff", "gwet", "krippendorff_hierarchical")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a small nomenclature and a campaign."""
    with closing(Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.migrate()
        filled_ledger.add_campaign(ledger)
        with ledger.begin() as work:
            work.nomenclatures.add(campaigns.NAF, origin="by hand", sha256="0" * 64, now=campaigns.NOW)
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return awb.call(*arguments, "--home", str(home), environment={})


def table(folder: Path, rows: list[tuple[str, str, str]], *, separator: str = ";") -> str:
    path = folder / "judged.csv"
    pd.DataFrame(rows, columns=["texte", "codeur", "code"]).to_csv(path, sep=separator, index=False, encoding="cp1252")
    return str(path)


def test_agreement__of_a_table_with_a_nomenclature(home: Path) -> None:
    rows = [
        ("blé dur", "zoé", "01.11Z"), ("blé dur", "léa", "0111Z"),
        ("riz", "zoé", "01.12Z"), ("riz", "léa", "01.11Z"),
        ("café", "zoé", "56.10A"), ("café", "léa", "56.10A"), ("café", "léa", ""),
        ("thé", "zoé", "99.99Z"), ("eau", "zoé", "01.13Z"),
    ]  # fmt: skip
    told = run(
        home, "agreement", "--input", table(home, rows), *COLUMNS, "--nomenclature", "naf-small", "--output", "json"
    )
    found = told.succeeded()

    assert found["percent"]["value"] == pytest.approx(2 / 3)
    assert all(set(found[name]) == {"value", "low", "high", "units"} for name in KEYS)
    assert all(found[name]["low"] <= found[name]["value"] <= found[name]["high"] for name in KEYS)
    assert list(found["levels"]) == ["1", "2", "3"]
    assert found["levels"]["1"]["percent"]["value"] == 1.0
    assert (found["units"], found["texts"], found["coders"], found["judgements"]) == (3, 4, 2, 7)
    assert [one["row"] for one in found["quarantined"]] == [8, 9]
    assert found["quarantined_rows"] == 2


def test_agreement__without_a_nomenclature_needs_no_ledger(tmp_path: Path) -> None:
    rows = [("a", "1", "x"), ("a", "2", "x"), ("b", "1", "y"), ("b", "2", "x")]
    found = run(
        tmp_path / "nowhere", "agreement", "--input", table(tmp_path, rows, separator=","), *COLUMNS, "--output", "json"
    ).succeeded()

    assert (found["percent"]["value"], found["levels"]) == (0.5, {})
    assert found["krippendorff_hierarchical"]["value"] is None
    assert not (tmp_path / "nowhere").exists()


def test_agreement__of_what_has_no_value_is_null(tmp_path: Path) -> None:
    told = run(
        tmp_path, "agreement", "--input", table(tmp_path, [("a", "1", "x"), ("a", "2", "x")]), *COLUMNS, "-o", "json"
    )

    assert "NaN" not in told.stdout
    assert told.succeeded()["cohen"] == {"value": None, "low": None, "high": None, "units": 0}


def test_agreement__for_people(home: Path) -> None:
    rows = [("a", "1", "01.11Z"), ("a", "2", "01.11Z"), ("b", "1", "01.12Z"), ("b", "2", ""), ("b", "3", "56.10A")]
    told = run(home, "agreement", "--input", table(home, rows), *COLUMNS, "--nomenclature", "naf-small")

    assert "4 judgements of 3 coders on 2 texts, 2 of which have two and more." in told.stdout
    assert "Krippendorff's alpha" in told.stdout
    assert "level 1" in told.stdout
    assert "row 5: The row has no code." in told.stdout


def test_agreement__a_hundred_thousand_rows_take_seconds(tmp_path: Path) -> None:
    drawn = World(700, 5, 0.85).draw(20_000, np.random.default_rng(1))
    frame = pd.DataFrame({"texte": drawn.unit, "codeur": drawn.coder, "code": drawn.code})
    frame.to_parquet(tmp_path / "long.parquet")
    began = time.perf_counter()
    found = run(tmp_path, "agreement", "--input", str(tmp_path / "long.parquet"), *COLUMNS, "-o", "json").succeeded()

    assert time.perf_counter() - began < 15
    assert found["judgements"] == 100_000


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--input", "{file}", "--text-column", "texte"), 2, "--coder-column, --code-column"),
        (("--input", "{file}", *COLUMNS[:-1], "ape"), 3, "no column 'ape'"),
        (("--input", "{file}", *COLUMNS, "--nomenclature", "isco"), 4, "isco"),
        (("--input", "{file}", *COLUMNS, "--campaign", "main"), 2, "not both"),
        (("--input", "missing.csv", *COLUMNS), 4, "nothing at"),
        (("--campaign", "winter"), 4, "winter"),
    ],
)
def test_agreement__what_cannot_be_read_is_told(home: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    file = table(home, [("a", "1", "x")])
    done = run(home, "agreement", *(one.format(file=file) for one in arguments))

    assert done.code == code
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_agreement__of_a_campaign_with_its_ceiling(home: Path) -> None:
    with closing(Ledger.open(f"sqlite:///{home / 'ledger.db'}")) as ledger:
        tasks = filled_ledger.add_draw(ledger, "d", days_ago=3, tasks=[(Component.AUDIT, 20)])
        pairs = [
            (task, Answer(coder, code=WRONG if coder == "2" and i < 5 else RIGHT))
            for i, task in enumerate(tasks)
            for coder in "12"
        ]
        filled_ledger.judge(ledger, pairs)

    found = run(home, "agreement", "--campaign", "main", "-o", "json").succeeded()
    told = run(home, "agreement", "--campaign", "main")

    assert found["percent"]["value"] == pytest.approx(0.75)
    assert found["human_ceiling"]["value"] == pytest.approx(0.75, abs=0.01)
    assert (list(found["components"]), list(found["periods"])) == (["audit"], ["2026-11"])
    assert [one["pair"] for one in found["pairs"]] == [["C001", "C002"]]
    assert "C001 and C002" in told.stdout
    assert "Human ceiling" in told.stdout


def test_anchoring__of_a_campaign_without_blind_tasks_says_how_to_have_some(home: Path) -> None:
    told = run(home, "campaign", "anchoring", "main")
    data = json.loads(run(home, "campaign", "anchoring", "main", "-o", "json").stdout)

    assert "blind_share" in told.stdout
    assert data == {"campaign": "main", "anchoring": None}
