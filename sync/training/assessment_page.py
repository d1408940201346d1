"""An assessment as a page that stands alone: each estimate as a point and its interval as a line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from annotation.quality.accuracy import Estimate
from annotation.quality.agreement import Coefficient
from sampling import figures
from sync.training.assessment import Assessment

Row = tuple[str, Estimate]
_WORDS = {
    "en": {
        "title": "Accuracy of {model}",
        "levels": "Evaluation set",
        "level": "level {number}",
        "declarations": "by declaration",
        "flow": "Flow, from all labels of a draw",
        "audit": "{draw}: audit alone",
        "domains": "By {split}",
        "interval": "95 % intervals",
        "axis": "share of right codes",
        "ceiling": "Two coders give the same code to {value} of the texts ({low} to {high}; {n} texts coded twice).",
        "few": "Fewer than ten texts, so no figure: {names}.",
    },
    "fr": {
        "title": "Exactitude de {model}",
        "levels": "Échantillon d’évaluation",
        "level": "niveau {number}",
        "declarations": "par déclaration",
        "flow": "Flux, d’après tous les libellés codés d’un tirage",
        "audit": "{draw} : audit seul",
        "domains": "Par {split}",
        "interval": "intervalles à 95 %",
        "axis": "part de codes justes",
        "ceiling": "Deux codeurs donnent le même code à {value} des textes ({low} à {high} ; {n} codés deux fois).",
        "few": "Moins de dix textes, donc pas de chiffre : {names}.",
    },
}


def render(found: Assessment, *, language: str) -> str:
    """In French, or else in English."""
    language = language if language in _WORDS else "en"
    words = _WORDS[language]
    title = words["title"].format(model=found.evaluation.model_version)
    plots = "".join(
        f"<section><h2>{escape(heading)}</h2>{_forest(rows, heading, words, language, name)}</section>"
        for name, (heading, rows) in zip(("levels", "flow", "domains"), _groups(found, words), strict=True)
        if rows
    )
    few = [one.name for one in found.domains if one.estimate is None]
    note = _ceiling(found.ceiling, words, language)
    note += f"<p>{escape(words['few'].format(names=', '.join(few)))}</p>" if few else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        "<style>body{font-family:sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1d2422}"
        "svg{max-width:100%;height:auto}</style></head>"
        f"<body><h1>{escape(title)}</h1>{plots}{note}</body></html>"
    )


def _ceiling(found: Coefficient | None, words: dict[str, str], language: str) -> str:
    if found is None or found.low is None or found.high is None:
        return ""
    shares = {"value": found.value, "low": found.low, "high": found.high}
    shown = {name: figures.percent(round(share, 3), language) for name, share in shares.items()}
    return f"<p>{escape(words['ceiling'].format(n=found.units, **shown))}</p>"


def _groups(found: Assessment, words: dict[str, str]) -> list[tuple[str, list[Row]]]:
    levels = [(words["level"].format(number=n), e) for n, e in enumerate(found.evaluation.levels, start=1) if e]
    if found.by_declaration:
        levels.append((words["declarations"], found.by_declaration))
    flows: list[Row] = []
    for one in found.flows:
        flows += [(one.draw.key, one.estimate)] if one.estimate else []
        flows += [(words["audit"].format(draw=one.draw.key), one.audit)] if one.audit and one.narrower else []
    parts = [(f"{one.name} {one.title}".strip(), one.estimate) for one in found.domains if one.estimate]
    split = found.split.value if found.split else ""
    return [(words["levels"], levels), (words["flow"], flows), (words["domains"].format(split=split), parts)]


def _forest(rows: Sequence[Row], heading: str, words: dict[str, str], language: str, name: str) -> str:
    figure, axes = figures.plot(7.2, 0.7 + 0.32 * len(rows))
    for place, (_, estimate) in enumerate(reversed(rows)):
        axes.plot([estimate.low, estimate.high], [place, place], color=figures.AFTER, linewidth=2)
        axes.plot([estimate.value], [place], marker="o", color=figures.AFTER)
    axes.set_yticks(range(len(rows)), [f"{name[:48]} (n = {estimate.n})" for name, estimate in reversed(rows)])
    axes.set_xlabel(f"{words['axis']}, {words['interval']}")
    figures.shares(axes.xaxis, language)
    figures.quiet(axes)
    told = "; ".join(f"{row}: {figures.percent(round(e.value, 3), language)}" for row, e in rows)
    return figures.svg(figure, name=name, title=heading, description=told)
