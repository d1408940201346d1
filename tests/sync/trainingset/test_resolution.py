from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from annotation.domain.text import Normaliser
from annotation.ledger.repositories.labels import Said
from sync.trainingset.policy import BuildPolicy, Exclusions, Resolution
from sync.trainingset.recipe import Recipe
from sync.trainingset.resolution import Resolver
from sync.trainingset.rules import Rule, When

NORMALISER = Normaliser()
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
POLICY = BuildPolicy(("arbiter", "coder", "import", "table", "rule"))


def said(
    number: int, code: str | None, source: str = "import", *, weight: float = 1.0, coder: str | None = None,
    judgements: str = "[]", days_ago: int = 0, text: str = "location meublée",
) -> Said:  # fmt: skip
    moment = NOW - timedelta(days=days_ago)
    return Said(number, code, source, weight, coder, None, judgements, moment, "t1", "g1", text, '{"cj": "1000"}', None)


def recipe(policy: BuildPolicy, *, now: datetime | None = NOW) -> Recipe:
    return Recipe("naf", policy, 0.1, 1, NORMALISER.to_json(), 10, 0, 0, now)


def chosen(policy: BuildPolicy, *labels: Said, now: datetime | None = NOW) -> tuple[str | None, str, float] | None:
    """Code, source and weight of the one text."""
    found = list(Resolver(recipe(policy, now=now), NORMALISER).chosen(labels))
    return (found[0].code, found[0].source, found[0].weight) if found else None


def test_chosen__the_first_source_that_says_something() -> None:
    labels = [said(1, "A", "arbiter"), said(2, "C", "coder"), said(3, "I"), said(4, "M", "model")]

    assert chosen(POLICY, *labels) == ("A", "arbiter", 1.0)
    assert chosen(replace(POLICY, sources=("coder", "arbiter")), *labels) == ("C", "coder", 1.0)
    assert chosen(replace(POLICY, sources=("llm",)), *labels) is None


def test_chosen__the_newest_of_a_source() -> None:
    assert chosen(POLICY, said(1, "C", "coder"), said(2, "D", "coder"), said(3, "I")) == ("D", "coder", 1.0)


def test_chosen__what_is_withdrawn_says_nothing_and_no_code_takes_the_text_out() -> None:
    register, coded = said(1, "I"), said(2, "C", "coder")

    assert chosen(POLICY, register, coded, said(3, None, "coder", weight=0)) == ("I", "import", 1.0)
    assert chosen(POLICY, register, coded, said(3, None, "coder")) is None


def test_chosen__of_recipes_before_precedence_the_newest_of_any_source() -> None:
    former = BuildPolicy(("coder", "import"), Resolution.NEWEST)

    assert chosen(former, said(1, "C", "coder"), said(2, "I"), now=None) == ("I", "import", 1.0)
    assert chosen(former, said(1, "C", "coder"), said(2, None, "coder", weight=0), now=None) is None
    assert chosen(former, said(1, "C", "coder"), said(2, "M", "model"), now=None) is None


@pytest.mark.parametrize(
    "excluded",
    [Exclusions(sources=("coder",)), Exclusions(coders=("C001",))],
)
def test_chosen__who_is_excluded_says_nothing(excluded: Exclusions) -> None:
    labels = [said(1, "I"), said(2, "C", "coder", coder="C001")]

    assert chosen(replace(POLICY, excluded=excluded), *labels) == ("I", "import", 1.0)


@pytest.mark.parametrize("excluded", [Exclusions(codes=("C",)), Exclusions(texts=("t1",))])
def test_chosen__an_excluded_code_or_text_is_out(excluded: Exclusions) -> None:
    assert chosen(replace(POLICY, excluded=excluded), said(1, "I"), said(2, "C", "coder")) is None


def test_chosen__a_label_of_too_few_coders_says_nothing() -> None:
    policy = replace(POLICY, least_judgements=2)
    alone, both = said(2, "C", "coder", judgements="[7]"), said(2, "C", "coder", judgements="[7, 8]")

    assert chosen(policy, said(1, "I"), alone) == ("I", "import", 1.0)
    assert chosen(policy, said(1, "I"), both) == ("C", "coder", 1.0)
    assert chosen(policy, said(1, "A", "arbiter", judgements="[9]")) == ("A", "arbiter", 1.0)


def test_chosen__how_far_back() -> None:
    labels = said(1, "I", days_ago=40), said(2, "C", "coder", days_ago=50)

    assert chosen(replace(POLICY, max_age_days=45), *labels) == ("I", "import", 1.0)
    assert chosen(replace(POLICY, max_age_days=30), *labels) is None
    assert chosen(replace(POLICY, not_before=date(2026, 2, 11)), *labels) == ("C", "coder", 1.0)
    assert chosen(replace(POLICY, not_before=date(2026, 2, 12)), *labels) == ("I", "import", 1.0)


def test_chosen__weights_multiply() -> None:
    policy = replace(POLICY, weights={"import": 0.25})

    assert chosen(policy, said(1, "I", weight=2.0)) == ("I", "import", 0.5)


def test_chosen__a_rule_edits_and_says_so() -> None:
    rule = Rule("lmnp", "Furnished letting is 68.20F.", When(words=("meublées",)), "68.20F")
    policy = replace(POLICY, rules=(rule,), weights={"rule": 0.5})
    (found,) = Resolver(recipe(policy), NORMALISER).chosen([said(1, "68.20A", "coder", coder="C001")])

    assert (found.code, found.source, found.weight, found.rule) == ("68.20F", "rule", 0.5, rule)
    assert (found.said.code, found.said.label_id) == ("68.20A", 1)


def test_chosen__a_rule_excludes_and_the_code_after_it_counts_for_exclusions() -> None:
    rule = Rule("lmnp", "Furnished letting is 68.20F.", When(codes=("68.20A",)), "68.20F")
    labels = said(1, "68.20A")

    assert chosen(replace(POLICY, rules=(replace(rule, code=None),)), labels) == (None, "rule", 1.0)
    assert chosen(replace(POLICY, rules=(rule,), excluded=Exclusions(codes=("68.20F",))), labels) is None
    assert chosen(replace(POLICY, rules=(rule,), excluded=Exclusions(codes=("68.20A",))), labels) is not None
