"""Commands for the move to a new version of the nomenclature."""

from __future__ import annotations

from typing import Annotated

import typer

from annotation import terminal
from annotation import wiring as annotation
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Format, Home, Output
from sync import steps
from sync.relabel import plan as plans
from sync.wiring import Workbench

app = typer.Typer(no_args_is_help=True, help="Move labels to a new version of the nomenclature.")

Table = Annotated[
    str, typer.Option("--correspondence", help="Key of the correspondence. Default: relabel.correspondence.")
]


@app.command("plan")
def plan(
    context: typer.Context, key: Table = "", config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """Which labels the table settles by itself, and which old codes leave a choice. Nothing is written."""
    with terminal.opened(context, config, home) as bench:
        planned = plans.plan(ledger=bench.ledger, correspondence_key=key or _configured(bench))
    data = planned.as_dict()
    rows = [[one["code"], one["labels"], ", ".join(one["candidates"])] for one in data["pending_codes"]]
    text = (
        f"{data['univocal']} labels have a univocal code, {data['multivocal']} a multivocal one; {data['pending']} of "
        f"these wait for a decision."
    )
    terminal.emit(output, data, text, terminal.table("To be decided", ["old code", "labels", "candidates"], rows))


@app.command("apply")
def apply(
    context: typer.Context,
    key: Table = "",
    push: Annotated[bool, typer.Option(help="Send the drawn questions to Label Studio.")] = True,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write the labels that the table settles (source `table`) and ask coders about the others.

    At most relabel.budget questions are drawn. They go into a campaign of the new nomenclature, with the table's
    candidates on the screen.
    """
    with terminal.opened(context, config, home) as bench, terminal.counting("pushing tasks") as on_progress:
        result = steps.relabel(bench, key or _configured(bench))
        # Not only what was drawn just now: a run that was killed before this line drew and did not push.
        if push and result.pending:
            annotation.push_tasks(bench, result.campaign, on_progress=on_progress)
    text = (
        f"{result.labels} labels written by the table, {result.tasks} questions drawn for the campaign "
        f"{result.campaign}; {result.pending} labels wait for a decision."
    )
    terminal.emit(output, result.as_dict(), text)


def _configured(bench: Workbench) -> str:
    key = bench.settings.relabel.correspondence
    if not key:
        raise InvalidInputError(
            "No correspondence is named.", cure="Set relabel.correspondence, or give --correspondence."
        )
    return key
