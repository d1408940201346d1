"""Commands about what was set aside: list, show, retry, drop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Protocol

import typer
from rich.markup import escape

from annotation import terminal
from annotation.api import audit
from annotation.campaign import quarantining
from annotation.campaign.quarantining import Retake
from annotation.commands.accounts import HERE
from annotation.domain import characters
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.quarantine import SetAside, Settled
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import Desk, clock

quarantine = typer.Typer(no_args_is_help=True, help="What could not be taken: list, show, try again, drop.")

BY = "command line"
Kind = Annotated[
    str, typer.Option("--kind", help="Only text, annotation, gold, conflict, nomenclature or correspondence.")
]
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers, as the list shows them.")]


class Retakes(Desk, Protocol):
    def retakes(self) -> Mapping[str, Retake]: ...


@quarantine.command("list")
def quarantine_list(
    context: typer.Context,
    kind: Kind = "",
    reason: Annotated[str, typer.Option("--reason", help="Only where this is a part of the reason.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also what was taken later or dropped.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="How many of the oldest to pass over.")] = 0,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """What waits because it could not be taken, oldest first, with file, row and reason."""
    chosen: dict[str, Any] = {"kind": kind or None, "reason": reason, "waiting": not every}
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        total = work.quarantine.count(**chosen)
        found = work.quarantine.list(**chosen, limit=limit, offset=offset)
    rows = [
        [one.id, one.item.kind, _plain(one.item.origin), one.item.row, _plain(one.reason), _state(one)] for one in found
    ]
    told = f"{total} {'in all' if every else 'wait'}, {len(found)} shown. See one: awb quarantine show ID"
    columns = ["id", "kind", "from", "row", "reason", "state" if every else "since"]
    terminal.emit(
        output,
        {"total": total, "items": [_data(one) for one in found]},
        terminal.table("Set aside", columns, rows),
        told,
    )


@quarantine.command("show")
def quarantine_show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="As the list shows it.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """One of them as it came in, with all that became of it."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        found, settlements = work.quarantine.get(number), work.quarantine.settlements(number)
    if found is None:
        raise NotFoundError(f"Nothing was set aside under {number}.", cure="See: awb quarantine list --all")
    history = [
        {"outcome": s.outcome.value, "reason": s.reason, "by": s.by, "at": s.at.isoformat()} for s in settlements
    ]
    place = f"row {found.item.row}" if found.item.row else ""
    lines = [
        f"{found.id}: {found.item.kind}, {_plain(found.item.origin)} {place}".rstrip(),
        f"Set aside {found.since:%Y-%m-%d %H:%M} UTC: {_plain(found.item.reason)}",
        _plain(json.dumps(dict(found.item.raw), ensure_ascii=False, indent=2)),
        *(f"{s.at:%Y-%m-%d %H:%M} UTC, {s.outcome.value} by {s.by}: {_plain(s.reason)}" for s in settlements),
    ]
    terminal.emit(output, _data(found) | {"history": history}, *lines)


@quarantine.command("retry")
def quarantine_retry(
    context: typer.Context,
    ids: Ids = None,
    kind: Kind = "",
    every: Annotated[bool, typer.Option("--all", help="All that wait, or all of --kind.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Take it again by the way it came. What fails again waits on, with its new reason; run again, nothing doubles."""
    if bool(ids) == (every or bool(kind)):
        raise InvalidInputError("What is to be tried again is not said.", cure="Give numbers, or --kind, or --all.")
    with terminal.opened(context, config, home) as desk, terminal.counting("trying again") as on_progress:
        result = quarantining.retry(
            ledger=desk.ledger,
            retakes=desk.retakes(),
            ids=ids or None,
            kind=kind or None,
            by=BY,
            clock=clock,
            on_progress=on_progress,
        )
    refused = [{"id": number, "reason": reason} for number, reason in result.refused]
    data = {"taken": list(result.taken), "refused": refused, "settled": list(result.settled)}
    told = f"{len(result.taken)} taken, {len(refused)} refused again, {len(result.settled)} settled before."
    lines = [f"  {number}: {_plain(reason)}" for number, reason in result.refused[:30]]
    terminal.emit(output, data, told, *lines)


@quarantine.command("drop")
def quarantine_drop(
    context: typer.Context,
    ids: Annotated[list[int], typer.Argument(help="Numbers, as the list shows them.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is not to be taken; kept with who and when.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Settle it for good: it waits no more, and stays in the ledger with who dropped it, when and why."""
    now = clock()
    with terminal.opened(context, config, home) as desk:
        dropped = quarantining.drop(ledger=desk.ledger, ids=ids, reason=reason, by=BY, now=now)
        with desk.ledger.begin() as work:
            subject = ", ".join(map(str, ids))[:100]
            audit.record(work, HERE, "quarantine_drop", subject, now=now, detail={"reason": reason})
    terminal.emit(output, {"dropped": dropped}, f"{dropped} dropped.")


def _state(one: SetAside) -> str:
    if one.settlement is None or one.settlement.outcome is Settled.REFUSED:
        return f"{one.since:%Y-%m-%d}"
    return one.settlement.outcome.value


def _data(one: SetAside) -> dict[str, Any]:
    item, settled = one.item, one.settlement
    return {
        "id": one.id,
        "kind": item.kind,
        "origin": item.origin,
        "row": item.row,
        "raw": dict(item.raw),
        "reason": one.reason,
        "since": one.since.isoformat(),
        "waits": one.waits,
        "outcome": settled.outcome.value if settled else None,
    }


def _plain(text: str) -> str:
    """For a terminal: nothing in it is a colour, a control sequence or turns letters around."""
    return escape(characters.shown(text))
