"""What the page of a replay says, in French and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

LANGUAGES: Final[Mapping[str, Words]] = {
    "fr": {
        "title": "Qu'aurait-on épargné en choisissant mieux les textes ?",
        "gain": "Pour atteindre {accuracy} de codes justes, il aurait suffi de coder {needed} textes au lieu de"
        " {random}, en les choisissant par « {strategy} » plutôt qu'au hasard.",
        "no gain": "Sur ces textes, aucune stratégie n'a épargné de codage de façon assurée : le hasard convient.",
        "one seed": "Une seule répétition ne distingue pas une épargne du hasard : il en faut plusieurs, disons 5.",
        "default": "Stratégie retenue : {strategy}.",
        "texts": "{texts} textes différents, {codes} codes, {seeds} répétitions.",
        "set aside": "Mis de côté ou minoritaires : ",
        "nothing to code": "sans rien à coder",
        "without code": "sans code",
        "another code than most": "autre code que la majorité",
        "accuracy": "Codes justes selon le nombre de textes codés",
        "macro_f1": "F1 moyen par code selon le nombre de textes codés",
        "macro_f1 means": "Chaque code y compte autant, qu'il soit rare ou fréquent.",
        "labels": "textes codés",
        "saved": "Part des textes épargnés, à justesse égale",
        "mid": "à mi-budget",
        "end": "en fin de budget",
        "band": "La bande va de la plus basse à la plus haute des répétitions.",
        "strategy": "stratégie",
        "right": "codes justes",
        "f1": "F1 moyen",
        "saved mid": "épargne à mi-budget",
        "saved end": "épargne en fin",
        "interval": "intervalle à 95 %",
        "how": "Comment lire",
        "how text": "On rejoue l'histoire de textes déjà codés. Chaque stratégie part des mêmes premiers textes, tirés"
        " au hasard, puis choisit les suivants ; après chaque lot, le même modèle est réentraîné et mesuré sur les"
        " mêmes textes, tenus à l'écart. L'épargne compare le nombre de textes qu'il faut pour atteindre la justesse à"
        " laquelle le hasard arrive. Les textes de même libellé restent ensemble, d'un seul côté.",
    },
    "en": {
        "title": "What would a better choice of texts have saved?",
        "gain": "To reach {accuracy} of codes right, you would have coded {needed} texts instead of {random},"
        " chosen by '{strategy}' rather than at random.",
        "no gain": "On these texts no strategy saved labels beyond chance: random is fine.",
        "one seed": "A single repetition cannot tell a gain from chance: several are needed, 5, say.",
        "default": "Strategy to use: {strategy}.",
        "texts": "{texts} different texts, {codes} codes, {seeds} repetitions.",
        "set aside": "Left out or outvoted: ",
        "nothing to code": "nothing to code",
        "without code": "without code",
        "another code than most": "another code than most",
        "accuracy": "Codes that are right, by number of texts coded",
        "macro_f1": "Mean F1 over codes, by number of texts coded",
        "macro_f1 means": "Each code counts alike here, be it rare or frequent.",
        "labels": "texts coded",
        "saved": "Share of texts saved at the same accuracy",
        "mid": "half-way",
        "end": "at the end",
        "band": "The band runs from the lowest to the highest of the repetitions.",
        "strategy": "strategy",
        "right": "codes right",
        "f1": "mean F1",
        "saved mid": "saved half-way",
        "saved end": "saved at the end",
        "interval": "95 % interval",
        "how": "How to read this",
        "how text": "The history of texts that are coded already is played again. Each strategy starts from the same"
        " first texts, drawn at random, and then chooses the next ones; after each batch the same model is trained anew"
        " and measured on the same texts, which are set apart. Savings compare how many texts it takes to get as many"
        " codes right as random does. Texts of one wording stay together, on one side.",
    },
}


def number(value: float, language: str) -> str:
    text = f"{round(value):,d}"
    return text.replace(",", "\u202f") if language == "fr" else text
