"""Making versions: build, roll back, name, and prove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock
from sync import steps
from sync.trainingset import build as building
from sync.trainingset import inventory
from sync.trainingset.build import BuildResult
from sync.trainingset.checks import EXAMPLES, BuildRefusedError, Finding
from sync.trainingset.commands.arguments import Tag, TagNeeded
from sync.trainingset.recipe import Recipe
from sync.wiring import Workbench

DIFFERS = 7
_ROWS = 5


def build(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """Settle the judgements into labels and commit the labels in force as the next version.

    By the policy, rules and checks of the settings ([trainingset]). Texts of the evaluation set and of gold stay out,
    with those that the model would read the same way. A check that refuses stops the build: exit code 7, nothing is
    written, and the rows are shown. Nothing new: no version.
    """
    with terminal.opened(context, config, home) as bench, terminal.counting("building"):
        harvested = steps.harvest(bench, bench.settings.campaign.key) if _has_campaign(bench) else None
        try:
            result = steps.build(bench)
        except BuildRefusedError as error:
            terminal.emit(output, _refusal(error.findings), *findings_told(error.findings, rows=EXAMPLES))
            raise
    data = asdict(result) | {"refused": False, "findings": _plain(result.findings)}
    data |= {"harvest": asdict(harvested) if harvested else None}
    terminal.emit(output, data, *_told(result))


def rollback(
    context: typer.Context,
    to: TagNeeded,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make a new version with the rows of an old one. Nothing is taken back from the history."""
    with terminal.opened(context, config, home) as bench:
        made = building.rollback(
            ledger=bench.ledger, store=bench.store, name=bench.settings.trainingset.name, to_tag=to, now=clock()
        )
    terminal.emit(output, asdict(made), f"{made.tag} holds the {made.rows} rows of {to}; its parent is {made.parent}.")


def tag(
    context: typer.Context,
    version: TagNeeded,
    name: Annotated[str, typer.Argument(help="Another name for it, such as campaign-2026.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Give a version another name. A name never moves to another version, and keeps it from `awb trainingset gc`."""
    with terminal.opened(context, config, home) as bench:
        found = bench.store.tag(version, name)
    terminal.emit(output, asdict(found) | {"name": name}, f"{found.tag} is called {name} too.")


def rebuild(
    context: typer.Context,
    tag: Tag = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Build a version again from the ledger and its recipe, and compare it with what was committed.

    Works for versions whose files `awb trainingset gc` has dropped, too. Exit code 7 when they differ.
    """
    with terminal.opened(context, config, home) as bench, terminal.counting("building"):
        name = bench.settings.trainingset.name
        found = inventory.one(ledger=bench.ledger, store=bench.store, name=name, tag=tag or bench.version_of("").tag)
        with bench.ledger.read() as work:
            recorded = work.trainingsets.get(name, found.tag)
        form = found.stored.form if found.stored else None
        digest = building.digest_of(ledger=bench.ledger, recipe=Recipe.of(recorded.recipe), form=form)
    equal = digest == recorded.digest
    data = {"version": found.tag, "equal": equal, "stored": recorded.digest, "rebuilt": digest}
    terminal.emit(output, data, f"{found.tag}: rebuilt {'equal' if equal else 'NOT equal'} to what was committed.")
    if not equal:
        raise typer.Exit(DIFFERS)


def findings_told(findings: Sequence[Finding], *, rows: int = _ROWS) -> Iterator[RenderableType]:
    """A table of the findings, and of each one's first rows."""
    if not findings:
        yield "All checks passed."
        return
    lines = [[one.check, one.level.value, one.message, one.count] for one in findings]
    yield terminal.table("What the checks found", ["check", "level", "what", "rows"], lines)
    for one in findings:
        if one.rows:
            shown = [[row.text_key, row.wording, row.code, row.label_id] for row in one.rows[:rows]]
            title = f"{one.check}: {min(rows, len(one.rows))} of {one.count}"
            yield terminal.table(title, ["text", "wording", "code", "label"], shown)


def _told(result: BuildResult) -> Iterator[RenderableType]:
    version = result.version
    state = f"+{result.added} -{result.removed} ~{result.changed}" if result.new else "nothing new since"
    yield f"{version.tag} (parent {version.parent or 'none'}): {version.rows} rows, {state}."
    yield f"{result.kept_out} kept out of it to measure with, {result.edited} edited by rules."
    yield from findings_told(result.findings)


def _refusal(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"version": None, "new": False, "refused": True, "findings": _plain(findings)}


def _plain(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """With the wordings, which no report keeps."""
    return [one.as_dict() | {"rows": [asdict(row) for row in one.rows]} for one in findings]


def _has_campaign(bench: Workbench) -> bool:
    with bench.ledger.read() as work:
        return any(c.key == bench.settings.campaign.key for c in work.campaigns.all())
