"""How a declarant's wording comes out of a form: abbreviated, dressed up, mistyped, in capitals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

MEANINGLESS = (
    "néant",
    "idem",
    "voir ci-dessus",
    "-",
    "KBIS",
    ".",
    "",
    "NEANT",
    "sans objet",
    "voir statuts",
    "idem siège",
)

_ABBREVIATIONS = (
    ("restauration", "rest."),
    ("commerce", "cce"),
    ("vente", "vte"),
    ("toutes prestations", "ttes prestations"),
    ("prestations", "prest."),
    ("bâtiment", "bât"),
    ("générale", "gale"),
    ("général", "gal"),
    ("location", "loc."),
    ("réparation", "rép."),
    ("nettoyage", "nett."),
    ("construction", "constr."),
    ("entreprise", "ent."),
    ("transport", "transp."),
    ("fabrication", "fab."),
    ("immobilière", "immo"),
    ("particuliers", "partic."),
    ("professionnels", "pros"),
    ("informatique", "info"),
    ("formation", "form."),
    ("marchandises", "mdises"),
)
_PREFIXES = (
    "activité de",
    "à titre principal,",
    "à titre principal :",
    "l'activité de",
    "prestations de services :",
    "activité principale :",
    "micro-entreprise",
    "création d'une activité de",
    "en France et à l'étranger,",
    "toutes activités de",
)
_SUFFIXES = (
    "et toutes activités connexes",
    "et toutes prestations annexes",
    "à domicile",
    "à titre accessoire",
    "pour particuliers et professionnels",
    "auprès des particuliers",
    "et services annexes",
    "et activités complémentaires",
    "(auto-entrepreneur)",
    "en France et à l'étranger",
    "et toutes opérations s'y rattachant directement ou indirectement",
    "en indépendant",
    "non réglementé",
)
_TOWNS = (
    "Lyon", "Nantes", "Béziers", "Saint-Étienne", "Châteauroux", "Quimper", "Roubaix", "Vénissieux", "Albi", "Épinal",
    "Bordeaux", "Évreux", "Mâcon", "Toulon", "Angoulême", "Sète", "Paris 18e", "Créteil", "Besançon", "Saint-Denis",
)  # fmt: skip
_KEYBOARD = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_NEIGHBOUR_KEYS = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _KEYBOARD
    for place, letter in enumerate(row)
}


def pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def as_declared(text: str, rng: np.random.Generator) -> str:
    """The wording as one more declarant would have entered it."""
    if rng.random() < 0.25:
        text = abbreviate(text, rng)
    if rng.random() < 0.3:
        text = dress(text, rng)
    if rng.random() < 0.16:
        text = misspell(text, rng)
    if rng.random() < 0.05:
        text = misspell(text, rng)
    return in_capitals(text) if rng.random() < 0.5 else text


def near_copy(text: str, rng: np.random.Generator) -> str:
    """The same text with one small change."""
    return misspell(text, rng) if rng.random() < 0.6 else f"{text} {pick(_TOWNS, rng)}"


def abbreviate(text: str, rng: np.random.Generator) -> str:
    known = [pair for pair in _ABBREVIATIONS if re.search(rf"\b{pair[0]}\b", text)]
    if not known:
        return text
    long, short = known[int(rng.integers(len(known)))]
    return re.sub(rf"\b{long}\b", short, text, count=1)


def dress(text: str, rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.35:
        return f"{pick(_PREFIXES, rng)} {text}"
    if kind < 0.75:
        return f"{text} {pick(_SUFFIXES, rng)}"
    return f"{text} {pick(('à', 'sur', '-'), rng)} {pick(_TOWNS, rng)}"


def misspell(text: str, rng: np.random.Generator) -> str:
    """One letter of one longer word struck beside its key, dropped, doubled or swapped with the next."""
    places = [match.start() + 1 for match in re.finditer(r"[^\W\d_](?=[^\W\d_]{2})", text)]
    if not places:
        return text
    place = places[int(rng.integers(len(places)))]
    letter = text[place]
    beside = _NEIGHBOUR_KEYS.get(letter.lower(), letter)
    strokes = (pick(beside, rng), "", letter * 2, text[place + 1 : place + 2] + letter)
    kind = int(rng.integers(4))
    return text[:place] + strokes[kind] + text[place + (2 if kind == 3 else 1) :]


def in_capitals(text: str) -> str:
    """As the register keeps it: capitals, no accents, blanks in place of punctuation."""
    letters = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^\w.+&-]", " ", bare.upper()).strip()
