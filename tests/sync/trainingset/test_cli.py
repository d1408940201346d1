"""The commands about versions, over a home whose versions people's judgements made."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.parts import versioned_home
from tests.parts.filled_ledger import RIGHT, WRONG
from tests.parts.versioned_home import VersionedHome

INVALID, MISSING, REFUSED = 3, 4, 7


@pytest.fixture(scope="module")
def awb(tmp_path_factory: pytest.TempPathFactory) -> VersionedHome:
    return versioned_home.make(tmp_path_factory.mktemp("versions") / "home")


def test_log__parents_changes_names_and_models(awb: VersionedHome) -> None:
    first, second = awb("trainingset", "log")["versions"]

    assert (first["tag"], first["parent"], first["names"], first["models"]) == ("v1", None, ["spring"], ["activity/1"])
    assert (second["parent"], second["added"], second["removed"], second["changed"]) == ("v1", 1, 1, 1)
    assert second["built_at"] > first["built_at"]
    assert second["collected_at"] is None


def test_show__recipe_in_words_report_and_who_learnt_from_it(awb: VersionedHome) -> None:
    shown = awb("trainingset", "show", "spring", "--rows", "2")

    assert (shown["tag"], shown["rows"], shown["source"]) == ("v1", 3, {"coder": 3})
    assert shown["rows_by_code"] == {RIGHT: 2, WRONG: 1}
    assert (shown["findings"], shown["edits"]) == ([], [])
    assert any("the first source that says something" in one for one in shown["recipe_in_words"])
    assert shown["runs"] == {"activity/1": "run-1"}
    assert len(shown["first_rows"]) == 2


def test_show__names_one_version_in_one_way(awb: VersionedHome) -> None:
    assert awb.run("trainingset", "show", "v1", "--model", "activity/1").code == INVALID


def test_show__of_a_model_before_there_is_an_mlflow(awb: VersionedHome) -> None:
    result = awb.run("trainingset", "show", "--model", "activity/1")

    assert (result.code, "awb train" in result.error["cure"]) == (MISSING, True)


def test_diff__counts_totals_and_who_said_so(awb: VersionedHome) -> None:
    found = awb("trainingset", "diff", "v1", "v2")
    (recoded,), (removed,) = found["rows"]["recoded"], found["rows"]["removed"]

    assert found["counts"] == {
        "added": 1, "removed": 1, "recoded": 1, "reweighted": 0, "otherwise": 0, "by_rule": 0,
    }  # fmt: skip
    assert {one["coder"]: (one["added"], one["removed"], one["entered"]) for one in found["coders"]} == {
        "C001": (0, 0, 1), "C002": (1, 1, 0),
    }  # fmt: skip
    assert [(one["coder"], one["code"], one["in_force"]) for one in recoded["judgements"]] == [("C001", WRONG, True)]
    assert [(one["code"], one["in_force"]) for one in recoded["judgements_before"]] == [(RIGHT, False)]
    assert [(one["coder"], one["campaign"], one["in_force"]) for one in removed["judgements"]] == [
        ("C002", "main", False)
    ]


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        (["--coder", "C002"], {"added": 1, "removed": 1}),
        (["--code", "47"], {"removed": 1, "recoded": 1}),
        (["--code", WRONG, "--coder", "C001"], {"recoded": 1}),
        (["--coder", "C999"], {}),
    ],
)
def test_diff__restricted(awb: VersionedHome, options: list[str], counts: dict[str, int]) -> None:
    found = awb("trainingset", "diff", "v1", "v2", "--rows", "0", *options)

    assert {kind: number for kind, number in found["counts"].items() if number} == counts


def test_diff__as_a_table_with_all_rows(awb: VersionedHome, tmp_path: Path) -> None:
    for name in ("diff.csv", "diff.parquet"):
        awb("trainingset", "diff", "v1", "v2", "--rows", "0", "--to", str(tmp_path / name))
    csv = pd.read_csv(tmp_path / "diff.csv", encoding="utf-8-sig").set_index("kind")
    parquet = pd.read_parquet(tmp_path / "diff.parquet").set_index("kind")

    assert csv["code"].to_dict() == parquet["code"].to_dict() == {"added": RIGHT, "removed": WRONG, "recoded": WRONG}
    assert json.loads(parquet.loc["recoded", "judgements_before"])[0]["coder"] == "C001"


def test_diff__in_a_file_names_coders_by_the_office_key(awb: VersionedHome, tmp_path: Path) -> None:
    file = tmp_path / "diff.csv"
    awb(
        "trainingset",
        "diff",
        "v1",
        "v2",
        "--to",
        str(file),
        AWB_PRIVACY__PSEUDONYM_KEY="a-key-of-this-test-long-enough",
    )
    text = file.read_text(encoding="utf-8-sig")

    assert "C001" not in text
    assert "C002" not in text


def test_diff__as_a_page(awb: VersionedHome, tmp_path: Path) -> None:
    file = tmp_path / "diff.html"
    result = awb.run("trainingset", "diff", "v1", "v2", "--to", str(file), output="html")
    page = file.read_text()

    assert (result.code, result.stdout) == (0, "")
    assert page.count("<svg") == 2
    assert "C002 said 10.71C on 2026-11-21 (main, judgement 5)" in page


@pytest.mark.parametrize(("file", "output"), [("diff.doc", "text"), ("diff.csv", "html")])
def test_diff__to_a_file_that_cannot_hold_it(awb: VersionedHome, file: str, output: str) -> None:
    assert awb.run("trainingset", "diff", "v1", "v2", "--to", file, output=output).code == INVALID


def test_blame__the_whole_story_in_order(awb: VersionedHome) -> None:
    told = awb("trainingset", "blame", awb.tasks[0].text_key)
    story = [(one["what"], one["who"], one["code"], one["holds"]) for one in told["moments"]]

    assert (told["row"]["code"], told["learnt_by"]) == (WRONG, ["activity/1"])
    assert story == [
        ("asked", "2026-10", None, True),
        ("judged", "C001", RIGHT, False),
        ("labelled", "coder C001", RIGHT, False),
        ("judged", "C001", WRONG, True),
        ("labelled", "coder C001", WRONG, True),
        ("version", "v1", RIGHT, False),
        ("version", "v2", WRONG, True),
    ]


def test_blame__what_was_withdrawn_is_told(awb: VersionedHome) -> None:
    told = awb("trainingset", "blame", awb.tasks[2].text_key)

    assert told["row"] is None
    assert [one["told"] for one in told["moments"] if one["what"] == "version"][-1] == "left out"
    assert any("withdrawn" in one["told"] for one in told["moments"] if one["what"] == "judged")


def test_verify__each_version(awb: VersionedHome) -> None:
    found = awb("trainingset", "verify", "--all")

    assert found["sound"] is True
    assert [(one["tag"], one["rows"], one["faults"]) for one in found["versions"]] == [("v1", 3, []), ("v2", 3, [])]


def test_verify__all_or_one(awb: VersionedHome) -> None:
    assert awb.run("trainingset", "verify", "v1", "--all").code == INVALID


def test_export__part_of_a_version(awb: VersionedHome, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    done = awb("trainingset", "export", str(file), "--version", "v1", "--format", "csv", "--source", "coder")
    none = awb("trainingset", "export", str(file), "--format", "csv", "--source", "table")

    assert (done["rows"], none["rows"], none["of"]) == (3, 0, 3)


def test_gc__says_why_what_is_kept_is_kept(awb: VersionedHome) -> None:
    found = awb("trainingset", "gc", "--keep-last", "0", "--keep-days", "0", "--dry-run")

    assert found["kept"] == {
        "v1": ["it is called spring", "activity/1 learnt from it"],
        "v2": ["it is the current one"],
    }
    assert (found["versions"], found["dry_run"]) == ([], True)


def test_gc__what_went_can_be_looked_up_and_built_again(tmp_path: Path) -> None:
    awb = versioned_home.make(tmp_path / "home")
    awb("trainingset", "rollback", "v1")
    done = awb("trainingset", "gc", "--keep-last", "0", "--keep-days", "0", "--grace-hours", "0")
    first, second, third = awb("trainingset", "log")["versions"]

    assert done["versions"] == ["v2"]
    assert [bool(one["collected_at"]) for one in (first, second, third)] == [False, True, False]
    assert awb("trainingset", "verify", "--all")["sound"] is True
    assert awb("trainingset", "rebuild", "v2")["equal"] is True
    assert awb("trainingset", "show", "v2")["first_rows"] == []
    assert awb("trainingset", "diff", "v1", "v3")["counts"]["recoded"] == 0
    assert awb.run("trainingset", "verify", "v2").code == MISSING


def test_rules__their_edits_are_shown_told_and_blamed(tmp_path: Path) -> None:
    awb = versioned_home.make(tmp_path / "home")
    awb.add_ruled()
    shown, changed = awb("trainingset", "show"), awb("trainingset", "diff", "v2", "v3")
    blamed = awb("trainingset", "blame", awb.tasks[1].text_key)["moments"]
    people = awb.run("trainingset", "show", output="text").stdout

    assert [(one["rule"], one["code_before"], one["code_after"]) for one in shown["edits"]] == [
        ("unclear", WRONG, None), ("sold-only", RIGHT, WRONG), ("sold-only", RIGHT, WRONG),
    ]  # fmt: skip
    assert {one["check"] for one in shown["findings"]} == {"source_shares", "distribution"}
    assert (changed["counts"]["by_rule"], changed["counts"]["recoded"], changed["counts"]["removed"]) == (2, 2, 1)
    assert [(one["who"], one["code"]) for one in blamed if one["what"] == "edited"] == [("sold-only", WRONG)]
    assert "Bread that is" in people
    assert "sold-only" in people


def test_build__refused_shows_what_was_found_and_writes_nothing(awb: VersionedHome) -> None:
    result = awb.run("trainingset", "build", AWB_TRAININGSET__CHECKS='{"largest_shares": {"coder": 0.1}}')
    (finding,) = [one for one in result.json["findings"] if one["level"] == "stop"]

    assert (result.code, result.json["refused"]) == (REFUSED, True)
    assert finding["check"] == "source_shares"
    assert {one["wording"] for one in finding["rows"]} == {awb.wording(number) for number in (0, 1, 3)}
    assert result.error["error"] == "BuildRefusedError"
    assert [one["tag"] for one in awb("trainingset", "log")["versions"]] == ["v1", "v2"]


def test_text__is_for_people(awb: VersionedHome) -> None:
    for line in ("log", "show v1", "diff v1 v2", f"blame {awb.tasks[0].text_key}", "verify", "gc --dry-run"):
        shown = awb.run("trainingset", *line.split(), output="text")

        assert (shown.code, bool(shown.stdout.strip())) == (0, True), shown.stderr


@pytest.mark.parametrize("line", ["show v9", "diff v1 v9", "blame nothing-of-the-kind", "verify v9", "rebuild v9"])
def test_missing__is_named(awb: VersionedHome, line: str) -> None:
    result = awb.run("trainingset", *line.split())

    assert result.code == MISSING
    assert line.split()[-1] in result.error["message"]
