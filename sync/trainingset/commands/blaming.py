"""The full history of one label."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.terminal import Config, Format, Home, Output
from sync.trainingset import timeline
from sync.trainingset.timeline import Timeline


def blame(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Key of the text, the first digits of it, or its exact wording.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Everything that made the label of a text what it is, oldest first.

    When it was declared and asked about, every judgement (withdrawn ones too), every label, edits by rules,
    membership of the evaluation set or of gold, and each version of the training set that changed it.
    Example: awb trainingset blame "boulangerie artisanale"
    """
    with terminal.opened(context, config, home) as bench:
        with bench.ledger.read() as work:
            built = bool(work.trainingsets.all(bench.settings.trainingset.name))
        found = timeline.blame(
            ledger=bench.ledger,
            store=bench.store if built else None,
            name=bench.settings.trainingset.name,
            named=text,
        )
    terminal.emit(output, found.as_dict(), *_told(found))


def _told(found: Timeline) -> Iterator[RenderableType]:
    variables = ", ".join(f"{name} {value}" for name, value in found.text.variables.items())
    yield f"{found.text.key}: “{found.text.text}”" + (f" ({variables})" if variables else "")
    if found.row:
        row = found.row
        by = f" {row['coder']}" if row["coder"] else ""
        yield (
            f"In {found.version} as {row['code']}, by {row['source']}{by}, weight {row['weight']:g}, for"
            f" {row['split']}, since {row['added_in']}."
        )
    else:
        yield f"Not in {found.version}." if found.version else "There is no version yet."
    if found.learnt_by:
        yield f"Models that saw it: {', '.join(found.learnt_by)}."
    rows = [
        [_moment(one.at), one.what.value, one.who, one.code, one.told + ("" if one.holds else " [no longer]")]
        for one in found.moments
    ]
    yield terminal.table("", ["when", "what", "who", "code", "detail"], rows)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
