"""The sentence that tells a coder why a text is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
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
        "drifted code": "Code prédit {value} plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted word": "Mot « {value} » plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted phrase": "« {value} » devient plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted variable": "Valeur {value} plus fréquente : {before} des textes auparavant, {after} depuis {since}.",
        "drifted wording": "Dans l'ensemble, ces mots ressemblent aux textes arrivés depuis {since}.",
        "new word": "Mot nouveau « {value} » : {before} des textes auparavant, {after} depuis {since}.",
        "new phrase": "Tournure nouvelle « {value} » : {before} des textes auparavant, {after} depuis {since}.",
        "revision": "L'ancien code {old} correspond à {number} codes de la nouvelle nomenclature.",
    },
    "en": {
        "audit": "Audit: drawn at random ({drawn} texts among {among}) to measure how well texts are coded.",
        "uncertain": "The model hesitates between {first} ({p1}) and {second} ({p2}).",
        "one": "The model sees only {first} ({p1}) and is not sure of it.",
        "unscored": "The model knows no word of this text.",
        "code": "The predicted code {value} is on the rise: {before} of the texts before, {after} now.",
        "word": "The word '{value}' is on the rise: {before} of the texts before, {after} now.",
        "drifted code": "Predicted code {value} on the rise: {before} of the texts before, {after} since {since}.",
        "drifted word": "Word '{value}' on the rise: {before} of the texts before, {after} since {since}.",
        "drifted phrase": "Wording '{value}' on the rise: {before} of the texts before, {after} since {since}.",
        "drifted variable": "Value {value} on the rise: {before} of the texts before, {after} since {since}.",
        "drifted wording": "Taken together, these words resemble the texts that arrived since {since}.",
        "new word": "New word '{value}': {before} of the texts before, {after} since {since}.",
        "new phrase": "New wording '{value}': {before} of the texts before, {after} since {since}.",
        "revision": "The former code {old} corresponds to {number} codes of the new nomenclature.",
    },
}

_MONTHS: Final = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
# What is this many times as frequent as before is called new.
_NEW = 8


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


def drifted(language: str, *, kind: str, value: str, before: float, after: float, since: datetime) -> str:
    """Of a text that drifts: what rose with it, from which share to which; ``kind`` is that of a drift's cause."""
    new = before * _NEW < after and f"new {kind}" in _SENTENCES[language]
    return _SENTENCES[language][f"new {kind}" if new else f"drifted {kind}"].format(
        value=value,
        before=_percent(language, before),
        after=_percent(language, after),
        since=f"{_MONTHS[language][since.month - 1]} {since.year}",
    )


def revision(language: str, *, old: str, number: int) -> str:
    return _SENTENCES[language]["revision"].format(old=old, number=number)


def _percent(language: str, share: float) -> str:
    text = f"{100 * share:.1f} %"
    return text.replace(".", ",") if language == "fr" else text
