"""Server time of the lead's pages on an office's ledger: 100,000 tasks, 60,000 answers.

Run: python -m tests.benchmarks.pages [--postgres URL]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import warnings
from contextlib import closing
from pathlib import Path

from annotation.domain.task import Task
from annotation.ledger.unit_of_work import Ledger
from sync.app import create_app
from sync.settings import Settings
from tests.benchmarks import results
from tests.parts import filled_ledger, large_ledger, signing_in
from tests.parts.filled_ledger import NOW

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

PAGES = (
    "/",
    "/campaigns/main",
    "/campaigns/main/brought",
    "/campaigns/main/coders",
    "/campaigns/main/draws",
    "/campaigns/main/monitoring",
    "/campaigns/main/manage",
    "/draws/3",
    "/models/activity",
    "/api/campaigns/main",
)
TOKEN = "a-token-of-this-benchmark"
ROUNDS = 15
_LONGEST_SECONDS = 240


COLUMNS = (
    "database",
    "page",
    "first view (ms)",
    "complete after (s)",
    "next views, median (ms)",
    "after a new answer (ms)",
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default="", help="An empty database to use besides SQLite.")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = _measured("SQLite", f"sqlite:///{folder}/ledger.db", Path(folder))
        if given.postgres:
            rows += _measured("PostgreSQL", given.postgres, Path(folder))
    results.record(
        "Pages on 100,000 tasks and 60,000 answers",
        command="python -m tests.benchmarks.pages",
        columns=COLUMNS,
        rows=rows,
        note="Server time, all in one process. A page shows at once what is known and fetches what is still being "
        "worked out; after a new answer it shows the former figures until the new ones are there.",
    )


def _measured(database: str, url: str, home: Path) -> list[list[str]]:
    with closing(Ledger.open(url)) as ledger:
        ledger.migrate()
        large_ledger.fill(ledger)
        settings = Settings(home=home, serve={"tokens": TOKEN})
        app = create_app(ledger=ledger, settings=settings, champion=lambda: "activity/4", clock=lambda: NOW)
        with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            signing_in.sign_in(client, token=TOKEN)
            return [[database, *_row(client, ledger, page)] for page in PAGES]


def _row(client: TestClient, ledger: Ledger, page: str) -> list[str]:
    first = _seconds(client, page)
    complete = first + _until_complete(client, page)
    again = statistics.median(_seconds(client, page) for _ in range(ROUNDS))
    filled_ledger.judge(ledger, [(_any_task(ledger), filled_ledger.Answer("1", annotation=page))])
    changed = _seconds(client, page)
    _until_complete(client, page)
    return [page, f"{1000 * first:.0f}", f"{complete:.1f}", f"{1000 * again:.0f}", f"{1000 * changed:.0f}"]


def _any_task(ledger: Ledger) -> Task:
    with ledger.read() as work:
        return work.tasks.page_of_draw(12, limit=1, offset=0)[0]


def _until_complete(client: TestClient, page: str) -> float:
    started = time.monotonic()
    while 'hx-trigger="load' in client.get(page).text:
        if time.monotonic() - started > _LONGEST_SECONDS:
            raise TimeoutError(page)
        time.sleep(0.2)
    return time.monotonic() - started


def _seconds(client: TestClient, page: str) -> float:
    started = time.perf_counter()
    answer = client.get(page)
    spent = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{page}: {answer.status_code}")
    return spent


if __name__ == "__main__":
    main(sys.argv[1:])
