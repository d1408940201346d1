"""A turn by hand: every command in the order of the loop, each once more, as JSON and for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from annotation.labelstudio.server import LabelStudioServer
from tests.parts import awb, tinycorpus
from tests.parts.tinycorpus import CODES, KNOWN, TEXTS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.integration,
    pytest.mark.timeout(1200),
    # MLflow's tables on a SQLite file, which the commands open in this process.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]

AUDIT, UNCERTAIN = 20, 15
CAMPAIGN = "by-hand"
OTHERS = ("--drifting", "0", "--rare", "0", "--disagreement", "0")
DRAWN = ("draw", "--key", "first", "--audit", str(AUDIT), "--uncertain", str(UNCERTAIN), *OTHERS)


@dataclass
class Story:
    """Answers by the name of the step, those of a repetition under ``again``."""

    folder: Path
    environment: dict[str, str]
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: dict[str, dict[str, Any]] = field(default_factory=dict)

    def tell(self, name: str, *arguments: str, repeated: bool = True) -> None:
        self.first[name] = self.run(*arguments, "--output", "json").succeeded()
        if repeated:
            self.again[name] = self.run(*arguments, "--output", "json").succeeded()

    def run(self, *arguments: str) -> awb.Result:
        where = ("--config", str(self.folder / "awb.toml"), "--home", str(self.folder / "home"))
        return awb.call(*arguments, *where, environment=self.environment)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, label_studio: LabelStudioServer) -> Story:
    folder = tmp_path_factory.mktemp("by-hand")
    tinycorpus.write(folder, campaign=CAMPAIGN)
    _write_newer_codes(folder)
    server = {"AWB_LABELSTUDIO__URL": label_studio.url, "AWB_LABELSTUDIO__TOKEN": label_studio.account.token}
    told = Story(folder, {**server, "AWB_RELABEL__CORRESPONDENCE": "flat-newer"})
    known, arriving = str(folder / "known.csv"), str(folder / "arriving.csv")

    told.tell("init", "init")
    told.tell("known", "texts", "import", known, "--text", "text", "--code", "code", "--coded", "--source", "known")
    told.tell("build", "trainingset", "build")
    told.tell("train", "train")
    told.tell("promote", "promote")
    told.tell("arriving", "texts", "import", arriving, "--text", "text", "--source", "arriving")
    told.tell("score", "score")
    told.tell("drift", "drift")
    told.tell("draw", *DRAWN)
    told.tell("push", "push")
    told.tell("simulate", "simulate", "--coders", "2", "--skip-rate", "0", "--error-rate", "0")
    told.tell("pull", "pull")
    told.tell("full pull", "pull", "--full", repeated=False)
    told.tell("second build", "trainingset", "build")
    told.tell("second train", "train")
    told.tell("second promote", "promote", "--force", "--reason", "the test wants it")
    told.tell("evaluate", "evaluate")
    told.tell("log", "trainingset", "log")
    told.tell("newer", "nomenclature", "import", "newer", str(folder / "newer.csv"))
    table = ("flat-newer", str(folder / "flat-newer.csv"), "--old", "flat", "--new", "newer")
    told.tell("table", "correspondence", "import", *table)
    told.tell("plan", "relabel", "plan")
    told.tell("apply", "relabel", "apply")
    told.tell("show", "campaign", "show")
    return told


def _write_newer_codes(folder: Path) -> None:
    """A1 is divided; every other code keeps its meaning under a new name."""
    pairs = [(code, f"N{code}") for code in CODES] + [("A1", "NA9")]
    newer = [f"{new},{CODES[old][1]} {new}\n" for old, new in pairs]
    (folder / "newer.csv").write_text("code,title\n" + "".join(newer))
    (folder / "flat-newer.csv").write_text("old,new\n" + "".join(f"{old},{new}\n" for old, new in pairs))


def test_texts_import__takes_each_row_once(story: Story) -> None:
    assert (story.first["known"]["texts"], story.first["known"]["labels"]) == (KNOWN, KNOWN)
    assert story.first["arriving"]["texts"] == TEXTS - KNOWN
    for name in ("known", "arriving"):
        assert (story.again[name]["texts"], story.again[name]["declarations"], story.again[name]["labels"]) == (0, 0, 0)


def test_trainingset_build__makes_a_version_of_what_is_new(story: Story) -> None:
    first, second = story.first["build"], story.first["second build"]

    assert (first["version"]["tag"], first["version"]["parent"], first["version"]["rows"]) == ("v1", None, KNOWN)
    assert (second["version"]["tag"], second["version"]["parent"], second["new"]) == ("v2", "v1", True)
    assert not story.again["build"]["new"]
    assert not story.again["second build"]["new"]


def test_train__makes_a_model_of_a_version_once(story: Story) -> None:
    assert (story.first["train"]["model_version"], story.first["train"]["new"]) == (f"{CAMPAIGN}/1", True)
    assert (story.again["train"]["model_version"], story.again["train"]["new"]) == (f"{CAMPAIGN}/1", False)
    assert story.first["second train"]["model"]["trainingset_tag"] == "v2"


def test_promote__the_first_has_nobody_to_beat_and_force_is_stored(story: Story) -> None:
    assert (story.first["promote"]["promoted"], story.first["promote"]["champion"]) == (True, f"{CAMPAIGN}/1")
    assert story.first["second promote"]["champion"] == f"{CAMPAIGN}/2"
    assert story.again["second promote"]["champion"] == f"{CAMPAIGN}/2"


def test_score__scores_what_was_not_scored(story: Story) -> None:
    assert story.first["score"]["scored"] + story.first["score"]["unscored"] == TEXTS
    assert (story.again["score"]["scored"], story.again["score"]["unscored"]) == (0, 0)


def test_draw__is_found_again_by_its_key(story: Story) -> None:
    drawn = story.first["draw"]

    assert (drawn["components"].keys(), drawn["components"]["audit"]) == ({"audit", "uncertain"}, AUDIT)
    # Components are drawn independently; where two meet in a text, one task is made of it.
    assert story.again["draw"]["tasks"] == drawn["tasks"] == pytest.approx(AUDIT + UNCERTAIN, abs=4)
    assert (story.first["draw"]["new"], story.again["draw"]["new"]) == (True, False)


def test_push_and_pull__do_nothing_twice(story: Story) -> None:
    number = story.first["draw"]["tasks"]

    assert (story.first["push"]["pushed"], story.again["push"]["pushed"]) == (number, 0)
    assert (story.first["simulate"]["answered"], story.again["simulate"]["answered"]) == (number, 0)
    assert (story.first["pull"]["new"], story.again["pull"]["new"], story.first["full pull"]["new"]) == (number, 0, 0)


def test_evaluate__measures_on_the_audit_with_an_interval(story: Story) -> None:
    measured = story.first["evaluate"]

    assert measured["evaluation_set"] == AUDIT
    assert 0 <= measured["accuracy"]["low"] <= measured["accuracy"]["value"] <= measured["accuracy"]["high"] <= 1


def test_relabel__the_table_settles_univocal_codes_and_asks_about_the_others(story: Story) -> None:
    plan, applied = story.first["plan"], story.first["apply"]

    assert plan["univocal"] > 0 < plan["pending"]
    assert applied["labels_written"] == plan["univocal"]
    assert applied["tasks_drawn"] == plan["pending"]
    assert (story.again["apply"]["labels_written"], story.again["apply"]["tasks_drawn"]) == (0, 0)


def test_campaign_show__counts_what_was_asked_and_done(story: Story) -> None:
    components = story.first["show"]["components"]

    assert components["audit"]["asked"] == components["audit"]["done"] == AUDIT
    assert story.first["show"]["champion"]["model_version"] == f"{CAMPAIGN}/2"


SHOWN: dict[str, Callable[[Story], str]] = {
    "campaign show": lambda _: f"Champion {CAMPAIGN}/2: accuracy",
    "drift": lambda _: "declarations",
    "evaluate": lambda _: f"of {AUDIT} texts of the evaluation set",
    "trainingset log": lambda _: f"{CAMPAIGN}/2",
    "relabel plan": lambda _: "labels have a univocal code",
    "promote": lambda _: "Champion",
    "score": lambda _: "0 texts scored",
    "push": lambda story: story.environment["AWB_LABELSTUDIO__URL"],
    "pull": lambda _: "0 new judgements",
}


@pytest.mark.parametrize("line", SHOWN)
def test_text__says_the_same_to_people(story: Story, line: str) -> None:
    shown = story.run(*line.split())

    assert shown.code == 0, shown.stderr
    assert SHOWN[line](story) in shown.stdout


def test_closed_campaign__is_not_drawn_from(story: Story) -> None:
    """Runs last: what was judged can still be pulled."""
    story.run("campaign", "close", CAMPAIGN, "--output", "json").succeeded()
    refused = story.run("draw", "--key", "late", "--output", "json")

    assert (refused.code, refused.stdout) == (3, "")
    assert "closed" in refused.error["message"]
    assert story.run("pull", "--output", "json").succeeded()["new"] == 0
