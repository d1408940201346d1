"""What a person may ask of an office by the law on personal data, as commands beside those about coders."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from annotation import terminal
from annotation.api import audit
from annotation.campaign import personal_data
from annotation.commands.accounts import HERE
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock

Who = Annotated[str, typer.Argument(help="Pseudonym, such as C003.")]


def coder_export(
    context: typer.Context,
    who: Who,
    to: Annotated[Path, typer.Option(help="JSON file to write.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write everything that the ledger holds of one person: identity, work, accounts, and what was done with them."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        found = personal_data.export(work, who)
        audit.record(work, HERE, "coder_export", who, now=clock())
    terminal.write(json.dumps(found, ensure_ascii=False, indent=2, default=str), to)
    counts = {name: len(rows) for name, rows in found.items() if isinstance(rows, list)}
    rows = [[name, number] for name, number in counts.items()]
    terminal.emit(output, {"coder": who, "file": str(to), "rows": counts}, terminal.table(who, ["table", "rows"], rows))


def coder_forget(
    context: typer.Context,
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Erase who a coder is and what they wrote in their own words, for good; their codes stay under the pseudonym.

    Their account is disabled. What Label Studio holds of them must be deleted there, too; a pull does not bring it
    back. Backups of the ledger are not touched.
    """
    if not yes:
        raise InvalidInputError(f"Forgetting {who} cannot be undone.", cure="Say --yes.")
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        done = personal_data.forget(work, who, now=clock())
        audit.record(work, HERE, "coder_forget", who, detail={"judgements": done.judgements}, now=clock())
    told = f"{who} is forgotten: {done.judgements} judgements blanked, {done.accounts} accounts disabled."
    terminal.emit(output, asdict(done), told, "Delete their user in Label Studio, too.")
