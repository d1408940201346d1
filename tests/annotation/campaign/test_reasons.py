from __future__ import annotations

from annotation.campaign import reasons

LANGUAGES = ("fr", "en")


def test_uncertain__names_the_codes_it_lies_between() -> None:
    said = {
        lang: reasons.uncertain(lang, codes=("01.11Z", "01.12Z"), probabilities=(0.411, 0.38)) for lang in LANGUAGES
    }

    assert said == {
        "fr": "Le modèle hésite entre 01.11Z (41,1 %) et 01.12Z (38,0 %).",
        "en": "The model hesitates between 01.11Z (41.1 %) and 01.12Z (38.0 %).",
    }


def test_uncertain__one_code_or_none() -> None:
    assert reasons.uncertain("en", codes=("01.11Z",), probabilities=(0.4,)).startswith("The model sees only 01.11Z")
    assert reasons.uncertain("en", codes=(), probabilities=()) == "The model knows no word of this text."


def test_uncertain__nobody_would_say_that_a_sure_model_hesitates() -> None:
    said = reasons.uncertain("fr", codes=("01.11Z", "01.12Z"), probabilities=(0.97, 0.01))

    assert said == "Le modèle dit 01.11Z (97,0 %) : à vérifier."
