"""Whatever happens in the ledger, and in which order: a version that is made of what changed since its parent is the
one that would be built as a whole, and is built again from its recipe."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.domain.label import Source
from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import CheckFailedError, InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset import apart as keeping
from sync.trainingset import build as building
from sync.trainingset import schema
from sync.trainingset.build import BuildResult
from sync.trainingset.checks import Checks
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.rules import Rule, When
from sync.trainingset.store import TrainingSetStore
from tests.parts import labelled, pools
from tests.parts.fake_trainingset_store import FakeTrainingSetStore

NORMALISER = Normaliser(Cleaning(meaningless_phrases=("idem",), stop_words="french", stemmer=""))
# Copies by wording, by cleaned words, and by neither.
WORDINGS = (
    "Vente de fleurs",
    "la vente des fleurs (idem)",
    "Vente fleurs",
    "culture de blé",
    "CULTURE DE BLÉ !",
    "culture du riz",
    "restaurant",
    "idem",
)
RULES = (
    Rule("rice", "Rice is a cereal of its own.", When(words=("riz",)), "01.12Z"),
    Rule("no-meals", "Meals are coded elsewhere.", When(codes=("56.10A",), sources=("import",))),
    Rule(
        "old",
        "It holds for the first builds only.",
        When(codes=("01.11Z",), variables={"cj": ("5499",)}),
        "01.12Z",
        expires_on=(pools.NOW + timedelta(days=2)).date(),
    ),
)
POLICY = BuildPolicy(("arbiter", "coder", "import", "table"), weights={"import": 0.5}, rules=RULES)

places = st.integers(0, 2 * len(WORDINGS) - 1)
codes = st.sampled_from(["01.11Z", "01.12Z", "56.10A"])
sources = st.sampled_from([Source.ARBITER, Source.CODER, Source.IMPORT, Source.LLM])
events = st.one_of(
    st.tuples(st.just("say"), places, codes, sources),
    st.tuples(st.just("say"), places, codes, sources),
    st.tuples(st.just("no code"), places, sources),
    st.tuples(st.just("withdraw"), places, sources),
    st.tuples(st.just("measure"), places),
    st.tuples(st.just("gold"), places, st.booleans()),
    st.tuples(st.just("erase"), places),
    st.tuples(st.just("build"), st.integers(0, 1)),
    st.tuples(st.just("build"), st.just(0)),
)


@dataclass
class History:
    ledger: Ledger
    keys: list[str]
    store: FakeTrainingSetStore = field(default_factory=FakeTrainingSetStore)
    now: datetime = pools.NOW
    measured: set[str] = field(default_factory=set)
    erased: dict[str, datetime] = field(default_factory=dict)

    def happen(self, kind: str, *given: Any) -> None:
        if kind == "build":
            self.now += timedelta(days=given[0], minutes=5)
            self.check_build()
            return
        key = self.keys[given[0]]
        match kind:
            case "say":
                labelled.say(self.ledger, key, given[1], given[2], coder="C001" if given[2].is_human else None)
            case "no code":
                labelled.say(self.ledger, key, None, given[1])
            case "withdraw":
                labelled.say(self.ledger, key, None, given[1], weight=0.0)
            case "measure" if key not in self.measured:
                self.measured.add(key)
                labelled.measure_with(self.ledger, key)
            case "gold":
                labelled.settle_beforehand(self.ledger, key, retired=given[1])
            case "erase" if key not in self.erased:
                self.erased[key] = self.now + timedelta(minutes=1)
                labelled.erase(self.ledger, key, now=self.now + timedelta(minutes=1))

    def apart_erased(self, recipe: Recipe) -> bool:
        """Whether the words of a text that the version kept apart are gone."""
        with self.ledger.read() as work:
            marks = {"up_to": recipe.last_evaluation_member, "gold_up_to": recipe.last_gold}
            apart = keeping.keys_apart(work, "naf", **marks)
        return any(key in apart and recipe.built_at and moment > recipe.built_at for key, moment in self.erased.items())

    def check_build(self) -> None:
        try:
            result = self.build(self.store)
        except InvalidInputError:
            return
        whole = self.build(FakeTrainingSetStore(), name=f"whole-{self.now}")

        assert result.version.digest == whole.version.digest
        assert (result.kept_out, result.edited) == (whole.kept_out, whole.edited)
        if result.new:
            assert _counted(result) == _counted(whole)
            recipe = Recipe.of(result.version.recipe)
            assert self.rebuilt(recipe).equals(schema.content(self.store.read(result.version.tag)))

    def build(self, store: FakeTrainingSetStore, *, name: str = "set") -> BuildResult:
        return building.build(
            ledger=self.ledger,
            store=cast(TrainingSetStore, store),
            name=name,
            nomenclature=pools.NAF,
            normaliser=NORMALISER,
            policy=POLICY,
            checks=Checks(),
            validation_share=0.3,
            seed=1,
            now=self.now,
        )

    def rebuilt(self, recipe: Recipe) -> pa.Table:
        batches = building.rows(ledger=self.ledger, recipe=recipe)
        return schema.content(pa.Table.from_batches(batches, schema.CONTENT))


def _counted(result: BuildResult) -> dict[str, Any]:
    return {name: value for name, value in result.version.report.items() if name != "findings"}


@settings(max_examples=12, deadline=None)
@given(st.lists(events, min_size=5, max_size=40))
def test_build__of_what_changed_is_the_whole_and_the_rebuilt(happened: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = pools.ledger(Path(folder))
        keys = pools.arrive(ledger, WORDINGS) + pools.arrive(ledger, WORDINGS, first_day=1, cj="5499")
        history = History(ledger, keys)
        for kind, *given in [*happened, ("build", 0)]:
            history.happen(kind, *given)
        try:
            for version in history.store.versions():
                check_rebuilt_or_erased(history, version.tag)
        finally:
            ledger.close()


def check_rebuilt_or_erased(history: History, tag: str) -> None:
    with history.ledger.read() as work:
        version = work.trainingsets.get("set", tag)
        texts = work.texts.get(history.store.read(tag)["text_key"].to_pylist())
    recipe = Recipe.of(version.recipe)
    held = not all(text.text for text in texts.values())
    if held or history.apart_erased(recipe):
        with pytest.raises(CheckFailedError, match="was erased since"):
            building.digest_of(ledger=history.ledger, recipe=recipe)
        return

    assert building.digest_of(ledger=history.ledger, recipe=recipe) == version.digest
