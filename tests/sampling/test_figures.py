from __future__ import annotations

import re
from xml.etree import ElementTree

from sampling import figures


def drawn(name: str = "one") -> str:
    figure, axes = figures.plot(5, 2)
    axes.barh(["a", "b"], [0.1, 0.25], color=figures.AFTER)
    figures.quiet(axes)
    figures.shares(axes.xaxis, "fr")
    return figures.svg(figure, name=name, title="Codes & mots", description="Deux barres")


def test_svg__is_one_element_that_says_what_it_shows() -> None:
    root = ElementTree.fromstring(drawn())

    assert root.tag.endswith("svg")
    assert [child.text for child in root][:2] == ["Codes & mots", "Deux barres"]
    assert root.get("aria-labelledby") == "one-title one-desc"


def test_svg__the_same_figure_gives_the_same_bytes() -> None:
    assert drawn() == drawn()


def test_svg__ids_of_two_figures_in_one_page_stay_apart() -> None:
    ids = re.findall(r'\bid="([^"]+)"', drawn("one") + drawn("two"))

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawn("one"))) <= set(ids)


def test_svg__asks_for_nothing_from_outside() -> None:
    assert "<style" not in drawn()
    assert not re.findall(r'(?:href|src)="(?!#)', drawn())


def test_percent__as_the_language_writes_it() -> None:
    assert [figures.percent(share, "fr") for share in (0.25, 0.0234, 0.0004)] == ["25 %", "2,3 %", "0,04 %"]
    assert figures.percent(0.0234, "en") == "2.3 %"
