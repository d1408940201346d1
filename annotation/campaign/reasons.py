"""The plainest sentences that tell a coder why a text is asked; those of a draw's other components lie with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SENTENCES: Final = {
    "fr": {
        "uncertain": "Le modèle hésite entre {first} ({p1}) et {second} ({p2}).",
        "one": "Le modèle ne voit que {first} ({p1}) et n'en est pas sûr.",
        "sure": "Le modèle dit {first} ({p1}) : à vérifier.",
        "unscored": "Le modèle ne connaît aucun mot de ce texte.",
        "chance": "Tiré au hasard parmi les textes à coder.",
    },
    "en": {
        "uncertain": "The model hesitates between {first} ({p1}) and {second} ({p2}).",
        "one": "The model sees only {first} ({p1}) and is not sure of it.",
        "sure": "The model says {first} ({p1}): to be checked.",
        "unscored": "The model knows no word of this text.",
        "chance": "Drawn at random among the texts to code.",
    },
}
# From here on nobody would say that the model hesitates.
_SURE: Final = 0.8


def uncertain(language: str, *, codes: Sequence[str], probabilities: Sequence[float]) -> str:
    if not codes:
        return _SENTENCES[language]["unscored"]
    p1 = percent(language, probabilities[0])
    if probabilities[0] >= _SURE:
        return _SENTENCES[language]["sure"].format(first=codes[0], p1=p1)
    if len(codes) == 1:
        return _SENTENCES[language]["one"].format(first=codes[0], p1=p1)
    return _SENTENCES[language]["uncertain"].format(
        first=codes[0], p1=p1, second=codes[1], p2=percent(language, probabilities[1])
    )


def chance(language: str) -> str:
    return _SENTENCES[language]["chance"]


def percent(language: str, share: float, *, digits: int = 1) -> str:
    text = f"{100 * share:.{digits}f} %"
    return text.replace(".", ",") if language == "fr" else text
