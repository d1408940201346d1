"""Commands about versions of the training set."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from annotation import terminal
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import clock
from sync import steps
from sync.trainingset import build as building
from sync.trainingset import difference as differences
from sync.trainingset import export as exports
from sync.trainingset.build import Recipe
from sync.trainingset.export import Format as FileFormat
from sync.wiring import Workbench, absolute

app = typer.Typer(no_args_is_help=True, help="Versions of the training set: build, look at, compare, hand out.")

Tag = Annotated[str, typer.Argument(help="Tag of the version, such as v3. Default: the current one.")]
TagNeeded = Annotated[str, typer.Argument(help="Tag of a version, such as v3.")]


@app.command("build")
def build(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """Settle the judgements into labels and commit the labels in force as the next version.

    Texts of the evaluation set, and those that the model would read the same way, stay out; a check proves it. Nothing
    new: no version.
    """
    with terminal.opened(context, config, home) as bench:
        harvested = steps.harvest(bench, bench.settings.campaign.key) if _has_campaign(bench) else None
        result = steps.build(bench)
    version = result.version
    state = f"+{result.added} -{result.removed} ~{result.changed}" if result.new else "nothing new since"
    text = (
        f"{version.tag} (parent {version.parent or 'none'}): {version.rows} rows, {state}; {result.kept_out} kept out."
    )
    data = asdict(result) | {"harvest": asdict(harvested) if harvested else None}
    terminal.emit(output, data, text)


@app.command("log")
def log(context: typer.Context, config: Config = None, home: Home = None, output: Format = Output.TEXT) -> None:
    """All versions, oldest first, with what each changed and the models that saw it."""
    with terminal.opened(context, config, home) as bench:
        versions = bench.store.versions()
        with bench.ledger.read() as work:
            built = {v.tag: v.built_at for v in work.trainingsets.all(bench.settings.trainingset.name)}
            models = work.models.all(bench.settings.training.model)
        names = {v.tag: [n for n in bench.store.names(v.tag) if n != v.tag] for v in versions}
    seen = {v.tag: [f"{m.name}/{m.version}" for m in models if m.trainingset_tag == v.tag] for v in versions}
    data = [asdict(v) | {"built_at": built.get(v.tag), "models": seen[v.tag], "names": names[v.tag]} for v in versions]
    rows = [
        [v.tag, v.parent, v.rows, v.added, v.removed, v.changed, ", ".join(names[v.tag]), ", ".join(seen[v.tag])]
        for v in versions
    ]
    columns = ["version", "parent", "rows", "added", "removed", "changed", "names", "models"]
    terminal.emit(output, {"versions": data}, terminal.table("Training set", columns, rows))


@app.command("show")
def show(
    context: typer.Context,
    tag: Tag = "",
    rows: Annotated[int, typer.Option(min=0, help="How many rows to show.")] = 5,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """One version: its recipe, its sources and codes, and its first rows."""
    with terminal.opened(context, config, home) as bench:
        version = bench.version_of(tag)
        table, location = bench.store.read(version.tag), bench.store.location()
        with bench.ledger.read() as work:
            recorded = work.trainingsets.get(bench.settings.trainingset.name, version.tag)
    counts = {
        column: {str(v["values"]): int(v["counts"]) for v in table[column].value_counts().to_pylist()}
        for column in ("source", "split")
    }
    data = asdict(version) | counts | {"codes": len(table["code"].unique()), "recipe": dict(recorded.recipe)}
    first = [[r["text"], r["code"], r["source"], r["split"], r["added_in"]] for r in table.slice(0, rows).to_pylist()]
    terminal.emit(
        output,
        data | {"table": location, "first_rows": table.slice(0, rows).to_pylist()},
        f"{version.tag}: {version.rows} rows, {data['codes']} codes, parent {version.parent or 'none'}",
        f"sources {json.dumps(counts['source'])}, splits {json.dumps(counts['split'])}",
        f"digest {version.digest}",
        f"table {location}",
        terminal.table("", ["text", "code", "source", "split", "since"], first),
    )


@app.command("diff")
def diff(
    context: typer.Context,
    old: TagNeeded,
    new: TagNeeded,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each kind to show.")] = 10,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """What changed between two versions: rows added, removed, recoded, and with another source or weight."""
    with terminal.opened(context, config, home) as bench:
        change = differences.diff(bench.store.read(old), bench.store.read(new))
    kinds = {
        "added": change.added,
        "removed": change.removed,
        "recoded": change.recoded,
        "reweighted": change.reweighted,
    }
    by_code = [asdict(one) for one in differences.by_code(change)]
    data = {
        "old": old,
        "new": new,
        "counts": {name: table.num_rows for name, table in kinds.items()},
        "codes": by_code,
        "rows": {name: table.slice(0, rows).to_pylist() for name, table in kinds.items()},
    }
    shown = [
        [name, row["text"], row.get("code_before") or "", row["code"]]
        for name, table in kinds.items()
        for row in table.slice(0, rows).to_pylist()
    ]
    totals = ", ".join(f"{table.num_rows} {name}" for name, table in kinds.items())
    terminal.emit(
        output,
        data,
        f"{old} -> {new}: {totals}",
        terminal.table("", ["change", "text", "former code", "code"], shown),
    )


@app.command("tag")
def tag(
    context: typer.Context,
    version: TagNeeded,
    name: Annotated[str, typer.Argument(help="Another name for it, such as campaign-2026.")],
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Give a version another name. A name never moves to another version."""
    with terminal.opened(context, config, home) as bench:
        found = bench.store.tag(version, name)
    terminal.emit(output, asdict(found) | {"name": name}, f"{found.tag} is called {name} too.")


