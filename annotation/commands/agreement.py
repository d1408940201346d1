"""Commands about how far coders agree, with one another and with what they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, Protocol

import typer
from rich.console import RenderableType

from annotation import terminal
from annotation.campaign import agreeing
from annotation.campaign.agreeing import CampaignAgreement
from annotation.campaign.anchoring import Anchoring
from annotation.errors import InvalidInputError
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.quality import longtable
from annotation.quality.agreement import NAMES, Agreement, Coefficient
from annotation.quality.anchoring import Contrast, Share
from annotation.quality.longtable import Judged, TableAgreement
from annotation.terminal import Config, Format, Home, Output
from annotation.wiring import Desk

_SHOWN_ROWS: Final = 10
_TOLD_ROWS: Final = 1000
_NAMES: Final = {
    "percent": "agreeing pairs",
    "cohen": "Cohen's kappa",
    "fleiss": "Fleiss' kappa",
    "krippendorff": "Krippendorff's alpha",
    "krippendorff_hierarchical": "alpha, by levels",
    "gwet": "Gwet's AC1",
}
_COLUMNS: Final = ("", "texts", "agreeing pairs", "Cohen", "Fleiss", "alpha", "by levels", "AC1")


class Tables(Desk, Protocol):
    def judged_texts(self, path: str, *, text: str, coder: str, code: str) -> Iterable[Judged]: ...


def agreement(
    context: typer.Context,
    path: Annotated[str, typer.Option("--input", help="CSV or Parquet file, one row per judgement.")] = "",
    text: Annotated[str, typer.Option("--text-column", help="What was judged: the text, or its id.")] = "",
    coder: Annotated[str, typer.Option("--coder-column", help="Who judged it.")] = "",
    code: Annotated[str, typer.Option("--code-column", help="The code that was given.")] = "",
    nomenclature_key: Annotated[
        str, typer.Option("--nomenclature", help="Of the codes: adds each level and the hierarchical distance.")
    ] = "",
    campaign_key: Annotated[str, typer.Option("--campaign", help="Measure a campaign of the ledger instead.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """How far coders agree, with 95 % intervals: of a campaign, or of any table of judgements.

    Percent of agreeing pairs, Cohen's kappa (of more than two coders: the mean over pairs, weighted by the texts they
    share), Fleiss' kappa, Krippendorff's alpha (nominal, and with the share of levels that differ as distance), Gwet's
    AC1. Texts may have any number of answers; those with one count in Fleiss' and Gwet's shares of codes alone.
    """
    columns = {"text": text, "coder": coder, "code": code}
    if path and campaign_key:
        raise typer.BadParameter("give --input or --campaign, not both", param_hint="--campaign")
    if path and not all(columns.values()):
        missing = ", ".join(f"--{name}-column" for name, column in columns.items() if not column)
        raise typer.BadParameter("name the columns of the file", param_hint=missing)
    with terminal.opened(context, config, home) as desk:
        if path:
            _of_table(desk, path, columns, nomenclature_key, output)
        else:
            _of_campaign(desk, campaign_key or desk.settings.campaign.key, output)


def anchoring(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Default: campaign.key of the settings.")] = "",
    config: Config = None,
    home: Home = None,
    output: Format = Output.TEXT,
) -> None:
    """Whether coders follow what the model proposes: tasks that showed its prediction against blind ones.

    Chance decides which tasks are blind, so a difference is what showing does. More answers equal to the model's where
    it is shown mean that coders follow it; whether that helps or harms is told by the answers that somebody else
    settled.
    """
    with terminal.opened(context, config, home) as desk, desk.ledger.read() as work:
        key = key or desk.settings.campaign.key
        work.campaigns.get(key)
        found = agreeing.anchoring(work, key)
    data = {"campaign": key, "anchoring": found.as_dict() if found else None}
    terminal.emit(output, data, *_anchored(key, found))


def _of_table(desk: Tables, path: str, columns: dict[str, str], nomenclature_key: str, output: Output) -> None:
    nomenclature = _nomenclature(desk, nomenclature_key) if nomenclature_key else None
    found = longtable.measure(desk.judged_texts(path, **columns), nomenclature=nomenclature)
    if not found.agreement.judgements:
        told = found.refused[0].reason if found.refused else "It has no row."
        raise InvalidInputError(f"{path} holds no judgement that can be read. {told}", cure="Check the columns.")
    terminal.emit(output, _as_dict(path, nomenclature_key, found), *_shown(path, found))


def _of_campaign(desk: Tables, key: str, output: Output) -> None:
    with desk.ledger.read() as work:
        found = agreeing.of_campaign(work, key)
        ceiling = agreeing.ceiling(work, work.campaigns.get(key).nomenclature)
    data = {"campaign": key, "human_ceiling": ceiling.as_dict() if ceiling else None} | found.as_dict()
    terminal.emit(output, data, *_campaign(key, found, ceiling))


def _nomenclature(desk: Tables, key: str) -> Nomenclature:
    with desk.ledger.read() as work:
        return work.nomenclatures.get(key)


def _as_dict(path: str, nomenclature_key: str, found: TableAgreement) -> dict[str, Any]:
    told = [{"file": one.file, "row": one.row, "reason": one.reason} for one in found.refused[:_TOLD_ROWS]]
    return found.agreement.as_dict() | {
        "input": path,
        "nomenclature": nomenclature_key or None,
        "texts": found.texts,
        "quarantined_rows": len(found.refused),
        "quarantined": told,
    }


def _shown(path: str, found: TableAgreement) -> Iterator[RenderableType]:
    of = found.agreement
    yield (
        f"{of.judgements} judgements of {of.coders} coders on {found.texts} texts, "
        f"{of.units} of which have two and more."
    )
    if of.units:
        yield _whole(path, of)
    else:
        yield "No text was judged by two coders: there is nothing to compare."
    if of.units and of.levels:
        yield _table("By level", _levels(of))
    if found.refused:
        yield f"{len(found.refused)} rows are left out:"
        yield from (f"  row {one.row}: {one.reason}" for one in found.refused[:_SHOWN_ROWS])


def _campaign(key: str, found: CampaignAgreement, ceiling: Coefficient | None) -> Iterator[RenderableType]:
    if not found.overall.units and not found.components:
        yield f"No text of {key} has been answered by two coders yet."
        return
    yield _whole(f"{key}: {found.overall.units} texts with two answers and more", found.overall)
    yield _table("By level", [*_levels(found.overall), ("no prediction shown", found.blind)])
    yield _table("By component", [(component.value, one) for component, one in found.components.items()])
    yield _table("By month", list(found.periods.items()))
    yield _table("By pair of coders", [(" and ".join(pair), one) for pair, one in found.pairs.items()])
    yield f"Human ceiling, in percent of agreeing pairs: {_percent(ceiling)}"


def _levels(of: Agreement) -> list[tuple[str, Agreement]]:
    return [(f"level {level}", one) for level, one in of.levels.items()]


def _table(title: str, named: Sequence[tuple[str, Agreement]]) -> RenderableType:
    rows = [
        [name, one.units, _percent(one.percent), *(_value(getattr(one, field)) for field in NAMES[1:])]
        for name, one in named
    ]
    return terminal.table(title, _COLUMNS, rows)


def _whole(title: str, of: Agreement) -> RenderableType:
    found = [(name, getattr(of, field)) for field, name in _NAMES.items()]
    rows = [[name, _value(one), _ends(one)] for name, one in found if one is not None]
    return terminal.table(title, ["", "", "95 % interval"], rows)


def _value(found: Coefficient | None) -> str:
    return "-" if found is None else f"{found.value:.3f}"


def _ends(found: Coefficient) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.3f} to {found.high:.3f}"


def _percent(found: Coefficient | None) -> str:
    if found is None:
        return "-"
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f} to {100 * found.high:.1f})"
    return f"{terminal.percent(found.value)}{ends}"


def _anchored(key: str, found: Anchoring | None) -> Iterator[RenderableType]:
    if found is None:
        yield f"No task of {key} is blind. Set a share of blind tasks in the campaign's policy (blind_share)."
        return
    named = (
        ("same as the model's first code", found.same_as_model),
        ("right, by gold or arbiter", found.right),
        ("same as a coder who answered blind", found.same_as_other),
    )
    rows = [[name, _share(one.shown), _share(one.blind), _difference(one)] for name, one in named]
    rows.append(["median seconds per task", _seconds(found.seconds_shown), _seconds(found.seconds_blind), ""])
    yield terminal.table(f"{key}: prediction shown, and not", ["", "shown", "blind", "difference"], rows)
    yield _conclusion(found)


def _conclusion(found: Anchoring) -> str:
    """What may be said: following shows in the answers, harm only in answers that somebody else settled."""
    if not found.same_as_model.clear or (found.same_as_model.difference or 0) < 0:
        return "No sign that coders follow the model more where they see it."
    if found.right.clear:
        effect = "right more often" if (found.right.difference or 0) > 0 else "wrong more often"
        return f"Coders follow the model where they see it, and are {effect} for it."
    return "Coders follow the model where they see it. Too few settled texts tell whether that helps or harms."


def _share(one: Share) -> str:
    if one.value is None:
        return "none yet"
    return f"{terminal.percent(one.value)} of {one.n}"


def _difference(one: Contrast) -> str:
    if one.difference is None or one.low is None or one.high is None:
        return ""
    return f"{100 * one.difference:+.1f} points ({100 * one.low:+.1f} to {100 * one.high:+.1f})"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f}"
