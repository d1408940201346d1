"""Commands that score texts, calibrate, and draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from annotation import terminal
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Format, Home, Output
from sampling import wiring
from sampling.partitions import PartitionsResult
from sampling.scoredtable import Columns

NO_AUDIT = "No audit: an earlier draw audited this stretch of the flow, or nothing new arrived in it."

ModelVersion = Annotated[str, typer.Option("--model", help="Version or alias of the model. Default: the champion.")]


def score(
    context: typer.Context,
    folder: Annotated[
        str, typer.Option("--input", help="Parquet file, folder or s3:// prefix to score instead of the ledger.")
    ] = "",
    text: Annotated[str, typer.Option("--text-column", help="With --input: its column of texts.")] = "",
    variables: Annotated[
        list[str] | None, typer.Option("--variable", help="Its auxiliary columns. Default: all that the model reads.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Column that goes into the result unchanged, as COLUMN or COLUMN=NAME; repeatable."),
    ] = None,
    to: Annotated[str, typer.Option(help="With --input: folder or s3:// prefix of the results.")] = "",
    codes: Annotated[int, typer.Option(min=1, help="With --input: how many codes per text.")] = 5,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes. Default: scoring.workers.")] = None,
    scheduler: Annotated[str, typer.Option(help="Dask scheduler, as tcp://host:port; its workers score.")] = "",
    model: ModelVersion = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Score the texts of the ledger that the model has not scored yet, or the Parquet files of --input.

    Texts of which the model knows no word are marked, not coded. Of --input each file gives a file of the same name
    below --to; finished ones are passed over when it is run again, and files that cannot be scored are told at the end.
    Example: awb score --input s3://register/2026 --text-column libelle --keep liasse_numero --to s3://scores/2026
    """
    given = {"workers": workers, "scheduler": scheduler or None}
    with terminal.opened(context, config, home) as sampler:
        settings = sampler.settings.scoring.model_copy(update={n: v for n, v in given.items() if v is not None})
        if folder or to or text:
            columns = _columns(folder, text, to, variables or (), keep or ())
            version = _version(sampler, model)
            with terminal.counting("partitions") as on_progress:
                found = wiring.score_partitions(
                    sampler,
                    version,
                    folder=folder,
                    to=to,
                    columns=columns,
                    codes=codes,
                    settings=settings,
                    on_progress=on_progress,
                )
            _tell_partitions(output, found)
            return
        with terminal.counting("scoring") as on_progress:
            result = wiring.score(sampler, _version(sampler, model), settings=settings, on_progress=on_progress)
    told = f"{result.scored} texts scored by {result.model_version}; {result.unscored} without a known word."
    terminal.emit(output, asdict(result), told)


