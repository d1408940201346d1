"""Commands that change how a campaign works."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.api import audit
from annotation.campaign import managing
from annotation.campaign.managing import Managed
from annotation.commands.accounts import HERE
from annotation.domain.policy import Policy
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock

BY = HERE.address

Key = Annotated[str, typer.Argument(help="Key of the campaign. Default: campaign.key of the settings.")]


def policy(
    context: typer.Context,
    key: Key = "",
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A field to change; repeatable.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="TOML file of fields to change.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Show how a campaign works, or change it: overlap, consensus, arbitration, gold, queues, cost.

    Lists are separated by commas. Example: awb campaign policy main --set second_share=0.1 --set consensus=majority
    """
    values = (_read(file) if file else {}) | _given(setting or ())
    with terminal.opened(context, config, home) as desk:
        key = key or desk.settings.campaign.key
        if not values:
            with desk.ledger.read() as work:
                work.campaigns.get(key)
                found = work.policies.current(key)
            terminal.emit(output, _data(key, found), _table(key, found))
            return
        with desk.ledger.begin() as work:
            changed = managing.revise(work, key, values, by=BY, now=clock())
            _note(work, "campaign_policy", changed)
    _emit(output, changed)


def pause(
    context: typer.Context, key: Key = "", config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """Hand nothing out any more; what was handed out can be answered, and is pulled."""
    _change(context, config, home, key, output, "campaign_pause", managing.pause)


def resume(
    context: typer.Context, key: Key = "", config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """Hand tasks out again in a paused campaign."""
    _change(context, config, home, key, output, "campaign_resume", managing.resume)


def extend(
    context: typer.Context,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The new last day.")],
    key: Key = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Let a campaign go on to a later day."""

    def extended(work: UnitOfWork, key: str, *, by: str, now: datetime) -> Managed:
        return managing.extend(work, key, ends_on=until.date(), by=by, now=now)

    _change(context, config, home, key, output, "campaign_extend", extended)


def _change(
    context: typer.Context,
    config: Config,
    home: Home,
    key: str,
    output: Output,
    action: str,
    change: Callable[..., Managed],
) -> None:
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        changed = change(work, key or desk.settings.campaign.key, by=BY, now=clock())
        _note(work, action, changed)
    _emit(output, changed)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read ({error.strerror}).", cure="Check --file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is no TOML: {error}.", cure="Mend that line.") from error


def _given(settings: Sequence[str]) -> dict[str, str]:
    values = {}
    for one in settings:
        name, separator, value = one.partition("=")
        if not separator:
            raise typer.BadParameter(f"{one} is not NAME=VALUE", param_hint="--set")
        values[name.strip()] = value
    return values


def _note(work: UnitOfWork, action: str, changed: Managed) -> None:
    if changed.changed:
        detail = {"before": dict(changed.before), "after": dict(changed.after)}
        audit.record(work, HERE, action, changed.campaign.key, detail=detail, now=clock())


def _emit(output: Output, changed: Managed) -> None:
    key, before = changed.campaign.key, changed.before
    told = [f"{name}: {_shown(before[name])} -> {_shown(value)}" for name, value in changed.after.items()]
    data = _data(key, changed.policy) | {"before": dict(before), "after": dict(changed.after)}
    terminal.emit(output, data, *(told or [f"Nothing changes in {key}."]))


def _data(key: str, found: Policy) -> dict[str, Any]:
    return {"campaign": key, "policy": asdict(found)}


def _table(key: str, found: Policy) -> RenderableType:
    return terminal.table(f"Policy of {key}", ["field", "value"], [[n, _shown(v)] for n, v in asdict(found).items()])


def _shown(value: object) -> str:
    if value is None or value in ("", (), []):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
