"""What coders read on their screen, in French and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "fr": {
            "@other": "Autre code : chercher dans la nomenclature",
            "@unclassifiable": "Inclassable",
            "@later": "Plus tard",
            "@expert": "Passer à un expert",
            "@not_this": "Aucun des codes proposés (ou l'ancien code est faux)",
            "tree": "Chercher par code ou par mots, avec ou sans accents",
            "search": "Code ou mots de l'intitulé",
            "why": "Pourquoi ?",
            "vague": "Trop vague",
            "several": "Plusieurs activités",
            "unreadable": "Incompréhensible",
            "no_activity": "Pas une activité",
            "other": "Autre raison (en commentaire)",
            "difficulty": "Difficulté",
            "easiest": "très facile",
            "hardest": "très difficile",
            "comment": "Commentaire",
            "erased": "(effacé)",
            "colon": " : ",
            "notes": "Notes",
            "includes": "Comprend",
            "excludes": "Ne comprend pas",
            "model": "modèle",
            "answers": "Réponses des codeurs",
            "coder": "Codeur",
            "settled": "Code retenu",
            "required code": "Choisissez un code ou une autre issue.",
            "required tree": "Choisissez un code dans l'arbre.",
            "required why": "Dites pourquoi le texte est inclassable.",
        },
        "en": {
            "@other": "Another code: search the nomenclature",
            "@unclassifiable": "Cannot be coded",
            "@later": "Later",
            "@expert": "Pass on to an expert",
            "@not_this": "None of the proposed codes (or the former code is wrong)",
            "tree": "Search by code or by words, with or without accents",
            "search": "Code or words of the title",
            "why": "Why?",
            "vague": "Too vague",
            "several": "Several activities",
            "unreadable": "Cannot be understood",
            "no_activity": "Not an activity",
            "other": "Another reason (say it in the comment)",
            "difficulty": "Difficulty",
            "easiest": "very easy",
            "hardest": "very hard",
            "comment": "Comment",
            "erased": "(erased)",
            "colon": ": ",
            "notes": "Notes",
            "includes": "Includes",
            "excludes": "Excludes",
            "model": "model",
            "answers": "The coders' answers",
            "coder": "Coder",
            "settled": "Settled code",
            "required code": "Choose a code or another outcome.",
            "required tree": "Choose a code in the tree.",
            "required why": "Say why the text cannot be coded.",
        },
    }
)


def of(language: str) -> Mapping[str, str]:
    """Those of a language tag such as ``fr`` or ``en-GB``; English where it is neither."""
    return WORDS.get(language[:2].lower(), WORDS["en"])
