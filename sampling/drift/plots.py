"""The plots of the drift page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sampling import figures
from sampling.drift.categories import Band
from sampling.drift.concept import Alarm
from sampling.drift.confidence import Confidence
from sampling.drift.detectors import Shift
from sampling.drift.text import Term

_MOST = 14
_LONGEST = 46
Words = Mapping[str, str]


def codes(bands: Sequence[Band], titles: Mapping[str, str], words: Words, language: str) -> str:
    """Each code before and after, over the band where chance alone would leave it."""
    shown = sorted(bands[:_MOST], key=lambda band: band.after - band.before)
    figure, axes = figures.plot(7.2, 0.9 + 0.3 * len(shown))
    places = np.arange(len(shown))
    for place, band in zip(places, shown, strict=True):
        axes.barh(place, band.high - band.low, left=band.low, height=0.62, color=figures.BAND, zorder=1)
        axes.plot([band.before, band.after], [place, place], color=figures.SOFT, linewidth=1, zorder=2)
    outside = [not band.low <= band.after <= band.high for band in shown]
    colours = [figures.ALERT if one else figures.AFTER for one in outside]
    axes.scatter([band.before for band in shown], places, color=figures.BEFORE, s=26, zorder=3, label=words["before"])
    axes.scatter([band.after for band in shown], places, c=colours, s=34, zorder=4)
    axes.scatter([], [], color=figures.ALERT, s=34, label=words["after_outside"])
    axes.scatter([], [], color=figures.AFTER, s=34, label=words["after_inside"])
    axes.barh([0], [0], color=figures.BAND, label=words["band"])
    axes.set_yticks(places, [_titled(band.value, titles) for band in shown])
    axes.set_xlim(left=0)
    _finish(axes, language)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=4, fontsize=8, handletextpad=0.3, columnspacing=1)
    told = "; ".join(_move(band.value, band.before, band.after, language) for band in reversed(shown))
    return figures.svg(figure, name="codes", title=words["plot_codes"], description=told)


def shifts(found: Sequence[Shift], words: Words, language: str, *, name: str) -> str:
    """Dots before and after, the largest move on top."""
    return _dumbbell(
        [(one.value, one.before, one.after) for one in found[:_MOST]], words, language, name=name,
        title=words[f"plot_{name}"],
    )  # fmt: skip


def terms(found: Sequence[Term], words: Words, language: str) -> str:
    rows = [(one.value, one.before, one.after) for one in found[:_MOST]]
    return _dumbbell(rows, words, language, name="terms", title=words["plot_terms"])


def margins(sure: Confidence, words: Words, language: str) -> str:
    """The distributions of the margin, reference as an area and current as a line."""
    figure, axes = figures.plot(7.2, 2.5)
    edges = np.linspace(0, 1, sure.histogram.shape[1] + 1)
    axes.stairs(sure.histogram[0], edges, fill=True, color=figures.BAND, label=words["before"])
    axes.stairs(sure.histogram[1], edges, color=figures.AFTER, linewidth=2, label=words["after"])
    axes.set_xlabel(words["margin"])
    for axis in (axes.xaxis, axes.yaxis):
        figures.shares(axis, language)
    axes.set_xlim(0, 1)
    axes.grid(axis="y")
    axes.legend(loc="upper left", fontsize=8)
    return figures.svg(figure, name="margins", title=words["plot_margins"], description=words["plot_margins"])


def evidence(alarm: Alarm, words: Words, *, level: float) -> str:
    """The wealth of those who bet on a drift, label by label, and where it would ring."""
    figure, axes = figures.plot(7.2, 2.3)
    axes.semilogy(np.arange(1, len(alarm.evidence) + 1), np.maximum(alarm.evidence, 1e-3), color=figures.AFTER)
    axes.axhline(1 / level, color=figures.ALERT, linestyle="--", linewidth=1)
    axes.annotate(
        words["rings"], (1, 1 / level), xytext=(0, 3), textcoords="offset points", color=figures.ALERT, fontsize=8
    )
    axes.set_xlabel(words["labels_in_order"])
    axes.set_ylabel(words["evidence"])
    axes.grid(axis="y")
    return figures.svg(figure, name="concept", title=words["plot_concept"], description=words["plot_concept"])


def _dumbbell(rows: Sequence[tuple[str, float, float]], words: Words, language: str, *, name: str, title: str) -> str:
    shown = list(reversed(rows))
    figure, axes = figures.plot(7.2, 0.8 + 0.27 * len(shown))
    places = np.arange(len(shown))
    for place, (_, before, after) in zip(places, shown, strict=True):
        axes.plot([before, after], [place, place], color=figures.SOFT, linewidth=1, zorder=2)
    axes.scatter([row[1] for row in shown], places, color=figures.BEFORE, s=26, zorder=3, label=words["before"])
    axes.scatter([row[2] for row in shown], places, color=figures.AFTER, s=34, zorder=4, label=words["after"])
    axes.set_yticks(places, [_short(row[0]) for row in shown])
    axes.set_xlim(left=0)
    _finish(axes, language)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, fontsize=8)
    told = "; ".join(_move(*row, language) for row in rows)
    return figures.svg(figure, name=name, title=title, description=told)


def _finish(axes: object, language: str) -> None:
    figures.quiet(axes)  # type: ignore[arg-type]
    figures.shares(axes.xaxis, language)  # type: ignore[attr-defined]


def _move(value: str, before: float, after: float, language: str) -> str:
    return f"{value}: {figures.percent(before, language)} → {figures.percent(after, language)}"


def _titled(code: str, titles: Mapping[str, str]) -> str:
    return _short(f"{code} {titles[code]}") if code in titles else code


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
