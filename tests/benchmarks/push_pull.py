"""Push and pull against the plainest way to do the same on the same Label Studio, in one run.

``python -m tests.benchmarks.push_pull push`` and ``… pull``; both without an argument.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import httpx

from annotation.campaign import presenting, projects, pull, push
from annotation.campaign.ports import TaskPayload
from annotation.campaign.presenting import Shown
from annotation.domain.task import Kind
from annotation.labelstudio import installation, payload
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from annotation.ledger.unit_of_work import Ledger
from tests.benchmarks import results
from tests.parts import campaigns
from tests.parts.labelstudio import platform_of

PUSHED = 10_000
STANDING = 50_000
CHANGED = 100
BATCH = 1000


def compare_push(folder: Path) -> None:
    """The raw import before and after the push, which are of the same tasks in projects of their own."""
    with _desk(folder, tasks=PUSHED) as (ledger, platform, server):
        shown = _shown(ledger, PUSHED)
        _import(server, _project(platform, "warm"), shown[:BATCH])
        # Their projects are made beforehand, while the push makes its own.
        one, other = _project(platform, "first"), _project(platform, "second")
        first = _timed(lambda: _import(server, one, shown))
        ours = _timed(lambda: _push(ledger, platform))
        second = _timed(lambda: _import(server, other, shown))
        again = _timed(lambda: _push(ledger, platform))
    raw = mean([first, second])
    results.record(
        "Push",
        command="python -m tests.benchmarks.push_pull push",
        columns=["what", "seconds", "tasks per second", "of the raw rate"],
        rows=[
            ["raw bulk import before", f"{first:.1f}", f"{PUSHED / first:.0f}", ""],
            ["push", f"{ours:.1f}", f"{PUSHED / ours:.0f}", f"{raw / ours:.0%}"],
            ["raw bulk import after", f"{second:.1f}", f"{PUSHED / second:.0f}", ""],
            ["push again (nothing to send)", f"{again:.2f}", "", ""],
        ],
        note=f"{PUSHED} tasks with three candidates and a prediction, in requests of {BATCH}, Label Studio "
        f"{installation.VERSION} on SQLite. The push reads the ledger, makes the project, writes down where each task "
        "lives, counts, and reads back by key.",
    )


def compare_pull(folder: Path) -> None:
    with _desk(folder, tasks=STANDING) as (ledger, platform, server):
        project = _stand(ledger, platform, server, folder / "label-studio" / installation.DATABASE)
        number = pull.pull(ledger=ledger, platform=platform, campaign_key=campaigns.KEY, clock=_now).tasks_seen
        coder = platform.sign_up("coder1@demo.example", "a-long-passphrase")
        with ledger.read() as work:
            ids = sorted(work.platforms.references(campaigns.KEY, platform.name))[:: STANDING // CHANGED][:CHANGED]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda one: platform.annotate(one, coder, campaigns.answer(str(one), "01.12Z")), ids))
        started = time.perf_counter()
        pulled = pull.pull(ledger=ledger, platform=platform, campaign_key=campaigns.KEY, clock=_now)
        ours = time.perf_counter() - started
        exported = _timed(lambda: _export(server, project))
    if (pulled.new, pulled.tasks_seen - number) != (CHANGED, CHANGED):
        raise SystemExit(f"The pull saw {pulled.tasks_seen} tasks and took {pulled.new} judgements.")
    results.record(
        "Pull",
        command="python -m tests.benchmarks.push_pull pull",
        columns=["what", "seconds", "times as fast"],
        rows=[
            [f"pull of {CHANGED} changes", f"{ours:.2f}", f"{exported / ours:.0f}"],
            ["export snapshot: made and downloaded", f"{exported:.1f}", "1"],
        ],
        note=f"{CHANGED} answers in a project of {STANDING} tasks that changed last some days before, Label Studio "
        f"{installation.VERSION} on SQLite; the pull records them in the ledger, the export is not even parsed.",
    )


@contextmanager
def _desk(folder: Path, *, tasks: int) -> Iterator[tuple[Ledger, LabelStudioPlatform, LabelStudioServer]]:
    with (
        LabelStudioServer(data=folder / "label-studio") as server,
        platform_of(server) as platform,
        closing(campaigns.campaign(folder, tasks=tasks)) as ledger,
    ):
        yield ledger, platform, server


def _stand(ledger: Ledger, platform: LabelStudioPlatform, server: LabelStudioServer, database: Path) -> int:
    """A project with all tasks of the campaign, as if people had worked on it until some days ago."""
    shown = _shown(ledger, STANDING)
    project = _project(platform, campaigns.KEY)
    ids = _import(server, project, shown[:BATCH])
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        ids += _multiply(connection, ids[-1], shown[BATCH:])
        connection.execute("UPDATE task SET updated_at = datetime('now', '-3 days', id || ' seconds')")
    with ledger.begin() as work:
        work.platforms.add_project(campaign=campaigns.KEY, platform=platform.name, external_id=project, now=_now())
        work.platforms.add_references(
            {one.key: number for one, number in zip(shown, ids, strict=True)},
            platform=platform.name,
            project_id=project,
            now=_now(),
        )
        newest = platform.newest_change(project)
        assert newest is not None
        work.platforms.move_cursor(campaigns.KEY, platform.name, newest)
    return project


def _multiply(connection: sqlite3.Connection, like: int, shown: list[TaskPayload]) -> list[int]:
    """More tasks such as the one given, in Label Studio's own tables: their import is not what is measured here."""
    connection.row_factory = sqlite3.Row
    task = dict(connection.execute("SELECT * FROM task WHERE id = ?", [like]).fetchone())
    prediction = dict(connection.execute("SELECT * FROM prediction WHERE task_id = ?", [like]).fetchone())
    last = connection.execute("SELECT max(id) FROM prediction").fetchone()[0]
    ids = [like + place for place in range(1, len(shown) + 1)]
    tasks = [
        task | {"id": number, "inner_id": number, "data": json.dumps(payload.encode(one, language="fr")["data"])}
        for number, one in zip(ids, shown, strict=True)
    ]
    predictions = [prediction | {"id": last + place, "task_id": number} for place, number in enumerate(ids, start=1)]
    for table, rows in (("task", tasks), ("prediction", predictions)):
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows)
    return ids


