from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sync.demo import summary
from sync.demo.story import Asked, DemoResult, Known, LogIn, Moved, PendingCode, Said
from sync.turn import DONE, WAITING, TurnResult

BEFORE = {"accuracy": {"value": 0.71, "low": 0.64, "high": 0.78, "texts": 141}}
AFTER = {"accuracy": {"value": 0.79, "low": 0.72, "high": 0.85, "texts": 141}}
STEPS: dict[str, dict[str, Any]] = {
    "draw": {"tasks": 500, "components": {"audit": 150, "uncertain": 350}},
    "pull": {"judgements": 498},
    "trainingset": {"tag": "v2", "parent": "v1", "rows": 2422, "added": 336},
    "train": {"model_version": "naf-rev2/2"},
    "promote": {"promoted": True, "reason": "Promoted: better.", "before": BEFORE, "after": AFTER},
}
RESULT = DemoResult(
    new=True,
    home=Path("/home/somebody/.awb"),
    turns=(TurnResult(1, DONE, False, STEPS),),
    asked=(
        Asked("audit", 150, "coiffure [à domicile]", "Contrôle : tiré au hasard."),
        Asked("uncertain", 350, "vente de pizzas", "Le modèle hésite."),
    ),
    said=Said(coded=478, wrong=31, unclassifiable=13, put_off=7, open=2, coders=5),
    moved=(
        Moved("53.20Z", "Autres activités de poste et de courrier", 0.02, 0.06),
        Moved("velo", "", 0.001, 0.03),
    ),
    known=Known(0.74, 0.81),
    relabel={"univocal": 1047, "multivocal": 1517, "pending": 1500, "tasks_drawn": 60},
    pending_codes=(PendingCode("47.91B", "Vente à distance", 88, tuple(f"47.{n}Y" for n in range(21, 30))),),
    quarantined=17,
    urls={"label_studio": "http://127.0.0.1:1", "mlflow": "http://127.0.0.1:2", "campaign": "http://127.0.0.1:3/c"},
    log_ins={"label_studio": LogIn("admin@demo.example", "s3cret"), "label_studio_coder": LogIn("c@d.example", "pw")},
    seconds=221.4,
)


def shown(result: DemoResult, width: int = 100) -> str:
    console = Console(width=width, record=True, force_terminal=False, highlight=False, quiet=True)
    with console.capture():
        pass
    with console.capture() as captured:
        console.quiet = False
        for part in summary.render(result):
            console.print(part)
    return captured.get()


def flat(result: DemoResult) -> str:
    return " ".join(shown(result, width=400).split())


def test_render__tells_what_was_asked_said_and_learnt() -> None:
    told = flat(RESULT)

    assert "Started anew in /home/somebody/.awb: turn 1 is done, after 3 min 41 s." in told
    assert "150 audit: drawn at random" in told
    assert "498 answers of 5 coders (simulated): 478 coded, 13 unclassifiable, 7 put off, 2 without answer." in told
    assert "training set v1 -> v2, 2422 rows (+336); model naf-rev2/2." in told
    assert "71.0 % (95 % interval 64.0 % to 78.0 %) before" in told
    assert "79.0 % (95 % interval 72.0 % to 85.0 %) after" in told
    assert "74.0 % of the month's declarations were coded right before the turn, and 81.0 % are after it" in told
    assert "1047 labels moved by the table" in told
    assert "47.21Y or 47.22Y or 47.23Y or 47.24Y or one of 5 others?" in told


def test_render__texts_stand_as_they_were_declared() -> None:
    assert "« coiffure [à domicile] »" in flat(RESULT)


def test_render__names_every_address_and_log_in() -> None:
    told = flat(RESULT)

    assert all(url in told for url in RESULT.urls.values())
    assert "admin@demo.example / s3cret" in told
    assert "c@d.example / pw" in told


def test_render__a_turn_that_waits_says_for_what() -> None:
    steps = {name: given for name, given in STEPS.items() if name == "draw"}
    waiting = replace(RESULT, new=False, turns=(RESULT.last, TurnResult(2, WAITING, False, steps)))

    told = flat(waiting)

    assert "Continued in" in told
    assert "turn 2 waits for coders" in told


@pytest.mark.parametrize("width", [40, 60, 80])
def test_render__fits_a_narrow_terminal(width: int) -> None:
    assert max(len(line.rstrip()) for line in shown(RESULT, width).splitlines()) <= width


def test_as_dict__has_no_steps_and_says_how_the_run_began() -> None:
    told = RESULT.as_dict()

    assert told["status"] == "started anew"
    assert told["relabel"] == {"univocal": 1047, "multivocal": 1517, "pending": 1500}
    assert "steps" not in told["turns"][0]
    assert told["turns"][0]["accuracy"] == AFTER["accuracy"]
    assert told["turns"][0]["accuracy_before"] == BEFORE["accuracy"]
