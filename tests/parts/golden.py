"""Gold texts, coders and answers in the small campaign of ``tests.parts.campaigns``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from annotation.campaign import golding
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Policy
from annotation.domain.prediction import Prediction
from annotation.domain.task import Task
from annotation.domain.team import Assignment, Enrolment, GoldText, Standing
from annotation.domain.text import group_key, text_key
from annotation.ledger.unit_of_work import Ledger
from tests.parts.campaigns import KEY, NAF, NOW

PLATFORM = "labelstudio"
RIGHT, WRONG = "01.11Z", "01.12Z"
MODEL = "m/1"


def texts(number: int) -> list[Text]:
    written = [f"semis de maïs champ {i}" for i in range(number)]
    variables = {"liasse_type": "C", "secret": "never shown"}
    return [Text(text_key(one, variables), group_key(one), one, variables) for one in written]


def add(ledger: Ledger, number: int, *, predicted: bool = True) -> list[str]:
    """Text keys of gold texts, all of the code ``RIGHT``, which the model holds likely."""
    found = texts(number)
    with ledger.begin() as work:
        work.texts.add(found, now=NOW)
        work.gold.record([GoldText(NAF.key, one.key, RIGHT, f"note {one.text}", "file", NOW) for one in found])
        if predicted:
            said = [Prediction(one.key, MODEL, (RIGHT, WRONG), (0.6, 0.3), 0.8, 1.0) for one in found]
            work.texts.add_predictions(said, now=NOW)
    return [one.key for one in found]


def enrol(ledger: Ledger, *names: str, state: Standing = Standing.ACTIVE, skills: tuple[str, ...] = ()) -> list[str]:
    """Their pseudonyms."""
    with ledger.begin() as work:
        coders = [work.coders.pseudonym(PLATFORM, name, email=f"{name}@office.example", now=NOW) for name in names]
        for coder in coders:
            work.enrolments.record(Enrolment(KEY, coder, state, NOW, skills=skills))
    return coders


def policy(ledger: Ledger, **values: object) -> None:
    with ledger.begin() as work:
        work.policies.set(KEY, Policy(**values), by="test", now=NOW)  # type: ignore[arg-type]


def plan(ledger: Ledger, fresh: dict[str, int], *, now: datetime = NOW) -> list[Assignment]:
    with ledger.begin() as work:
        return golding.plan(work, KEY, fresh=fresh, now=now)


def planned(ledger: Ledger, queue: str) -> list[Task]:
    """The gold tasks of a queue, in the order of their keys."""
    with ledger.read() as work:
        queues = work.assignments.queues(KEY)
        keys = [key for key, one in queues.items() if one == queue]
        return sorted(work.tasks.get(keys).values(), key=lambda task: task.key)


def answer(
    ledger: Ledger,
    coder: str,
    tasks: Sequence[Task],
    codes: Sequence[str | None],
    *,
    after: timedelta = timedelta(minutes=1),
    comment: str = "",
) -> None:
    """One after the other, a minute apart; None says that there is no code."""
    with ledger.begin() as work:
        for place, (task, code) in enumerate(zip(tasks, codes, strict=True)):
            judged_at = NOW + after + timedelta(minutes=place)
            judgement = Judgement(
                task_key=task.key,
                platform=PLATFORM,
                external_id=f"{task.key}-{coder}",
                coder=coder,
                outcome=Outcome.CODED if code else Outcome.UNCLASSIFIABLE,
                code=code,
                judged_at=judged_at,
                comment=comment,
                raw={"completed_by": coder, "comment": comment},
            )
            work.judgements.record(judgement, now=judged_at)