def _shown(ledger: Ledger, tasks: int) -> list[TaskPayload]:
    with ledger.read() as work:
        drawn = work.tasks.of_campaign(campaigns.KEY)[:tasks]
        return presenting.payloads(work, work.campaigns.get(campaigns.KEY), drawn, Shown({}))


def _project(platform: LabelStudioPlatform, name: str) -> int:
    with_key = projects.spec(_campaign(name), campaigns.NAF, queue="", kind=Kind.CODING, prefill=True)
    return platform.ensure_project(with_key)


def _campaign(name: str) -> campaigns.Campaign:
    return campaigns.Campaign(name, "Spring campaign", campaigns.NAF.key, "fr", campaigns.NOW)


def _import(server: LabelStudioServer, project: int, shown: list[TaskPayload]) -> list[int]:
    """As one would by hand: requests of a thousand, and nothing besides."""
    ids: list[int] = []
    with _client(server) as client:
        for start in range(0, len(shown), BATCH):
            body = [payload.encode(one, language="fr") for one in shown[start : start + BATCH]]
            path = f"/api/projects/{project}/import"
            answer = client.post(path, json=body, params={"return_task_ids": "true"})
            answer.raise_for_status()
            ids += answer.json()["task_ids"]
    return ids


def _push(ledger: Ledger, platform: LabelStudioPlatform) -> None:
    push.push(ledger=ledger, platform=platform, campaign_key=campaigns.KEY, shown=Shown({}), clock=_now)


def _export(server: LabelStudioServer, project: int) -> None:
    path = f"/api/projects/{project}/exports/"
    with _client(server) as client:
        made = client.post(path, json={"title": "all"}).raise_for_status().json()
        while client.get(f"{path}{made['id']}").raise_for_status().json()["status"] != "completed":
            time.sleep(0.2)
        client.get(f"{path}{made['id']}/download", params={"exportType": "JSON"}).raise_for_status()


def _client(server: LabelStudioServer) -> httpx.Client:
    headers = {"Authorization": f"Token {server.account.token}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=900)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    chosen = sys.argv[1:] or ["push", "pull"]
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            {"push": compare_push, "pull": compare_pull}[name](Path(folder))


if __name__ == "__main__":
    main()
