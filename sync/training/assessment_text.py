"""An assessment as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from annotation import terminal
from annotation.campaign.flow import FlowAccuracy
from annotation.quality.accuracy import Estimate
from annotation.quality.agreement import Coefficient
from sync.training.assessment import Assessment
from sync.training.domains import Split

_OF = {
    Split.SECTION: "By section (level 1 of the coders' code)",
    Split.DIVISION: "By division (level 2 of the coders' code)",
    Split.SOURCE: "By source of the declarations",
    Split.PERIOD: "By the stretch of the flow that was drawn from",
}


def render(found: Assessment) -> Iterator[RenderableType]:
    measured = found.evaluation
    heading = (
        f"{measured.model_version}: {measured.judged} of {measured.members} texts of the evaluation set are judged"
    )
    rows = [[str(level), _interval(estimate)] for level, estimate in enumerate(measured.levels, start=1)]
    if found.by_declaration:
        rows.append(["by declaration", _interval(found.by_declaration)])
    rows.append(["two coders agree", _ceiling(found.ceiling)])
    yield terminal.table(heading, ["level", "accuracy"], rows)
    yield from _missing(found)
    if found.flows:
        title = "On the flow at the draw, from all its labels"
        columns = ["draw", "labels", "accuracy", "by declaration", "against the audit alone"]
        yield terminal.table(title, columns, [_flow(one) for one in found.flows])
    if found.split:
        rows = [[one.name, one.title, _domain(one.texts, one.estimate)] for one in found.domains]
        yield terminal.table(_OF[found.split], ["", "", "accuracy"], rows)
    if found.plan:
        wanted = f"+/- {100 * found.half_width:g} points"
        yield (
            f"Labels still needed for {wanted}: {found.plan.labels}"
            f" (now +/- {100 * found.plan.now:.1f}; {found.plan.tasks} audit tasks at the present share of answers)."
        )


def _missing(found: Assessment) -> Iterator[str]:
    open_ends = found.evaluation.bounds
    if open_ends and open_ends.missing:
        yield (
            f"{open_ends.missing} texts are without a code (no answer yet, unclassifiable, disputed) and taken to be"
            f" like the others of their stratum. Whatever they are, the share lies between"
            f" {terminal.percent(open_ends.value_low)} and {terminal.percent(open_ends.value_high)}"
            f" (with chance: {terminal.percent(open_ends.low)} to {terminal.percent(open_ends.high)})."
        )


def _flow(one: FlowAccuracy) -> list[str]:
    if one.narrower is None:
        gain = "the audit is all there is" if one.estimate else ""
    else:
        gain = f"interval {terminal.percent(abs(one.narrower))} {'narrower' if one.narrower >= 0 else 'wider'}"
    return [one.draw.key, f"{one.coded} of {one.asked}", _short(one.estimate), _short(one.by_declaration), gain]


def _ceiling(found: Coefficient | None) -> str:
    if found is None or found.low is None or found.high is None:
        return "not known: too few texts were coded twice"
    return terminal.interval({"value": found.value, "low": found.low, "high": found.high, "texts": found.units})


def _domain(texts: int, estimate: Estimate | None) -> str:
    return _interval(estimate) if estimate else f"too few texts for a figure ({texts})"


def _short(estimate: Estimate | None) -> str:
    if estimate is None:
        return "too few labels"
    return f"{terminal.percent(estimate.value)} ({terminal.percent(estimate.low)} to {terminal.percent(estimate.high)})"


def _interval(estimate: Estimate | None) -> str:
    return terminal.interval(estimate.as_dict() if estimate else None)
