from __future__ import annotations

import dataclasses
import pickle

import pydantic
import pytest

from annotation.domain import text
from annotation.domain.text import Cleaning, Normaliser

NOTHING = Cleaning(
    strip_accents=False,
    lower_case=False,
    meaningless_phrases=(),
    punctuation=False,
    digits=False,
    one_letter_words=False,
    repeated_tokens=False,
    stop_words="",
    stemmer="",
)


@pytest.mark.parametrize(
    ("step", "given", "expected"),
    [
        ({"strip_accents": True}, "Pâtisserie œuvre", "Patisserie oeuvre"),
        ({"lower_case": True}, "VENTE Détail", "vente détail"),
        ({"meaningless_phrases": ("voir ci-dessus",)}, "boulanger voir ci dessus", "boulanger"),
        ({"meaningless_phrases": ("kbis",)}, "kbis kbiscuit", "kbiscuit"),
        ({"meaningless_phrases": ("k-bis", "a (b")}, "a (b k-bis pain", "pain"),
        ({"punctuation": True}, "l’eau, d'Évian_vente", "l eau d Évian vente"),
        ({"digits": True}, "type 2b 24h/24", "type b h/"),
        ({"one_letter_words": True}, "a vendre b", "vendre"),
        ({"repeated_tokens": True}, "pain vin pain eau", "pain vin eau"),
        ({"stop_words": "french"}, "vente de pain à la ferme", "vente pain ferme"),
        ({"stop_words": "french", "strip_accents": True}, "vente à être", "vente"),
        ({"stemmer": "french"}, "boulangerie boulangers", "boulanger boulanger"),
        ({"stemmer": "english"}, "manufacturing", "manufactur"),
    ],
)
def test_clean__each_step_works_alone(step: dict[str, object], given: str, expected: str) -> None:
    assert Normaliser(dataclasses.replace(NOTHING, **step)).clean(given) == expected


def test_clean__all_steps_in_their_order() -> None:
    given = "L’ACTIVITÉ de Boulangerie, idem, voir CI-DESSUS 24h/24;\n boulangerie"

    assert Normaliser().clean(given) == "activit boulanger"


@pytest.mark.parametrize("given", ["MAIS", "prise de son", "IT"])
def test_stop_words__keep_words_that_name_an_activity_in_capitals(given: str) -> None:
    language = "english" if given == "IT" else "french"

    assert Normaliser(Cleaning(stop_words=language, stemmer="")).clean(given)


@pytest.mark.parametrize("given", ["", " \n\t", "idem", "Voir ci-dessus.", "NÉANT", "24/24", "à la", "?!", "a b c"])
def test_clean__nothing_left(given: str) -> None:
    assert Normaliser(variables=("type",)).clean(given) == ""


def test_line__variables_follow_in_the_configured_order() -> None:
    normaliser = Normaliser(variables=("liasse_type", "activ_surf_et", "cj"))

    line = normaliser.line("Boulangerie", {"activ_surf_et": "Plus de 400 m²", "liasse_type": "I", "other": "x"})

    assert line == "boulanger liasse_type_i activ_surf_et_plus_de_400_m2 cj_na"
    assert normaliser.variable_prefixes == ("liasse_type_", "activ_surf_et_", "cj_")


def test_line__never_holds_what_fasttext_would_read_as_its_own() -> None:
    normaliser = Normaliser(dataclasses.replace(NOTHING, lower_case=True), variables=("__label__",))

    line = normaliser.line("a\nb\r\0c __LABEL__01 </S> \udcff __la__label__bel__", {"__label__": "x\ny"})

    assert line == "a b c 01 __la bel__ label_x_y"


def test_normaliser__travels_as_json_and_between_processes() -> None:
    normaliser = Normaliser(Cleaning(digits=False, stemmer="english"), ("shop",))

    assert Normaliser.from_json(normaliser.to_json()) == normaliser
    assert pickle.loads(pickle.dumps(normaliser)).clean("shops") == "shop"
    assert normaliser != Normaliser()


def test_normaliser__of_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2"):
        Normaliser.from_json('{"version": 2}')


class Settings(pydantic.BaseModel):
    cleaning: Cleaning = Cleaning()


def test_cleaning__is_a_field_of_settings() -> None:
    settings = Settings.model_validate({"cleaning": {"digits": False, "meaningless_phrases": ["idem"]}})

    assert settings.cleaning == Cleaning(digits=False, meaningless_phrases=("idem",))


@pytest.mark.parametrize("wrong", [{"stemer": "french"}, {"stemmer": "frnech"}, {"stop_words": "latin"}])
def test_cleaning__wrong_settings_are_refused_where_they_stand(wrong: dict[str, str]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings.model_validate({"cleaning": wrong})


def test_text_key__is_fixed() -> None:
    """These values stand in ledgers: a change of them loses every judgement."""
    assert text.text_key("Épicerie fine", {"shop": "E.Leclerc"}) == "1223e5db0133f4dcae70"
    assert text.group_key("Épicerie fine") == "51901ec791f19a2910b6"


def test_text_key__ignores_accents_case_punctuation_and_spaces() -> None:
    assert text.text_key(" ÉPICERIE–fine!") == text.text_key("epicerie Fine") == text.group_key("Epicerie, fine")


def test_text_key__depends_on_filled_variables_only() -> None:
    key = text.text_key("pain", {"a": "1", "b": "2"})

    assert key == text.text_key("pain", {"b": "2", "a": "1", "c": "", "d": " "})
    assert key != text.text_key("pain", {"a": "2", "b": "1"})
    assert text.text_key("pain") != text.text_key("vin")


def test_text_key__text_and_variables_do_not_run_into_one_another() -> None:
    assert text.text_key("pain a 1") != text.text_key("pain", {"a": "1"})
