"""What versions of a training set cost: ours, a whole Parquet file for each, and DVC, side by side in one run.

``python -m tests.benchmarks.versions`` takes 5 million rows, a folder and an S3 server, 10 GB of disk and an hour; DVC
is installed in an environment of its own in the cache. Each step runs in a process of its own, first ours, then others.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.benchmarks import results
from tests.parts import measured_steps, version_steps
from tests.parts.measured_steps import Measured
from tests.parts.s3 import S3Process
from tests.parts.version_keepers import Place
from tests.parts.version_steps import DVC, OURS, REWRITTEN

TITLES: Final = {OURS: "ours", REWRITTEN: "whole file", DVC: "DVC"}
SMALL: Final = 100
APART: Final = 50
COUNTED: Final = ("diff", "read", "stream")
REPEATED: Final = 3
STREAMED: Final = ("first", "few", "many", "fifty", "small", "adjacent", "apart", "over small", "stream", "rollback")

Runner = Callable[[dict[str, Any]], Measured]


@dataclass(frozen=True, slots=True)
class Sizes:
    """``few`` and ``many`` corrections make a commit, ``small`` commits are of a hundred each."""

    rows: int = 5_000_000
    few: int = 1_000
    many: int = 50_000
    small: int = 1_000

    @property
    def files(self) -> dict[str, int]:
        return {"few": self.few, "many": self.many, "apart": APART * self.few, "small": SMALL * self.small}


@dataclass(slots=True)
class Run:
    """One place where the same content is kept in each way; ``stored`` is the folder in which it can be weighed."""

    place: Place
    source: Path
    stored: Path
    keepers: Sequence[str]
    runner: Runner
    measured: dict[tuple[str, str], list[Measured]] = field(default_factory=lambda: defaultdict(list))
    written: dict[tuple[str, str], int] = field(default_factory=dict)

    def step(self, what: str, name: str, *given: Any, keepers: Sequence[str] = (), times: int = 1) -> None:
        """By each keeper in turn, as often as said; what they find must be the same."""
        for _ in range(times):
            for keeper in keepers or self.keepers:
                place = self.place.under(keeper)
                with measured_steps.bytes_written(self.stored / keeper, place.work) as written:
                    measured = self.runner(version_steps.step(keeper, place, name, *given))
                self._check(name, what, measured)
                self.measured[what, keeper].append(measured)
                self.written[what, keeper] = written[0]
                sys.stderr.write(f"{what}, {keeper}: {measured.seconds:.2f} s, {measured.peak:,.0f} MB\n")

    def _check(self, name: str, what: str, measured: Measured) -> None:
        """Nobody is quick by finding less."""
        former = next((many[0] for (done, _), many in self.measured.items() if done == what and many), measured)
        if name in COUNTED and former.found != measured.found:
            raise SystemExit(f"{what}: {former.found} rows, and then {measured.found}.")

    def corrections(self, name: str) -> str:
        return str(self.source.with_name(name))

    def seconds(self, what: str, keeper: str) -> float:
        return median(one.seconds for one in self.measured[what, keeper])

    def cpu(self, what: str, keeper: str) -> float:
        return median(one.cpu for one in self.measured[what, keeper])


def measure(
    folder: Path,
    sizes: Sizes,
    *,
    places: Sequence[str],
    keepers: Sequence[str],
    runner: Runner = version_steps.run,
) -> dict[str, Run]:
    """All steps at each place, *folder* or *s3*."""
    source = folder / "source.parquet"
    version_steps.make(source, sizes.rows, sizes.files)
    runs = {}
    for name in places:
        with _place(name, folder / name) as (place, stored):
            runs[name] = Run(place, source, stored, keepers, runner)
            _play(runs[name], sizes)
    return runs


def _play(run: Run, sizes: Sizes) -> None:
    others = [keeper for keeper in run.keepers if keeper != OURS]
    run.step("prepare", "prepare")
    run.step("first", "first", str(run.source), "v1")
    run.step("few", "amend", run.corrections("few"), 1, "v1", "v2")
    run.step("many", "amend", run.corrections("many"), 1, "v2", "v3")
    run.step("fifty", "amend", run.corrections("apart"), APART, "v3", "w", keepers=[OURS])
    # The others read both versions whole, whatever lies between them.
    run.step("fifty", "amend", run.corrections("apart"), 1, "v3", f"w{APART}", keepers=others)
    for what, old, new in (("adjacent", "v1", "v2"), ("apart", "v3", f"w{APART}")):
        run.step(what, "diff", old, new)
        run.step(what, "diff", old, new, keepers=[OURS], times=REPEATED - 1)
    run.step("read", "read", "v3", times=REPEATED)
    run.step("stream", "stream", "v3")
    run.step("tag", "tag", "v2", "named")
    run.step("rollback", "rollback", "v1", "back")
    run.step("small", "amend", run.corrections("small"), sizes.small, "back", "s", keepers=[OURS])
    for _ in range(REPEATED):
        run.step("before small", "read", "back", keepers=[OURS])
        run.step("after small", "read", f"s{sizes.small}", keepers=[OURS])
    run.step("over small", "diff", "back", f"s{sizes.small}", keepers=[OURS])


@contextmanager
def _place(name: str, folder: Path) -> Iterator[tuple[Place, Path]]:
    """The place, and the folder that holds what is stored there."""
    folder.mkdir()
    if name == "folder":
        yield Place(f"file://{folder}/stored", folder / "work"), folder / "stored"
        return
    process = S3Process(folder)
    process.start()
    try:
        server, url = process.server, process.server.new_bucket()
        place = Place(f"{url}/stored", folder / "work", server.key, server.secret, server.endpoint)
        yield place, server.folder / url.removeprefix("s3://") / "stored"
    finally:
        process.stop()


def _record(name: str, run: Run, sizes: Sizes) -> None:
    columns, *rows = table(run, sizes)
    results.record(
        f"Versions of a training set, {name}",
        command="python -m tests.benchmarks.versions",
        columns=columns,
        rows=rows,
        note=(
            f"{sizes.rows:,} rows of made-up texts of 3 to 8 words, {run.source.stat().st_size / 1e6:,.0f} MB as one"
            " Parquet file. Seconds by the clock and of CPU (that of the S3 server is not seen), peak memory. Whole"
            " file: read, changed and written anew by pyarrow (zstd, its own S3 client), compared by DuckDB's join."
            " DVC: the same file, then dvc add, git commit, dvc push to the same place; read after git and dvc"
            " checkout. A correction is another code by a coder. Ours with the former rows at hand, as a build has"
            f" them; its catalog is a SQLite file. Medians of {REPEATED} for our diffs and all reads; ratios within one"
            f" run, on {os.cpu_count()} cores shared with other work, load average at the end {os.getloadavg()[0]:.0f}."
        ),
    )


def table(run: Run, sizes: Sizes) -> list[list[str]]:
    """Its head first."""
    head = ["operation", *(TITLES[one] for one in run.keepers), "ours : whole file", "ours : DVC", "asked"]
    return [head, *_operations(run, sizes), *_own(run, sizes)]


def _operations(run: Run, sizes: Sizes) -> Iterator[list[str]]:
    asked = {
        "first": ("first commit", "<= 1"),
        "few": (f"commit of {sizes.few:,} corrections", "<= 1/20"),
        "many": (f"commit of {sizes.many:,}", "<= 1"),
        "adjacent": ("diff of adjacent versions", "<= 1"),
        "apart": (f"diff of versions {APART} apart", "<= 1"),
        "read": ("read a version to Arrow", "<= 1/0.7"),
        "stream": ("read it in batches", ""),
        "tag": ("tag", "<= 1"),
        "rollback": ("rollback", "<= 1"),
    }
    for what, (title, target) in asked.items():
        cells = [_cell(run, what, one) for one in run.keepers]
        yield [title, *cells, *(_ratio(run, what, one) for one in (REWRITTEN, DVC)), target]
    for what, title, target in (("first", "first commit", ""), ("few", f"{sizes.few:,} corrections", "<= 1/50")):
        written = {one: run.written[what, one] for one in run.keepers}
        shares = [_share(written[OURS], written[one]) if one in written else "" for one in (REWRITTEN, DVC)]
        yield [f"bytes written: {title}", *(f"{written[one] / 1e6:,.2f} MB" for one in run.keepers), *shares, target]


def _own(run: Run, sizes: Sizes) -> Iterator[list[str]]:
    """What is asked of ours by itself, or against reading."""
    both = 2 * run.seconds("read", REWRITTEN)
    fifty, small = run.measured["fifty", OURS][0].found, run.measured["small", OURS][0].found
    tenth = max(1, len(small) // 10)
    after = run.seconds("after small", OURS) / run.seconds("before small", OURS)
    highest = max(_peak(run, what, OURS) for what in STREAMED)
    for title, figure, ratio, target in (
        (f"commit of {sizes.few:,}, median of {APART}", median(fifty), run.seconds("few", REWRITTEN), "<= 1/20"),
        ("diff of adjacent versions : reading both files", run.seconds("adjacent", OURS), both, "<= 1/5"),
        (f"diff of versions {APART} apart : reading both files", run.seconds("apart", OURS), both, "<= 1/5"),
        (
            f"small commits, the last tenth of {sizes.small:,} : the first",
            median(small[-tenth:]),
            median(small[:tenth]),
            "",
        ),
    ):
        yield _alone(run, title, f"{figure:.2f} s", _share(figure, ratio), target)
    yield _alone(
        run,
        f"read after {sizes.small:,} small commits : before",
        f"{run.seconds('after small', OURS):.2f} s",
        f"{after:.2f}",
        "<= 2",
    )
    yield _alone(run, "highest peak of all but reading to Arrow", f"{highest:,.0f} MB", "", "< 2,000 MB")


def _alone(run: Run, title: str, figure: str, ratio: str, target: str) -> list[str]:
    return [title, figure, *[""] * (len(run.keepers) - 1), ratio, "", target]


def _peak(run: Run, what: str, keeper: str) -> float:
    return max(one.peak for one in run.measured[what, keeper])


def _cell(run: Run, what: str, keeper: str) -> str:
    clock, cpu = run.seconds(what, keeper), run.cpu(what, keeper)
    return f"{clock:.2f} s (CPU {cpu:.2f}), {_peak(run, what, keeper):,.0f} MB"


def _ratio(run: Run, what: str, other: str) -> str:
    if other not in run.keepers:
        return ""
    clock = _share(run.seconds(what, OURS), run.seconds(what, other))
    return f"{clock} (CPU {_share(run.cpu(what, OURS), run.cpu(what, other))})"


def _share(ours: float, theirs: float) -> str:
    """As a fraction of one where it is small: what is asked is said so."""
    if not ours or not theirs:
        return ""
    return f"{ours / theirs:.2f}" if ours > theirs / 5 else f"1/{theirs / ours:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="What versions of a training set cost.")
    parser.add_argument("--rows", type=int, default=Sizes().rows)
    parser.add_argument("--small", type=int, default=Sizes().small, help="how many small commits")
    parser.add_argument("--places", nargs="+", default=["folder", "s3"])
    parser.add_argument("--keepers", nargs="+", default=[OURS, REWRITTEN, DVC])
    given = parser.parse_args()
    sizes = Sizes(given.rows, small=given.small)
    with tempfile.TemporaryDirectory() as folder:
        for name, run in measure(Path(folder), sizes, places=given.places, keepers=given.keepers).items():
            _record(name, run, sizes)


if __name__ == "__main__":
    main()
