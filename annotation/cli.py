"""Commands about nomenclatures, campaigns, and the way to Label Studio and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from annotation import terminal, wiring
from annotation.campaign import imports
from annotation.campaign.imports import ImportResult
from annotation.nomenclature import nomenclature as nomenclatures
from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.settings import CampaignSettings, CorrespondenceSource, NomenclatureSource
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock

nomenclature = typer.Typer(no_args_is_help=True, help="Nomenclatures: bring in, look at, compare.")
correspondence = typer.Typer(no_args_is_help=True, help="Tables from one nomenclature version to the next.")
campaign = typer.Typer(no_args_is_help=True, help="Campaigns: create, follow, close.")

CampaignKey = Annotated[
    str, typer.Option("--campaign", help="Key of the campaign. Default: campaign.key of the settings.")
]
Key = Annotated[str, typer.Argument(help="The name that the ledger shall know it by, such as naf-rev2.")]
Source = Annotated[str, typer.Argument(help="A .csv, .xls or .xlsx file as published, or its https address.")]


@nomenclature.command("import")
def nomenclature_import(
    context: typer.Context,
    key: Key,
    path: Source,
    title: Annotated[str, typer.Option(help="For people.")] = "",
    notes: Annotated[str, typer.Option(help="File or address of the explanatory notes, merged in.")] = "",
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook, when it is not found by itself.")] = "",
    code_column: Annotated[str, typer.Option(help="Column of the codes, when it is not recognised.")] = "",
    title_column: Annotated[str, typer.Option(help="Column of the titles, when it is not recognised.")] = "",
    repeated: Annotated[bool, typer.Option(help="A file of coded texts: repeated codes are the same code.")] = False,
    every_code_a_leaf: Annotated[bool, typer.Option(help="Texts may be coded at any depth (COICOP).")] = False,
    without: Annotated[list[str] | None, typer.Option(help="A code to leave out with all below; repeatable.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Bring a nomenclature in, as its office publishes it.

    Levels, parents and titles are recognised; dotted and undotted codes are. Bad rows are quarantined with their row
    number. Example: awb nomenclature import naf-rev2 int_courts_naf_rev_2.xls
    """
    source = NomenclatureSource.given(
        key=key,
        path=path,
        title=title,
        notes_path=notes,
        sheet=sheet,
        code_column=code_column,
        title_column=title_column,
        repeated=repeated,
        every_code_a_leaf=every_code_a_leaf,
        without=tuple(without or ()),
    )
    with terminal.opened(context, config, home) as desk:
        result = imports.import_nomenclature(
            ledger=desk.ledger,
            source=source,
            folder=desk.home / "downloads",
            now=clock(),
            reach=desk.settings.network.reach,
        )
    _emit_import(output, result, "leaves")


@nomenclature.command("show")
def nomenclature_show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Which one; without it, all are listed.")] = "",
    search: Annotated[str, typer.Option(help="A code, dotted or not, or words without accents.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many codes a search shows.")] = 20,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """List the nomenclatures, show one by its levels, or search in it."""
    if search and not key:
        raise typer.BadParameter("say in which nomenclature", param_hint="--search")
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        keys = [key] if key else work.nomenclatures.keys()
        found = [work.nomenclatures.get(one) for one in keys]
    if search:
        hits = found[0].search(search, limit=limit)
        data: dict[str, Any] = {"key": key, "search": search, "codes": [_code(one) for one in hits]}
        rows = [[one.code, one.title] for one in hits]
        terminal.emit(output, data, terminal.table(f"{key}: {search}", ["code", "title"], rows))
        return
    described = [_described(one) for one in found]
    rows = [[d["key"], d["title"], d["leaves"], " / ".join(map(str, d["per_level"]))] for d in described]
    terminal.emit(
        output,
        {"nomenclatures": described},
        terminal.table("Nomenclatures", ["key", "title", "leaves", "codes per level"], rows),
    )


