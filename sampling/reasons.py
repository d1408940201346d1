"""The sentence that tells a coder why a text is asked."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from annotation.campaign import reasons as ordinary

_SENTENCES: Final = {
    "fr": {
        "audit": "Contrôle : tiré au hasard ({drawn} textes parmi {among}) pour mesurer la qualité du codage.",
        "drifted code": "Code prédit {value} plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted word": "Mot « {value} » plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted phrase": "« {value} » devient plus fréquent : {before} des textes auparavant, {after} depuis {since}.",
        "drifted variable": "Valeur {value} plus fréquente : {before} des textes auparavant, {after} depuis {since}.",
        "drifted wording": "Dans l'ensemble, ces mots ressemblent aux textes arrivés depuis {since}.",
        "new word": "Mot nouveau « {value} » : {before} des textes auparavant, {after} depuis {since}.",
        "new phrase": "Tournure nouvelle « {value} » : {before} des textes auparavant, {after} depuis {since}.",
        "rare 0": "Proche du code {code}, qui n'a encore aucun texte codé.",
        "rare 1": "Proche du code {code}, qui n'a qu'un texte codé.",
        "rare": "Proche du code {code}, qui n'a que {number} textes codés.",
        "never predicted": "Proche du code {code}, que le modèle ne prédit jamais.",
        "models": "Le modèle dit {code} ({p}), {other} dit {other_code} ({q}).",
        "register": "Le modèle dit {code} ({p}), le registre porte {other_code}.",
        "value": "Poids {weight} ; le code prédit {code} est faux avec une probabilité de {p}.",
        "value unscored": "Poids {weight} ; le modèle ne connaît aucun mot de ce texte.",
        "claim": "Codage contesté.",
        "claims": "Codage contesté {number} fois.",
        "suspected": "Texte codé {code}, alors que des textes semblables ont le code {other}.",
        "checked": "Texte déjà codé, tiré au hasard pour vérification.",
        "revision": "L'ancien code {old} correspond à {number} codes de la nouvelle nomenclature.",
    },
    "en": {
        "audit": "Audit: drawn at random ({drawn} texts among {among}) to measure how well texts are coded.",
        "drifted code": "Predicted code {value} on the rise: {before} of the texts before, {after} since {since}.",
        "drifted word": "Word '{value}' on the rise: {before} of the texts before, {after} since {since}.",
        "drifted phrase": "Wording '{value}' on the rise: {before} of the texts before, {after} since {since}.",
        "drifted variable": "Value {value} on the rise: {before} of the texts before, {after} since {since}.",
        "drifted wording": "Taken together, these words resemble the texts that arrived since {since}.",
        "new word": "New word '{value}': {before} of the texts before, {after} since {since}.",
        "new phrase": "New wording '{value}': {before} of the texts before, {after} since {since}.",
        "rare 0": "Close to code {code}, which has no coded text yet.",
        "rare 1": "Close to code {code}, which has only one coded text.",
        "rare": "Close to code {code}, which has only {number} coded texts.",
        "never predicted": "Close to code {code}, which the model never predicts.",
        "models": "The model says {code} ({p}), {other} says {other_code} ({q}).",
        "register": "The model says {code} ({p}), the register holds {other_code}.",
        "value": "Weight {weight}; the predicted code {code} is wrong with a probability of {p}.",
        "value unscored": "Weight {weight}; the model knows no word of this text.",
        "claim": "The coding is contested.",
        "claims": "The coding is contested {number} times.",
        "suspected": "The text is coded {code}, while similar texts have the code {other}.",
        "checked": "A coded text, drawn at random to be checked.",
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


def drifted(language: str, *, kind: str, value: str, before: float, after: float, since: datetime) -> str:
    """Of a text that drifts: what rose with it, from which share to which; ``kind`` is that of a drift's cause."""
    new = before * _NEW < after and f"new {kind}" in _SENTENCES[language]
    return _SENTENCES[language][f"new {kind}" if new else f"drifted {kind}"].format(
        value=value,
        before=ordinary.percent(language, before),
        after=ordinary.percent(language, after),
        since=f"{_MONTHS[language][since.month - 1]} {since.year}",
    )


def rare(language: str, *, code: str, title: str, number: int) -> str:
    """``number`` is that of the code's labels; an empty title is left out."""
    kind = f"rare {number}" if number < 2 else "rare"
    return _SENTENCES[language][kind].format(code=_titled(code, title), number=number)


def never_predicted(language: str, *, code: str, title: str) -> str:
    return _SENTENCES[language]["never predicted"].format(code=_titled(code, title))


def disagreement(
    language: str, *, code: str, probability: float, other: str, other_code: str, other_probability: float
) -> str:
    """``other`` names the other model; empty for the register."""
    return _SENTENCES[language]["models" if other else "register"].format(
        code=code,
        p=ordinary.percent(language, probability),
        other=other,
        other_code=other_code,
        q=ordinary.percent(language, other_probability),
    )


def value(language: str, *, weight: float, code: str | None, error: float) -> str:
    """``error`` is the chance that the predicted code is wrong."""
    kind = "value" if code else "value unscored"
    written = f"{weight:,.6g}".replace(",", " ")
    if language == "fr":
        written = written.replace(".", ",")
    return _SENTENCES[language][kind].format(weight=written, code=code, p=ordinary.percent(language, error))


def claim(language: str, *, number: int) -> str:
    return _SENTENCES[language]["claim" if number == 1 else "claims"].format(number=number)


def suspected(language: str, *, code: str, other: str) -> str:
    """Of a text labelled ``code``; the same where nothing speaks against the label."""
    kind = "checked" if code == other else "suspected"
    return _SENTENCES[language][kind].format(code=code, other=other)


def revision(language: str, *, old: str, number: int) -> str:
    return _SENTENCES[language]["revision"].format(old=old, number=number)


def _titled(code: str, title: str) -> str:
    return f"{code} ({title})" if title else code
