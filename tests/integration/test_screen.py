"""The coder's screen in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation.campaign.ports import Candidate, ProjectSpec, TaskPayload
from annotation.domain.judgement import Outcome
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from tests.parts import campaigns
from tests.parts.labelstudio import platform_of

pytestmark = [pytest.mark.integration, pytest.mark.browser]

CANDIDATES = (Candidate("01.12Z", "Culture du riz", 0.6), Candidate("01.11Z", "Culture de céréales", 0.3))


@pytest.fixture
def page(label_studio: LabelStudioServer, browser: Browser) -> Iterator[Page]:
    """A page of somebody who is logged in."""
    opened = browser.new_page()
    opened.set_default_timeout(60_000)
    opened.goto(f"{label_studio.url}/user/login/")
    opened.fill("input[name=email]", label_studio.account.email)
    opened.fill("input[name=password]", label_studio.account.password)
    opened.click("button[type=submit]")
    opened.wait_for_url(lambda url: "/user/login" not in url)
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


def every(platform: LabelStudioPlatform, project: int) -> list[int]:
    return sorted(platform.task_ids(project))
