"""The explanation of a draw as a page that stands alone, and as a plot in the terminal."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup
from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table

from sampling import figures, pages
from sampling.explanation import Coded, Explanation

_BAR: Final = 24

_WORDS: Final = {
    "en": {
        "title": "What the draw {draw} would ask",
        "headline": "{tasks} questions, about {minutes} minutes of coding.",
        "pool": "They are chosen among {wordings} wordings ({texts} texts, {declarations} declarations) that"
        " {model} scored.",
        "accuracy": "The audit will tell how often {model} is right to within ± {width} points (95 % interval), if that"
        " is about {accuracy} as its {kind} confidence says.",
        "calibrated": "calibrated",
        "own": "own, uncalibrated",
        "no audit": "No audit: accuracy will not be measured anew.",
        "audited": "An earlier draw audited this stretch of the flow.",
        "unfilled": "{number} questions could not be filled: the pool is smaller than the budget.",
        "seconds": "A question takes {seconds} s, the median of {timed} answers.",
        "no seconds": "A question is taken to last {seconds} s: no answer has been timed yet.",
        "component": "component",
        "tasks": "tasks",
        "budget": "budget",
        "minutes": "minutes",
        "why": "why",
        "code": "predicted code",
        "texts": "texts in the pool",
        "none": "(none)",
        "others": "{number} other codes are asked about, too.",
        "examples": "Examples",
        "chance": "chance of being asked",
        "written": "Nothing was written.",
        "left out": "Left out of the pool",
        "nothing to code": "nothing to code",
        "gold": "kept to check coders by",
        "asked before": "asked before",
        "labelled before": "labelled before",
        "not scored yet": "not scored yet",
        "audit": "At random in strata: measures how often the model is right, and is never trained on.",
        "uncertain": "What the model doubts most ({strategy}), and what the others could not fill.",
        "drifting": "Texts behind what rose in the flow.",
        "rare": "Close to the wordings of codes with few labels, or that the model never predicts.",
        "disagreement": "Another model, or the register, says another code.",
        "value": "A wrong code would cost most here.",
        "revision": "The former code has several successors.",
        "claim": "The code is contested.",
        "suspected": "Coded texts whose code may be wrong.",
        "empty": "No text of the pool is a candidate: its budget goes to the uncertain.",
    },
    "fr": {
        "title": "Ce que demanderait le tirage {draw}",
        "headline": "{tasks} questions, environ {minutes} minutes de codage.",
        "pool": "Elles sont choisies parmi {wordings} libellés ({texts} textes, {declarations} déclarations) codés par"
        " {model}.",
        "accuracy": "Le contrôle dira à ± {width} points près (intervalle à 95 %) à quelle fréquence {model} a raison,"
        " si celle-ci est d'environ {accuracy} comme le dit sa confiance {kind}.",
        "calibrated": "calibrée",
        "own": "propre, non calibrée",
        "no audit": "Pas de contrôle : la qualité du codage ne sera pas mesurée à nouveau.",
        "audited": "Un tirage antérieur a déjà contrôlé cette période.",
        "unfilled": "{number} questions ne sont pas pourvues : il y a moins de textes que de budget.",
        "seconds": "Une question prend {seconds} s, médiane de {timed} réponses.",
        "no seconds": "Une question est supposée prendre {seconds} s : aucune réponse n'a encore été chronométrée.",
        "component": "composante",
        "tasks": "questions",
        "budget": "budget",
        "minutes": "minutes",
        "why": "pourquoi",
        "code": "code prédit",
        "texts": "textes disponibles",
        "none": "(aucun)",
        "others": "{number} autres codes sont également demandés.",
        "examples": "Exemples",
        "chance": "probabilité d'être demandé",
        "written": "Rien n'a été enregistré.",
        "left out": "Textes écartés",
        "nothing to code": "rien à coder",
        "gold": "gardés pour vérifier les codeurs",
        "asked before": "déjà demandés",
        "labelled before": "déjà codés",
        "not scored yet": "pas encore vus par le modèle",
        "audit": "Au hasard, par strates : mesure à quelle fréquence le modèle a raison ; jamais appris.",
        "uncertain": "Là où le modèle hésite le plus ({strategy}), et ce que les autres n'ont pu remplir.",
        "drifting": "Les textes à l'origine de ce qui augmente.",
        "rare": "Proches des libellés de codes peu étiquetés, ou que le modèle ne prédit jamais.",
        "disagreement": "Un autre modèle, ou le répertoire, dit un autre code.",
        "value": "Une erreur y coûterait le plus.",
        "revision": "L'ancien code a plusieurs successeurs.",
        "claim": "Le code est contesté.",
        "suspected": "Textes déjà codés dont le code est peut-être faux.",
        "empty": "Aucun texte n'y répond : son budget revient aux incertains.",
    },
}


def sentences(explained: Explanation, *, language: str) -> list[str]:
    """What the draw does, in order of importance."""
    words = _WORDS[language]
    told = [
        words["headline"].format(tasks=explained.tasks, minutes=round(explained.minutes)),
        words["pool"].format(
            wordings=explained.wordings,
            texts=explained.texts,
            declarations=explained.declarations,
            model=explained.model_version,
        ),
    ]
    if explained.half_width is None or explained.accuracy is None:
        told.append(words["audited" if explained.audited_before else "no audit"])
    else:
        kind = words["calibrated" if explained.calibrated else "own"]
        width = f"{100 * explained.half_width:.1f}".replace(".", "," if language == "fr" else ".")
        sure = figures.percent(round(explained.accuracy, 3), language)
        told.append(words["accuracy"].format(model=explained.model_version, width=width, accuracy=sure, kind=kind))
    if explained.unfilled >= 1:
        told.append(words["unfilled"].format(number=round(explained.unfilled)))
    timed = "seconds" if explained.timed else "no seconds"
    told.append(words[timed].format(seconds=round(explained.seconds), timed=explained.timed))
    return told


def why(explained: Explanation, *, language: str) -> dict[str, str]:
    """By component, why its texts are asked."""
    words = _WORDS[language]
    return {
        one.component: words[one.component].format(strategy=one.strategy) if one.tasks else words["empty"]
        for one in explained.asked
    }


def terminal_plot(explained: Explanation) -> list[RenderableType]:
    """Sentences, bars of components and of codes, and examples, for a person at the command line."""
    words, reasons = _WORDS["en"], why(explained, language="en")
    most = max([one.tasks for one in explained.asked], default=0) or 1
    components = _table("component", "", "tasks", "minutes", "why")
    for one in explained.asked:
        bar = Bar(most, 0, one.tasks, width=_BAR, color="blue")
        components.add_row(one.component, bar, str(one.tasks), f"{one.minutes:g}", reasons[one.component])
    codes = _table("predicted code", "", "tasks", "texts in the pool")
    for coded in explained.codes:
        bar = Bar(explained.codes[0].tasks, 0, coded.tasks, width=_BAR, color="blue")
        codes.add_row(_name(coded, words), bar, str(coded.tasks), str(coded.texts))
    shown = _table("examples of", "text", "reason", "chance")
    for one in explained.asked:
        for example in one.examples:
            shown.add_row(one.component, example.text, example.reason, f"{example.chance:.3g}")
    others = [words["others"].format(number=explained.other_codes)] if explained.other_codes else []
    return [*sentences(explained, language="en"), components, codes, *others, shown, words["written"]]


def render(explained: Explanation, *, language: str) -> str:
    """A self-contained page."""
    words = _WORDS[language]
    return pages.render(
        "explanation.html",
        language=language,
        words=words,
        title=words["title"].format(draw=explained.draw),
        explained=explained,
        sentences=sentences(explained, language=language),
        why=why(explained, language=language),
        # The drawings are our own and escape what they write.
        components=Markup(_components(explained, words)) if explained.tasks else "",  # noqa: S704
        codes=Markup(_codes(explained, words)) if explained.codes else "",  # noqa: S704
        others=words["others"].format(number=explained.other_codes) if explained.other_codes else "",
        percent=lambda share: figures.percent(share, language),
    )


def _components(explained: Explanation, words: dict[str, str]) -> str:
    names = [one.component for one in explained.asked]
    figure, axes = figures.plot(7.2, 0.6 + 0.32 * len(names))
    axes.barh(names, [one.budget for one in explained.asked], color=figures.BAND, label=words["budget"])
    axes.barh(names, [one.tasks for one in explained.asked], height=0.45, color=figures.AFTER, label=words["tasks"])
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    figures.quiet(axes)
    told = ", ".join(f"{one.component} {one.tasks}" for one in explained.asked)
    return figures.svg(figure, name="components", title=words["tasks"], description=told)


def _codes(explained: Explanation, words: dict[str, str]) -> str:
    names = [_name(coded, words) for coded in explained.codes]
    figure, axes = figures.plot(7.2, 0.6 + 0.26 * len(names))
    axes.barh(names, [coded.tasks for coded in explained.codes], height=0.6, color=figures.AFTER)
    axes.set_xlabel(words["tasks"])
    axes.invert_yaxis()
    figures.quiet(axes)
    told = ", ".join(f"{name} {coded.tasks}" for name, coded in zip(names, explained.codes, strict=True))
    return figures.svg(figure, name="codes", title=words["code"], description=told)


def _name(coded: Coded, words: dict[str, str]) -> str:
    return coded.code or words["none"]


def _table(*columns: str) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in ("tasks", "minutes", "chance") else "left"
        )
    return table
