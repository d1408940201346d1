"""A turn that is killed after each of its steps, before the step is noted, and run again."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation.errors import ConflictError
from annotation.ledger.unit_of_work import Ledger
from sync import turn as turns
from sync.settings import Settings
from sync.turn import OnStep, TurnResult
from sync.wiring import Workbench
from tests.parts.fake_platform import FakePlatform

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
]

CODES = {
    "01.11Z": ("culture", ["blé", "orge", "seigle", "avoine", "maïs"]),
    "10.71C": ("fabrication", ["pain", "brioche", "croissants", "galettes", "biscottes"]),
    "47.76Z": ("vente", ["fleurs", "plantes", "graines", "bouquets", "arbustes"]),
    "56.10A": ("restaurant", ["pizzas", "crêpes", "grillades", "poissons", "couscous"]),
}
WHERE = [
    "bio",
    "au marché",
    "en ligne",
    "à domicile",
    "en gros",
    "saisonnier",
    "artisanal",
    "familial",
    "mobile",
    "local",
]
CONFIGURATION = """
home = "{home}"

[campaign]
key = "small"
nomenclature = "naf"
language = "fr"

[[nomenclatures]]
key = "naf"
title = "Quelques codes"
path = "naf.csv"

[[nomenclatures]]
key = "naf-2025"
title = "Quelques codes, revus"
path = "naf-2025.csv"

[[correspondences]]
key = "to-2025"
path = "to-2025.csv"
old = "naf"
new = "naf-2025"
old_column = "old"
new_column = "new"

[rehearsal]
path = "coded.csv"
initial = 120
parts = 2

[simulate]
coders = 2
error_rate = 0.0
skip_rate = 0.0

[draw]
audit = 12
uncertain = 8
drifting = 2
rare = 0
disagreement = 0

[gate]
least_evaluated = 5
non_inferiority = 1.0

[relabel]
correspondence = "to-2025"
budget = 6

