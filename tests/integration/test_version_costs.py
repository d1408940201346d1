"""The benchmark of versions in small: all ways to keep them find the same, and ours stores only what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import versions
from tests.benchmarks.versions import Sizes
from tests.parts import version_steps
from tests.parts.version_steps import OURS, REWRITTEN

pytestmark = pytest.mark.integration


def test_versions__cost_what_they_change(tmp_path: Path) -> None:
    sizes = Sizes(rows=20_000, few=10, many=100, small=5)
    (run,) = versions.measure(
        tmp_path, sizes, places=["folder"], keepers=[OURS, REWRITTEN], runner=version_steps.here
    ).values()

    found = {what: many[0].found for (what, keeper), many in run.measured.items() if keeper == OURS}
    assert (found["adjacent"], found["apart"]) == ((0, 0, 10), (0, 0, 10 * versions.APART))
    assert (found["read"], found["stream"], found["over small"]) == (20_000, 20_000, (0, 0, 500))
    for what in ("few", "rollback"):
        assert run.written[what, OURS] < run.written[what, REWRITTEN] / 10
    assert len({len(row) for row in versions.table(run, sizes)}) == 1
