"""The sentence that tells a coder why a text is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sampling.drift.detectors import Shift

_SENTENCES: Final = {
    "fr": {
        "audit": "Contrôle : tiré au hasard ({drawn} textes parmi {among}) pour mesurer la qualité du codage.",
        "uncertain": "Le modèle hésite entre {first} ({p1}) et {second} ({p2}).",
        "one": "Le modèle ne voit que {first} ({p1}) et n'en est pas sûr.",
        "unscored": "Le modèle ne connaît aucun mot de ce texte.",
        "code": "Le code prédit {value} devient plus fréquent : {before} des textes auparavant, {after} à présent.",
        "word": "Le mot « {value} » devient plus fréquent : {before} des textes auparavant, {after} à présent.",
        "revision": "L'ancien code {old} correspond à {number} codes de la nouvelle nomenclature.",
    },
    "en": {
        "audit": "Audit: drawn at random ({drawn} texts among {among}) to measure how well texts are coded.",
        "uncertain": "The model hesitates between {first} ({p1}) and {second} ({p2}).",
        "one": "The model sees only {first} ({p1}) and is not sure of it.",
        "unscored": "The model knows no word of this text.",
        "code": "The predicted code {value} is on the rise: {before} of the texts before, {after} now.",
        "word": "The word '{value}' is on the rise: {before} of the texts before, {after} now.",
        "revision": "The former code {old} corresponds to {number} codes of the new nomenclature.",
    },
}


def audit(language: str, *, drawn: int, among: int) -> str:
    return _SENTENCES[language]["audit"].format(drawn=drawn, among=among)


def uncertain(language: str, *, codes: Sequence[str], probabilities: Sequence[float]) -> str:
    if not codes:
        return _SENTENCES[language]["unscored"]
    p1 = _percent(language, probabilities[0])
    if len(codes) == 1:
        return _SENTENCES[language]["one"].format(first=codes[0], p1=p1)
    return _SENTENCES[language]["uncertain"].format(
        first=codes[0], p1=p1, second=codes[1], p2=_percent(language, probabilities[1])
    )


def drifting(language: str, *, kind: str, shift: Shift) -> str:
    return _SENTENCES[language][kind].format(
        value=shift.value, before=_percent(language, shift.before), after=_percent(language, shift.after)
    )


def revision(language: str, *, old: str, number: int) -> str:
    return _SENTENCES[language]["revision"].format(old=old, number=number)


def _percent(language: str, share: float) -> str:
    text = f"{100 * share:.1f} %"
    return text.replace(".", ",") if language == "fr" else text