@nomenclature.command("diff")
def nomenclature_diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="Key of the former version.")],
    new: Annotated[str, typer.Argument(help="Key of the later version.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Codes added, removed, retitled and moved between two nomenclatures."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        change = nomenclatures.diff(work.nomenclatures.get(old), work.nomenclatures.get(new))
    data = asdict(change)
    rows = [[kind, len(items), ", ".join(map(_shown, items[:8]))] for kind, items in data.items()]
    terminal.emit(output, data, terminal.table(f"{old} -> {new}", ["change", "codes", "first of them"], rows))


@correspondence.command("import")
def correspondence_import(
    context: typer.Context,
    key: Key,
    path: Source,
    old: Annotated[str, typer.Option(help="Key of the old nomenclature, imported before.")],
    new: Annotated[str, typer.Option(help="Key of the new nomenclature, imported before.")],
    old_column: Annotated[str, typer.Option(help="Column of the old codes, when it is not recognised.")] = "",
    new_column: Annotated[str, typer.Option(help="Column of the new codes, when it is not recognised.")] = "",
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Bring in the table old -> new. A corrected table comes in under another key; both versions stay."""
    source = CorrespondenceSource.given(
        key=key, path=path, old=old, new=new, old_column=old_column, new_column=new_column, sheet=sheet
    )
    with terminal.opened(context, config, home) as desk:
        result = imports.import_correspondence(
            ledger=desk.ledger,
            source=source,
            folder=desk.home / "downloads",
            now=clock(),
            reach=desk.settings.network.reach,
        )
    _emit_import(output, result, "pairs")


@correspondence.command("show")
def correspondence_show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Which table; without it, all are listed.")] = "",
    code: Annotated[str, typer.Option(help="An old code: show its candidates.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """How many old codes are univocal and multivocal, or what one code becomes."""
    if code and not key:
        raise typer.BadParameter("say in which table", param_hint="--code")
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        tables = [
            work.nomenclatures.correspondence(one)
            for one in ([key] if key else work.nomenclatures.correspondence_keys())
        ]
        names = {n: work.nomenclatures.get(n) for t in tables for n in (t.source, t.target)}
    if code:
        old = names[tables[0].source].parse(code)
        found = [_code(names[tables[0].target][one]) for one in tables[0].candidates(old)]
        rows = [[one["code"], one["title"]] for one in found]
        data: dict[str, Any] = {"key": key, "code": old, "candidates": found}
        terminal.emit(output, data, terminal.table(f"{old} becomes", ["code", "title"], rows))
        return
    described = [
        {
            "key": t.key,
            "old": t.source,
            "new": t.target,
            "pairs": len(t.pairs),
            "univocal": len(t.univocal),
            "multivocal": len(t.multivocal),
            "without_antecedent": sorted(t.without_antecedent(names[t.target])),
        }
        for t in tables
    ]
    rows = [[d["key"], d["old"], d["new"], d["pairs"], d["univocal"], d["multivocal"]] for d in described]
    columns = ["key", "old", "new", "pairs", "univocal", "multivocal"]
    terminal.emit(output, {"correspondences": described}, terminal.table("Correspondences", columns, rows))


@campaign.command("create")
def campaign_create(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Its name in commands and addresses.")],
    nomenclature_key: Annotated[str, typer.Option("--nomenclature", help="Key of the nomenclature to code into.")] = "",
    title: Annotated[str, typer.Option(help="What coders and leads read.")] = "",
    language: Annotated[str, typer.Option(help="Of the coders: fr or en.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make a campaign. What is not said here comes from the settings; its nomenclature is fixed for life."""
    with terminal.opened(context, config, home) as desk:
        given = {"key": key, "nomenclature": nomenclature_key, "title": title, "language": language}
        settings = CampaignSettings.given(
            **desk.settings.campaign.model_dump() | {name: value for name, value in given.items() if value}
        )
        made = wiring.create_campaign(desk, settings)
    data = {"campaign": asdict(made)}
    terminal.emit(output, data, f"Campaign {made.key} codes into {made.nomenclature}. Next: awb draw, awb push.")


@campaign.command("list")
def campaign_list(
    context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT
) -> None:
    """All campaigns, open and closed."""
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        found = work.campaigns.all()
    rows = [[c.key, c.title, c.nomenclature, f"{c.closed_at:%Y-%m-%d}" if c.closed_at else "open"] for c in found]
    shown = terminal.table("Campaigns", ["key", "title", "nomenclature", "closed"], rows)
    terminal.emit(output, {"campaigns": [asdict(c) for c in found]}, shown)


@campaign.command("close")
def campaign_close(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Key of the campaign.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Close a campaign: nothing is drawn or pushed any more; what was judged stays and can still be pulled."""
    with terminal.opened(context, config, home) as desk, desk.ledger.begin() as work:
        closed = work.campaigns.close(key, now=clock())
    terminal.emit(output, {"campaign": asdict(closed)}, f"Campaign {key} is closed since {closed.closed_at:%Y-%m-%d}.")


def push(
    context: typer.Context,
    campaign_key: CampaignKey = "",
    replace_deleted: Annotated[
        bool, typer.Option("--replace-deleted", help="Make projects anew that were deleted in Label Studio.")
    ] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Send the drawn tasks to Label Studio, with predictions. Safe to stop and to run again."""
    with terminal.opened(context, config, home) as desk, terminal.counting("pushing tasks") as on_progress:
        key = campaign_key or desk.settings.campaign.key
        result = wiring.push_tasks(desk, key, replace_deleted=replace_deleted, on_progress=on_progress)
    text = f"{result.pushed} tasks pushed, {result.already_there} were there, {result.healed} doubles removed."
    if result.withdrawn:
        text += f" {result.withdrawn} were taken out of another queue."
    if result.restored:
        text += f" {result.restored} projects had a screen or settings that were not ours: put back."
    if result.paused:
        text = f"The campaign {key} is paused: nothing is pushed."
    terminal.emit(output, asdict(result), text, *[one.url for one in result.queues])


def pull(
    context: typer.Context,
    campaign_key: CampaignKey = "",
    full: Annotated[bool, typer.Option(help="Read everything and look for deleted tasks.")] = False,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Take in what coders did since the last pull: new judgements, edits, deletions, skips."""
    with terminal.opened(context, config, home) as desk, terminal.counting("pulling judgements") as on_progress:
        key = campaign_key or desk.settings.campaign.key
        result = wiring.pull_judgements(desk, key, full=full, on_progress=lambda seen: on_progress(seen, seen))
    text = (
        f"{result.new} new judgements, {result.edited} edited, {result.deleted} deleted, {result.skipped} skipped, "
        f"{result.quarantined} quarantined."
    )
    if result.kept:
        text += f" {result.kept} that Label Studio has lost were kept."
    if result.unannounced:
        text += f" {result.unannounced} changes came without a webhook."
    terminal.emit(output, asdict(result), text)


def _emit_import(output: Output, result: ImportResult, unit: str) -> None:
    state = "imported" if result.new else "already there, unchanged"
    lines = [f"{result.key}: {result.entries} {unit}, {state}. sha256 {result.sha256[:12]}"]
    lines += [f"  row {r.row} was quarantined: {r.reason} {r.cure}" for r in result.quarantined]
    data = asdict(result) | {unit: result.entries}
    terminal.emit(output, data, *lines)


def _described(one: Nomenclature) -> dict[str, Any]:
    per_level = [sum(1 for c in one.codes.values() if c.level == level) for level in range(1, one.levels + 1)]
    return {"key": one.key, "title": one.title, "leaves": len(one.leaves), "per_level": per_level}


def _code(one: Code) -> dict[str, Any]:
    return asdict(one)


def _shown(item: object) -> str:
    return str(item.get("code", item)) if isinstance(item, dict) else str(item)
