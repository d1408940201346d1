"""Steps of the benchmark of versions, each in a process of its own: ``python -m tests.parts.version_steps STEP``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.parts import dvc, many_rows, measured_steps
from tests.parts.measured_steps import Measured
from tests.parts.version_keepers import Dvc, Keeper, Ours, Place, Rewritten

MODULE: Final = "tests.parts.version_steps"
OURS: Final = "ours"
REWRITTEN: Final = "rewritten"
DVC: Final = "dvc"


def make(source: Path, rows: int, sizes: Mapping[str, int]) -> None:
    """The rows of a first version, and beside them files of corrections of which no two are of the same text."""
    many_rows.write(source, rows)
    before, after = many_rows.corrections(source, sum(sizes.values()), seed=1)
    places = np.random.default_rng(2).permutation(before.num_rows)
    for name, size in sizes.items():
        chosen, places = np.sort(places[:size]), places[size:]
        for state, table in (("before", before), ("after", after)):
            pq.write_table(table.take(chosen), source.with_name(f"{name}-{state}.parquet"))


def run(step: Mapping[str, Any]) -> Measured:
    """In a process of its own."""
    return measured_steps.run(MODULE, step)


def step(keeper: str, place: Place, name: str, *given: Any) -> dict[str, Any]:
    """The method of that name, as one tells another process."""
    return {"keeper": keeper, "place": place.as_dict(), "do": name, "with": given}


def here(step: Mapping[str, Any]) -> Measured:
    """In this process: what else it did counts in its peak."""
    keeper = _keeper(step["keeper"], Place.of(step["place"]))
    name, given = step["do"], step["with"]
    if name in _PREPARED:
        return measured_steps.measure(_PREPARED[name](keeper, *given))
    return measured_steps.measure(lambda: getattr(keeper, name)(*given))


def _keeper(name: str, place: Place) -> Keeper:
    if name == DVC:
        return Dvc(place, dvc.program())
    return Ours(place) if name == OURS else Rewritten(place)


def _first(keeper: Keeper, source: str, tag: str) -> Callable[[], None]:
    return lambda: keeper.first(Path(source), tag)


def _amend(keeper: Keeper, stem: str, commits: int, parent: str, tag: str) -> Callable[[], list[float]]:
    """The corrections of a file in so many commits, each with its part of them; gives the seconds of each."""
    before, after = (pq.read_table(f"{stem}-{state}.parquet") for state in ("before", "after"))
    # As a build has them, which reads the former rows from the parent.
    before = before.append_column("added_in", pa.repeat("v1", before.num_rows))
    tags = [tag] if commits == 1 else [f"{tag}{number}" for number in range(1, commits + 1)]

    def work() -> list[float]:
        seconds = []
        for place, (its_parent, its_tag) in enumerate(zip([parent, *tags], tags, strict=False)):
            part = np.arange(place, before.num_rows, commits)
            started = time.perf_counter()
            keeper.amend(before.take(part), after.take(part), parent=its_parent, tag=its_tag)
            seconds.append(time.perf_counter() - started)
        return seconds

    return work


_PREPARED: Final[Mapping[str, Callable[..., Callable[[], Any]]]] = {"first": _first, "amend": _amend}


if __name__ == "__main__":
    measured_steps.tell(here(json.loads(sys.argv[1])))
