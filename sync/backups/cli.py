"""The commands `awb backup` and `awb restore`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from annotation import terminal
from annotation.ledger.unit_of_work import Ledger
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock
from sync.backups import backup as backups
from sync.backups import restore as restores
from sync.wiring import absolute

PROGRAM = "annotation-workbench"
OUTSIDE = "Not in it: Label Studio, MLflow and its models, the settings and the secrets."

Storage = Annotated[
    bool, typer.Option("--storage/--no-storage", help="Look at the files of the training set's versions, too.")
]


def backup(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Archive to write; in a folder (ending in /) it is named by the moment."),
    ],
    storage: Storage = True,
    with_files: Annotated[
        bool, typer.Option("--with-files", help="Take the training set's files in, too, not their hashes alone.")
    ] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write the ledger and the training set's catalog, as they stand at one moment, into one archive.

    Others may go on working meanwhile. FILE may be an s3:// address, too. The archive lists the training set's files
    with their hashes. It holds texts, names and hashes of passwords: keep it as safe as the ledger.
    """
    now = clock()
    path = _named(to, now)
    # Not the bench's ledger, which is migrated when it is opened: a backup is what one takes before.
    with (
        terminal.opened(context, config, home) as bench,
        closing(Ledger.open(bench.settings.ledger_url)) as ledger,
        terminal.counting("rows and files") as on_progress,
    ):
        done = backups.back_up(
            ledger=ledger,
            storage=bench.storage if storage else None,
            to=bench.storage_of(path),
            path=path,
            with_files=with_files and storage,
            program=metadata.version(PROGRAM),
            now=now,
            on_progress=on_progress,
        )
    files = f"{done.files} files of the training set {'in it' if done.holds_files else 'by their hashes'}"
    told = f"{done.archive}: {done.rows} rows of {done.tables} tables at revision {done.revision}, {files}."
    keep = "It holds texts, names of coders and hashes of passwords: keep it as safe as the ledger."
    terminal.emit(output, asdict(done), told, keep, OUTSIDE)


def restore(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="Archive that `awb backup` wrote; a file or an s3:// address.")
    ],
    storage: Storage = True,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make the ledger and the training set's catalog again from an archive, in an empty place.

    It may be SQLite or PostgreSQL, whichever the archive came from. All of it comes back, or nothing does. An archive
    of an earlier program is brought to this one's tables. Files of the training set are put back where the archive
    holds them, else it is checked that they are there.
    """
    path = absolute(source)
    with (
        terminal.opened(context, config, home) as bench,
        closing(Ledger.open(bench.settings.ledger_url)) as ledger,
        terminal.counting("rows and files") as on_progress,
    ):
        address = ledger.address
        done = restores.restore(
            ledger=ledger,
            storage=bench.storage if storage else None,
            source=bench.storage_of(path),
            path=path,
            now=clock(),
            on_progress=on_progress,
        )
    moved = "" if done.from_revision == done.revision else f" (from {done.from_revision})"
    told = (
        f"{address} holds {done.rows} rows of {done.tables} tables as of {done.taken_at:%Y-%m-%d %H:%M:%S} UTC, at "
        f"revision {done.revision}{moved}. Files of the training set: {done.files_written} put back, "
        f"{done.files_checked} found as they were."
    )
    terminal.emit(output, asdict(done), told, OUTSIDE, "Next: awb doctor, then awb pull --full.")


def _named(to: str, now: datetime) -> str:
    """The archive's address; a folder gets a name that tells the moment."""
    if not (to.endswith("/") or ("://" not in to and Path(to).is_dir())):
        return absolute(to)
    return f"{absolute(to).rstrip('/')}/awb-{now:%Y-%m-%dT%H-%M-%SZ}.zip"
