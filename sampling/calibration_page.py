"""A calibration as a page that stands alone: the reliability diagram before and after, and what it means in words."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from annotation.quality.calibration_error import CalibrationError
from sampling import figures, pages
from sampling.calibrating import Brought, CalibrationResult, Gap, Unseen

_WORDS: Final = {
    "en": {
        "title": "How sure may {model} be?",
        "before": "the model's own probability",
        "after": "after calibration",
        "confidence": "confidence",
        "right": "share right",
        "error": "mean error",
        "interval": "95 % interval",
        "labels": "labels",
        "headline": "Confidences of {model} are {before} off on average; after calibration {after}.",
        "too sure": "It is too sure of itself.",
        "too modest": "It is surer than it says.",
        "too few": "There are too few labels of the audit to calibrate {model}.",
        "one-sided": "{model} is right, or wrong, about nearly all labels: there is nothing to learn from.",
        "no better": "Nothing was changed: {model}'s own confidences foresee labels at least as well.",
        "how to read": "On the dashed line, texts of which the model is sure at 80 % are right in 80 of 100 cases."
        " Below it the model is too sure. Bars show 95 % intervals; a bin holds as many labels as its neighbour.",
        "honest": "After calibration: each label is foreseen by a calibration that has not seen it. What chance alone"
        " adds to the error has been taken out of it.",
        "unseen": "What may go without a coder",
        "coverage": "share of texts, the surest first",
        "threshold": "From a margin of {value} on, at least {target} of the codes are right (at {sure} confidence):"
        " {coverage} of the texts.",
        "no threshold": "No margin can be shown yet from which on {target} of the codes are right.",
        "target": "wanted",
    },
    "fr": {
        "title": "Jusqu'où croire {model} ?",
        "before": "probabilité donnée par le modèle",
        "after": "après calibration",
        "confidence": "confiance",
        "right": "part de bons codes",
        "error": "erreur moyenne",
        "interval": "intervalle à 95 %",
        "labels": "étiquettes",
        "headline": "Les confiances de {model} se trompent en moyenne de {before} ; après calibration, de {after}.",
        "too sure": "Il est trop sûr de lui.",
        "too modest": "Il est plus sûr qu'il ne le dit.",
        "too few": "L'audit compte trop peu d'étiquettes pour calibrer {model}.",
        "one-sided": "{model} a raison, ou tort, sur presque toutes les étiquettes : il n'y a rien à apprendre.",
        "no better": "Rien n'a été changé : les confiances de {model} prévoient aussi bien les étiquettes.",
        "how to read": "Sur la ligne pointillée, les textes dont le modèle est sûr à 80 % sont bien codés 80 fois sur"
        " 100. En dessous, il est trop sûr de lui. Les barres sont des intervalles à 95 % ; chaque classe compte autant"
        " d'étiquettes que sa voisine.",
        "honest": "Après calibration : chaque étiquette est prévue par une calibration qui ne l'a pas vue. La part de"
        " l'erreur due au seul hasard en a été retirée.",
        "unseen": "Ce qui peut se passer de codeur",
        "coverage": "part des textes, les plus sûrs d'abord",
        "threshold": "À partir d'une marge de {value}, au moins {target} des codes sont bons (avec une confiance de"
        " {sure}) : {coverage} des textes.",
        "no threshold": "On ne peut encore montrer d'aucune marge qu'au moins {target} des codes y sont bons.",
        "target": "voulu",
    },
}


def render(result: CalibrationResult, *, language: str) -> str:
    words = _WORDS[language]
    brought = result.brought
    return pages.render(
        "calibration.html",
        language=language,
        words=words,
        title=words["title"].format(model=result.model_version),
        headline=_headline(result, words, language),
        # The drawing is our own and escapes what it writes.
        plot=Markup(_diagram(brought, words, language)) if brought else "",  # noqa: S704
        rows=[_row(words["before"], brought.before, language), _row(words["after"], brought.after, language)]
        if brought
        else [],
        unseen=_threshold(result.unseen, words, language) if result.unseen else "",
        risks=Markup(_risks(result.unseen, words, language)) if result.unseen else "",  # noqa: S704
    )


def _threshold(unseen: Unseen, words: dict[str, str], language: str) -> str:
    found, target = unseen.threshold, figures.percent(unseen.target, language)
    if found is None:
        return words["no threshold"].format(target=target)
    value = f"{found.value:g}"
    return words["threshold"].format(
        value=value.replace(".", ",") if language == "fr" else value,
        target=target,
        sure=figures.percent(found.confidence, language),
        coverage=figures.percent(round(found.coverage, 3), language),
    )


def _risks(unseen: Unseen, words: dict[str, str], language: str) -> str:
    figure, axes = figures.plot(5.2, 3.2)
    axes.step(unseen.curve.coverage, 1 - unseen.curve.risk, color=figures.AFTER, where="post")
    axes.axhline(unseen.target, color=figures.SOFT, linestyle="--", linewidth=0.8, label=words["target"])
    if unseen.threshold:
        axes.plot(unseen.threshold.coverage, unseen.threshold.accuracy, marker="o", color=figures.ALERT)
    axes.set(xlim=(0, 1), xlabel=words["coverage"], ylabel=words["right"])
    axes.set_ylim(top=1.0)
    axes.grid()
    axes.legend(loc="lower left")
    figures.shares(axes.xaxis, language)
    figures.shares(axes.yaxis, language)
    return figures.svg(figure, name="risk", title=words["unseen"], description=_threshold(unseen, words, language))


def _headline(result: CalibrationResult, words: dict[str, str], language: str) -> str:
    brought = result.brought
    if result.gap is not None or brought is None:
        return words[(result.gap or Gap.TOO_FEW).value].format(model=result.model_version)
    direction = words["too sure" if float(brought.own.share @ brought.own.gap) < 0 else "too modest"]
    errors = brought.before.value, brought.after.value
    before, after = (figures.percent(round(share, 3), language) for share in errors)
    return f"{words['headline'].format(model=result.model_version, before=before, after=after)} {direction}"


def _row(name: str, error: CalibrationError, language: str) -> list[str]:
    value, low, high = (figures.percent(round(share, 3), language) for share in (error.value, error.low, error.high))
    return [name, value, f"{low} … {high}", str(error.labels)]


def _diagram(brought: Brought, words: dict[str, str], language: str) -> str:
    figure, axes = figures.plot(5.2, 4.6)
    axes.plot([0, 1], [0, 1], color=figures.SOFT, linestyle="--", linewidth=0.8)
    for name, one, colour in (("before", brought.own, figures.BEFORE), ("after", brought.calibrated, figures.AFTER)):
        axes.errorbar(
            one.confidence,
            one.correct,
            yerr=1.96 * one.standard_error,
            color=colour,
            label=words[name],
            marker="o",
            markersize=4,
            linewidth=1,
            elinewidth=0.8,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=words["confidence"], ylabel=words["right"], aspect="equal")
    axes.grid()
    axes.legend(loc="upper left")
    figures.shares(axes.xaxis, language)
    figures.shares(axes.yaxis, language)
    return figures.svg(
        figure,
        name="reliability",
        title=f"{words['right']} / {words['confidence']}",
        description=words["how to read"],
    )
