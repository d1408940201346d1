"""Labels, evaluation members, gold and erased texts, put into a ledger in one line each."""

from __future__ import annotations

from datetime import datetime

from annotation.domain.campaign import Draw
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.domain.team import GoldText
from annotation.ledger.repositories.labels import LABELS, EvaluationMember
from annotation.ledger.repositories.retention import Reason
from annotation.ledger.unit_of_work import Ledger
from tests.parts import pools


def say(
    ledger: Ledger,
    key: str,
    code: str | None,
    source: Source = Source.IMPORT,
    *,
    weight: float = 1.0,
    coder: str | None = None,
    judgements: tuple[int, ...] = (),
    at: datetime = pools.START,
) -> None:
    """Append a label; without code and weight it withdraws that of its source."""
    label = Label(key, "naf", code, source, weight, at, coder=coder, judgements=judgements)
    with ledger.begin() as work:
        work.leases.serialise(LABELS)
        work.labels.record([label])


def measure_with(ledger: Ledger, key: str) -> None:
    """Put the text into the evaluation set."""
    with ledger.begin() as work:
        draw = work.draws.add(Draw(f"draw-{key}", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task(key, draw.id, key, Component.AUDIT, "s", 0.5, 1, "", (), (), None)])
        group = work.texts.get([key])[key].group_key
        work.evaluation.add("naf", [EvaluationMember(key, group, key, "s", 0.5)], now=pools.START)


def settle_beforehand(ledger: Ledger, key: str, *, retired: bool = False) -> None:
    """Make gold of the text."""
    with ledger.begin() as work:
        work.gold.record([GoldText("naf", key, "56.10A", "", "test", pools.START, retired)])


def erase(ledger: Ledger, key: str, *, now: datetime) -> None:
    with ledger.begin() as work:
        work.retention.erase([key], reason=Reason.REQUEST, now=now)
