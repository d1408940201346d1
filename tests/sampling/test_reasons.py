from __future__ import annotations

import string

import pytest

from sampling import reasons
from sampling.drift.detectors import Shift

SHIFT = Shift("53.20Z", 0.0215, 0.06, 40, 0.001)


def test_uncertain__names_the_codes_it_lies_between() -> None:
    said = {
        lang: reasons.uncertain(lang, codes=("01.11Z", "01.12Z"), probabilities=(0.411, 0.38)) for lang in ("fr", "en")
    }

    assert said == {
        "fr": "Le modèle hésite entre 01.11Z (41,1 %) et 01.12Z (38,0 %).",
        "en": "The model hesitates between 01.11Z (41.1 %) and 01.12Z (38.0 %).",
    }


def test_uncertain__one_code_or_none() -> None:
    assert reasons.uncertain("en", codes=("01.11Z",), probabilities=(0.4,)).startswith("The model sees only 01.11Z")
    assert reasons.uncertain("en", codes=(), probabilities=()) == "The model knows no word of this text."


@pytest.mark.parametrize("kind", ["code", "word"])
def test_drifting__says_before_and_after(kind: str) -> None:
    french, english = (reasons.drifting(language, kind=kind, shift=SHIFT) for language in ("fr", "en"))

    assert "53.20Z" in french
    assert "2,1 % des textes auparavant, 6,0 %" in french
    assert "2.1 % of the texts before, 6.0 % now" in english


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