def calibrate(
    context: typer.Context,
    model: ModelVersion = "",
    target: Annotated[
        float | None, typer.Option(min=0.01, max=0.999, help="Accuracy wanted of codes that no coder sees.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the reliability diagram here, as a page.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Learn from the audit's labels how sure the model may be, and store it where labels not seen bear it out.

    Later draws, thresholds and estimates go by it. With too few labels nothing is stored; the same labels again change
    nothing. The error after calibration is that on labels which the calibration has not seen. Also tells the margin
    from which on codes reach --target (calibration.target), with a guarantee that holds for any number of labels.
    """
    with terminal.opened(context, config, home) as sampler, terminal.counting("scoring") as on_progress:
        settings = sampler.settings.calibration.model_copy(update={"target": target} if target else {})
        result = wiring.calibrate(sampler, _version(sampler, model), settings=settings, on_progress=on_progress)
        language = sampler.settings.campaign.language
    if html is not None:
        from sampling import calibration_page

        terminal.write(calibration_page.render(result, language=language), html, option="--html")
    data = result.as_dict()
    rows = [
        [name, terminal.percent(one["value"]), f"{terminal.percent(one['low'])} to {terminal.percent(one['high'])}"]
        for name, one in (("before", data["before"]), ("after", data["after"]))
        if one
    ]
    steps = ", ".join(result.calibration.applied) or "none"
    told = f"{result.model_version}: calibrated on {result.labels} labels. Steps: {steps}. {result.reason}"
    shown = [terminal.table("Error of its confidences", ["", "mean", "95 % interval"], rows)] if rows else []
    terminal.emit(output, data, told.strip(), *shown, _threshold_told(data))


def _threshold_told(data: Mapping[str, Any]) -> str:
    if data["target"] is None:
        return "No text of the audit is judged yet."
    wanted, found = terminal.percent(data["target"]), data["threshold"]
    if found is None:
        return f"No margin can be shown yet from which on {wanted} of the codes are right."
    return (
        f"From a margin of {found['threshold']:g} on, at least {wanted} of the codes are right (at"
        f" {terminal.percent(found['confidence'])} confidence): {terminal.percent(found['coverage'])} of the texts."
    )


def _version(sampler: Any, model: str) -> str:
    version: str = sampler.version_or_error(model) if model else sampler.champion_or_error()
    return version


def _columns(folder: str, text: str, to: str, variables: Sequence[str], keep: Sequence[str]) -> Columns:
    for option, value in (("--input", folder), ("--text-column", text), ("--to", to)):
        if not value:
            raise InvalidInputError(f"{option} is missing.", cure="Files want --input, --text-column and --to.")
    kept = [name.partition("=") for name in keep]
    return Columns(text, tuple(variables), tuple((column, name or column) for column, _, name in kept))


def _tell_partitions(output: Output, result: PartitionsResult) -> None:
    terminal.emit(
        output,
        asdict(result),
        f"{result.scored} files scored by {result.model_version}, {result.skipped} finished before,"
        f" {len(result.failed)} failed; {result.rows} rows, {result.unscored} without a known word.",
        *(f"{one.error} {one.cure}" for one in result.failed),
    )
    if result.failed:
        raise typer.Exit(result.failed[0].exit_code)


def draw(
    context: typer.Context,
    key: Annotated[str, typer.Option(help="Name of the draw; made again, it is found and not repeated.")] = "",
    audit: Annotated[int | None, typer.Option(min=0, help="Tasks of the audit; default: draw.audit.")] = None,
    uncertain: Annotated[int | None, typer.Option(min=0, help="Default: draw.uncertain.")] = None,
    drifting: Annotated[int | None, typer.Option(min=0, help="Default: draw.drifting.")] = None,
    rare: Annotated[int | None, typer.Option(min=0, help="Default: draw.rare.")] = None,
    disagreement: Annotated[int | None, typer.Option(min=0, help="Default: draw.disagreement.")] = None,
    value: Annotated[int | None, typer.Option(min=0, help="Default: draw.value.")] = None,
    claim: Annotated[int | None, typer.Option(min=0, help="Default: draw.claim.")] = None,
    suspected: Annotated[
        int | None, typer.Option(min=0, help="Labelled texts to ask again; default: draw.suspected.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=1, help="Coders' minutes instead: the budgets are then shares of them.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="Of the uncertain; default: draw.strategy.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; explain what would be asked.")] = False,
    html: Annotated[Path | None, typer.Option(help="With --dry-run: write the explanation here, as a page.")] = None,
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Select what to ask: an audit at random, texts behind drift, texts of which the model is least sure, and more.

    Every task gets its stratum, its inclusion probability and a sentence that says why. A text is asked once, and one
    of several near copies. Components are drawn independently, so their numbers may differ a little from the budgets.
    The audit joins the evaluation set, which is never trained on. Example: awb draw --minutes 120 --dry-run
    """
    if html is not None and not dry_run:
        raise InvalidInputError("A draw is explained before it is made.", cure="Give --dry-run with --html.")
    numbers = {
        "audit": audit, "uncertain": uncertain, "drifting": drifting, "rare": rare, "disagreement": disagreement,
        "value": value, "claim": claim, "suspected": suspected, "minutes": minutes, "strategy": strategy or None,
    }  # fmt: skip
    with terminal.opened(context, config, home) as sampler:
        given = sampler.settings.draw.model_copy(update={n: v for n, v in numbers.items() if v is not None})
        drifted = wiring.drift(sampler, sampler.champion_or_error(), wiring.choose_windows(sampler))
        if dry_run:
            explained = wiring.foresee(sampler, drifted, settings=given, key=key or None)
            language = sampler.settings.campaign.language
        else:
            result = wiring.draw(sampler, drifted, settings=given, key=key or None)
    if dry_run:
        from sampling import explanation_page

        if html is not None:
            terminal.write(explanation_page.render(explained, language=language), html, option="--html")
        terminal.emit(output, explained.as_dict(), *explanation_page.terminal_plot(explained))
        return
    rows = [[component, number] for component, number in result.components.items()]
    terminal.emit(
        output,
        result.as_dict(),
        f"Draw {result.draw.key}: {result.tasks} tasks{'' if result.new else ' (made before)'}. Next: awb push.",
        terminal.table("", ["component", "tasks"], rows),
        *([NO_AUDIT] if given.audit and "audit" not in result.components else []),
    )
