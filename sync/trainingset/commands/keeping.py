"""Proving that versions are whole, and dropping those that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock
from sync.trainingset import collecting
from sync.trainingset.collecting import CollectResult, Retention
from sync.trainingset.commands.arguments import Tag
from sync.wiring import Workbench

DAMAGED = 7


def verify(
    context: typer.Context,
    tag: Tag = "",
    everything: Annotated[bool, typer.Option("--all", help="All versions instead of one.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Read a version's files and prove that they are as committed: hashes, numbers of rows, digest of the content.

    Exit code 7 when something is damaged or missing; every fault is named.
    """
    if everything and tag:
        raise InvalidInputError("--all and a version exclude each other.", cure="Leave one of them out.")
    with terminal.opened(context, config, home) as bench:
        tags = [one.tag for one in bench.store.versions()] if everything else [bench.version_of(tag).tag]
        found = []
        for number, one in enumerate(tags, start=1):
            with terminal.sharing(f"{one} ({number} of {len(tags)})") as on_progress:
                found.append(bench.store.verify(one, on_progress=on_progress))
    sound = not any(one.faults for one in found)
    rows = [[one.tag, "whole" if not one.faults else "DAMAGED", one.files, one.bytes, one.rows] for one in found]
    terminal.emit(
        output,
        {"sound": sound, "versions": [asdict(one) for one in found]},
        terminal.table("", ["version", "state", "files", "bytes", "rows"], rows),
        *(f"{one.tag}: {fault}" for one in found for fault in one.faults),
    )
    if not sound:
        raise typer.Exit(DAMAGED)


def gc(
    context: typer.Context,
    keep_last: Annotated[int, typer.Option("--keep-last", min=0, help="So many versions stay, the newest.")] = 10,
    keep_days: Annotated[int, typer.Option("--keep-days", min=0, help="Versions younger than this stay.")] = 90,
    grace_hours: Annotated[
        float, typer.Option("--grace-hours", min=0, help="Files younger than this stay: another build may need them.")
    ] = 24,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and do nothing.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Drop old versions from the object storage, and files that no version names.

    The current version stays, and so do those with a name of their own and those that a model learnt from, by the
    ledger or by MLflow. Of what goes, the ledger keeps entry and recipe: `awb trainingset rebuild` gives it again.
    """
    with terminal.opened(context, config, home) as bench:
        result = collecting.collect(
            ledger=bench.ledger,
            store=bench.store,
            name=bench.settings.trainingset.name,
            seen=_seen(bench),
            retention=Retention(keep_last, keep_days, timedelta(hours=grace_hours)),
            now=clock(),
            dry_run=dry_run,
        )
    terminal.emit(output, asdict(result), *_told(result))


def _seen(bench: Workbench) -> dict[str, list[str]]:
    """By digest, who learnt from it as MLflow knows. A registry that does not answer stops us: it may know more."""
    if not bench.has_registry:
        return {}
    from sync.training import lineage

    digests = [one.digest for one in bench.store.versions()]
    found = lineage.learners_of(bench.registry, digests)
    return {digest: [one.label for one in learners] for digest, learners in found.items()}


def _told(result: CollectResult) -> Iterator[RenderableType]:
    yield terminal.table("Kept", ["version", "because"], [[tag, "; ".join(why)] for tag, why in result.kept.items()])
    did = "would go" if result.dry_run else "gone"
    versions = f"{len(result.versions)} versions ({', '.join(result.versions)})" if result.versions else "No version"
    yield f"{versions} {did}, with {result.files} files of {result.bytes} bytes."
