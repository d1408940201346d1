from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from annotation.campaign.ports import Candidate
from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind
from annotation.labelstudio import interface, taxonomy, wording
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import campaigns

URL = "https://label.example/data/upload/1/tree.json?a=1&b=2"


def test_configuration__is_xml_whose_controls_have_their_fixed_names() -> None:
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="fr", tree_url=URL))

    names = {node.get("name") for node in root.iter() if node.get("name")}
    (tree,) = root.iter("Taxonomy")
    assert names == {"text", "code", "tree", "why", "comment", "difficulty"}
    assert (tree.get("apiUrl"), tree.get("leafsOnly")) == (URL, "true")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [(Kind.CODING, set()), (Kind.ARBITRATION, {"$answers"}), (Kind.TRAINING, {"$feedback"})],
)
def test_configuration__arbiters_see_answers_and_learners_the_settled_code(kind: Kind, shown: set[str]) -> None:
    screen = interface.configuration(campaigns.NAF, language="en", tree_url=URL, kind=kind)

    assert {node.get("value") for node in ElementTree.fromstring(screen).iter("HyperText")} == shown


def test_configuration__the_answers_that_were_once_possible_still_are() -> None:
    """Label Studio refuses a screen that lacks what some annotation says."""
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="fr", tree_url=URL))

    (difficulty,) = [node for node in root.iter("Choices") if node.get("name") == "difficulty"]
    levels = {str(node.get("alias") or node.get("value")): node.get("style") for node in difficulty}
    assert levels == dict.fromkeys("012345") | dict.fromkeys(["easy", "hard"], "display: none")


def test_configuration__no_key_does_two_things() -> None:
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="fr", tree_url=URL))
    offered = interface.choices([Candidate(str(number), "") for number in range(30)], language="fr")

    fixed = [node.get("hotkey") for node in root.iter("Choice")]
    keys = [key for one in [*fixed, *(one["hotkey"] for one in offered)] for key in str(one).split(",")]
    assert len(keys) == len(set(keys))
    assert None not in fixed, "Label Studio gives a choice without a key the next free one"


def test_configuration__choices_of_the_task_have_no_fixed_ones_beside_them() -> None:
    """Beside fixed choices Label Studio drops the predictions of a dynamic list without a word."""
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="en", tree_url=URL))

    (code,) = [node for node in root.iter("Choices") if node.get("name") == "code"]
    assert (code.get("value"), list(code)) == ("$candidates", [])


def test_configuration__a_code_above_others_can_be_chosen_where_it_may_be_given() -> None:
    mixed = Nomenclature(key="c", title="", codes=[Code("01", 1, None, "Food"), Code("01.1", 2, "01", "Bread")])

    (tree,) = ElementTree.fromstring(interface.configuration(mixed, language="fr", tree_url=URL)).iter("Taxonomy")

    assert tree.get("leafsOnly") == "false"


def test_tree__is_found_without_dots_and_accents() -> None:
    (agriculture, _) = json.loads(taxonomy.tree(campaigns.NAF))["items"]
    cereals = agriculture["children"][0]["children"][0]

    assert cereals == {
        "value": "01.11Z Culture de céréales\n0111Z culture de cereales",
        "alias": "01.11Z",
        "isLeaf": True,
    }
    assert agriculture["isLeaf"] is False


def test_tree__is_found_with_a_straight_apostrophe_and_shows_notes() -> None:
    codes = [
        Code("01.47Z", 1, None, "Élevage d’autres animaux", includes="Comprend : lapins", also_includes="abeilles")
    ]

    (node,) = json.loads(taxonomy.tree(Nomenclature(key="n", title="", codes=codes)))["items"]

    assert node["value"].splitlines() == [
        "01.47Z Élevage d’autres animaux",
        "01.47Z Élevage d'autres animaux",
        "0147Z elevage d'autres animaux",
    ]
    assert node["hint"] == "Comprend : lapins abeilles"


def test_tree__levels_that_tell_nothing_are_left_out() -> None:
    codes = [
        Code("A", 1, None, "Agriculture", leaf=False),
        Code("01", 2, "A", "", leaf=False),
        Code("01.12", 3, "01", "Culture du riz", leaf=False),
        Code("01.12Z", 4, "01.12", "CULTURE DU RIZ"),
        Code("01.13", 3, "01", "Légumes", leaf=False),
        Code("01.13A", 4, "01.13", "Carottes"),
    ]

    nomenclature = Nomenclature(key="n", title="", codes=codes)

    (top,) = json.loads(taxonomy.tree(nomenclature))["items"]

    assert taxonomy.path(nomenclature, "01.12Z") == ("A", "01.12Z")
    assert taxonomy.path(nomenclature, "01.13A") == ("A", "01.13", "01.13A")
    assert [node["alias"] for node in top["children"]] == ["01.12Z", "01.13"]
    assert [node["alias"] for node in top["children"][1]["children"]] == ["01.13A"]


def test_choices__more_than_ten_stand_under_headings_the_best_one_first() -> None:
    candidates = [Candidate(f"{number}", "", parent="even" if number % 2 == 0 else "odd") for number in range(12)]

    shown = interface.choices(candidates, language="fr")

    assert [one["alias"] for one in shown[:12]] == ["0", "2", "4", "6", "8", "10", "1", "3", "5", "7", "9", "11"]
    assert [place for place, one in enumerate(shown) if "awb-g" in one["html"]] == [0, 6]


def test_choices__without_candidates_the_tree_is_open() -> None:
    shown = interface.choices((), language="fr")

    assert [one["alias"] for one in shown if one.get("selected")] == ["@other"]


def test_choices__every_outcome_but_coded_can_be_said() -> None:
    shown = interface.choices((), language="fr")

    said = {interface.OUTCOMES[one["alias"]] for one in shown if one["alias"] != interface.OTHER}
    assert said == set(Outcome) - {Outcome.CODED}


@pytest.mark.parametrize(("language", "word"), [("fr", "Inclassable"), ("en-GB", "Cannot be coded"), ("de", "Later")])
def test_choices__speak_the_language_of_the_campaign(language: str, word: str) -> None:
    assert word in [one["value"] for one in interface.choices((), language=language)]


def test_wording__both_languages_say_the_same_things() -> None:
    french, english = (wording.of(language) for language in ("fr", "en"))

    assert french.keys() == english.keys()