@app.command("rollback")
def rollback(
    context: typer.Context,
    to: TagNeeded,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Make a new version with the rows of an old one. Nothing is taken back from the history."""
    with terminal.opened(context, config, home) as bench:
        made = building.rollback(
            ledger=bench.ledger, store=bench.store, name=bench.settings.trainingset.name, to_tag=to, now=clock()
        )
    terminal.emit(output, asdict(made), f"{made.tag} holds the {made.rows} rows of {to}; its parent is {made.parent}.")


@app.command("export")
def export(
    context: typer.Context,
    destination: Annotated[str, typer.Argument(help="File or s3:// address to write to.")],
    tag: Annotated[str, typer.Option("--version", help="Tag of the version. Default: the current one.")] = "",
    file_format: Annotated[FileFormat, typer.Option("--format", help="What to write.")] = FileFormat.PARQUET,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Write a version as one Parquet or CSV file, or as lines for fastText (cleaned as the model reads them)."""
    with terminal.opened(context, config, home) as bench:
        version = bench.version_of(tag)
        url = exports.export(
            bench.store.read(version.tag),
            storage=bench.storage_of(destination),
            path=absolute(destination),
            form=file_format,
            normaliser=bench.normaliser,
        )
    terminal.emit(output, {"version": version.tag, "url": url, "rows": version.rows}, f"{version.rows} rows in {url}")


@app.command("rebuild")
def rebuild(
    context: typer.Context,
    tag: Tag = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Build a version again from the ledger and its recipe, and compare it with what is stored."""
    with terminal.opened(context, config, home) as bench:
        version = bench.version_of(tag)
        with bench.ledger.read() as work:
            recorded = work.trainingsets.get(bench.settings.trainingset.name, version.tag)
        digest = building.digest_of(ledger=bench.ledger, recipe=Recipe.of(recorded.recipe))
    equal = digest == version.digest
    data = {"version": version.tag, "equal": equal, "stored": version.digest, "rebuilt": digest}
    terminal.emit(output, data, f"{version.tag}: rebuilt {'equal' if equal else 'NOT equal'} to what is stored.")
    if not equal:
        raise typer.Exit(7)


def _has_campaign(bench: Workbench) -> bool:
    with bench.ledger.read() as work:
        return any(c.key == bench.settings.campaign.key for c in work.campaigns.all())
