"""What a demo tells at its end, for a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sync.demo.story import Asked, DemoResult, Moved
from sync.turn import WAITING, TurnResult

_WHY = {
    "audit": "drawn at random: they measure accuracy, and are never trained on",
    "uncertain": "the model hesitates, and so it does on many texts like them",
    "drifting": "texts behind what rose in the flow",
    "rare": "close to codes with few labels, which the model seldom or never predicts",
    "disagreement": "another model, or the register, says another code",
    "value": "a wrong code would cost most",
    "claim": "the code is contested",
    "revision": "old codes that the table does not settle",
}
_BAR = 20
_MOST_MOVED = 4
_MOST_PENDING = 6
_MOST_CANDIDATES = 4


def render(result: DemoResult) -> tuple[RenderableType, ...]:
    sections = [
        _section(_headline(result), []),
        _section("What was asked, and why", _asked(result)),
        _section("What moved in the flow", _moved(result)),
        _section("What the coders said", _said(result)),
        _section("What was learnt", _learnt(result)),
        _section("The move to NAF 2025", _relabelled(result)),
        _section("Where to look next (the servers stay up unless --once was given)", _next(result)),
    ]
    return tuple(sections)


def _section(title: str, lines: list[RenderableType]) -> RenderableType:
    return Group(Text(""), Text(title, style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines))


def _headline(result: DemoResult) -> str:
    how = "Started anew" if result.new else "Continued"
    minutes, seconds = divmod(round(result.seconds), 60)
    end = "waits for coders" if result.last.status == WAITING else "is done"
    return f"{how} in {result.home}: turn {result.last.number} {end}, after {minutes} min {seconds:02d} s."


def _asked(result: DemoResult) -> list[RenderableType]:
    most = max((one.tasks for one in result.asked), default=1)
    bars = Table.grid(padding=(0, 1))
    for one in result.asked:
        bars.add_row(one.component, Bar(most, 0, one.tasks, width=_BAR, color="blue"), str(one.tasks))
    foreseen = result.last.steps.get("draw", {}).get("foreseen") or {}
    width = foreseen.get("half_width")
    told = [Text(f"Foreseen at the draw: accuracy known to within ± {100 * width:.1f} points.")] if width else []
    return [bars, *told, *(line for one in result.asked for line in _component(one))]


def _component(one: Asked) -> Iterator[RenderableType]:
    yield Text(f"{one.tasks} {one.component}: {_WHY.get(one.component, '')}")
    yield Padding(Text(f"« {one.text} »", style="italic"), (0, 0, 0, 4))
    yield Padding(Text(one.reason, style="dim"), (0, 0, 0, 4))


def _moved(result: DemoResult) -> list[RenderableType]:
    codes = [one for one in result.moved if one.title]
    words = [one for one in result.moved if not one.title]
    if not result.moved:
        return [Text("Nothing beyond chance.")]
    lines = [Text(f"Code {one.value} ({one.title}): {_move(one)}") for one in codes[:_MOST_MOVED]]
    lines += [Text(f"Word « {one.value} »: {_move(one)}") for one in words[:_MOST_MOVED]]
    rest = len(codes[_MOST_MOVED:]) + len(words[_MOST_MOVED:])
    if rest:
        lines.append(Text(f"And {rest} more codes and words."))
    return [*lines]


def _move(one: Moved) -> str:
    return f"{_percent(one.before)} of the texts before, {_percent(one.after)} now"


def _said(result: DemoResult) -> list[RenderableType]:
    said = result.said
    judged = said.coded + said.unclassifiable + said.put_off
    still_open = f", {said.open} without answer" if said.open else ""
    lines = [
        f"{judged} answers of {said.coders} coders (simulated): {said.coded} coded, "
        f"{said.unclassifiable} unclassifiable, {said.put_off} put off{still_open}.",
        f"{said.wrong} of the codes are wrong, which an office would not know.",
    ]
    if said.twice and said.agreed is not None:
        lines.append(
            f"{said.twice} texts were given to a second coder, who did not see the first answer: two coders agree on "
            f"{_percent(said.agreed)} of such texts. An arbiter decided {said.arbitrated}."
        )
    if result.quarantined:
        lines.append(f"{result.quarantined} things are set aside with their reason, and used nowhere.")
    return [Text(line) for line in lines]


def _learnt(result: DemoResult) -> list[RenderableType]:
    lines = [line for turn in result.turns for line in _turn(turn)]
    before, after = (result.last.as_dict()[name] for name in ("accuracy_before", "accuracy"))
    measured = after or before
    if measured:
        lines.append(
            f"Measured on {measured['texts']} texts of the audit to which a coder gave a code, weighted by their "
            "chance of being drawn. Only wordings that were not coded before are drawn, and where a coder errs the "
            "model counts as wrong, so that the share over all declarations is higher."
        )
    if result.known:
        lines.append(
            f"By the register's truth, which no office has, {_percent(result.known.before)} of the month's "
            f"declarations were coded right before the turn, and {_percent(result.known.after)} are after it."
        )
    return [Text(line) for line in lines]


def _turn(turn: TurnResult) -> Iterator[str]:
    shown = turn.as_dict()
    if turn.status == WAITING:
        yield f"Turn {turn.number}: {shown['reason'] or 'not at its end yet.'}"
        return
    built = turn.steps["trainingset"]
    yield (
        f"Turn {turn.number}: training set {built['parent']} -> {built['tag']}, {built['rows']} rows"
        f" ({built['added']:+d}); model {shown['model_version']}."
    )
    yield f"  Accuracy of the champion: {_interval(shown['accuracy_before'])} before,"
    yield f"  {_interval(shown['accuracy'])} after."
    yield f"  {shown['reason']}"


def _interval(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "not measured"
    return f"{_percent(estimate['value'])} (95 % interval {_percent(estimate['low'])} to {_percent(estimate['high'])})"


def _relabelled(result: DemoResult) -> list[RenderableType]:
    counts = result.relabel
    lines = [
        f"{counts.get('univocal', 0)} labels moved by the table; {counts.get('multivocal', 0)} have an old code with "
        f"several new ones, of which {counts.get('pending', 0)} wait for people; "
        f"{counts.get('tasks_drawn', 0)} were put to the coders in a project of its own."
    ]
    lines += [
        f"{one.code} {one.title}: {one.labels} labels, {_either(one.candidates)}?"
        for one in result.pending_codes[:_MOST_PENDING]
    ]
    if len(result.pending_codes) > _MOST_PENDING:
        lines.append(f"And {len(result.pending_codes) - _MOST_PENDING} more codes.")
    return [Text(line) for line in lines]


def _either(codes: Sequence[str]) -> str:
    named, rest = codes[:_MOST_CANDIDATES], len(codes[_MOST_CANDIDATES:])
    return " or ".join(named) + (f" or one of {rest} others" if rest else "")


def _next(result: DemoResult) -> list[RenderableType]:
    log_in = {name: f"{one.user} / {one.password}" for name, one in result.log_ins.items()}
    return [
        Text(f"Label Studio   {result.urls['label_studio']}"),
        Text(f"  log in as    {log_in['label_studio']}"),
        Text(f"  as a coder   {log_in['label_studio_coder']}"),
        Text(f"MLflow         {result.urls['mlflow']}  (models, runs; no log-in)"),
        Text(f"Campaign page  {result.urls['campaign']}  (no log-in)"),
        Text(f"Settings       {result.home / 'awb.toml'}"),
        Text(f"One by one     awb trainingset log --home {result.home}, and the other commands of awb --help"),
        Text("Run `awb demo` again: another month of declarations arrives, and the next turn begins."),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
