"""Several processes that amend one training set at once: nothing lost, and what waiting for one another costs.

Run: python -m tests.benchmarks.writers [--writers 8] [--commits 50]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import results
from tests.parts import rivals, trainingrows
from tests.parts.postgres import Cluster
from tests.parts.rivals import Contest
from tests.parts.s3 import S3Process

COLUMNS = (
    "catalog",
    "storage",
    "versions wanted",
    "there",
    "rows lost",
    "overtaken",
    "most attempts",
    "longest wait (s)",
    "gave up",
    "all (s)",
)
LONGEST_SECONDS = 3600


def measure(catalog: str, storage: str, contest: Contest) -> list[object]:
    started = time.perf_counter()
    ended = contest.run(seconds=LONGEST_SECONDS)
    seconds = time.perf_counter() - started
    wanted, done = contest.wanted(), contest.done()
    with contest.store() as store:
        versions, current = store.versions(), store.current()
        assert current is not None
        there = trainingrows.codes(store.read(current.tag))
        assert not store.verify(current.tag).faults
    return [
        catalog,
        storage,
        len(wanted),
        len({version.tag for version in versions} & set(wanted)),
        len(set(wanted.values()) - set(there)),
        sum(one.attempts - 1 for one in done),
        max(one.attempts for one in done),
        f"{max(one.seconds for one in done):.0f}",
        sum(code == rivals.CONFLICT for code in ended),
        f"{seconds:.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--commits", type=int, default=50)
    given = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as root, Cluster() as cluster:
        server = S3Process(Path(root))
        server.start()
        try:
            for catalog in ("SQLite", "PostgreSQL"):
                for storage in ("folder", "S3"):
                    folder = Path(root) / f"{catalog}-{storage}"
                    uri = cluster.new_database() if catalog == "PostgreSQL" else f"sqlite:///{folder}/ledger.db"
                    folder.mkdir()
                    settings = _settings(storage, folder, server)
                    contest = Contest(uri, settings, folder / "told", given.writers, given.commits)
                    rows.append(measure(catalog, storage, contest))
        finally:
            server.stop()
    results.record(
        "Two writers at once",
        command=f"python -m tests.benchmarks.writers --writers {given.writers} --commits {given.commits}",
        columns=COLUMNS,
        rows=rows,
        note=f"{given.writers} processes, each amending the current version {given.commits} times with a row of its "
        "own, without a pause, retrying as `awb trainingset build` does. The longest wait is that of one version.",
    )


def _settings(storage: str, folder: Path, server: S3Process) -> Mapping[str, Any]:
    if storage == "folder":
        return {"url": str(folder / "store")}
    s3 = server.server
    return {"url": s3.new_bucket(), "key": s3.key, "secret": s3.secret, "endpoint": s3.endpoint}


if __name__ == "__main__":
    main()
