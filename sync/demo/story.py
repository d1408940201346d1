"""What happened in a demo, gathered from the ledger: what was asked and why, what was said, what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from annotation.campaign import agreeing
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.task import FIRST_SEAT, Kind, Task
from annotation.ledger.unit_of_work import UnitOfWork
from sampling import wiring as sampling
from sampling.drift import windows
from sync import steps
from sync.relabel import plan as plans
from sync.turn import DONE, WAITING, TurnResult
from sync.wiring import Workbench

_SHORTEST_EXAMPLE = 15


@dataclass(frozen=True, slots=True)
class LogIn:
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One component of the last draw, with one of its texts and the reason that goes with it."""

    component: str
    tasks: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """First answers in force to the last draw. ``wrong`` are coded otherwise than the register's truth has it, which
    only the demo knows; ``open`` texts have no answer. Of the texts asked ``twice``, two coders gave the same code in
    the share ``agreed``, and an arbiter decided ``arbitrated``."""

    coded: int
    wrong: int
    unclassifiable: int
    put_off: int
    open: int
    coders: int
    twice: int = 0
    agreed: float | None = None
    arbitrated: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A predicted code (with its title) or a word whose share of the declarations moved."""

    value: str
    title: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Known:
    """The share of right codes by the register's truth, which only the demo has, over all declarations of the last
    turn's window that mean something: by the model that scored them, and by the champion after the turn."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PendingCode:
    code: str
    title: str
    labels: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """``turns`` are all turns of the demo so far, oldest first; what is asked, said and pending is the last one's."""

    new: bool
    home: Path
    turns: tuple[TurnResult, ...]
    asked: tuple[Asked, ...]
    said: Said
    moved: tuple[Moved, ...]
    known: Known | None
    relabel: Mapping[str, Any]
    pending_codes: tuple[PendingCode, ...]
    quarantined: int
    urls: Mapping[str, str]
    log_ins: Mapping[str, LogIn]
    seconds: float

    @property
    def last(self) -> TurnResult:
        return self.turns[-1]

    def as_dict(self) -> dict[str, Any]:
        return {
            "status": "started anew" if self.new else "continued",
            "home": str(self.home),
            "turns": [_turn(one) for one in self.turns],
            "asked": [asdict(one) for one in self.asked],
            "said": asdict(self.said),
            "moved": [asdict(one) for one in self.moved],
            "known": asdict(self.known) if self.known else None,
            "relabel": {name: self.relabel.get(name, 0) for name in ("univocal", "multivocal", "pending")},
            "pending_codes": [asdict(one) for one in self.pending_codes],
            "quarantined": self.quarantined,
            "urls": dict(self.urls),
            "log_ins": {name: asdict(one) for name, one in self.log_ins.items()},
            "seconds": round(self.seconds, 1),
        }


def tell(
    bench: Workbench, *, home: Path, new: bool, urls: Mapping[str, str], log_ins: Mapping[str, LogIn], seconds: float
) -> DemoResult:
    key = bench.settings.campaign.key
    truth = steps.true_codes(bench, bench.settings.simulate)
    with bench.ledger.read() as work:
        turns = tuple(_turns(work, key))
        seats = work.tasks.of_draw(turns[-1].steps["draw"]["draw_id"])
        tasks = [task for task in seats if task.seat == FIRST_SEAT]
        mine = {task.key for task in tasks}
        judged = [r.judgement for r in work.judgements.current(key) if r.judgement.task_key in mine]
        asked = tuple(_asked(work, tasks))
        said = replace(_said(work, tasks, judged, truth), **_second(work, key, seats))
        quarantined = work.quarantine.count()
    return DemoResult(
        new=new,
        home=home,
        turns=turns,
        asked=asked,
        said=said,
        moved=_moved(bench, turns[-1].steps["drift"]),
        known=_known(bench, turns[-1], truth),
        relabel=turns[-1].steps.get("relabel", {}),
        pending_codes=_pending(bench),
        quarantined=quarantined,
        urls=urls,
        log_ins=log_ins,
        seconds=seconds,
    )


def _turn(result: TurnResult) -> dict[str, Any]:
    return {name: value for name, value in result.as_dict().items() if name != "steps"}


