"""The command that looks for drift."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation import wiring as annotation
from annotation.terminal import Config, Home, Report
from sampling import wiring
from sampling.drift import drifting
from sampling.drift.detectors import Shift
from sampling.drift.drifting import DriftingText
from sampling.drift.report import Details, DriftReport


def drift(
    context: typer.Context,
    reference: Annotated[
        str, typer.Option(help="Window to compare with: 2026-01-01/2026-03-01, or a month, 2026-03.")
    ] = "",
    current: Annotated[str, typer.Option(help="Window that is looked at. Default: since the last draw.")] = "",
    texts: Annotated[int, typer.Option(min=0, help="How many of the texts that drift most are shown.")] = 20,
    to: Annotated[Path | None, typer.Option(help="File to write to. Default: standard output.")] = None,
    config: Config = None,
    home: Home = None,
    output: Annotated[Report, typer.Option("--output", "-o", help="Text, JSON, or a page for the browser.")] = (
        Report.TEXT
    ),
) -> None:
    """Compare a window of the flow with the time before: what moved, is it more than chance, and in which texts.

    Texts, predicted codes, auxiliary variables, the model's confidence, and what coders say of it. If nothing drifts,
    any alarm at all has a chance of drift.alarm_level. Single codes and words are shown where they matter
    (drift.least_difference, drift.least_count). What the model has not scored of the windows is scored first.
    Example: awb drift --reference 2025-01-01/2026-01-01 --current 2026-01 --output html --to drift.html
    """
    with terminal.opened(context, config, home) as sampler:
        version = sampler.champion_or_error()
        compared = wiring.windows_of(sampler, reference=reference, current=current)
        with terminal.counting("scoring") as on_progress:
            wiring.score_windows(sampler, version, compared, on_progress=on_progress)
        found = wiring.drift(sampler, version, compared)
        language = sampler.settings.campaign.language
        titles = _titles(sampler) if output is Report.HTML else {}
    moved = drifting.most(found, number=texts, language=language)
    if output is Report.TEXT and to is None:
        terminal.emit(terminal.Output.TEXT, {}, *_told(found, moved))
        return
    terminal.write(_written(found, moved, output, language, titles), to)


def _titles(sampler: Any) -> Mapping[str, str]:
    if not sampler.settings.campaign.nomenclature:
        return {}
    return {code.code: code.title for code in annotation.nomenclature(sampler)}


def _written(
    found: DriftReport, moved: Sequence[DriftingText], output: Report, language: str, titles: Mapping[str, str]
) -> str:
    if output is Report.HTML:
        from sampling.drift import page

        return page.render(found, moved, language=language, titles=titles)
    data: dict[str, Any] = found.as_dict() | {"texts": [one.as_dict() for one in moved]}
    return json.dumps(data, ensure_ascii=False, indent=2)


def _told(found: DriftReport, moved: Sequence[DriftingText]) -> list[RenderableType]:
    shown: list[RenderableType] = [
        f"{found.current_declarations} declarations from {found.windows.current.start:%Y-%m-%d} to"
        f" {found.windows.current.end:%Y-%m-%d}, against {found.reference_declarations} before; {found.model_version}.",
        f"Without a known word: {terminal.percent(found.unscored_before)} before,"
        f" {terminal.percent(found.unscored_after)} now. Divergence of the codes: {found.divergence:.3f} bits.",
    ]
    if found.details is not None:
        if left := found.details.not_scored_yet:
            shown.append(
                f"{left} texts are not scored by {found.model_version}: run awb score first, else they are left out."
            )
        shown += _verdict(found.details)
    shown += [_moved("code", found.codes), _moved("word", found.words)]
    if moved:
        rows = [[f"{one.score:.2f}", one.text, one.reason] for one in moved]
        shown.append(terminal.table("Texts that drift most", ["score", "text", "why"], rows))
    return shown


def _verdict(details: Details) -> list[RenderableType]:
    alarms = [one.kind for one in details.verdict.findings if one.alarm]
    rows = [[one.kind, "ALARM" if one.alarm else "calm", _p_value(one.p_value)] for one in details.verdict.findings]
    sure = details.confidence.accuracy
    before, now = terminal.percent(sure.before), terminal.percent(sure.after)
    return [
        f"Drift of {', '.join(alarms)}." if alarms else "No drift beyond what chance explains.",
        terminal.table("", ["kind", "", "p-value"], rows),
        f"Expected accuracy without labels: {before} before, {now} now.",
    ]


def _p_value(value: float) -> str:
    return f"{value:.4f}" if value >= 1e-4 else "< 0.0001"


def _moved(kind: str, shifts: Sequence[Shift]) -> RenderableType:
    if not shifts:
        return f"No {kind} moved."
    rows = [[s.value, terminal.percent(s.before), terminal.percent(s.after), s.count] for s in shifts]
    return terminal.table(f"Each {kind} that moved", [kind, "before", "now", "texts"], rows)
