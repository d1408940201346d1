"""A coder before the screen, with a keyboard."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from annotation.labelstudio.server import LabelStudioServer

SCREENSHOTS = Path(__file__).resolve().parent.parent / "output"
SECONDS = 30_000
# Of Label Studio's page before the first control, and of the controls of one task.
MOST_TABS = 120


def log_in(page: Page, server: LabelStudioServer) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/user/login/")
    page.fill("input[name=email]", server.account.email)
    page.fill("input[name=password]", server.account.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url)


class CodingScreen:
    """``choose``, ``search`` and ``comment`` use keys alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def text(self) -> Locator:
        return self.page.locator(".awb-text .lsf-richtext__container")

    def open(self, url: str) -> str:
        """The text of the first task."""
        self.page.goto(f"{url}?labeling=1")
        return self.shown()

    def shown(self) -> str:
        """The text of the task, once its choices are there too."""
        expect(self.page.locator(".awb-code .lsf-choice").first).to_be_visible(timeout=SECONDS)
        return self.text.inner_text().strip()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def submit(self) -> None:
        """Wait until the task is gone."""
        before = self.shown()
        self.page.keyboard.press("Control+Enter")
        expect(self.text).not_to_have_text(before, timeout=SECONDS)

    def search(self, words: str, *, leaf: str) -> None:
        """Find the leaf in the open tree and choose it."""
        self._tab_to("ant-select-selection-search-input")
        self.page.keyboard.press("Enter")
        box = self.page.get_by_test_id("taxonomy-search")
        expect(box).to_be_focused(timeout=SECONDS)
        self.page.keyboard.type(words)
        found = self.page.locator(".ant-select-tree-treenode").filter(has_text=re.compile(rf"^\s*{re.escape(leaf)} "))
        expect(found).to_be_visible(timeout=SECONDS)
        active = self.page.locator(".ant-select-tree-treenode-active")
        for _ in range(MOST_TABS):
            self.page.keyboard.press("ArrowDown")
            if any(shown.strip().startswith(f"{leaf} ") for shown in active.all_inner_texts()):
                break
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".htx-taxonomy .ant-select-selection-item")).to_contain_text(leaf)
        self.page.keyboard.press("Escape")
        # While the list closes, Enter still chooses in it.
        expect(self.page.locator(".htx-taxonomy-dropdown")).to_be_hidden(timeout=SECONDS)

    def comment(self, words: str) -> None:
        self._tab_to('name="comment"')
        self.page.keyboard.type(words)
        # Within a field, Label Studio leaves Ctrl+Enter alone; Enter takes the comment over.
        self.page.keyboard.press("Enter")
        expect(self.page.locator("input[name=comment]")).to_have_count(0)

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def _tab_to(self, sign: str) -> None:
        """Move on until the focused element's tag holds ``sign``."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            tag = self.page.evaluate("document.activeElement.cloneNode(false).outerHTML")
            if sign in tag and "taxonomy-search" not in tag:
                return
        raise AssertionError(f"no Tab leads to {sign}")
