"""A campaign of several people, played in the ledger alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from annotation.campaign import routing
from annotation.campaign.routing import RouteResult
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Component, Kind, Task
from annotation.domain.team import SHARED, Enrolment, GoldText, Standing
from annotation.domain.text import group_key, text_key
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns

KEY = campaigns.KEY


@dataclass
class Office:
    """Hours go by when somebody says so."""

    ledger: Ledger
    now: datetime = campaigns.NOW
    numbers: count[int] = field(default_factory=count)

    @classmethod
    def of(cls, folder: Path, *, texts: int = 5, policy: Policy | None = None) -> Office:
        office = cls(campaigns.campaign(folder, tasks=texts))
        office.adopt(policy or Policy())
        return office

    def adopt(self, policy: Policy) -> None:
        with self.ledger.begin() as work:
            work.policies.set(KEY, policy, by="test", now=self.now)

    def hire(
        self, name: str, *, state: Standing = Standing.ACTIVE, arbiter: bool = False, skills: tuple[str, ...] = ()
    ) -> str:
        """The pseudonym of somebody new, or of whom is known, who does something else from now on."""
        coder = self.coder(name)
        with self.ledger.begin() as work:
            work.enrolments.record(Enrolment(KEY, coder, state, self.now, arbiter=arbiter, skills=skills))
        return coder

    def gild(self, number: int) -> None:
        """So many texts of gold, none of which is asked about otherwise."""
        texts = [Text(text_key(one, {}), group_key(one), one) for one in (f"blé d'or {i}" for i in range(number))]
        gold = [GoldText(campaigns.NAF.key, text.key, "01.11Z", "", "by hand", self.now) for text in texts]
        with self.ledger.begin() as work:
            work.texts.add(texts, now=self.now)
            work.gold.record(gold)

    def coder(self, name: str) -> str:
        with self.ledger.begin() as work:
            return work.coders.pseudonym("fake", name, email=None, now=self.now)

    def route(self, *, hours: float = 0) -> RouteResult:
        self.now += timedelta(hours=hours)
        return routing.route(ledger=self.ledger, campaign_key=KEY, now=self.now)

    def say(
        self,
        task: Task,
        coder: str,
        code: str | None = "01.11Z",
        *,
        outcome: Outcome | None = None,
        difficulty: int | None = None,
    ) -> str:
        """Answer the task and give the name of the annotation."""
        name = f"{next(self.numbers)}"
        said = outcome or (Outcome.CODED if code else Outcome.UNCLASSIFIABLE)
        judgement = Judgement(
            task_key=task.key,
            platform="fake",
            external_id=name,
            coder=coder,
            outcome=said,
            code=code if said is Outcome.CODED else None,
            judged_at=self.now,
            difficulty=difficulty,
        )
        self._record(judgement)
        return name

    def withdraw(self, annotation: str) -> None:
        with self.ledger.read() as work:
            (one,) = [r.judgement for r in work.judgements.current(KEY) if r.judgement.external_id == annotation]
        self._record(replace(one, deleted=True, judged_at=self.now))

    def _record(self, judgement: Judgement) -> None:
        with self.ledger.begin() as work:
            work.judgements.record(judgement, now=self.now)

    def tasks(self, kind: Kind = Kind.CODING) -> list[Task]:
        """By text, in the order of seats; gold among ordinary tasks is left out."""
        with self.ledger.read() as work:
            found = [task for task in work.tasks.of_campaign(KEY) if task.kind is kind]
        if kind is Kind.CODING:
            found = [task for task in found if task.component is not Component.GOLD]
        return sorted(found, key=lambda task: (task.text_key, task.seat))

    def of_text(self, text_key: str, kind: Kind = Kind.CODING) -> list[Task]:
        return [task for task in self.tasks(kind) if task.text_key == text_key]

    def queue(self, name: str) -> list[Task]:
        """What is to be answered by somebody, of the campaign's first seats without an assignment too."""
        with self.ledger.read() as work:
            queues = work.assignments.queues(KEY)
            answered = {mark.task_key for mark in work.judgements.marks(KEY) if mark.outcome is not Outcome.LATER}
        tasks = [*self.tasks(), *self.tasks(Kind.ARBITRATION)]
        return [t for t in tasks if queues.get(t.key, SHARED) == name and t.key not in answered]

    def everything(self) -> tuple[object, ...]:
        """What routing may change."""
        with self.ledger.read() as work:
            return work.tasks.of_campaign(KEY), work.assignments.current(KEY), work.enrolments.current(KEY)
