"""A team that codes a campaign through a platform: overlap, hard texts, disputes, an arbiter, an absent coder."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from annotation.campaign import pull, push, routing, settling, team
from annotation.campaign.ports import Answer, PlatformCoder
from annotation.campaign.presenting import Shown
from annotation.campaign.routing import RouteResult
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import Kind, Task
from annotation.domain.team import ARBITRATION, Enrolment, Standing
from annotation.ledger.unit_of_work import Ledger
from annotation.quality.consensus import Dispute, Settled
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform

KEY = campaigns.KEY
CODES = ("01.11Z", "01.12Z", "01.13Z")
TEXTS = 200
POLICY = Policy(
    second_share=0.3,
    second_if_hard=4,
    consensus=Consensus.ARBITER,
    arbitration=True,
    queue_size=25,
    lease_hours=48,
)


@dataclass
class Bureau:
    """Each present coder answers all of their project, a day after the other; one in five codes is another's."""

    ledger: Ledger
    platform: FakePlatform = field(default_factory=FakePlatform)
    coders: dict[str, PlatformCoder] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    days: int = 0
    disputed: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        return campaigns.NOW + timedelta(days=self.days)

    def hire(self, name: str, *, arbiter: bool = False) -> str:
        person = self.platform.sign_up(f"{name}@office.example", "a-long-password")
        coder = team.pseudonym(ledger=self.ledger, platform=self.platform, email=person.email, now=self.now)
        with self.ledger.begin() as work:
            work.enrolments.record(Enrolment(KEY, coder, Standing.ACTIVE, self.now, arbiter=arbiter))
        self.coders[coder] = person
        return coder

    def day(self) -> RouteResult:
        """Route, push, have everybody answer, pull."""
        self.days += 1
        result = routing.route(ledger=self.ledger, campaign_key=KEY, now=self.now)
        push.push(ledger=self.ledger, platform=self.platform, campaign_key=KEY, shown=Shown({}), clock=lambda: self.now)
        for number, task, coder in self.open():
            self.platform.annotate(number, self.coders[coder], self.answer(task, coder))
        pull.pull(ledger=self.ledger, platform=self.platform, campaign_key=KEY, clock=lambda: self.now)
        with self.ledger.read() as work:
            found = settling.verdicts(work, KEY)
        self.disputed |= {key for key, one in found.items() if isinstance(one, Dispute)}
        return result

    def open(self) -> Iterator[tuple[int, Task, str]]:
        """What those who are there find unanswered in their projects: the platform's number, the task, the coder."""
        (arbiter,) = [coder for coder, one in self.enrolled().items() if one.arbiter]
        with self.ledger.read() as work:
            references = work.platforms.references(KEY, self.platform.name)
            tasks = work.tasks.get(sorted(set(references.values())))
            queue_of = {project.external_id: project.queue for project in work.platforms.projects(KEY)}
        for number, stored in sorted(self.platform.stored.items()):
            queue = queue_of[stored.project]
            coder = arbiter if queue == ARBITRATION else queue
            if not stored.annotations and coder not in self.absent:
                yield number, tasks[references[number]], coder

    def enrolled(self) -> dict[str, Enrolment]:
        with self.ledger.read() as work:
            return work.enrolments.current(KEY)

    def answer(self, task: Task, coder: str) -> Answer:
        chance = random.Random(f"{task.text_key}/{coder}")
        wrong = task.kind is Kind.CODING and chance.random() < 0.2
        hard = 5 if chance.random() < 0.1 else 1
        name = campaigns.answer(f"{task.key}/{coder}", CODES[1] if wrong else CODES[0]).id
        return Answer(name, Outcome.CODED, CODES[1] if wrong else CODES[0], 30.0, difficulty=hard)

    def said(self) -> dict[str, list[tuple[Task, str]]]:
        """By text key, the tasks with the coders who answered them."""
        with self.ledger.read() as work:
            tasks = {task.key: task for task in work.tasks.of_campaign(KEY)}
            found: dict[str, list[tuple[Task, str]]] = defaultdict(list)
            for mark in work.judgements.marks(KEY):
                found[tasks[mark.task_key].text_key].append((tasks[mark.task_key], mark.coder))
        return found


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    return played(tmp_path_factory.mktemp("bureau"))


def played(folder: Path, *, texts: int = TEXTS, absent: int = 0) -> Bureau:
    """Until a day brings nothing more."""
    bureau = Bureau(campaigns.campaign(folder, tasks=texts))
    bureau.platform.page = 500
    with bureau.ledger.begin() as work:
        work.policies.set(KEY, POLICY, by="test", now=bureau.now)
    coders = [bureau.hire(f"coder{i}") for i in range(5)]
    bureau.hire("arbiter", arbiter=True)
    bureau.absent = frozenset(coders[:absent])
    while bureau.day() != RouteResult() or any(bureau.open()):
        assert bureau.days < 30
    return bureau


def test_team__every_text_ends_settled(bureau: Bureau) -> None:
    with bureau.ledger.read() as work:
        found = settling.verdicts(work, KEY)

    assert len(found) == TEXTS
    assert all(isinstance(one, Settled) for one in found.values())


def test_team__no_coder_speaks_twice_of_a_text(bureau: Bureau) -> None:
    for said in bureau.said().values():
        coders = [coder for _, coder in said]

        assert len(coders) == len(set(coders))


def test_team__the_arbiter_gets_the_disputes_and_nothing_else(bureau: Bureau) -> None:
    arbitrated = {key for key, said in bureau.said().items() if any(t.kind is Kind.ARBITRATION for t, _ in said)}

    assert arbitrated == bureau.disputed
    assert len(arbitrated) > 5


def test_team__the_work_is_spread(bureau: Bureau) -> None:
    done: dict[str, int] = defaultdict(int)
    for said in bureau.said().values():
        for task, coder in said:
            done[coder] += task.kind is Kind.CODING
    shares = [number for coder, number in done.items() if not bureau.enrolled()[coder].arbiter]

    assert len(shares) == 5
    assert max(shares) < 1.25 * min(shares)


def test_team__texts_asked_twice_are_those_of_chance_and_the_hard_ones(bureau: Bureau) -> None:
    with bureau.ledger.read() as work:
        hard = {mark.task_key for mark in work.judgements.marks(KEY) if mark.difficulty == 5}
    twice = {key: said for key, said in bureau.said().items() if any(task.seat == 2 for task, _ in said)}

    assert 0.3 * TEXTS < len(twice) < 0.55 * TEXTS
    assert {key for key, said in bureau.said().items() if any(task.key in hard for task, _ in said)} <= set(twice)


def test_team__another_day_changes_nothing(bureau: Bureau) -> None:
    def everything() -> object:
        with bureau.ledger.read() as work:
            return work.tasks.of_campaign(KEY), work.assignments.current(KEY), work.judgements.history(KEY)

    before = everything()

    assert bureau.day() == RouteResult()
    assert everything() == before


def test_team__an_absent_coder_starves_nobody(tmp_path: Path) -> None:
    """Nor does what they were given stay in their project."""
    bureau = played(tmp_path, texts=60, absent=1)
    with bureau.ledger.read() as work:
        found = settling.verdicts(work, KEY)
        held = set(work.assignments.queues(KEY).values())

    assert len(found) == 60
    assert all(isinstance(one, Settled) for one in found.values())
    assert held.isdisjoint(bureau.absent)
