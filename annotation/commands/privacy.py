"""How long texts are kept, how one is erased that names a person, and the key of the pseudonyms that leave."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from annotation import terminal
from annotation.api import audit
from annotation.campaign import retaining
from annotation.campaign.retaining import ErasedText, Sweep
from annotation.commands.accounts import HERE
from annotation.domain import pseudonym
from annotation.errors import InvalidInputError, UnreachableError
from annotation.ledger.repositories.retention import Erased
from annotation.settings import PrivacySettings
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import Desk, clock

privacy = typer.Typer(no_args_is_help=True, help="Texts that are kept no longer, and pseudonyms of what leaves.")

_OUTSIDE = "Not in reach: models that learnt from it, files that were exported, backups, logs of other servers."


class Holding(Desk, Protocol):
    def versions_with(self, text_keys: tuple[str, ...]) -> list[str]: ...


@privacy.command()
def erase(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of a text that names a person; it is erased for good.")] = "",
    older_than: Annotated[
        int, typer.Option(min=0, help="Texts last declared this many days ago. Default: privacy.keep_texts_days.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Erase the wording of texts: of one that names a person, or of all that are old and on which nothing rests.

    Codes, keys and figures stay, and nothing is asked twice. Kept for their age are texts with a label in force, of
    the evaluation set, gold, of open tasks, and of training set versions whose files are there. An old text comes back
    when it is declared again, one that was erased by its key does not.
    """
    if not (dry_run or yes):
        raise InvalidInputError("Erasing cannot be undone.", cure="Say --yes, or look first with --dry-run.")
    if key and older_than:
        raise InvalidInputError("Either a key or --older-than is given.", cure="Leave one of them out.")
    with terminal.opened(context, config, home) as desk:
        if key:
            _erase_one(desk, key, dry_run=dry_run, output=output)
        else:
            _erase_old(desk, older_than, dry_run=dry_run, output=output)


@privacy.command("rotate-key")
def rotate_key(
    context: typer.Context,
    file: Annotated[Path | None, typer.Option(help="File of keys. Default: privacy.pseudonym_key_file.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Add a new key to the file that privacy.pseudonym_key_file names; exports bear other pseudonyms from then on.

    Files made before and after cannot be joined by them any more. Former keys stay in the file: with it and the ledger
    the office can still tell who is meant, nobody else can. Keep it apart from the ledger, and out of its backups.
    """
    with terminal.opened(context, config, home) as desk:
        path = file or _key_file(desk.settings.privacy)
        document = pseudonym.rotated(_document(path), now=clock())
        _write_private(path, document)
        made = pseudonym.newest(document)
        with desk.ledger.begin() as work:
            audit.record(work, HERE, "privacy_rotate_key", made.id, now=clock())
    terminal.emit(output, {"key": made.id, "file": str(path)}, f"Pseudonyms are made with the key {made.id} of {path}.")


def _erase_old(desk: Desk, older_than: int, *, dry_run: bool, output: Output) -> None:
    settings = desk.settings.privacy
    with terminal.counting("texts") as on_progress:
        sweep = retaining.erase_old(
            ledger=desk.ledger,
            texts_after=_days(older_than or settings.keep_texts_days),
            quarantine_after=_days(settings.keep_quarantine_days),
            now=clock(),
            dry_run=dry_run,
            on_progress=on_progress,
        )
    if not dry_run:
        with desk.ledger.begin() as work:
            detail = asdict(sweep.erased) | {"quarantine": sweep.quarantine, "before": sweep.before.isoformat()}
            audit.record(work, HERE, "privacy_erase_old", "texts", detail=detail, now=clock())
    terminal.emit(output, _sweep(sweep, dry_run), *_told_sweep(sweep, dry_run))


def _erase_one(desk: Holding, key: str, *, dry_run: bool, output: Output) -> None:
    with desk.ledger.begin() as work:
        done = retaining.erase_text(work, key, now=clock(), dry_run=dry_run)
        if not dry_run:
            audit.record(work, HERE, "privacy_erase", key, detail=asdict(done.erased), now=clock())
    versions = desk.versions_with(done.keys)
    blanked = 0
    if done.shown and not dry_run:
        blanked = desk.platform.blank_tasks(done.shown.get(desk.platform.name, []))
    told = {"key": key, "dry_run": dry_run, "versions": versions, "blanked_on_platform": blanked} | asdict(done)
    terminal.emit(output, told, *_told_one(done, versions, blanked, dry_run))


def _sweep(sweep: Sweep, dry_run: bool) -> dict[str, Any]:
    resting = {rest.value: number for rest, number in sweep.old.resting.items()}
    counted = {"due": sweep.old.due, "resting": resting, "quarantine": sweep.quarantine}
    return {"before": sweep.before, "dry_run": dry_run} | counted | asdict(sweep.erased)


def _told_sweep(sweep: Sweep, dry_run: bool) -> list[Any]:
    rows = [[rest.value, number] for rest, number in sweep.old.resting.items()]
    verb = "would be erased" if dry_run else "are erased"
    number = sweep.old.due if dry_run else sweep.erased.texts
    return [
        f"{number} texts last declared before {sweep.before:%Y-%m-%d} {verb}; "
        f"{sweep.quarantine} quarantined rows {'would lose' if dry_run else 'lost'} their content.",
        terminal.table("Old texts that stay for what rests on them", ["what", "texts"], rows),
    ]


def _told_one(done: ErasedText, versions: list[str], blanked: int, dry_run: bool) -> list[str]:
    lines = [f"{len(done.keys)} texts of this wording {'would be erased' if dry_run else 'are erased for good'}."]
    if not dry_run and done.erased != Erased():
        lines.append(f"{done.erased.judgements} judgements and {done.quarantine} quarantined rows lost its words.")
    if done.rested:
        lines.append(f"Without its words go on: {', '.join(rest.value for rest in done.rested)}.")
    if versions:
        lines.append(
            f"Still in the training set versions {', '.join(versions)}. The next build leaves it out; then remove "
            "these with: awb trainingset gc"
        )
    if done.shown:
        tasks = sum(map(len, done.shown.values()))
        lines.append(f"In Label Studio {blanked} of {tasks} tasks were emptied; what coders commented stays there.")
    return [*lines, _OUTSIDE]


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


def _key_file(settings: PrivacySettings) -> Path:
    if settings.pseudonym_key is not None or settings.pseudonym_key_file is None:
        raise InvalidInputError(
            "There is no file of keys to rotate.",
            cure="Name one in privacy.pseudonym_key_file; a key in AWB_PRIVACY__PSEUDONYM_KEY is rotated by hand.",
        )
    return settings.pseudonym_key_file


def _document(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write_private(path: Path, document: str) -> None:
    """Readable by its owner alone, and never half written: a lost key is lost for ever."""
    unfinished = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(document)
        unfinished.replace(path)
    except OSError as error:
        raise UnreachableError(
            f"{path} cannot be written ({error.strerror}).", cure="Check privacy.pseudonym_key_file."
        ) from error
