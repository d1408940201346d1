"""The coder's screen in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation.campaign.ports import Candidate, Feedback, GivenAnswer, Notes, ProjectSpec, TaskPayload
from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from tests.parts import campaigns, coding_screen
from tests.parts.coding_screen import CodingScreen
from tests.parts.labelstudio import platform_of

pytestmark = [pytest.mark.integration, pytest.mark.browser]

CANDIDATES = (Candidate("01.12Z", "Culture du riz", 0.6), Candidate("01.11Z", "Culture de céréales", 0.3))

TASK = TaskPayload(
    "key",
    "culture de blé et vente à la ferme",
    (("Type de liasse", "Création"), ("Surface", "40 hectares")),
    "Le modèle hésite entre 01.12Z (60,0 %) et 01.11Z (30,0 %).",
    CANDIDATES,
    score=0.3,
)


@pytest.fixture(scope="module")
def page(label_studio: LabelStudioServer, browser: Browser) -> Iterator[Page]:
    """A page of somebody who is logged in."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    coding_screen.log_in(opened, label_studio)
    yield opened
    opened.close()


@pytest.fixture
def platform(label_studio: LabelStudioServer) -> Iterator[LabelStudioPlatform]:
    with platform_of(label_studio) as made:
        yield made


def test_screen__prediction_keys_and_tree_make_answers(page: Page, platform: LabelStudioPlatform) -> None:
    project = platform.ensure_project(ProjectSpec(f"screen-{uuid4()}", "Screen", "", campaigns.NAF))
    payloads = [TaskPayload(f"key{i}", f"culture de blé {i}", candidates=CANDIDATES, score=0.3) for i in range(4)]
    platform.create_tasks(project, payloads)
    page.goto(f"{platform.project_url(project)}?labeling=1")

    expect(page.get_by_text("culture de blé 0")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("radio", name="01.12Z Culture du riz")).to_be_checked(timeout=30_000)
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="01.11Z")).to_be_checked()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("culture de blé 1")).to_be_visible(timeout=30_000)
    page.keyboard.press("u")
    page.keyboard.press("Control+Enter")
    page.get_by_text("Dites pourquoi").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Dites pourquoi").wait_for(state="hidden")
    page.keyboard.press("w")
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("culture de blé 2")).to_be_visible(timeout=30_000)
    page.keyboard.press("o")
    page.click(".ant-select-selector")
    expect(page.get_by_text("A Agriculture")).to_be_visible(timeout=30_000)
    page.locator(".ant-select-dropdown input:visible").first.press_sequentially("legumes")
    page.get_by_text("01.13Z Culture de légumes").click()
    page.keyboard.press("Escape")
    page.get_by_test_id("bottombar-submit-button").click()

    expect(page.get_by_text("culture de blé 3")).to_be_visible(timeout=30_000)
    said = [
        (a.outcome, a.code, a.problem) for t in platform.tasks(project, every(platform, project)) for a in t.annotations
    ]
    assert said == [
        (Outcome.CODED, "01.11Z", ""),
        (Outcome.UNCLASSIFIABLE, None, ""),
        (Outcome.CODED, "01.13Z", ""),
    ]


def test_screen__a_learner_sees_the_settled_code_after_choosing(page: Page, platform: LabelStudioPlatform) -> None:
    learnt = replace(TASK, feedback=Feedback("01.11Z", "Culture de céréales", "Le blé est une céréale."))
    screen = opened(page, platform, learnt, Kind.TRAINING)
    settled = page.locator(".awb-settled:visible")
    expect(settled).to_have_count(0)

    screen.press("1")

    expect(settled).to_have_text("Code retenu : 01.11Z Culture de céréalesLe blé est une céréale.")
    screen.screenshot("training")
    screen.press("o")
    expect(settled).to_have_count(0)
    screen.search("riz", leaf="01.12Z")
    expect(settled).to_have_count(1)


def test_screen__an_arbiter_sees_the_answers_side_by_side(page: Page, platform: LabelStudioPlatform) -> None:
    answers = (
        GivenAnswer(Outcome.CODED, "01.11Z", "Culture de céréales", comment="du blé", difficulty=1),
        GivenAnswer(Outcome.CODED, "01.12Z", "Culture du riz", difficulty=4),
    )
    screen = opened(page, platform, replace(TASK, answers=answers, score=None), Kind.ARBITRATION)

    cards = page.locator(".awb-card")
    expect(cards).to_have_count(2)
    first, second = (box for card in cards.all() if (box := card.bounding_box()))
    screen.screenshot("arbiter")
    assert first["y"] == second["y"], "side by side"
    assert first["x"] < second["x"]


def test_screen__many_candidates_stand_under_headings_with_notes_on_demand(
    page: Page, label_studio: LabelStudioServer
) -> None:
    many = tuple(
        Candidate(f"0{number}.1", f"Code {number}", 0.5, Notes("What it includes.", "What not."), f"Group {number % 3}")
        for number in range(12)
    )
    with platform_of(label_studio, language="en") as platform:
        screen = opened(page, platform, replace(TASK, candidates=many), Kind.CODING, language="en")

    expect(page.locator(".awb-g")).to_have_text(["Group 0", "Group 1", "Group 2"])
    note = page.get_by_text("What it includes.").first
    expect(note).to_be_hidden()
    page.locator("summary").first.click()
    expect(note).to_be_visible()
    expect(page.locator(".awb-code input:checked")).to_have_count(0)
    screen.screenshot("coding-en")


def opened(
    page: Page, platform: LabelStudioPlatform, task: TaskPayload, kind: Kind, *, language: str = "fr"
) -> CodingScreen:
    """The screen of a project with this one task."""
    spec = ProjectSpec(f"screen-{uuid4()}", "Screen", "", campaigns.NAF, language=language, prefill=False, kind=kind)
    project = platform.ensure_project(spec)
    platform.create_tasks(project, [task])
    screen = CodingScreen(page)
    assert screen.open(platform.project_url(project)) == task.text
    return screen


def every(platform: LabelStudioPlatform, project: int) -> list[int]:
    return sorted(platform.task_ids(project))