[training.fasttext]
dim = 8
epoch = 15
bucket = 1000
word_ngrams = 1
minn = 0
maxn = 0
"""


class KilledError(BaseException):
    """As hard as a signal: nothing catches it."""


def configure(folder: Path) -> Settings:
    texts = [
        (f"{verb} {what} {where}", code)
        for code, (verb, things) in CODES.items()
        for what, where in itertools.product(things, WHERE)
    ]
    files = {
        "coded.csv": ["text;code", *(f"{text};{code}" for text, code in texts)],
        "naf.csv": ["code;title", *(f"{code};{verb}" for code, (verb, _) in CODES.items())],
        "naf-2025.csv": [
            "code;title",
            *(f"{code};{code}" for code in ("01.11Y", "10.71G", "47.76Y", "56.11J", "56.12J")),
        ],
        "to-2025.csv": ["old;new", "01.11Z;01.11Y", "10.71C;10.71G", "47.76Z;47.76Y", "56.10A;56.11J", "56.10A;56.12J"],
        "awb.toml": [CONFIGURATION.format(home=folder / "home")],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Settings.load(folder / "awb.toml")


def run(settings: Settings, platform: FakePlatform, on_step: OnStep = lambda *_: None) -> TurnResult:
    """As a new process would: only the home folder and the platform outlive it."""
    with Workbench(settings) as bench:
        bench.__dict__["platform"] = platform
        return turns.turn(bench, on_step=on_step)


def dying(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def work_and_die(at: Any) -> Any:
        step(at)
        raise KilledError

    return work_and_die


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Settings, FakePlatform, TurnResult]]:
    """The same turn, undisturbed and killed after every step."""
    found = {}
    for name in ("undisturbed", "killed"):
        settings, platform = configure(tmp_path_factory.mktemp(name)), FakePlatform()
        if name == "killed":
            for step in turns._STEPS:
                with pytest.MonkeyPatch.context() as patched:
                    patched.setitem(turns._STEPS, step, dying(turns._STEPS[step]))
                    with pytest.raises(KilledError):
                        run(settings, platform)
        found[name] = settings, platform, run(settings, platform)
    return found


def said(settings: Settings) -> dict[str, Any]:
    """What the ledger holds after the turn, without moments and ids."""
    ledger = Ledger.open(settings.ledger_url)
    with ledger.read() as work:
        tasks = work.tasks.of_campaign("small")
        held = {
            "counts": work.texts.counts(),
            "tasks": {(t.key, t.text_key, t.component, t.inclusion_probability, t.reason) for t in tasks},
            "judgements": Counter((r.judgement.task_key, r.judgement.code) for r in work.judgements.history("small")),
            "labels": {(r.label.text_key, r.label.code, r.label.source) for r in work.labels.current("naf")},
            "members": {(m.text_key, m.inclusion_probability) for m in work.evaluation.members("naf")},
            "versions": [(v.tag, v.parent, v.rows, v.digest) for v in work.trainingsets.all("trainingset")],
            "models": [(m.version, m.trainingset_tag, m.sha256) for m in work.models.all("activity")],
            "decisions": [(d.subject, d.accepted, d.reason) for d in work.decisions.all("promote")],
            "revision": {(t.key, t.candidates) for t in work.tasks.of_campaign("small-naf-2025")},
            "new labels": {(r.label.text_key, r.label.code) for r in work.labels.current("naf-2025")},
            "quarantine": work.quarantine.count(),
        }
    ledger.close()
    return held


def test_turn__killed_after_every_step_ends_as_if_undisturbed(
    outcomes: dict[str, tuple[Settings, FakePlatform, TurnResult]],
) -> None:
    calm, killed = (said(outcomes[name][0]) for name in ("undisturbed", "killed"))

    assert len(calm["tasks"]) == pytest.approx(22, abs=4)
    assert [tag for tag, *_ in calm["versions"]] == ["v1", "v2"]
    assert [tag for _, tag, _ in calm["models"]] == ["v1", "v2"]
    for what, held in calm.items():
        assert killed[what] == held, what


def test_turn__killed_after_every_step_pushes_and_asks_nothing_twice(
    outcomes: dict[str, tuple[Settings, FakePlatform, TurnResult]],
) -> None:
    calm, killed = (outcomes[name][1] for name in ("undisturbed", "killed"))
    keys = [[task.payload.key for task in platform.stored.values() if task.payload] for platform in (calm, killed)]

    assert sorted(keys[0]) == sorted(keys[1])
    assert len(keys[1]) == len(set(keys[1])) == 22 + 6
    assert len(calm.projects) == len(killed.projects) == 2
    assert max(len(task.annotations) for task in killed.stored.values()) == 1


def test_turn__killed_after_every_step_reports_the_same(
    outcomes: dict[str, tuple[Settings, FakePlatform, TurnResult]],
) -> None:
    calm, killed = (outcomes[name][2] for name in ("undisturbed", "killed"))
    same = ("turn", "status", "tasks_pushed", "components", "judgements", "trainingset_version", "model_version",
            "accuracy", "promoted", "champion")  # fmt: skip

    assert (calm.resumed, killed.resumed) == (False, True)
    assert {name: killed.as_dict()[name] for name in same} == {name: calm.as_dict()[name] for name in same}
    assert calm.as_dict()["reason"] in killed.as_dict()["reason"]


def test_turn__another_process_has_it(outcomes: dict[str, tuple[Settings, FakePlatform, TurnResult]]) -> None:
    settings, platform, _ = outcomes["undisturbed"]
    caught = []

    def run_beside(name: str, result: object) -> None:
        if name == "arrive" and result is None:
            with pytest.raises(ConflictError, match="has held turn:small"):
                run(settings, platform)
            caught.append(name)
            raise KilledError

    with pytest.raises(KilledError):
        run(settings, platform, on_step=run_beside)
    assert caught == ["arrive"]
