"""A small campaign in a ledger, ready to be pushed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from annotation.campaign.ports import Answer
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Text
from annotation.domain.judgement import Outcome
from annotation.domain.task import Component, Task, task_key
from annotation.domain.text import group_key, text_key
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import new_ledgers

KEY = "spring"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

NAF = Nomenclature(
    key="naf-small",
    title="A few codes",
    codes=[
        Code("A", 1, None, "Agriculture", leaf=False),
        Code("01.1", 2, "A", "Cultures non permanentes", leaf=False),
        Code("01.11Z", 3, "01.1", "Culture de céréales"),
        Code("01.12Z", 3, "01.1", "Culture du riz"),
        Code("01.13Z", 3, "01.1", "Culture de légumes"),
        Code("I", 1, None, "Hébergement et restauration", leaf=False),
        Code("56.10A", 3, "I", "Restauration traditionnelle"),
    ],
)


def texts(number: int) -> list[Text]:
    written = [f"culture de blé parcelle {i}" for i in range(number)]
    variables = {"liasse_type": "C", "secret": "never shown"}
    return [Text(text_key(one, variables), group_key(one), one, variables) for one in written]


def tasks_of(draw_key: str, draw_id: int, asked: list[Text]) -> list[Task]:
    return [
        Task(
            key=task_key(draw_key, text.key),
            draw_id=draw_id,
            text_key=text.key,
            component=Component.AUDIT,
            stratum="all",
            inclusion_probability=0.5,
            seat=1,
            reason="Drawn at random to measure accuracy.",
            candidates=("01.11Z", "01.12Z"),
            probabilities=(0.6, 0.3),
            model_version="m/1",
        )
        for text in asked
    ]


def campaign(folder: Path, *, tasks: int = 5, key: str = KEY) -> Ledger:
    """A migrated ledger in ``folder`` whose campaign has one draw of that many tasks."""
    ledger = new_ledgers.make(folder)
    fill(ledger, tasks=tasks, key=key)
    return ledger


def fill(ledger: Ledger, *, tasks: int, key: str = KEY) -> None:
    """The same in a ledger that is there."""
    asked = texts(tasks)
    with ledger.begin() as work:
        work.nomenclatures.add(NAF, origin="by hand", sha256="0" * 64, now=NOW)
        work.campaigns.add(Campaign(key, "Spring campaign", NAF.key, "fr", NOW))
        work.texts.add(asked, now=NOW)
        draw = work.draws.add(Draw("draw-1", key, 1, "m/1", "2026-01", "2026-02", {}, NOW)).id
        work.tasks.add(tasks_of("draw-1", draw, asked))


def truth(ledger: Ledger, code: str | None = "01.11Z", *, key: str = KEY) -> dict[str, str | None]:
    """Every text has the same code."""
    with ledger.read() as work:
        return {task.text_key: code for task in work.tasks.of_campaign(key)}


def answer(name: str, code: str | None, *, outcome: Outcome = Outcome.CODED, comment: str = "") -> Answer:
    """The same ``name`` is the same answer."""
    return Answer(str(uuid5(NAMESPACE_URL, name)), outcome, code, 42.0, comment=comment)
