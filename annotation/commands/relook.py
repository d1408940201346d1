"""The command that asks for another judgement where labels are doubtful."""

from __future__ import annotations

from typing import Annotated

import typer

from annotation import terminal
from annotation.campaign import relooking
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock


def campaign_relook(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Default: campaign.key of the settings.")] = "",
    budget: Annotated[int, typer.Option(min=1, help="Judgements to spend.")] = 50,
    whole: Annotated[
        bool, typer.Option("--whole", help="Spend all of it on settled texts, whatever new ones are worth.")
    ] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Ask another coder about the settled texts whose code is most doubtful, by their coders and the model (ActiveLab).

    Texts that wait for a first answer compete for the budget: where coders err seldom, most of it is left to them.
    Nothing of the evaluation set is asked again. The next push brings the tasks to coders.
    """
    with terminal.opened(context, config, home) as desk:
        name = key or desk.settings.campaign.key
        done = relooking.relook(ledger=desk.ledger, campaign_key=name, budget=budget, whole=whole, now=clock())
    told = (
        f"{done.planned} of {done.settled} settled texts are asked again; {done.new} judgements are worth more on new"
        " texts."
    )
    terminal.emit(output, {"campaign": name} | done.as_dict(), told, "Next: awb push" if done.planned else "")
