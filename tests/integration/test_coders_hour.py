"""An hour of a coder who leaves the mouse alone, on the real server and the real nomenclature; then the pull."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from annotation.campaign import pull, push
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Task
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature import readers
from annotation.nomenclature.nomenclature import Nomenclature
from tests.parts import campaigns, coding_screen
from tests.parts.coding_screen import CodingScreen
from tests.parts.labelstudio import Hands, platform_of

pytestmark = [pytest.mark.integration, pytest.mark.browser]

# Of the 20 tasks, counted from 0.
BLIND = 18
SHOWN = Shown({"liasse_type": "Type de liasse"}, reason=True, prefill=False, values={"liasse_type": {"C": "Création"}})


@dataclass
class Hour:
    """``expected`` is what the coder meant, by text: outcome, code, difficulty, reason, comment."""

    key: str
    ledger: Ledger
    platform: LabelStudioPlatform
    screen: CodingScreen
    candidates: tuple[str, ...]
    expected: dict[str, tuple[Outcome, str | None, int | None, str, str]] = field(default_factory=dict)

    @property
    def project(self) -> int:
        with self.ledger.read() as work:
            (project,) = work.platforms.projects(self.key)
        return project.external_id

    def task_of(self, text: str) -> int:
        """Its number on the platform."""
        with self.ledger.read() as work:
            keys = work.platforms.references(self.key, self.platform.name)
            tasks = work.tasks.get(sorted(set(keys.values())))
            texts = work.texts.get([task.text_key for task in tasks.values()])
        (number,) = [number for number, key in keys.items() if texts[tasks[key].text_key].text == text]
        return number

    def mean(
        self, outcome: Outcome, code: str | None = None, *, level: int | None = None, reason: str = "", words: str = ""
    ) -> None:
        self.expected[self.screen.shown()] = (outcome, code, level, reason, words)

    def choose(self, place: int) -> None:
        self.mean(Outcome.CODED, self.candidates[place])
        self.screen.press(str((place + 1) % 10))
        self.screen.submit()

    def find(self, words: str, leaf: str, *, opened: bool = False) -> None:
        self.mean(Outcome.CODED, leaf)
        if not opened:
            self.screen.press("o")
        self.screen.search(words, leaf=leaf)
        self.screen.submit()

    def pull(self) -> dict[str, tuple[Outcome, str | None, int | None, str, str]]:
        """What the ledger holds by now, by text."""
        pull.pull(ledger=self.ledger, platform=self.platform, campaign_key=self.key, clock=now)
        with self.ledger.read() as work:
            said = [one.judgement for one in work.judgements.current(self.key)]
            tasks = work.tasks.get([one.task_key for one in said])
            texts = work.texts.get([task.text_key for task in tasks.values()])
        return {texts[tasks[one.task_key].text_key].text: _meant(one) for one in said}


def _meant(one: Judgement) -> tuple[Outcome, str | None, int | None, str, str]:
    return one.outcome, one.code, one.difficulty, one.detail, one.comment


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def naf2025(shared_data: Path) -> Nomenclature:
    folder = shared_data / "naf"
    bare = readers.read_nomenclature(folder / "data_naf.xlsx", key="naf-2025", title="NAF 2025")
    return readers.merge_notes(bare, folder / "NAFclasses.xlsx")


@pytest.fixture
def hour(label_studio: LabelStudioServer, browser: Browser, naf2025: Nomenclature, tmp_path: Path) -> Iterator[Hour]:
    key = f"hour-{uuid4().hex[:12]}"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    coding_screen.log_in(page, label_studio)
    with platform_of(label_studio) as platform, closing(Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.migrate()
        candidates = tuple(leaf.code for leaf in naf2025.leaves[20:30])
        fill(ledger, naf2025, key, candidates)
        push.push(ledger=ledger, platform=platform, campaign_key=key, shown=SHOWN, clock=now)
        yield Hour(key, ledger, platform, CodingScreen(page), candidates)
    page.close()


def fill(ledger: Ledger, nomenclature: Nomenclature, key: str, candidates: tuple[str, ...]) -> None:
    """Twenty tasks with ten candidates each; in the order of their keys, the nineteenth is blind."""
    texts = [Text(f"t{i}", f"g{i}", f"activité numéro {i}", {"liasse_type": "C", "secret": "kept"}) for i in range(20)]
    with ledger.begin() as work:
        work.nomenclatures.add(nomenclature, origin="published", sha256="0" * 64, now=now())
        work.campaigns.add(Campaign(key, "A coder's hour", nomenclature.key, "fr", now()))
        work.policies.set(key, Policy(show_probability=True), by="lead", now=now())
        work.texts.add(texts, now=now())
        draw = work.draws.add(Draw(key, key, 1, "m/1", "2026-01", "2026-02", {}, now())).id
        chances = tuple(round(0.5 / (place + 1), 3) for place in range(10))
        tasks: list[Task] = [
            replace(task, candidates=candidates, probabilities=chances) for task in campaigns.tasks_of(key, draw, texts)
        ]
        tasks.sort(key=lambda task: task.key)
        work.tasks.add([replace(task, blind=place == BLIND) for place, task in enumerate(tasks)])


def test_hour__twenty_tasks_by_keyboard_come_back_as_they_were_meant(
    hour: Hour, label_studio: LabelStudioServer
) -> None:
    screen = hour.screen
    first = screen.open(hour.platform.project_url(hour.project))
    screen.screenshot("coding-fr")
    expect(screen.page.get_by_text("Type de liasse : Création")).to_be_visible()
    expect(screen.page.get_by_text("Drawn at random to measure accuracy.")).to_be_visible()
    expect(screen.page.locator(".awb-code")).to_contain_text("50 %")
    for _ in range(7):
        hour.choose(0)
    for place in (2, 9):
        hour.choose(place)
    hour.find("0112y", "01.12Y")
    hour.find("01.13", "01.13Y")
    hour.find("elevage de porcins", "01.46Y")
    hour.find("Élevage de porcins", "01.46Y")
    hour.mean(Outcome.UNCLASSIFIABLE, level=4, reason="several", words="deux métiers")
    screen.press("u", "x", "j")
    screen.screenshot("unclassifiable")
    screen.comment("deux métiers")
    screen.submit()
    for key, outcome in (("l", Outcome.LATER), ("e", Outcome.EXPERT), ("n", Outcome.NOT_THIS)):
        hour.mean(outcome)
        screen.press(key)
        screen.submit()
    hour.mean(Outcome.CODED, hour.candidates[1], level=0)
    screen.press("1", "2", "d")
    screen.submit()
    assert screen.page.locator(".awb-code .lsf-choice").count() == 5, "a blind task shows no candidate"
    screen.screenshot("blind")
    hour.find("culture du riz", "01.12Y", opened=True)
    last = screen.shown()
    hour.mean(Outcome.CODED, hour.candidates[4])
    screen.press("5", "Control+Enter")
    expect(screen.page.get_by_text("Annotation saved").or_(screen.page.get_by_text("No more")).first).to_be_visible()

    assert len(hour.expected) == 20
    assert hour.pull() == hour.expected

    _edit(hour, first)
    _delete(hour, last, label_studio)
    assert hour.pull() == hour.expected


def _edit(hour: Hour, text: str) -> None:
    """The coder comes back to the first task and takes the third candidate instead."""
    page = hour.screen.page
    page.goto(hour.platform.task_url(hour.project, hour.task_of(text)))
    assert hour.screen.shown() == text
    hour.mean(Outcome.CODED, hour.candidates[2])
    expect(page.locator(".awb-code input:checked")).to_have_count(1)
    hour.screen.press("3")
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and "/annotations/" in answer.url):
        hour.screen.press("Control+Enter")


def _delete(hour: Hour, text: str, server: LabelStudioServer) -> None:
    del hour.expected[text]
    task = hour.task_of(text)
    ((found,),) = [one.annotations for one in hour.platform.tasks(hour.project, [task])]
    with closing(Hands(server)) as hands:
        hands.delete_annotation(task, found.external_id)
