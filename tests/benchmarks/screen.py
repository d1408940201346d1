"""What a coder waits for: keys per answer, from one task to the next in a large project, the tree of codes.

A real browser on a real Label Studio, both on this machine; the project holds 20,000 tasks with ten candidates.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from playwright.sync_api import Page, expect, sync_playwright

from annotation.campaign import presenting
from annotation.campaign.ports import ProjectSpec, TaskPayload
from annotation.labelstudio import payload
from annotation.labelstudio.server import LabelStudioServer
from annotation.nomenclature import readers
from annotation.nomenclature.nomenclature import Nomenclature
from tests.benchmarks import results
from tests.parts import browser, coding_screen
from tests.parts.coding_screen import CodingScreen
from tests.parts.labelstudio import platform_of

TASKS = 20_000
BATCH = 1000
ANSWERS = 40
OPENINGS = 10
NAF = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "naf"
# Keys that the screen needs for a right first candidate: one that chooses, one that submits.
KEYS = ("1", "Control+Enter")


def main() -> None:
    nomenclature = readers.merge_notes(
        readers.read_nomenclature(NAF / "data_naf.xlsx", key="naf-2025", title="NAF 2025"), NAF / "NAFclasses.xlsx"
    )
    with tempfile.TemporaryDirectory() as folder, LabelStudioServer(data=Path(folder)) as server:
        project, size = _fill(server, nomenclature)
        with sync_playwright() as playwright:
            launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(browser.FLAGS))
            page = launched.new_page(viewport={"width": 1280, "height": 900})
            coding_screen.log_in(page, server)
            screen = CodingScreen(page)
            screen.open(f"{server.url}/projects/{project}/data")
            intervals = [_answer(screen) for _ in range(ANSWERS)][2:]
            openings = [_open_tree(screen) for _ in range(OPENINGS)]
            launched.close()
    deciles = quantiles(intervals, n=10)
    results.record(
        "The coder's screen",
        command="python -m tests.benchmarks.screen",
        columns=["what", "median", "9 in 10 below"],
        rows=[
            ["keystrokes for a right first candidate", len(KEYS), len(KEYS)],
            [f"submit to next task shown, {TASKS:,} tasks", f"{median(intervals):.2f} s", f"{deciles[-1]:.2f} s"],
            [
                f"opening the tree, {len(nomenclature.leaves)} leaves",
                f"{median(openings):.2f} s",
                f"{max(openings):.2f} s",
            ],
        ],
        note=f"NAF 2025, ten candidates with notes, {size / 1024:.1f} kB per task; server, SQLite and browser on "
        f"two cores of one machine. {len(intervals)} answers, from the key that submits until the next text and its "
        f"candidates are there; {OPENINGS} openings (the second column is the slowest), from the key until a code can "
        "be seen, which includes Label Studio's own delay of 0.2 s before its search can be typed in.",
    )


def _fill(server: LabelStudioServer, nomenclature: Nomenclature) -> tuple[int, float]:
    """The project's number, and the mean size of a task in bytes."""
    leaves = nomenclature.leaves
    with platform_of(server) as platform:
        project = platform.ensure_project(ProjectSpec("screen/naf-2025", "Screen", "", nomenclature, prefill=False))
    headers = {"Authorization": f"Token {server.account.token}"}
    size = 0
    with httpx.Client(base_url=server.url, headers=headers, timeout=300) as client:
        for start in range(0, TASKS, BATCH):
            body = [_task(nomenclature, number, leaves) for number in range(start, start + BATCH)]
            answer = client.post(f"/api/projects/{project}/import", json=body)
            answer.raise_for_status()
            size += len(answer.request.content)
            sys.stderr.write(f"\r{start + BATCH:,} tasks")
    return project, size / TASKS


def _task(nomenclature: Nomenclature, number: int, leaves: Any) -> dict[str, Any]:
    codes = [leaves[(number + place * 61) % len(leaves)].code for place in range(10)]
    candidates = tuple(presenting.candidate(nomenclature, code, 0.5 / (place + 1)) for place, code in enumerate(codes))
    text = f"{leaves[number % len(leaves)].title}, établissement {number}"
    return payload.encode(TaskPayload(f"key{number}", text, candidates=candidates, score=0.25), language="fr")


def _answer(screen: CodingScreen) -> float:
    """Seconds from submitting a right first candidate until the next task can be answered."""
    before = screen.shown()
    choose, submit = KEYS
    screen.press(choose)
    started = time.perf_counter()
    screen.press(submit)
    screen.page.wait_for_function(
        """before => { const text = document.querySelector(".awb-text .lsf-richtext__container");
        return text && text.innerText.trim() && text.innerText.trim() !== before
            && document.querySelectorAll(".awb-code .lsf-choice").length > 5; }""",
        arg=before,
        polling=20,
    )
    return time.perf_counter() - started


def _open_tree(screen: CodingScreen) -> float:
    """Seconds from the click into the tree until its codes are seen; the task stays unanswered."""
    page: Page = screen.page
    screen.press("o")
    page.wait_for_selector(".htx-taxonomy .ant-select-selector")
    started = time.perf_counter()
    page.click(".htx-taxonomy .ant-select-selector")
    page.wait_for_selector(".ant-select-tree-title")
    page.wait_for_function("document.activeElement.name === 'taxonomy-search-input'", polling=20)
    took = time.perf_counter() - started
    screen.press("Escape")
    expect(page.locator(".htx-taxonomy-dropdown")).to_be_hidden()
    screen.press("1")
    return took


if __name__ == "__main__":
    main()