def _turns(work: UnitOfWork, campaign: str) -> list[TurnResult]:
    unfinished = work.turns.open_number(campaign)
    return [
        TurnResult(
            number=number,
            status=WAITING if number == unfinished else DONE,
            resumed=False,
            steps={name: dict(given) for name, given in work.turns.results(campaign, number).items()},
        )
        for number in range(1, work.turns.last_number(campaign) + 1)
    ]


def _asked(work: UnitOfWork, tasks: list[Task]) -> list[Asked]:
    texts = {key: text.text for key, text in work.texts.get([task.text_key for task in tasks]).items()}
    counted = Counter(task.component for task in tasks)
    found = []
    for component, number in sorted(counted.items(), key=lambda item: -item[1]):
        mine = sorted((task for task in tasks if task.component is component), key=lambda task: task.key)
        example = next((task for task in mine if len(texts[task.text_key]) >= _SHORTEST_EXAMPLE), mine[0])
        found.append(Asked(component.value, number, texts[example.text_key], example.reason))
    return found


def _said(work: UnitOfWork, tasks: list[Task], judged: list[Judgement], truth: Mapping[str, str | None]) -> Said:
    outcomes = Counter(one.outcome for one in judged)
    text_of = {task.key: task.text_key for task in tasks}
    groups = {key: text.group_key for key, text in work.texts.get(sorted(set(text_of.values()))).items()}
    wrong = sum(
        one.code != truth.get(groups[text_of[one.task_key]], one.code) for one in judged if one.outcome is Outcome.CODED
    )
    return Said(
        coded=outcomes[Outcome.CODED],
        wrong=wrong,
        unclassifiable=outcomes[Outcome.UNCLASSIFIABLE],
        put_off=len(judged) - outcomes[Outcome.CODED] - outcomes[Outcome.UNCLASSIFIABLE],
        open=len(tasks) - len({one.task_key for one in judged}),
        coders=len({one.coder for one in judged}),
    )


def _second(work: UnitOfWork, campaign: str, seats: list[Task]) -> dict[str, Any]:
    judged = work.judgements.marks_of_tasks([task.key for task in seats])
    answered = Counter(task.text_key for task in seats if task.kind is Kind.CODING and task.key in judged)
    percent = agreeing.of_campaign(work, campaign).overall.percent
    return {
        "twice": sum(number > 1 for number in answered.values()),
        "agreed": percent.value if percent else None,
        "arbitrated": sum(task.kind is Kind.ARBITRATION and task.key in judged for task in seats),
    }


def _known(bench: Workbench, turn: TurnResult, truth: Mapping[str, str | None]) -> Known | None:
    if "promote" not in turn.steps:
        return None
    window = windows.parse(turn.steps["drift"]["current_window"])
    with bench.ledger.read() as work:
        arrived = work.texts.declared_in(window)
        groups = {key: text.group_key for key, text in work.texts.get(sorted(arrived)).items()}
    meant = {key: number for key, number in arrived.items() if truth.get(groups[key])}
    shares = []
    for model in (turn.steps["score"]["model_version"], turn.steps["promote"]["champion"]):
        # The next turn would score these texts all the same.
        sampling.score(bench, model, keys=set(meant))
        with bench.ledger.read() as work:
            predicted = work.texts.predictions(model, sorted(meant))
        right = sum(n for key, n in meant.items() if key in predicted and predicted[key].code == truth[groups[key]])
        shares.append(right / max(1, sum(meant.values())))
    return Known(*shares)


def _moved(bench: Workbench, drift: Mapping[str, Any]) -> tuple[Moved, ...]:
    """Codes, then words, each with the largest move first."""
    nomenclature = bench.nomenclature
    codes = [Moved(c["value"], nomenclature[c["value"]].title, c["before"], c["after"]) for c in drift["codes"]]
    words = [Moved(w["value"], "", w["before"], w["after"]) for w in drift["words"]]
    return tuple(codes + words)


def _pending(bench: Workbench) -> tuple[PendingCode, ...]:
    """Old codes that the table leaves open, those with most labels first."""
    if not bench.settings.relabel.correspondence:
        return ()
    planned = plans.plan(ledger=bench.ledger, correspondence_key=bench.settings.relabel.correspondence)
    nomenclature = bench.nomenclature
    return tuple(
        PendingCode(one["code"], nomenclature[one["code"]].title, one["labels"], tuple(one["candidates"]))
        for one in planned.as_dict()["pending_codes"]
    )
