"""`awb gold`, `awb campaign relook`, `awb coder export` and `forget`, as people call them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.annotation.commands.test_coders_and_policy import Desk
from tests.parts import campaigns, golden

INVALID, MISSING = 3, 4


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def test_gold__comes_in_is_listed_and_retired(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "gold.csv"
    file.write_text("libelle;ape;why\nriz;01.12Z;it is rice\nrien;99.99Z;\n", encoding="utf-8")
    options = ("--input", str(file), "--text-column", "libelle", "--code-column", "ape", "--note-column", "why")
    added, again = desk("gold", "add", *options), desk("gold", "add", *options)
    (listed,) = desk("gold", "list")["gold"]
    retired = desk("gold", "retire", listed["text_key"])

    assert (added["rows"], added["recorded"], added["quarantined"]) == (2, 1, 1)
    assert [(one["row"], "99.99Z" in one["reason"]) for one in added["refused"]] == [(3, True)]
    assert (again["recorded"], again["quarantined"]) == (0, 0)
    assert (listed["text"], listed["code"], listed["note"]) == ("riz", "01.12Z", "it is rice")
    assert (listed["answers"], listed["right"]) == (0, 0)
    assert retired["retired"] is True
    assert desk("gold", "list")["gold"] == []
    assert desk.run("gold", "retire", "nothing").code == MISSING


def test_gold_propose__makes_gold_of_what_coders_agree_on(desk: Desk) -> None:
    with closing(desk.ledger()) as ledger:
        with ledger.read() as work:
            tasks = work.tasks.of_campaign(campaigns.KEY)
        golden.answer(ledger, "C001", tasks[:1], ["01.11Z"])
        golden.answer(ledger, "C002", tasks[:1], ["01.11Z"])
    proposed, accepted = desk("gold", "propose"), desk("gold", "propose", "--accept")

    assert [one["code"] for one in proposed["proposals"]] == ["01.11Z"]
    assert (proposed["accepted"], accepted["accepted"]) == (0, 1)
    assert desk("gold", "propose")["proposals"] == []


def test_relook__without_answers_plans_nothing(desk: Desk) -> None:
    assert desk("campaign", "relook", campaigns.KEY, "--budget", "10")["planned"] == 0


def test_coder_export_and_forget__write_everything_and_then_nothing_is_left(desk: Desk, tmp_path: Path) -> None:
    told = desk("coder", "export", "C001", "--to", str(tmp_path / "c1.json"))
    refused = desk.run("coder", "forget", "C001")
    done = desk("coder", "forget", "C001", "--yes")
    desk("coder", "export", "C001", "--to", str(tmp_path / "later.json"))
    (before,), (after,) = (json.loads((tmp_path / name).read_text())["coder"] for name in ("c1.json", "later.json"))

    assert told["rows"]["coder"] == 1
    assert refused.code == INVALID
    assert done["coder"] == "C001"
    assert (before["email"], after["email"]) == ("1@office.example", None)
    assert desk.run("coder", "export", "C099", "--to", str(tmp_path / "no.json")).code == MISSING
