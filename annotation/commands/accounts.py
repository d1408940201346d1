"""Commands about who may sign in and which programs may read and write."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from annotation import terminal
from annotation.api import granting, passwords, sessions
from annotation.api.sessions import Sessions
from annotation.api.visitor import Visitor
from annotation.domain.account import Account, Role, Scope
from annotation.errors import InvalidInputError
from annotation.ledger.repositories.accounts import Token
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import Desk, clock

account = typer.Typer(no_args_is_help=True, help="Accounts of people: add, list, change, disable.")
token = typer.Typer(no_args_is_help=True, help="Tokens of the API: create, list, revoke.")

Email = Annotated[str, typer.Argument(help="The account's e-mail address.")]
HERE = Visitor("", Role.ADMIN, address="command line")


@account.command("add")
def account_add(
    context: typer.Context,
    email: Email,
    role: Annotated[Role, typer.Option(help="Each may do all that those before it may.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Add an account and print the link by which its owner sets a password, once, within three days.

    With an identity provider no password is needed: the account waits for its owner. The first account is an admin's.
    """
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        made = granting.add_account(work, email, role, by=HERE, now=clock())
        link = _link(desk, granting.password_link(work, made, sessions=_sessions(desk), by=HERE, now=clock()))
    data = {"account": _shown(made), "link": link}
    terminal.emit(
        output, data, f"{made.email} has the role {role}. To set the password, once, within three days:", link
    )


@account.command("list")
def account_list(
    context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """All accounts, with their roles."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        found = [_shown(one) for one in work.accounts.all()]
    rows = [[one["email"], one["role"], one["signs_in_by"], "disabled" if one["disabled_at"] else ""] for one in found]
    shown = terminal.table("Accounts", ["e-mail", "role", "signs in by", ""], rows)
    terminal.emit(output, {"accounts": found}, shown)


@account.command("role")
def account_role(
    context: typer.Context,
    email: Email,
    role: Annotated[Role, typer.Argument(help="The new role.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Give an account another role; its sessions end."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        changed = granting.set_role(work, work.accounts.get(email), role, by=HERE, now=clock())
    terminal.emit(output, {"account": _shown(changed)}, f"{changed.email} has the role {role} now.")


@account.command("disable")
def account_disable(
    context: typer.Context, email: Email, config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """Shut an account out: its sessions end and its tokens open nothing."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        changed = granting.disable(work, work.accounts.get(email), by=HERE, now=clock())
    terminal.emit(output, {"account": _shown(changed)}, f"{changed.email} is disabled.")


@account.command("enable")
def account_enable(
    context: typer.Context, email: Email, config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """Let a disabled account in again."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        changed = granting.enable(work, work.accounts.get(email), by=HERE, now=clock())
    terminal.emit(output, {"account": _shown(changed)}, f"{changed.email} is enabled.")


@account.command("password")
def account_password(
    context: typer.Context,
    email: Email,
    link: Annotated[bool, typer.Option("--link", help="Print a link for its owner instead of asking here.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Set an account's password: asked for on a terminal, else the first line of standard input.

    The account's sessions end. With --link the old password stays until the link is used.
    """
    with terminal.opened(context, config, home) as desk:
        with desk.ledger.read() as work:
            found = work.accounts.get(email)
        if link:
            with desk.ledger.begin() as work:
                path = granting.password_link(work, found, sessions=_sessions(desk), by=HERE, now=clock())
            terminal.emit(output, {"account": _shown(found), "link": _link(desk, path)}, _link(desk, path))
            return
        hashed = passwords.hashed(passwords.checked(_asked(), email=found.email))
        with desk.ledger.begin() as work:
            changed = granting.set_password(work, found, hashed, by=HERE, now=clock())
    terminal.emit(output, {"account": _shown(changed)}, f"{changed.email} has a new password.")


@token.command("create")
def token_create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What will use it.")],
    email: Annotated[str, typer.Option("--account", help="In whose name it acts, with that account's role.")],
    scope: Annotated[Scope, typer.Option(help="What it is good for.")] = Scope.READ,
    days: Annotated[int, typer.Option(min=1, max=granting.MOST_DAYS, help="How long it lasts.")] = 90,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make a token of the API. It is shown this once; only a digest of it is kept."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        owner = work.accounts.get(email)
        made = granting.create_token(work, owner, name, scope, days=days, by=HERE, now=clock())
    data = {"token": made.secret, **_told(made.token, owner.email)}
    terminal.emit(output, data, f"Token {made.token.id} of {owner.email}, shown this once:", made.secret)


@token.command("list")
def token_list(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """All tokens, those that ended too, newest first."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        emails = {one.id: one.email for one in work.accounts.all()}
        found = [_told(one, emails[one.account_id]) for one in work.tokens.of()]
    rows = [[d["id"], d["name"], d["account"], d["scope"], f"{d['expires_at']:%Y-%m-%d}", d["state"]] for d in found]
    shown = terminal.table("Tokens", ["id", "name", "account", "scope", "until", "state"], rows)
    terminal.emit(output, {"tokens": found}, shown)


@token.command("revoke")
def token_revoke(
    context: typer.Context,
    token_id: Annotated[int, typer.Argument(help="Its id, as awb token list gives it.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """End a token at once: what uses it is refused from then on."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        ended = granting.revoke_token(work, work.tokens.get(token_id), by=HERE, now=clock())
    terminal.emit(output, {"id": ended.id, "revoked_at": ended.revoked_at}, f"Token {ended.id} opens nothing now.")


def _sessions(desk: Desk) -> Sessions:
    return Sessions(sessions.secret_for(desk.settings.serve, home=desk.home))


def _link(desk: Desk, path: str) -> str:
    serve = desk.settings.serve
    return (serve.public_url or f"http://{serve.host}:{serve.port}").rstrip("/") + path


def _asked() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise InvalidInputError("No password came on standard input.", cure="Pipe it in, or use --link.")
    return given


def _shown(one: Account) -> dict[str, Any]:
    by = "identity provider" if one.issuer else "password" if one.password_hash else "nothing yet"
    return {
        "email": one.email,
        "role": one.role.value,
        "signs_in_by": by,
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }


def _told(one: Token, email: str) -> dict[str, Any]:
    ended = "revoked" if one.revoked_at else "expired" if one.expires_at and one.expires_at <= clock() else "alive"
    return {
        "id": one.id,
        "name": one.name,
        "account": email,
        "scope": one.scope.value,
        "expires_at": one.expires_at,
        "last_used_at": one.last_used_at,
        "state": ended,
    }
