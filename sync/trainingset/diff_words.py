"""What the page of a difference says, in French and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

LANGUAGES: Final[Mapping[str, Words]] = {
    "en": {
        "title": "From {old} to {new}",
        "summary": "{added} texts came, {removed} left, {recoded} changed their code, {reweighted} their source or"
        " weight; {rows} texts are in {new}.",
        "restricted": "Only what concerns {what}.",
        "same": "Both versions say the same.",
        "ruled": "Rules edit {ruled} of these rows since, or no longer do.",
        "codes": "Codes that gained and lost texts",
        "coders": "Coders whose labels came and went",
        "gained": "gained",
        "lost": "lost",
        "texts": "texts",
        "nobody": "without a coder",
        "more": "The {shown} with most movement, of {all}.",
        "coder": "coder",
        "added": "added",
        "removed": "removed",
        "entered": "came by recoding",
        "left": "left by recoding",
        "net": "net",
        "rows": "Some of the rows, with who said what",
        "kind": "change",
        "text": "text",
        "code": "code",
        "said": "judgements behind the label",
        "was": "was {value}",
        "kind added": "added",
        "kind removed": "removed",
        "kind recoded": "another code",
        "kind reweighted": "another source or weight",
        "kind otherwise": "otherwise",
        "by": "{coder} said {code} on {day} ({campaign}, judgement {judgement})",
        "formerly": "formerly: {said}",
        "withdrawn": "no longer holds",
        "none": "no code",
        "made": "Digest {old_digest} to {new_digest}.",
    },
    "fr": {
        "title": "De {old} à {new}",
        "summary": "{added} textes sont arrivés, {removed} sont partis, {recoded} ont changé de code, {reweighted} de"
        " source ou de poids ; {new} compte {rows} textes.",
        "restricted": "Seulement ce qui concerne {what}.",
        "same": "Les deux versions disent la même chose.",
        "ruled": "Des règles modifient {ruled} de ces lignes depuis, ou ne le font plus.",
        "codes": "Codes qui ont gagné ou perdu des textes",
        "coders": "Annotateurs dont des codages sont venus ou partis",
        "gained": "gagnés",
        "lost": "perdus",
        "texts": "textes",
        "nobody": "sans annotateur",
        "more": "Les {shown} qui ont le plus bougé, sur {all}.",
        "coder": "annotateur",
        "added": "ajoutés",
        "removed": "retirés",
        "entered": "arrivés par recodage",
        "left": "partis par recodage",
        "net": "solde",
        "rows": "Quelques lignes, avec qui a dit quoi",
        "kind": "changement",
        "text": "texte",
        "code": "code",
        "said": "jugements derrière le codage",
        "was": "était {value}",
        "kind added": "ajouté",
        "kind removed": "retiré",
        "kind recoded": "autre code",
        "kind reweighted": "autre source ou poids",
        "kind otherwise": "autrement",
        "by": "{coder} a dit {code} le {day} ({campaign}, jugement {judgement})",
        "formerly": "auparavant : {said}",
        "withdrawn": "ne vaut plus",
        "none": "sans code",
        "made": "Empreinte {old_digest} à {new_digest}.",
    },
}


def number(value: int, language: str) -> str:
    text = f"{value:,d}"
    return text.replace(",", "\u202f") if language == "fr" else text
