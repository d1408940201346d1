"""The command that plays the past."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.terminal import Config, Home, Report
from sampling import wiring
from sampling.replay import curves
from sampling.replay.replay import Replay
from sampling.settings import ReplaySettings


def replay(
    context: typer.Context,
    path: Annotated[str, typer.Option("--input", help="Coded texts: CSV or Parquet file, or a folder of them.")],
    text_column: Annotated[str, typer.Option("--text-column", help="Column of the text.")],
    code_column: Annotated[str, typer.Option("--code-column", help="Column of the code.")],
    strategies: Annotated[str, typer.Option(help="Names between commas; random is always played too.")] = "",
    initial: Annotated[float | None, typer.Option(help="Share labelled beforehand, at random.")] = None,
    batch: Annotated[float | None, typer.Option(help="Share asked between two trainings.")] = None,
    until: Annotated[float | None, typer.Option(help="Share labelled in the end.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Repetitions, each with its own texts set apart.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes; 0: one per core.")] = None,
    to: Annotated[Path | None, typer.Option(help="File to write to: .html a page, else JSON.")] = None,
    config: Config = None,
    home: Home = None,
    output: Annotated[Report, typer.Option("--output", "-o", help="Text, JSON, or a page for the browser.")] = (
        Report.TEXT
    ),
) -> None:
    """Play coded texts as if each strategy had chosen what to ask: how many labels would it have saved?

    The same model, first labels and evaluation texts for all; repeated wordings stand on one side only. Needs neither
    campaign nor ledger. Stopped, it goes on from there when run again.
    Example: awb replay --input coded.csv --text-column libelle --code-column code --strategies margin,entropy
    """
    given = {
        "strategies": tuple(name for name in strategies.replace(",", " ").split()) or None,
        "initial": initial,
        "batch": batch,
        "until": until,
        "seeds": seeds,
        "workers": workers,
    }
    with terminal.opened(context, config, home) as sampler, terminal.counting("trainings") as on_progress:
        configured = sampler.settings.replay.model_dump()
        settings = ReplaySettings.given(**configured | {name: v for name, v in given.items() if v is not None})
        result = wiring.replay(
            sampler, path, text=text_column, code=code_column, settings=settings, on_progress=on_progress
        )
        language = sampler.settings.campaign.language
    if output is Report.TEXT and to is not None:
        output = Report.HTML if to.suffix.lower() == ".html" else Report.JSON
    if output is Report.TEXT:
        terminal.emit(terminal.Output.TEXT, {}, *_told(result))
    else:
        terminal.write(_written(result, output, language), to)


def _written(result: Replay, output: Report, language: str) -> str:
    if output is Report.HTML:
        from sampling.replay import page

        return page.render(result, language=language)
    return json.dumps(result.as_dict(), ensure_ascii=False, indent=2)


def _told(result: Replay) -> list[RenderableType]:
    rows = []
    for name, plays in result.played.items():
        curve, saved = curves.mean(plays), result.savings[name]
        middle = curve[len(curve) // 2]
        bounds = "" if saved.low is None or saved.high is None else f"{_share(saved.low)} to {_share(saved.high)}"
        rows.append(
            [
                name,
                terminal.percent(middle.accuracy),
                terminal.percent(curve[-1].accuracy),
                terminal.percent(curve[-1].macro_f1),
                _share(saved.mid),
                _share(saved.end),
                bounds,
            ]
        )
    left_out = [f"{number} {reason}" for reason, number in result.history.left_out.items() if number]
    best = result.savings[result.choice.strategy]
    columns = ["strategy", "accuracy mid", "end", "macro-F1 end", "labels saved mid", "end", "95 % interval"]
    said: list[RenderableType] = [
        f"{len(result.history)} different texts, {len(set(result.history.codes))} codes, {result.seeds} seeds."
        + (f" Left out or outvoted: {', '.join(left_out)}." if left_out else ""),
        terminal.table("", columns, rows),
        f"A draw would use: {result.choice.strategy}. {result.choice.reason}",
    ]
    if best.end > 0:
        said.append(
            f"To reach {terminal.percent(best.end_accuracy)} you would have coded {best.end_labels:,.0f} texts instead"
            f" of {best.end_random:,.0f}."
        )
    return said


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"
