"""What differs between two versions, and who said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.campaign import disguising, tablebytes
from annotation.campaign.tablebytes import Format as FileFormat
from annotation.domain.pseudonym import PseudonymKey
from annotation.errors import InvalidInputError
from annotation.terminal import Config, Home, Report
from sync.trainingset import evidence, movement
from sync.trainingset.commands.arguments import TagNeeded
from sync.trainingset.movement import Filter, Kind, Movement, Moves
from sync.trainingset.version import Version
from sync.wiring import Workbench, absolute

_MOST = 20
_MOVED = ("added", "removed", "entered", "left", "net")


class _To(StrEnum):
    CSV = ".csv"
    PARQUET = ".parquet"
    HTML = ".html"


def diff(
    context: typer.Context,
    old: TagNeeded,
    new: TagNeeded,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each kind to show.")] = 10,
    code: Annotated[str, typer.Option(help="Only rows that have or had this code, or one that begins so.")] = "",
    coder: Annotated[str, typer.Option(help="Only rows whose label is or was of this coder, such as C007.")] = "",
    to: Annotated[
        str, typer.Option(help="File of all rows (.csv, .parquet), or of the page (.html); also an s3:// address.")
    ] = "",
    config: Config = None,
    home: Home = None,
    output: Annotated[Report, typer.Option("--output", "-o", help="Text, JSON, or a page for the browser.")] = (
        Report.TEXT
    ),
) -> None:
    """What changed between two versions: rows added, removed, recoded, with another source or weight, or by a rule.

    Totals by code and by coder, and for the rows shown the judgements behind: who said what, and when.
    Example: awb trainingset diff v1 v2 --code 47 --output html --to diff.html
    """
    form = _form(to, output)
    chosen = Filter(code, coder)
    with terminal.opened(context, config, home) as bench:
        before, after = bench.version_of(old), bench.version_of(new)

        def changes() -> Iterator[pa.Table]:
            return movement.classified(bench.store.changes(before.tag, after.tag), chosen)

        found = movement.tally(changes(), rows=rows)
        with bench.ledger.read() as work:
            shown = evidence.with_judgements(work, [row for kept in found.rows.values() for row in kept])
        if output is Report.HTML or form is _To.HTML:
            _page(bench, before, after, found, shown, chosen, to)
            return
        if form is not None:
            _table(bench, changes, to, form)
    data = _data(before, after, found, shown, chosen) | ({"file": to} if to else {})
    terminal.emit(terminal.Output(output.value), data, *_told(before, after, found, shown))


def _page(
    bench: Workbench,
    old: Version,
    new: Version,
    found: Movement,
    shown: Sequence[Mapping[str, Any]],
    chosen: Filter,
    to: str,
) -> None:
    from sync.trainingset import diff_page

    key = bench.settings.privacy.read_pseudonym_key()
    page = diff_page.render(
        old=old,
        new=new,
        movement=_disguised(found, key),
        rows=evidence.disguised(shown, key),
        chosen=chosen,
        language=bench.settings.campaign.language,
    )
    terminal.write(page, Path(to) if to else None)


def _disguised(found: Movement, key: PseudonymKey | None) -> Movement:
    """A page leaves the office too."""
    if key is None:
        return found
    name = disguising.name_of(key)
    return replace(found, coders=tuple(replace(one, name=one.name and name(one.name)) for one in found.coders))


def _table(bench: Workbench, changes: Callable[[], Iterator[pa.Table]], to: str, form: _To) -> None:
    written = tablebytes.written(
        evidence.extract(bench.ledger, changes(), key=bench.settings.privacy.read_pseudonym_key()),
        FileFormat(form.value[1:]),
    )
    with bench.storage_of(to).writing(absolute(to)) as handle:
        for piece in written:
            handle.write(piece)
    terminal.say(f"All rows are in {to}.")


def _form(to: str, output: Report) -> _To | None:
    if not to:
        return None
    try:
        found = _To(Path(to).suffix.lower())
    except ValueError as error:
        raise InvalidInputError(
            f"{to} names no kind of file.", cure="Let it end in .csv, .parquet or .html."
        ) from error
    if (output is Report.HTML) and found is not _To.HTML:
        raise InvalidInputError(f"{to} cannot hold a page.", cure="Let it end in .html.")
    return found


def _data(
    old: Version, new: Version, found: Movement, shown: Sequence[Mapping[str, Any]], chosen: Filter
) -> dict[str, Any]:
    return {
        "old": old.tag,
        "new": new.tag,
        "code": chosen.code,
        "coder": chosen.coder,
        "counts": {kind.value: number for kind, number in found.counts.items()} | {"by_rule": found.ruled},
        "codes": [one.as_dict("code") for one in found.codes],
        "coders": [one.as_dict("coder") for one in found.coders],
        "rows": {kind.value: [row for row in shown if row["kind"] == kind] for kind in Kind},
    }


def _told(old: Version, new: Version, found: Movement, shown: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    totals = ", ".join(f"{number} {kind.value}" for kind, number in found.counts.items())
    yield f"{old.tag} -> {new.tag}: {totals}; {found.ruled} by rules."
    for title, moves in (("code", found.codes), ("coder", found.coders)):
        if moves:
            yield terminal.table(_title(title, moves), [title, *_MOVED], [_line(one) for one in moves[:_MOST]])
    if shown:
        columns = ["change", "text", "former", "code", "source", "who said so"]
        yield terminal.table("", columns, [_row(row) for row in shown])


def _title(name: str, moves: Sequence[Moves]) -> str:
    return f"By {name}" + (f", the {_MOST} with most movement of {len(moves)}" if len(moves) > _MOST else "")


def _line(one: Moves) -> list[object]:
    return [one.name or "(nobody)", *(getattr(one, name) for name in _MOVED)]


def _row(row: Mapping[str, Any]) -> list[object]:
    said = [_said(one) for one in row["judgements"]]
    former = [f"formerly {_said(one)}" for one in row["judgements_before"]]
    rule = [f"rule {row['rule']}"] if row["rule"] else []
    weighed = f"{row['source']} {row['weight']:g}"
    return [row["kind"], row["text"], _former(row), row["code"], weighed, "; ".join([*said, *former, *rule])]


def _said(one: Mapping[str, Any]) -> str:
    since = "" if one["in_force"] else " (no longer)"
    return f"{one['coder']} {one['code'] or one['outcome']} {one['judged_at'][:10]}{since}"


def _former(row: Mapping[str, Any]) -> str:
    if row["kind"] == Kind.RECODED:
        return str(row["code_before"])
    if row["kind"] == Kind.REWEIGHTED:
        return f"{row['source_before']} {row['weight_before']:g}"
    return ""
