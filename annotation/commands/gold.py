"""Commands about gold: texts whose code is settled beforehand, which check coders and teach new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Protocol

import typer

from annotation import terminal
from annotation.campaign import checked, goldtexts
from annotation.campaign.goldtexts import Row
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import Desk, clock

gold = typer.Typer(no_args_is_help=True, help="Gold texts: add, propose, list, retire.")

CampaignKey = Annotated[
    str, typer.Option("--campaign", help="Key of the campaign. Default: campaign.key of the settings.")
]
SHOWN = 30


class Tables(Desk, Protocol):
    def gold_rows(self, path: str, *, text: str, code: str, note: str, variables: tuple[str, ...]) -> Iterable[Row]: ...


@gold.command("add")
def gold_add(
    context: typer.Context,
    path: Annotated[str, typer.Option("--input", help="CSV or Parquet file, or an s3:// address.")],
    text: Annotated[str, typer.Option("--text-column", help="Column of the texts.")],
    code: Annotated[str, typer.Option("--code-column", help="Column of the settled codes.")],
    note: Annotated[str, typer.Option("--note-column", help="Explains the code to those who err.")] = "",
    variables: Annotated[
        list[str] | None,
        typer.Option("--variable", help="Auxiliary column that coders see of other texts too; repeatable."),
    ] = None,
    campaign_key: CampaignKey = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Bring gold in. Rows that cannot be taken are quarantined with their reason; run again, nothing doubles.

    Gold serves all campaigns of the nomenclature. It is never trained on, never drawn otherwise, and none of it may
    belong to the evaluation set. How much of it coders get: awb campaign policy --set gold_share=0.05
    """
    with terminal.opened(context, config, home) as desk:
        rows = desk.gold_rows(path, text=text, code=code, note=note, variables=tuple(variables or ()))
        result = goldtexts.add(
            ledger=desk.ledger, nomenclature_key=_nomenclature(desk, campaign_key), rows=rows, now=clock()
        )
    told = f"{result.rows} rows: {result.recorded} gold texts new or changed, {len(result.refused)} rows refused."
    refused = [{"row": row, "reason": reason} for row, reason in result.refused]
    lines = [f"  row {row}: {reason}" for row, reason in result.refused[:SHOWN]]
    terminal.emit(output, asdict(result) | {"refused": refused}, told, *lines)


@gold.command("propose")
def gold_propose(
    context: typer.Context,
    campaign_key: CampaignKey = "",
    least_coders: Annotated[int, typer.Option(min=1, help="Who agree on the code, with none against it.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 200,
    accept: Annotated[bool, typer.Option("--accept", help="Make gold of them: nothing is trained on them.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Texts of the campaign that would make good gold: several coders agree on them, and an arbiter where there is one.

    Whoever has answered such a text does not get it again as gold.
    """
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        key = campaign_key or desk.settings.campaign.key
        found = goldtexts.propose(work, key, least_coders=least_coders)[:limit]
        recorded = goldtexts.accept(work, key, found, now=clock()) if accept else 0
    rows = [[one.text_key, one.text, one.code, one.evidence] for one in found[:SHOWN]]
    terminal.emit(
        output,
        {"proposals": [asdict(one) for one in found], "accepted": recorded},
        terminal.table("Proposed gold", ["key", "text", "code", "why"], rows),
        f"{len(found)} texts, {recorded} made gold." + ("" if accept else " To make gold of them: --accept"),
    )


@gold.command("list")
def gold_list(
    context: typer.Context,
    campaign_key: CampaignKey = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """The gold in force of the campaign's nomenclature, and how its coders answered each text.

    A text that most get wrong may itself be wrong: correct it by awb gold add, or retire it.
    """
    with terminal.opened(context, config, home) as desk:
        nomenclature = _nomenclature(desk, campaign_key)
        with desk.ledger.read() as work:
            found = work.gold.current(nomenclature)
            texts = work.texts.get(list(found))
            golden = checked.by_gold(work, campaign_key or desk.settings.campaign.key)
    answers = [one for some in golden.values() for one in some]
    asked, right = (Counter(one.text_key for one in some) for some in (answers, [one for one in answers if one.right]))
    data = [
        asdict(one) | {"text": texts[key].text, "answers": asked[key], "right": right[key]}
        for key, one in found.items()
    ]
    shown = ("text_key", "text", "code", "note", "evidence", "answers", "right")
    rows = [[one[name] for name in shown] for one in data]
    terminal.emit(
        output,
        {"nomenclature": nomenclature, "gold": data},
        terminal.table(f"Gold of {nomenclature}", ["key", "text", "code", "note", "from", "answers", "right"], rows),
    )


@gold.command("retire")
def gold_retire(
    context: typer.Context,
    text_key: Annotated[str, typer.Argument(help="As the list shows it.")],
    campaign_key: CampaignKey = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Take a text out of the gold: it is not asked any more, and nobody is measured by it."""
    with terminal.opened(context, config, home) as desk:
        nomenclature = _nomenclature(desk, campaign_key)
        with desk.ledger.begin() as work:
            retired = goldtexts.retire(work, nomenclature, text_key, now=clock())
    terminal.emit(output, asdict(retired), f"{text_key} ({retired.code}) is gold no more.")


def _nomenclature(desk: Desk, campaign_key: str) -> str:
    with desk.ledger.read() as work:
        return work.campaigns.get(campaign_key or desk.settings.campaign.key).nomenclature
