from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest

from sampling import reasons

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
LANGUAGES = ("fr", "en")


@pytest.mark.parametrize("kind", ["code", "word", "phrase", "variable"])
def test_drifted__says_before_and_after_and_since_when(kind: str) -> None:
    french, english = (
        reasons.drifted(language, kind=kind, value="53.20Z", before=0.0215, after=0.06, since=SINCE)
        for language in LANGUAGES
    )

    assert "53.20Z" in french
    assert "2,1 % des textes auparavant, 6,0 % depuis octobre 2026" in french
    assert "2.1 % of the texts before, 6.0 % since October 2026" in english


def test_drifted__what_hardly_was_there_before_is_new() -> None:
    said = reasons.drifted("en", kind="word", value="vtc", before=0.001, after=0.02, since=SINCE)

    assert said == "New word 'vtc': 0.1 % of the texts before, 2.0 % since October 2026."


def test_rare__counts_the_coded_texts() -> None:
    said = [reasons.rare("fr", code="01.12Z", title=title, number=n) for n, title in enumerate(("Riz", "", "Riz"))]

    assert said == [
        "Proche du code 01.12Z (Riz), qui n'a encore aucun texte codé.",
        "Proche du code 01.12Z, qui n'a qu'un texte codé.",
        "Proche du code 01.12Z (Riz), qui n'a que 2 textes codés.",
    ]
    assert reasons.never_predicted("en", code="01.12Z", title="") == (
        "Close to code 01.12Z, which the model never predicts."
    )


def test_disagreement__with_another_model_or_with_the_register() -> None:
    said = [
        reasons.disagreement(
            "fr", code="01.11Z", probability=0.9, other=other, other_code="01.12Z", other_probability=0.75
        )
        for other in ("ape/3", "")
    ]

    assert said == [
        "Le modèle dit 01.11Z (90,0 %), ape/3 dit 01.12Z (75,0 %).",
        "Le modèle dit 01.11Z (90,0 %), le registre porte 01.12Z.",
    ]


def test_value__numbers_as_the_language_writes_them() -> None:
    said = [reasons.value(lang, weight=12345.5, code="01.11Z", error=0.25) for lang in LANGUAGES]

    assert said == [
        "Poids 12 345,5 ; le code prédit 01.11Z est faux avec une probabilité de 25,0 %.",
        "Weight 12 345.5; the predicted code 01.11Z is wrong with a probability of 25.0 %.",
    ]


def test_claim__once_or_more() -> None:
    assert reasons.claim("fr", number=1) == "Codage contesté."
    assert reasons.claim("en", number=2) == "The coding is contested 2 times."


def test_revision__says_how_many_codes() -> None:
    assert reasons.revision("fr", old="01.11Z", number=3) == (
        "L'ancien code 01.11Z correspond à 3 codes de la nouvelle nomenclature."
    )


def test_sentences__the_same_in_each_language() -> None:
    places = {
        language: {
            kind: sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name)
            for kind, sentence in sentences.items()
        }
        for language, sentences in reasons._SENTENCES.items()
    }

    assert places["fr"] == places["en"]
