"""Handing a version out as one file."""

from __future__ import annotations

from typing import Annotated

import typer

from annotation import terminal
from annotation.domain.label import Source
from annotation.terminal import Config, Format, Home, Output
from sync.trainingset import export as exports
from sync.trainingset.export import Format as FileFormat
from sync.trainingset.export import Selection, Split
from sync.wiring import absolute


def export(
    context: typer.Context,
    destination: Annotated[str, typer.Argument(help="File or s3:// address to write to.")],
    tag: Annotated[str, typer.Option("--version", help="Tag of the version. Default: the current one.")] = "",
    file_format: Annotated[FileFormat, typer.Option("--format", help="What to write.")] = FileFormat.PARQUET,
    split: Annotated[Split | None, typer.Option(help="Only these rows. Default: both.")] = None,
    source: Annotated[list[Source] | None, typer.Option(help="Only labels of this source; repeatable.")] = None,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="CSV for people: formulas disarmed, so texts are not exact.")
    ] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write a version as one Parquet or CSV file, or as lines for fastText (cleaned as the model reads them).

    The file is for programs: texts are exact, weights are kept. A spreadsheet runs cells that begin with = + - @ as
    formulas, so open it there only if it was written with --spreadsheet. fastText knows no weights: its lines have
    none. Example: awb trainingset export train.csv --format csv --split train
    """
    with terminal.opened(context, config, home) as bench, terminal.counting("rows") as on_progress:
        version = bench.version_of(tag)
        done = exports.export(
            bench.store.batches(version.tag),
            storage=bench.storage_of(destination),
            path=absolute(destination),
            form=file_format,
            normaliser=bench.normaliser,
            selection=Selection(split, frozenset(source or ())),
            spreadsheet=spreadsheet,
            key=bench.settings.privacy.read_pseudonym_key(),
            on_progress=lambda rows: on_progress(rows, version.rows),
        )
    if done.weights_lost:
        terminal.say("The rows have different weights, which a fastText file cannot hold: Parquet and CSV keep them.")
    data = {"version": version.tag, "url": done.url, "rows": done.rows, "of": version.rows}
    terminal.emit(output, data, f"{done.rows} rows in {done.url}")
