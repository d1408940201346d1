"""What a build of the training set costs, from the ledger to the committed version: the first, and after corrections.

``python -m tests.benchmarks.builds`` makes a SQLite ledger of 5 million labels (3 GB) and takes half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from annotation.domain.text import Cleaning, Normaliser
from annotation.ledger.unit_of_work import Ledger
from sync.storage import Storage
from sync.trainingset import build as building
from sync.trainingset.checks import Checks
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.store import TrainingSetStore
from tests.benchmarks import results
from tests.parts import labelled_ledger, many_rows, measured_steps, version_steps
from tests.parts.measured_steps import Measured
from tests.parts.version_keepers import Place
from tests.parts.version_steps import REWRITTEN

MODULE: Final = "tests.benchmarks.builds"
FEW: Final = 1_000
NORMALISER: Final = Normaliser(Cleaning(), ("cj", "liasse_type"))


def measure(folder: Path, rows: int, few: int) -> dict[str, Measured]:
    url = labelled_ledger.make(folder, rows)
    found = {"first build": _step("build", url, folder, 0)}
    found["nothing new"] = _step("build", url, folder, 1)
    for number, title in ((2, f"build after {few:,} corrections"), (3, f"build after {few:,} more")):
        labelled_ledger.correct(url, few, seed=number)
        found[title] = _step("build", url, folder, number)
    found["built again to compare (awb trainingset rebuild)"] = _step("rebuild", url, folder, 4)
    found["all files and rows verified (awb trainingset verify)"] = _step("verify", url, folder, 5)
    found[f"whole Parquet file: {few:,} rows read, changed, written"] = _rewritten(folder, rows, few)
    return found


def _rewritten(folder: Path, rows: int, few: int) -> Measured:
    source = folder / "source.parquet"
    version_steps.make(source, rows, {"few": few})
    place = Place(f"file://{folder}/rewritten", folder / "work")
    for name, *arguments in (("prepare",), ("first", str(source), "v1")):
        version_steps.run(version_steps.step(REWRITTEN, place, name, *arguments))
    few_of_them = str(source.with_name("few"))
    return version_steps.run(version_steps.step(REWRITTEN, place, "amend", few_of_them, 1, "v1", "v2"))


def _step(name: str, url: str, folder: Path, day: int) -> Measured:
    return measured_steps.run(MODULE, {"do": name, "url": url, "storage": str(folder / "storage"), "day": day})


def _taken(step: dict[str, Any]) -> Measured:
    ledger = Ledger.open(step["url"])
    store = TrainingSetStore(catalog_uri=step["url"], storage=Storage(step["storage"]), name="set")
    with closing(ledger), store:
        works = {"build": _build, "rebuild": _rebuild, "verify": _verify}
        return measured_steps.measure(lambda: works[step["do"]](ledger, store, step["day"]))


def _build(ledger: Ledger, store: TrainingSetStore, day: int) -> dict[str, Any]:
    done = building.build(
        ledger=ledger,
        store=store,
        name="set",
        nomenclature=labelled_ledger.NAF,
        normaliser=NORMALISER,
        policy=BuildPolicy(("coder", "import")),
        checks=Checks(),
        validation_share=0.1,
        seed=0,
        now=labelled_ledger.NOW + timedelta(days=day),
    )
    return {"full": done.full, "new": done.new, "rows": done.version.rows, "changed": done.changed}


def _rebuild(ledger: Ledger, store: TrainingSetStore, _day: int) -> bool:
    current = store.current()
    assert current is not None
    with ledger.read() as work:
        recipe = Recipe.of(work.trainingsets.get("set", current.tag).recipe)
    return building.digest_of(ledger=ledger, recipe=recipe) == current.digest


def _verify(_ledger: Ledger, store: TrainingSetStore, _day: int) -> bool:
    current = store.current()
    assert current is not None
    return not store.verify(current.tag).faults


def main() -> None:
    parser = argparse.ArgumentParser(description="What builds of a training set cost.")
    parser.add_argument("--rows", type=int, default=5_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given.rows, FEW)
    results.record(
        "Builds of a training set",
        command=f"python -m {MODULE}",
        columns=["what", "seconds", "peak memory", "outcome"],
        rows=[
            [what, f"{one.seconds:,.1f}", f"{one.peak:,.0f} MB", json.dumps(one.found).strip('"{}')]
            for what, one in found.items()
        ],
        note=(
            f"{given.rows:,} labels of as many texts in a SQLite ledger, {len(many_rows.CODES)} codes, all checks on;"
            f" the store is a folder. By the clock, on {os.cpu_count()} cores, load average at the end"
            f" {os.getloadavg()[0]:.1f}. The last line is what one does without versions, on the same rows."
        ),
    )


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("{"):
        measured_steps.tell(_taken(json.loads(sys.argv[1])))
    else:
        main()
