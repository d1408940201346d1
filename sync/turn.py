"""One turn of the loop: every step in order, each recorded when it is done, so that a killed turn goes on.

Only this module and the command line know the order of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from annotation import wiring as annotation
from annotation.campaign import exclusive
from annotation.wiring import OnProgress, clock, silent
from sampling import wiring as sampling
from sampling.drift import windows
from sampling.drift.windows import Windows
from sync import steps
from sync.training.run import TrainResult
from sync.wiring import Workbench

# Simulated coders answer, are asked for a second opinion, and then the arbiter is.
_ROUNDS = 4

DONE = "done"
WAITING = "waiting"

Result = dict[str, Any]
OnStep = Callable[[str, Result | None], None]


@dataclass(frozen=True, slots=True)
class TurnResult:
    """``status`` is ``waiting`` while coders have too much left to answer; the next call goes on from there."""

    number: int
    status: str
    resumed: bool
    steps: Mapping[str, Result]

    def as_dict(self) -> Result:
        given = self.steps
        promotion = given.get("promote", {})
        after, before = promotion.get("after") or {}, promotion.get("before") or {}
        return {
            "turn": self.number,
            "status": self.status,
            "resumed": self.resumed,
            "tasks_pushed": given.get("draw", {}).get("tasks", 0),
            "components": given.get("draw", {}).get("components", {}),
            "judgements": given.get("pull", {}).get("judgements", 0),
            "trainingset_version": given.get("trainingset", {}).get("tag"),
            "model_version": given.get("train", {}).get("model_version"),
            "accuracy": after.get("accuracy"),
            "accuracy_before": before.get("accuracy"),
            "promoted": promotion.get("promoted", False),
            "reason": promotion.get("reason", given.get("pull", {}).get("reason", "")),
            "champion": promotion.get("champion"),
            "steps": dict(given),
        }


def turn(
    bench: Workbench, *, on_step: OnStep = lambda _step, _result: None, on_progress: OnProgress = silent
) -> TurnResult:
    """Run, or go on with, the campaign's turn; ``on_progress`` hears (done, total) of the step that runs.

    Raises ConflictError while another process runs it.
    """
    prepared = annotation.prepare(bench)
    key = prepared.campaign.key
    with exclusive.hold(bench.ledger, f"turn:{key}", clock=clock) as prolong:
        number, resumed = _open(bench, key)
        done = _results(bench, key, number)
        for name, step in _STEPS.items():
            if name in done:
                on_step(name, done[name])
                continue
            prolong()
            on_step(name, None)
            result = step(_Turn(bench, key, number, done, on_progress))
            if result.get("status") == WAITING:
                return TurnResult(number, WAITING, resumed, {**done, name: result})
            with bench.ledger.begin() as work:
                work.turns.record(key, number, name, result, now=clock())
            done[name] = result
            on_step(name, result)
        with bench.ledger.begin() as work:
            work.turns.finish(key, number, now=clock())
        return TurnResult(number, DONE, resumed, done)


def _open(bench: Workbench, key: str) -> tuple[int, bool]:
    with bench.ledger.begin() as work:
        unfinished = work.turns.open_number(key)
        if unfinished is not None:
            return unfinished, True
        number = work.turns.last_number(key) + 1
        work.turns.begin(key, number, now=clock())
        return number, False


def _results(bench: Workbench, key: str, number: int) -> dict[str, Result]:
    with bench.ledger.read() as work:
        return {name: dict(result) for name, result in work.turns.results(key, number).items()}


@dataclass(frozen=True, slots=True)
class _Turn:
    bench: Workbench
    campaign: str
    number: int
    done: Mapping[str, Result]
    on_progress: OnProgress


def _arrive(at: _Turn) -> Result:
    return asdict(steps.arrive(at.bench, at.number))


def _first_model(at: _Turn) -> Result:
    champion = at.bench.champion()
    if champion is not None:
        return {"champion": champion, "new": False}
    built = steps.build(at.bench)
    trained = steps.train(at.bench, built.version.tag)
    promoted = steps.promote(at.bench, trained.model.version)
    return {"champion": promoted.champion, "new": True, "trainingset_version": built.version.tag} | _trained(trained)


def _score(at: _Turn) -> Result:
    return asdict(sampling.score(at.bench, at.done["first_model"]["champion"], on_progress=at.on_progress))


def _calibrate(at: _Turn) -> Result:
    return sampling.calibrate(at.bench, at.done["score"]["model_version"], on_progress=at.on_progress).as_dict()


def _drift(at: _Turn) -> Result:
    chosen = sampling.choose_windows(at.bench)
    return sampling.drift(at.bench, at.done["score"]["model_version"], chosen).as_dict()


def _draw(at: _Turn) -> Result:
    # The windows are those that the drift step recorded: once this draw is stored, they would be chosen anew.
    recorded = at.done["drift"]
    chosen = Windows(windows.parse(recorded["reference_window"]), windows.parse(recorded["current_window"]))
    drifted = sampling.drift(at.bench, recorded["model_version"], chosen)
    drawn = sampling.draw(at.bench, drifted, key=f"{at.campaign}/turn-{at.number}")
    return drawn.as_dict() | {"draw_id": drawn.draw.id}


def _push(at: _Turn) -> Result:
    return asdict(annotation.push_tasks(at.bench, at.campaign, on_progress=at.on_progress))


def _simulate(at: _Turn) -> Result:
    settings = at.bench.settings.simulate
    if not settings.coders:
        return {"answered": 0}
    return asdict(steps.simulate_coders(at.bench, at.campaign, settings=settings, on_progress=at.on_progress))


def _pull(at: _Turn) -> Result:
    pulled = annotation.pull_judgements(at.bench, at.campaign)
    for _ in range(_ROUNDS):
        # Second opinions and disputes, which follow from the answers, go out at once.
        sent = annotation.push_tasks(at.bench, at.campaign, on_progress=at.on_progress)
        if not (sent.pushed and at.bench.settings.simulate.coders):
            break
        _simulate(at)
        pulled += annotation.pull_judgements(at.bench, at.campaign)
    with at.bench.ledger.read() as work:
        judgements, answered = steps.answered(work, at.campaign, at.done["draw"]["draw_id"])
    asked, wanted = at.done["draw"]["tasks"], at.bench.settings.turn.least_done
    result = asdict(pulled) | {"judgements": judgements, "answered": answered}
    if answered < wanted * asked:
        reason = f"{answered} of {asked} texts are answered; the turn goes on from {wanted:.0%}."
        return result | {"status": WAITING, "reason": reason}
    return result


def _trainingset(at: _Turn) -> Result:
    harvested = steps.harvest(at.bench, at.campaign)
    built = steps.build(at.bench)
    return {
        "tag": built.version.tag,
        "parent": built.version.parent,
        "rows": built.version.rows,
        "digest": built.version.digest,
        "new": built.new,
        "added": built.added,
        "removed": built.removed,
        "changed": built.changed,
        "kept_out": built.kept_out,
        "harvest": asdict(harvested),
    }


def _train(at: _Turn) -> Result:
    return _trained(steps.train(at.bench, at.done["trainingset"]["tag"]))


def _promote(at: _Turn) -> Result:
    return steps.promote(at.bench, at.done["train"]["version"]).as_dict()


def _relabel(at: _Turn) -> Result:
    table = at.bench.settings.relabel.correspondence
    if not table:
        return {"univocal": 0, "multivocal": 0, "pending": 0}
    revised = steps.take_revisions(at.bench, table)
    applied = steps.relabel(at.bench, table)
    annotation.push_tasks(at.bench, applied.campaign, on_progress=at.on_progress)
    return applied.as_dict() | {"revised": revised}


def _trained(result: TrainResult) -> Result:
    model = result.model
    return {
        "model_version": result.model_version,
        "version": model.version,
        "new_model": result.new,
        "trainingset_tag": model.trainingset_tag,
        "metrics": dict(model.metrics),
    }


_STEPS: dict[str, Callable[[_Turn], Result]] = {
    "arrive": _arrive,
    "first_model": _first_model,
    "score": _score,
    "calibrate": _calibrate,
    "drift": _drift,
    "draw": _draw,
    "push": _push,
    "simulate": _simulate,
    "pull": _pull,
    "trainingset": _trainingset,
    "train": _train,
    "promote": _promote,
    "relabel": _relabel,
}
