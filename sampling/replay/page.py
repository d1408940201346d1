"""The replay as a page that stands alone: curves, savings, and what they mean in words."""

from __future__ import annotations

from markupsafe import Markup

from sampling import figures, pages
from sampling.replay import curves, plots, wording
from sampling.replay.replay import Replay
from sampling.replay.savings import RANDOM, Saved
from sampling.replay.wording import Words


def render(result: Replay, *, language: str) -> str:
    words = wording.LANGUAGES[language]
    # The drawings are our own and escape what they write.
    shown = [Markup(plot) for plot in plots.drawn(result, words, language)]  # noqa: S704
    return pages.render(
        "replay.html",
        language=language,
        words=words,
        result=result,
        plots=shown,
        headline=_headline(result, words, language),
        rows=[_row(result, name, language) for name in result.played],
        left_out=_left_out(result, words),
        random=RANDOM,
    )


def _headline(result: Replay, words: Words, language: str) -> str:
    best = result.savings[result.choice.strategy]
    if result.seeds < 2:
        return words["one seed"]
    if result.choice.strategy == RANDOM or best.end <= 0:
        return words["no gain"]
    return words["gain"].format(
        strategy=result.choice.strategy,
        accuracy=figures.percent(round(best.end_accuracy, 2), language),
        needed=wording.number(best.end_labels, language),
        random=wording.number(best.end_random, language),
    )


def _row(result: Replay, name: str, language: str) -> list[str]:
    last, saved = curves.mean(result.played[name])[-1], result.savings[name]
    shares = [round(last.accuracy, 3), round(last.macro_f1, 3), round(saved.mid, 2), round(saved.end, 2)]
    return [name, *(figures.percent(share, language) for share in shares), _bounds(saved, language)]


def _bounds(saved: Saved, language: str) -> str:
    if saved.low is None or saved.high is None:
        return ""
    return f"{figures.percent(round(saved.low, 2), language)} … {figures.percent(round(saved.high, 2), language)}"


def _left_out(result: Replay, words: Words) -> str:
    return ", ".join(f"{words[reason]}: {number}" for reason, number in result.history.left_out.items() if number)
