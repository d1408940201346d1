from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from annotation.domain.text import Normaliser
from sync.trainingset.rules import Pattern, Rule, Rulebook, When

NORMALISER = Normaliser()
RULE = Rule("r", "Because it was decided so.", When(codes=("68.20A",)), "68.20F")
DAY = date(2026, 4, 2)


def rule_for(
    *rules: Rule, text: str = "Location meublée non professionnelle", code: str = "68.20A", source: str = "import",
    day: date | None = DAY, **variables: str,
) -> str | None:  # fmt: skip
    book = Rulebook(rules, normaliser=NORMALISER, day=day)
    found = book.rule_for(code=code, source=source, variables=lambda: variables, cleaned=lambda: NORMALISER.clean(text))
    return found.id if found else None


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("locations meublées", True),
        ("MEUBLÉE location", True),
        ("meubl*", True),
        ("prof* locat*", True),
        ("location saisonnière", False),
        ("meublé immeuble", False),
        ("eubl*", False),
    ],
)
def test_pattern__all_its_words_are_in_the_cleaned_text_in_any_order(pattern: str, fits: bool) -> None:
    words = frozenset(NORMALISER.clean("Location meublée non professionnelle").split())

    assert Pattern(pattern, NORMALISER).fits(words) is fits


def test_pattern__of_stop_words_alone_is_empty() -> None:
    assert Pattern("de la", NORMALISER).is_empty
    assert Pattern("*", NORMALISER).is_empty
    assert not Pattern("rest*", NORMALISER).is_empty


def test_rule_for__all_that_is_given_must_fit() -> None:
    wanted = When(("68.20A",), ("meublée", "garage"), {"cj": ("1000", "1900")}, ("import",))
    rule = replace(RULE, when=wanted)

    assert rule_for(rule, cj="1900") == "r"
    assert rule_for(rule, cj="5499") is None
    assert rule_for(rule) is None
    assert rule_for(rule, cj="1900", source="coder") is None
    assert rule_for(rule, cj="1900", code="68.20B") is None
    assert rule_for(rule, cj="1900", text="Location de bureaux") is None


def test_rule_for__a_label_that_has_the_code_is_left() -> None:
    assert rule_for(replace(RULE, when=When(words=("meublée",))), code="68.20F") is None


def test_rule_for__the_first_that_fits() -> None:
    second = replace(RULE, id="second", code=None)

    assert rule_for(RULE, second) == "r"
    assert rule_for(second, RULE) == "second"


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 1, 1), True), (date(2026, 6, 30), True), (date(2025, 12, 31), False), (date(2026, 7, 1), False)],
)
def test_rule_for__from_its_first_day_to_its_last(day: date, holds: bool) -> None:
    rule = replace(RULE, begins_on=date(2026, 1, 1), expires_on=date(2026, 6, 30))

    assert (rule_for(rule, day=day) == "r") is holds


def test_rule__is_read_as_it_was_written() -> None:
    rule = Rule(
        "r",
        "Because it was decided so.",
        When(("68.20A",), ("meublée",), {"cj": ("1000",)}, ("import",)),
        None,
        date(2026, 1, 1),
        date(2026, 6, 30),
    )

    assert Rule.of(rule.as_dict()) == rule
