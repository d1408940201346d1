"""What a run was, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks import results
from tests.faults import verdict
from tests.faults.journal import Journal
from tests.faults.office import Office
from tests.faults.plan import COMMANDS, Form


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of ``longest_recovery`` are from a kill to the next end in success, by command; those of
    ``longest_silence``, how long the served pages did not answer."""

    seconds: float
    kills: dict[str, int]
    phases: dict[str, int]
    faults: dict[str, int]
    resets: dict[str, int]
    exits: dict[str, dict[str, int]]
    steps: dict[str, int]
    acknowledged: int
    unknown: int
    annotations: int
    tasks: int
    versions: int
    acknowledged_versions: int
    longest_recovery: dict[str, float]
    longest_silence: float
    disk: str


def of(office: Office, journal: Journal, form: Form, *, seconds: float, silences: Sequence[float]) -> Figures:
    killed = [run for run in journal.runs if run.killed and run.code == -9]
    versions = [run.given["version"]["tag"] for run in journal.of("build") if run.code == 0]
    exits = {
        name: dict(Counter(str(run.code) for run in journal.of(name) if not run.killed).most_common())
        for name in COMMANDS
    }
    return Figures(
        seconds=round(seconds, 1),
        kills=dict(Counter(run.command for run in killed)),
        phases=dict(Counter(f"{run.command}: {run.phase}" for run in killed).most_common()),
        faults=dict(sorted(Counter(f"{one.part}: {one.how}" for one in journal.faults).items())),
        resets={part: proxy.resets for part, proxy in office.proxies.items()},
        exits=exits,
        steps=dict(sorted(Counter(one.step.action for one in journal.said).items())),
        acknowledged=sum(one.told == "acknowledged" for one in journal.said),
        unknown=sum(one.told == "unknown" for one in journal.said),
        annotations=len(verdict.annotations_there(office)),
        tasks=len(office.asked),
        versions=max((int(tag[1:]) for tag in versions), default=0),
        acknowledged_versions=len(set(versions)),
        longest_recovery={
            name: round(max(journal.recoveries(name), default=0.0), 1) for name in COMMANDS if name != "serve"
        },
        longest_silence=round(max(silences, default=0.0), 1),
        disk="filled once" if office.disk else "could not be limited here: it was not filled",
    )


def lines(figures: Figures) -> list[str]:
    return [f"{name}: {_shown(value)}" for name, value in asdict(figures).items()]


def record(figures: Figures, form: Form, *, complaints: int, note: str = "") -> None:
    rows: list[list[object]] = [["lost, doubled or damaged", complaints]]
    rows += [[name.replace("_", " "), _shown(value)] for name, value in asdict(figures).items()]
    options = " ".join(f"--{name} {value}" for name, value in asdict(form).items())
    results.record(
        "From Label Studio to the training set while everything breaks",
        command=f"python -m tests.faults.chaos {options}",
        columns=["", ""],
        rows=rows,
        note="Real Label Studio, PostgreSQL and S3 (rclone), each behind a proxy that harms connections; two loops "
        f"each of push, pull and build, one of serve. Phases are the innermost function of ours. {note}".strip(),
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {_shown(one)}" if not isinstance(one, dict) else f"{name} ({_shown(one)})"
            for name, one in value.items()
        )
    return str(value)
