"""Taking the tables of a campaign away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annotation import terminal
from annotation.campaign import disguising, extracting, tablebytes
from annotation.campaign.tablebytes import Format as FileFormat
from annotation.domain.pseudonym import PseudonymKey
from annotation.errors import InvalidInputError, UnreachableError
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock


def export(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the campaign. Default: campaign.key of the settings.")] = "",
    to: Annotated[Path, typer.Option(help="Folder to write to; it is made. Files of the same name are replaced.")] = (
        Path("exports")
    ),
    file_format: Annotated[FileFormat, typer.Option("--format", help="What to write.")] = FileFormat.CSV,
    table: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(extracting.CAMPAIGN)}; repeatable. Default: all.")
    ] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write the tables of a campaign as files: tasks, judgements, labels, coders (pseudonyms), draws, agreement.

    CSV is UTF-8 for spreadsheets, formulas disarmed; Parquet keeps types. Example: awb campaign export main --to out
    """
    unknown = sorted(set(table or ()) - set(extracting.CAMPAIGN))
    if unknown:
        known = ", ".join(extracting.CAMPAIGN)
        raise InvalidInputError(f"There is no table {', '.join(unknown)}.", cure=f"There are {known}.")
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        key = key or desk.settings.campaign.key
        work.campaigns.get(key)
        files = {name: to / f"{key}-{name}.{file_format}" for name in table or extracting.CAMPAIGN}
        disguise = desk.settings.privacy.read_pseudonym_key()
        for name, path in files.items():
            _write(work, key, name, path, file_format, disguise)
    told = [f"{name}: {path}" for name, path in files.items()]
    if disguise:
        told.append(f"Coders bear pseudonyms of the key {disguise.id}.")
    data = {"campaign": key, "files": {name: str(path) for name, path in files.items()}}
    terminal.emit(output, data | {"pseudonym_key": disguise.id if disguise else None}, *told)


def _write(work: UnitOfWork, key: str, table: str, path: Path, form: FileFormat, disguise: PseudonymKey | None) -> None:
    """The file appears when it is whole."""
    extract = disguising.disguised(extracting.of_campaign(work, key, table, now=clock()), disguise)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            for piece in tablebytes.written(extract, form):
                file.write(piece)
        unfinished.replace(path)
    except OSError as error:
        raise UnreachableError(f"{path} cannot be written ({error.strerror}).", cure="Check --to.") from error
