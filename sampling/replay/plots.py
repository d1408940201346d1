"""The drawings of a replay's page."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

import numpy as np

from sampling import figures
from sampling.replay.replay import Replay
from sampling.replay.savings import RANDOM
from sampling.replay.wording import Words

_GREY = figures.BEFORE


def drawn(result: Replay, words: Words, language: str) -> list[str]:
    """SVG of the accuracy, of macro-F1, and of the savings."""
    colours = _colours(result)
    return [
        *(_curves(result, measure, colours, words, language) for measure in ("accuracy", "macro_f1")),
        _savings(result, colours, words, language),
    ]


def _colours(result: Replay) -> Mapping[str, str]:
    others = [name for name in result.played if name != RANDOM]
    taken = {name: figures.SERIES[place % len(figures.SERIES)] for place, name in enumerate(others)}
    return {RANDOM: _GREY, **taken}


def _curves(result: Replay, measure: str, colours: Mapping[str, str], words: Words, language: str) -> str:
    figure, axes = figures.plot(7.2, 3.6)
    value = attrgetter(measure)
    for name, plays in result.played.items():
        labels = [point.labels for point in plays[0]]
        values = np.array([[value(point) for point in play] for play in plays])
        axes.fill_between(labels, values.min(axis=0), values.max(axis=0), color=colours[name], alpha=0.15, linewidth=0)
        axes.plot(labels, values.mean(axis=0), color=colours[name], label=name, marker="o", markersize=3)
    axes.set_xlabel(words["labels"])
    axes.grid(axis="y")
    axes.legend(loc="lower right")
    figures.shares(axes.yaxis, language)
    return figures.svg(figure, name=measure.replace("_", "-"), title=words[measure], description=words["band"])


def _savings(result: Replay, colours: Mapping[str, str], words: Words, language: str) -> str:
    names = [name for name in result.played if name != RANDOM]
    figure, axes = figures.plot(7.2, 0.9 + 0.6 * max(1, len(names)))
    for place, name in enumerate(reversed(names)):
        saved = result.savings[name]
        error = None
        if saved.low is not None and saved.high is not None:
            error = [[saved.end - saved.low], [saved.high - saved.end]]
        axes.barh(place + 0.18, saved.mid, 0.32, color=colours[name], alpha=0.45)
        axes.barh(place - 0.18, saved.end, 0.32, color=colours[name], xerr=error, ecolor=figures.INK, capsize=2)
    places = [place + side for place in range(len(names)) for side in (-0.18, 0.18)]
    axes.set_yticks(places, [f"{name}, {words[when]}" for name in reversed(names) for when in ("end", "mid")])
    axes.axvline(0, color=figures.SOFT, linewidth=0.8)
    figures.quiet(axes)
    figures.shares(axes.xaxis, language)
    return figures.svg(figure, name="saved", title=words["saved"], description=_savings_in_words(result, language))


def _savings_in_words(result: Replay, language: str) -> str:
    return "; ".join(
        f"{name}: {figures.percent(round(saved.mid, 2), language)}, {figures.percent(round(saved.end, 2), language)}"
        for name, saved in result.savings.items()
        if name != RANDOM
    )
