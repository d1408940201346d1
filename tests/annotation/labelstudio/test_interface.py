from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from annotation.domain.judgement import Outcome
from annotation.labelstudio import interface
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import campaigns

URL = "https://label.example/data/upload/1/tree.json?a=1&b=2"


def test_configuration__is_xml_whose_controls_have_their_fixed_names() -> None:
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="fr", tree_url=URL))

    names = {node.get("name") for node in root.iter() if node.get("name")}
    (taxonomy,) = root.iter("Taxonomy")
    assert names == {"text", "code", "tree", "comment", "difficulty"}
    assert (taxonomy.get("apiUrl"), taxonomy.get("leafsOnly")) == (URL, "true")


def test_configuration__choices_of_the_task_have_no_fixed_ones_beside_them() -> None:
    """Beside fixed choices Label Studio drops the predictions of a dynamic list without a word."""
    root = ElementTree.fromstring(interface.configuration(campaigns.NAF, language="en", tree_url=URL))

    (code,) = [node for node in root.iter("Choices") if node.get("name") == "code"]
    assert (code.get("value"), list(code)) == ("$candidates", [])


def test_configuration__a_code_above_others_can_be_chosen_where_it_may_be_given() -> None:
    mixed = Nomenclature(key="c", title="", codes=[Code("01", 1, None, "Food"), Code("01.1", 2, "01", "Bread")])

    (taxonomy,) = ElementTree.fromstring(interface.configuration(mixed, language="fr", tree_url=URL)).iter("Taxonomy")

    assert taxonomy.get("leafsOnly") == "false"


def test_tree__is_found_without_dots_and_accents() -> None:
    (agriculture, _) = json.loads(interface.tree(campaigns.NAF))["items"]
    cereals = agriculture["children"][0]["children"][0]

    assert cereals == {
        "value": "01.11Z Culture de céréales · 0111Z culture de cereales",
        "alias": "01.11Z",
        "isLeaf": True,
    }
    assert agriculture["isLeaf"] is False


def test_choices__every_outcome_but_coded_can_be_said() -> None:
    shown = interface.choices((), language="fr")

    said = {interface.OUTCOMES[one["alias"]] for one in shown if one["alias"] != interface.OTHER}
    assert said == set(Outcome) - {Outcome.CODED}


@pytest.mark.parametrize(("language", "word"), [("fr", "Inclassable"), ("en-GB", "Cannot be coded"), ("de", "Later")])
def test_choices__speak_the_language_of_the_campaign(language: str, word: str) -> None:
    assert word in [one["value"] for one in interface.choices((), language=language)]
