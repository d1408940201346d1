"""A ledger with a campaign in it, written row by row, for those who only read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.prediction import Prediction
from annotation.domain.task import Component, Task
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import new_ledgers

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLATFORM = "labelstudio"
RIGHT, WRONG = "10.71C", "47.24Z"


def empty_ledger(folder: Path) -> Ledger:
    return new_ledgers.make(folder)


def add_campaign(
    ledger: Ledger, key: str = "main", *, title: str = "Créations de novembre", language: str = "fr"
) -> None:
    codes = [Code(RIGHT, 1, None, "Boulangerie"), Code(WRONG, 1, None, "Commerce de pain")]
    with ledger.begin() as work:
        work.nomenclatures.add(Nomenclature(key="naf", title="NAF", codes=codes), origin="test", sha256="0", now=NOW)
        work.campaigns.add(Campaign(key, title, "naf", language, NOW - timedelta(days=30)))


def add_draw(
    ledger: Ledger, key: str, *, days_ago: float, tasks: Sequence[tuple[Component, int]], campaign: str = "main"
) -> tuple[Task, ...]:
    """The tasks of a draw, so many of each component; those of the audit join the evaluation set."""
    drawn_at = NOW - timedelta(days=days_ago)
    budget = {component.value: number for component, number in tasks}
    with ledger.begin() as work:
        recipe = {"budget": {**budget, "candidates": 5}}
        draw = work.draws.add(Draw(key, campaign, 1, "activity/1", "w0", "w1", recipe, drawn_at))
        made = tuple(_task(draw, component, number) for component, count in tasks for number in range(count))
        texts = [Text(t.text_key, t.text_key, f"fabrication de pain {t.text_key}", {"surface": "2"}) for t in made]
        work.texts.add(texts, now=drawn_at)
        work.tasks.add(made)
        members = [
            EvaluationMember(t.text_key, t.text_key, t.key, f"{draw.id}: {t.stratum}", t.inclusion_probability)
            for t in made
            if t.component is Component.AUDIT
        ]
        work.evaluation.add("naf", members, now=drawn_at)
    return made


def _task(draw: Draw, component: Component, number: int) -> Task:
    key = f"{draw.id}-{component.value[:9]}-{number}"
    sentence = {
        Component.AUDIT: "Drawn at random to measure the model: 1 chance in 40.",
        Component.UNCERTAIN: "The model hesitates between 10.71C (41 %) and 47.24Z (38 %).",
        Component.DRIFTING: "The share of 47.24Z went from 2 % to 5 % since September.",
    }.get(component, "To be decided by a person.")
    return Task(
        key,
        draw.id,
        f"t{key}",
        component,
        f"s{number % 3}",
        0.025,
        1,
        sentence,
        (RIGHT, WRONG),
        (0.6, 0.3),
        "activity/1",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """One state of an annotation; the same ``annotation`` again is an edit."""

    coder: str = "1"
    outcome: Outcome = Outcome.CODED
    code: str = RIGHT
    days_ago: float = 0
    seconds: float | None = 40.0
    annotation: str = ""
    deleted: bool = False


def judge(ledger: Ledger, answers: Sequence[tuple[Task, Answer]]) -> None:
    with ledger.begin() as work:
        for task, answer in answers:
            judged_at = NOW - timedelta(days=answer.days_ago)
            judgement = Judgement(
                task_key=task.key,
                platform=PLATFORM,
                external_id=answer.annotation or f"{task.key}-{answer.coder}",
                coder=work.coders.pseudonym(PLATFORM, answer.coder, email=None, now=NOW),
                outcome=answer.outcome,
                code=answer.code if answer.outcome is Outcome.CODED else None,
                judged_at=judged_at,
                lead_time=answer.seconds,
                deleted=answer.deleted,
                raw={"answer": "as it came"},
            )
            work.judgements.record(judgement, now=judged_at)


def predict(ledger: Ledger, model_version: str, codes: dict[str, str], *, sure: Collection[str] | None = None) -> None:
    """What a model version says of texts, by their key; where some are ``sure``, of the others it is less so."""
    predictions = [
        Prediction(key, model_version, (code,), (0.8 if sure is None else 0.95 if key in sure else 0.3,), 0.5, 1.0)
        for key, code in codes.items()
    ]
    with ledger.begin() as work:
        work.texts.add_predictions(predictions, now=NOW)


def add_model(ledger: Ledger, version: str, *, days_ago: float = 0) -> None:
    trained_at = NOW - timedelta(days=days_ago)
    with ledger.begin() as work:
        work.trainingsets.add(
            TrainingSetVersion(
                "trainingset",
                version,
                str(int(version) - 1) if int(version) > 1 else None,
                1,
                4000 + 600 * int(version),
                "d" + version,
                {"seed": 1},
                trained_at,
            )
        )
        work.models.add(
            ModelVersion(
                "activity", version, "naf", version, "d" + version, "k" + version, "r" + version, "0", {"dim": 100},
                {"validation_accuracy": 0.7}, trained_at,
            )
        )  # fmt: skip


def add_decision(ledger: Ledger, subject: str, *, accepted: bool, reason: str, days_ago: float = 0) -> None:
    with ledger.begin() as work:
        decided_at = NOW - timedelta(days=days_ago)
        work.decisions.add(Decision("promote", subject, accepted, reason, {"difference": 0.03}, decided_at))


def set_aside(ledger: Ledger, number: int) -> None:
    with ledger.begin() as work:
        for row in range(number):
            item = Quarantined("declaration", "intake.csv", row + 2, {"code": "99.99Z"}, "99.99Z is no code of naf.")
            work.quarantine.add(item, now=NOW)


def fill(ledger: Ledger, *, coders: int = 5) -> dict[str, tuple[Task, ...]]:
    """A French campaign in its third week, with three models that grow better and a challenger that was refused."""
    add_campaign(ledger)
    audit = (Component.AUDIT, 60)
    draws = {
        "2026-09": add_draw(ledger, "2026-09", days_ago=20, tasks=[audit, (Component.UNCERTAIN, 90)]),
        "2026-10": add_draw(
            ledger, "2026-10", days_ago=6, tasks=[audit, (Component.DRIFTING, 30), (Component.UNCERTAIN, 60)]
        ),
    }
    _answer(ledger, draws["2026-09"], answered=150, coders=coders, from_day=19, to_day=7)
    _answer(ledger, draws["2026-10"], answered=105, coders=coders, from_day=5, to_day=0)
    members = [t for tasks in draws.values() for t in tasks if t.component is Component.AUDIT]
    for version, wrong in (("1", 3), ("2", 4), ("3", 6)):
        add_model(ledger, version, days_ago=22 - 7 * int(version))
        predict(
            ledger,
            f"activity/{version}",
            {t.text_key: WRONG if i % wrong == 0 else RIGHT for i, t in enumerate(members)},
        )
    add_model(ledger, "4")
    add_decision(ledger, "activity/3", accepted=True, reason="Better by 8.3 points (95 % interval 2.1 to 14.5).")
    add_decision(ledger, "activity/4", accepted=False, reason="Only 12 texts could be compared; 50 are wanted.")
    set_aside(ledger, 3)
    return draws


def _answer(
    ledger: Ledger, tasks: Sequence[Task], *, answered: int, coders: int, from_day: float, to_day: float
) -> None:
    answers = []
    for i, task in enumerate(tasks[:answered]):
        outcome = {7: Outcome.UNCLASSIFIABLE, 13: Outcome.LATER}.get(i % 17, Outcome.CODED)
        days_ago = from_day - (from_day - to_day) * i / answered
        answers.append((task, Answer(str(i % coders), outcome, days_ago=days_ago, seconds=20 + 3 * (i % 23))))
    judge(ledger, answers)
