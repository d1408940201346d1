"""What the components read in the ledger, on a ledger with a flow of texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotation.domain.label import Label, Source
from annotation.domain.task import Component
from annotation.ledger.unit_of_work import Ledger
from sampling import evidence
from sampling.settings import DrawSettings
from sampling.strategies.base import Explained, Strategy
from tests.parts import pools


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Ledger]:
    ledger = pools.ledger(tmp_path)
    yield ledger
    ledger.close()


def strategies(opened: Ledger, **settings: Any) -> dict[Component, Strategy]:
    none = {"rare": 0, "disagreement": 0}
    return evidence.strategies(
        ledger=opened,
        campaign=pools.CAMPAIGN,
        pool=pools.build(opened),
        window=pools.WINDOWS.current,
        model_version=pools.MODEL,
        normaliser=pools.NORMALISER,
        settings=DrawSettings(**(none | settings)),
    )


def first(opened: Ledger, strategy: Strategy) -> tuple[list[str], str]:
    """Wordings of the candidates, best first, and why the first is asked."""
    pool = pools.build(opened)
    scores = strategy.score(pool, np.random.default_rng(1))
    order = [int(row) for row in np.argsort(-scores) if not np.isnan(scores[row])]
    assert isinstance(strategy, Explained)
    return [pool.frame["line"].iloc[row] for row in order], strategy.reason(pool, order[0], "en") if order else ""


def learn(opened: Ledger, wording: str, code: str) -> None:
    (key,) = pools.arrive(opened, [wording], first_day=-200)
    with opened.begin() as work:
        work.labels.record([Label(key, "naf", code, Source.IMPORT, 1.0, pools.START)])


def test_strategies__none_without_a_budget(opened: Ledger) -> None:
    assert strategies(opened) == {}


def test_rare__texts_close_to_the_few_labelled_texts_of_a_code(opened: Ledger) -> None:
    learn(opened, "Restauration rapide", "56.10A")
    for number in range(4):
        learn(opened, f"Céréales {number}", "01.11Z")
    pools.predict(opened, pools.arrive(opened, ["Blé tendre", "Restauration sur place", "Sciage"], first_day=1))

    wordings, reason = first(opened, strategies(opened, rare=5, rare_labels=3)[Component.RARE])

    assert wordings == ["restauration sur place"]
    assert reason == "Close to code 56.10A (Titre 56.10A), which has only one coded text."


def test_disagreement__the_register_and_another_model_say_otherwise(opened: Ledger) -> None:
    agreed = pools.arrive(opened, ["Une"], first_day=1, code="01.11Z")
    contested = pools.arrive(opened, ["Deux"], first_day=2, code="56.10A")
    former = pools.arrive(opened, ["Trois"], first_day=3, code="a code of another nomenclature")
    pools.predict(opened, [*agreed, *contested, *former])
    pools.predict(opened, [*agreed, *contested], model="m/0")
    pools.predict(opened, former, model="m/0", code="01.12Z")

    wordings, reason = first(opened, strategies(opened, disagreement=5)[Component.DISAGREEMENT])

    assert sorted(wordings) == ["deux", "trois"]
    assert reason in (
        "The model says 01.11Z (60.0 %), the register holds 56.10A.",
        "The model says 01.11Z (60.0 %), m/0 says 01.12Z (60.0 %).",
    )


def test_disagreement__nobody_else_said_anything(opened: Ledger) -> None:
    pools.predict(opened, pools.arrive(opened, ["Une"], first_day=1))

    assert first(opened, strategies(opened, disagreement=5)[Component.DISAGREEMENT])[0] == []


def test_claim__texts_of_the_sources_that_contest(opened: Ledger) -> None:
    pools.predict(opened, pools.arrive(opened, ["Une", "Deux"], first_day=1))

    assert first(opened, strategies(opened, claim=5, claim_sources=("claims",))[Component.CLAIM])[0] == []
    assert sorted(first(opened, strategies(opened, claim=5, claim_sources=("register",))[Component.CLAIM])[0]) == [
        "deux",
        "une",
    ]
    assert Component.CLAIM not in strategies(opened, claim=5)


def test_value__only_with_a_variable_that_says_what_a_text_is_worth(opened: Ledger) -> None:
    assert Component.VALUE in strategies(opened, value=5, importance="turnover")
    assert Component.VALUE not in strategies(opened, value=5)


def test_rare__of_a_large_pool_the_least_sure_are_compared(opened: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "COMPARED", 1)
    learn(opened, "Restauration rapide", "56.10A")
    pools.predict(opened, pools.arrive(opened, ["Restauration sur place"], first_day=1), margin=0.1)
    pools.predict(opened, pools.arrive(opened, ["Restauration mobile"], first_day=2), margin=0.9)

    assert first(opened, strategies(opened, rare=5)[Component.RARE])[0] == ["restauration sur place"]
