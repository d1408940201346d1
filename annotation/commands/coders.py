"""Commands about who codes in a campaign. Coders are shown under pseudonyms, in the order of these."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from annotation import terminal, wiring
from annotation.api import audit
from annotation.campaign import managing, team
from annotation.campaign.team import Member
from annotation.commands.accounts import HERE
from annotation.domain.team import Enrolment, Standing
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock

coder = typer.Typer(no_args_is_help=True, help="Coders of a campaign: add, list, pause, resume, leave.")

Who = Annotated[str, typer.Argument(help="Pseudonym, or the e-mail address in Label Studio.")]
CampaignKey = Annotated[
    str, typer.Option("--campaign", help="Key of the campaign. Default: campaign.key of the settings.")
]
Reason = Annotated[str, typer.Option(help="Shown in the list.")]


@coder.command("add")
def coder_add(
    context: typer.Context,
    who: Who,
    campaign_key: CampaignKey = "",
    skills: Annotated[str, typer.Option(help="Codes of any level where they are at home, such as A,47.")] = "",
    arbiter: Annotated[bool, typer.Option("--arbiter", help="Decides disputes, and codes nothing else.")] = False,
    training: Annotated[
        bool | None,
        typer.Option(
            "--training/--no-training", help="First learn on gold. Default: if the policy has training tasks."
        ),
    ] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Enrol a coder, or change what they do. With a coder enrolled, each task goes to the queue of one of them.

    The next push brings their tasks into a project of their own. They must have joined Label Studio before.
    """
    with terminal.opened(context, config, home) as desk:
        key = campaign_key or desk.settings.campaign.key
        name = wiring.pseudonym(desk, who)
        with desk.ledger.begin() as work:
            learns = work.policies.current(key).training_tasks > 0 and not arbiter if training is None else training
            enrolment = managing.enrol(
                work,
                key,
                coder=name,
                state=Standing.TRAINING if learns else Standing.ACTIVE,
                arbiter=arbiter,
                skills=[one for part in skills.split(",") if (one := part.strip())],
                now=clock(),
            )
            _note(work, "coder_add", enrolment)
    _emit(output, enrolment, "Next: awb push")


@coder.command("list")
def coder_list(
    context: typer.Context,
    campaign_key: CampaignKey = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Who is enrolled, with what waits in their queues."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        key = campaign_key or desk.settings.campaign.key
        work.campaigns.get(key)
        found = team.roster(work, key)
    columns = ["coder", "state", "arbiter", "skills", "waiting", "answered", "last seen", "reason"]
    shown = terminal.table(f"Coders of {key}", columns, [_row(one) for one in found])
    terminal.emit(output, {"campaign": key, "coders": [_member(one) for one in found]}, shown)


@coder.command("pause")
def coder_pause(
    context: typer.Context,
    who: Who,
    campaign_key: CampaignKey = "",
    reason: Reason = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Give them nothing more for now; what waits in their queue goes to others at the next push."""
    _stand(context, config, home, who, campaign_key, Standing.PAUSED, reason, output)


@coder.command("resume")
def coder_resume(
    context: typer.Context,
    who: Who,
    campaign_key: CampaignKey = "",
    reason: Reason = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Give them tasks again, whether they were paused, had left or were learning."""
    _stand(context, config, home, who, campaign_key, Standing.ACTIVE, reason, output)


@coder.command("leave")
def coder_leave(
    context: typer.Context,
    who: Who,
    campaign_key: CampaignKey = "",
    reason: Reason = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Take them out; what they said stays, what waits in their queue goes to others at the next push."""
    _stand(context, config, home, who, campaign_key, Standing.LEFT, reason, output)


def _stand(
    context: typer.Context,
    config: Config,
    home: Home,
    who: str,
    campaign_key: str,
    state: Standing,
    reason: str,
    output: Output,
) -> None:
    with terminal.opened(context, config, home) as desk:
        key = campaign_key or desk.settings.campaign.key
        name = wiring.pseudonym(desk, who)
        with desk.ledger.begin() as work:
            enrolment = managing.stand(work, key, coder=name, state=state, reason=reason, now=clock())
            _note(work, f"coder_{state}", enrolment)
    _emit(output, enrolment)


def _note(work: UnitOfWork, action: str, enrolment: Enrolment) -> None:
    detail = {"coder": enrolment.coder, "arbiter": enrolment.arbiter, "skills": list(enrolment.skills)}
    audit.record(work, HERE, action, enrolment.campaign, detail=detail, now=clock())


def _emit(output: Output, one: Enrolment, *more: str) -> None:
    role = "arbiter" if one.arbiter else "coder"
    at_home = f", at home in {', '.join(one.skills)}" if one.skills else ""
    terminal.emit(
        output, {"coder": _enrolment(one)}, f"{one.coder}: {role} of {one.campaign}, {one.state}{at_home}.", *more
    )


def _enrolment(one: Enrolment) -> dict[str, Any]:
    return {
        "campaign": one.campaign,
        "coder": one.coder,
        "state": one.state.value,
        "arbiter": one.arbiter,
        "skills": list(one.skills),
        "reason": one.reason,
        "since": one.enrolled_at,
    }


def _member(one: Member) -> dict[str, Any]:
    counts = {"waiting": one.waiting, "answered": one.answered, "last_seen": one.last_seen}
    return _enrolment(one.enrolment) | counts


def _row(one: Member) -> list[object]:
    who = one.enrolment
    seen = f"{one.last_seen:%Y-%m-%d}" if one.last_seen else ""
    arbiter = "yes" if who.arbiter else ""
    return [who.coder, who.state, arbiter, ", ".join(who.skills), one.waiting, one.answered, seen, who.reason]
