"""What differs between two versions, as a page that stands alone: bars of movement, and who said what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from sampling import figures, pages
from sync.trainingset import diff_words
from sync.trainingset.diff_words import Words
from sync.trainingset.movement import Filter, Kind, Movement, Moves
from sync.trainingset.version import Version

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MOST: Final = 30


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    plot: Markup
    rows: Sequence[Sequence[str]]
    more: str


def render(
    *,
    old: Version,
    new: Version,
    movement: Movement,
    rows: Sequence[Mapping[str, Any]],
    chosen: Filter,
    language: str,
) -> str:
    """``rows`` come with their judgements (``evidence.with_judgements``). In French, or else in English."""
    language = language if language in diff_words.LANGUAGES else "en"
    words = diff_words.LANGUAGES[language]
    counts = {kind.value: diff_words.number(count, language) for kind, count in movement.counts.items()}
    rows_in_new = diff_words.number(new.rows, language)
    same = not any(movement.counts.values())
    restricted = ", ".join(part for part in (chosen.code, chosen.coder) if part)
    return pages.render(
        "diff.html",
        folder=_TEMPLATES,
        language=language,
        words=words,
        title=words["title"].format(old=old.tag, new=new.tag),
        summary=words["same"] if same else words["summary"].format(new=new.tag, rows=rows_in_new, **counts),
        restricted=words["restricted"].format(what=restricted) if restricted else "",
        ruled=words["ruled"].format(ruled=diff_words.number(movement.ruled, language)) if movement.ruled else "",
        parts=[
            _part(name, moves, words, language)
            for name, moves in (("codes", movement.codes), ("coders", movement.coders))
            if moves
        ],
        rows=[_row(one, words) for one in rows],
        made=words["made"].format(old_digest=old.digest[:12], new_digest=new.digest[:12]),
    )


def _part(name: str, moves: Sequence[Moves], words: Words, language: str) -> _Part:
    shown = moves[:_MOST]
    more = words["more"].format(shown=len(shown), all=len(moves)) if len(moves) > len(shown) else ""
    table = [[one.name or words["nobody"], *_numbers(one, language)] for one in shown]
    # The drawing is our own and escapes what it writes.
    return _Part(name, Markup(_bars(name, shown, words, language)), table, more)  # noqa: S704


def _numbers(one: Moves, language: str) -> list[str]:
    numbers = [diff_words.number(n, language) for n in (one.added, one.removed, one.entered, one.left)]
    return [*numbers, f"{'+' if one.net > 0 else ''}{diff_words.number(one.net, language)}"]


def _bars(name: str, moves: Sequence[Moves], words: Words, language: str) -> str:
    """Gains to the right, losses to the left; the mark is the net."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure, axes = figures.plot(7.2, 1.1 + 0.27 * len(moves))
    places = range(len(moves) - 1, -1, -1)
    gains, losses = [one.added + one.entered for one in moves], [-(one.removed + one.left) for one in moves]
    axes.barh(places, gains, 0.7, color=figures.AFTER, label=words["gained"])
    axes.barh(places, losses, 0.7, color=figures.ALERT, label=words["lost"])
    axes.plot([one.net for one in moves], places, "D", color=figures.INK, markersize=3.5, label=words["net"])
    axes.axvline(0, color=figures.SOFT, linewidth=0.8)
    axes.set_yticks(places, [one.name or words["nobody"] for one in moves])
    axes.set_ylim(-0.7, len(moves) - 0.3)
    axes.set_xlabel(words["texts"])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: diff_words.number(abs(round(value)), language)))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    figures.quiet(axes)
    told = "; ".join(f"{one.name or words['nobody']}: {one.net:+d}" for one in moves)
    return figures.svg(figure, name=f"moves-{name}", title=words[name], description=told)


def _row(row: Mapping[str, Any], words: Words) -> dict[str, Any]:
    before = [f"{row['code_before']}"] if row["kind"] == Kind.RECODED else []
    if row["kind"] == Kind.REWEIGHTED:
        before = [f"{row['source_before']} {row['weight_before']:g}"]
    state = row["code"] if row["kind"] != Kind.REWEIGHTED else f"{row['code']} ({row['source']} {row['weight']:g})"
    said = [_said(one, words) for one in row["judgements"]]
    said += [words["formerly"].format(said=_said(one, words)) for one in row["judgements_before"]]
    return {
        "kind": words[f"kind {row['kind']}"],
        "text": row["text"],
        "code": state,
        "was": words["was"].format(value=before[0]) if before else "",
        "said": said or [row["source"]],
    }


def _said(one: Mapping[str, Any], words: Words) -> str:
    given = dict(one) | {"code": one["code"] or words["none"], "day": one["judged_at"][:10]}
    return words["by"].format(**given) + ("" if one["in_force"] else f", {words['withdrawn']}")
