"""The run of ``tests.faults.chaos``, short: nothing lost, nothing twice, no version damaged, nobody's help."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import chaos
from tests.faults.plan import COMMANDS, PARTS, Form

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1500),
    # s3fs leaves connections to a server that went away to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

FORM = Form()


def test_from_label_studio_to_the_training_set_exactly_once(tmp_path: Path) -> None:
    outcome = chaos.run(FORM, tmp_path)

    assert outcome.complaints == ()
    told = outcome.figures
    assert sum(told.kills.values()) >= FORM.kills
    assert set(told.kills) == set(COMMANDS)
    stopped = {
        name: number for name, number in told.faults.items() if name.endswith(("ted", "ed", "fast", "immediate"))
    }
    assert all(any(name.startswith(part) for name in stopped) for part in PARTS)
    assert sum(told.steps.values()) >= FORM.steps
    assert told.acknowledged_versions > 0
