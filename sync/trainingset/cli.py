"""Commands about versions of the training set."""

from __future__ import annotations

import typer

from sync.trainingset.commands import blaming, building, differing, handing_out, keeping, looking

app = typer.Typer(no_args_is_help=True, help="Versions of the training set: build, look at, compare, prove, hand out.")
for command in (
    building.build,
    looking.log,
    looking.show,
    differing.diff,
    blaming.blame,
    building.tag,
    building.rollback,
    handing_out.export,
    keeping.verify,
    keeping.gc,
    building.rebuild,
):
    app.command()(command)
