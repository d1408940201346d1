from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annotation.domain.label import Label, Source
from annotation.domain.team import GoldText
from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import CheckFailedError, ConflictError, InvalidInputError, NotFoundError
from annotation.ledger.unit_of_work import Ledger
from sync.storage import Storage
from sync.trainingset import build as building
from sync.trainingset import digest, schema
from sync.trainingset.build import BuildResult
from sync.trainingset.checks import BuildRefusedError, Checks, Level
from sync.trainingset.entry import Entries
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.rows import Assembly
from sync.trainingset.rules import Rule, When
from sync.trainingset.store import TrainingSetStore
from sync.trainingset.version import StaleParentError, Version
from tests.parts import labelled, pools, trainingrows

POLICY = BuildPolicy(("coder", "import"))
CHECKS = Checks()
NORMALISER = Normaliser(Cleaning(meaningless_phrases=("idem",), stop_words="french", stemmer=""))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Four texts with a label of the register."""
    opened = pools.ledger(tmp_path)
    keys = pools.arrive(opened, ["culture de blé", "culture du riz", "restaurant", "boulangerie"], cj="1000")
    label(opened, *keys)
    return opened


@pytest.fixture
def store(tmp_path: Path, ledger: Ledger) -> Iterator[TrainingSetStore]:
    with TrainingSetStore(catalog_uri=ledger.url, storage=Storage(str(tmp_path / "storage")), name="set") as opened:
        yield opened


def label(ledger: Ledger, *keys: str, code: str | None = "01.11Z", **changes: object) -> None:
    made = [Label(key, "naf", code, Source.IMPORT, 1.0, pools.START) for key in keys]
    with ledger.begin() as work:
        work.labels.record([replace(one, **changes) for one in made])  # type: ignore[arg-type]


def build(
    ledger: Ledger,
    store: TrainingSetStore,
    *,
    seed: int = 1,
    policy: BuildPolicy = POLICY,
    checks: Checks = CHECKS,
    now: datetime = pools.NOW,
) -> BuildResult:
    return building.build(
        ledger=ledger,
        store=store,
        name="set",
        nomenclature=pools.NAF,
        normaliser=NORMALISER,
        policy=policy,
        checks=checks,
        validation_share=0.3,
        seed=seed,
        now=now,
    )


def rebuilt(ledger: Ledger, recipe: Recipe) -> pa.Table:
    return schema.content(pa.Table.from_batches(building.rows(ledger=ledger, recipe=recipe), schema.CONTENT))


def texts(store: TrainingSetStore, tag: str) -> set[str]:
    return set(store.read(tag)["text"].to_pylist())


def test_build__versions_have_parents_and_say_what_changed(ledger: Ledger, store: TrainingSetStore) -> None:
    first = build(ledger, store)
    (new,) = pools.arrive(ledger, ["poissonnerie"])
    label(ledger, new, code="56.10A", source=Source.CODER, coder="C001")
    second = build(ledger, store)

    assert (first.version.tag, first.version.parent, first.added) == ("v1", None, 4)
    assert (second.version.tag, second.version.parent, second.added, second.changed) == ("v2", "v1", 1, 0)
    (row,) = (r for r in store.read("v2").to_pylist() if r["text_key"] == new)
    assert (row["code"], row["source"], row["coder"], row["added_in"]) == ("56.10A", "coder", "C001", "v2")
    with ledger.read() as work:
        assert [version.tag for version in work.trainingsets.all("set")] == ["v1", "v2"]


def test_build__nothing_new_makes_no_version(ledger: Ledger, store: TrainingSetStore) -> None:
    first, again = build(ledger, store), build(ledger, store)

    assert (again.new, again.version) == (False, first.version)
    assert len(store.versions()) == 1


def test_build__leaves_out_what_is_withdrawn_weightless_or_of_another_source(
    ledger: Ledger, store: TrainingSetStore
) -> None:
    gone, weightless, guessed = pools.arrive(ledger, ["un", "deux", "trois"])
    label(ledger, gone)
    label(ledger, gone, code=None)
    label(ledger, weightless, weight=0.0)
    label(ledger, guessed, source=Source.LLM)

    assert build(ledger, store).version.rows == 4


def test_build__nothing_of_the_evaluation_set_is_trained_on(ledger: Ledger, store: TrainingSetStore) -> None:
    """Neither the text, nor its wording with other variables, nor other words that the model would read the same."""
    (measured,) = pools.arrive(ledger, ["Vente de fleurs"], cj="1000")
    copies = pools.arrive(ledger, ["VENTE DE FLEURS !"], cj="5499", first_day=1)
    copies += pools.arrive(ledger, ["la vente des fleurs (idem)"], first_day=2)
    label(ledger, measured, *copies)
    labelled.measure_with(ledger, measured)

    result = build(ledger, store)

    assert (result.version.rows, result.kept_out) == (4, 3)
    assert not any("fleurs" in text.lower() for text in texts(store, "v1"))


def test_build__a_text_that_enters_the_evaluation_set_leaves_the_training_set(
    ledger: Ledger, store: TrainingSetStore
) -> None:
    build(ledger, store)
    with ledger.read() as work:
        key = work.labels.current("naf")[0].label.text_key
    labelled.measure_with(ledger, key)

    result = build(ledger, store)

    assert (result.removed, result.kept_out) == (1, 1)
    assert key not in store.read("v2")["text_key"].to_pylist()


def test_build__gold_is_not_trained_on_in_any_wording_and_versions_before_it_stay(
    ledger: Ledger, store: TrainingSetStore
) -> None:
    before = build(ledger, store)
    with ledger.begin() as work:
        (key,) = [one.key for one in work.texts.get(_labelled(ledger)).values() if one.text == "restaurant"]
        work.gold.record([GoldText("naf", key, "56.10A", "", "test", pools.START)])
    after = build(ledger, store)

    assert (before.kept_out, after.kept_out, after.removed) == (0, 1, 1)
    assert building.digest_of(ledger=ledger, recipe=Recipe.of(before.version.recipe)) == before.version.digest


def _labelled(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [recorded.label.text_key for recorded in work.labels.current("naf")]


def test_build__a_leak_is_refused_before_anything_is_written(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check does not trust the selection."""
    with ledger.read() as work:
        measure_key = work.labels.current("naf")[0].label.text_key
    labelled.measure_with(ledger, measure_key)
    monkeypatch.setattr(Assembly, "_is_apart", lambda *_: False)

    with pytest.raises(CheckFailedError, match="1 texts of the evaluation set or of gold would be trained on"):
        build(ledger, store)
    assert store.versions() == []


def test_build__without_labels(tmp_path: Path, store: TrainingSetStore) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="no label of naf from the sources coder, import"):
        build(pools.ledger(tmp_path / "empty"), store)


class KilledError(BaseException):
    pass


def kill_before_the_entry(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch, *, policy: BuildPolicy = POLICY
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Entries, "enter", die)
        with pytest.raises(KilledError):
            build(ledger, store, policy=policy)
    with ledger.read() as work, pytest.raises(NotFoundError):
        work.trainingsets.get("set", "v1")


def test_build__killed_between_storage_and_ledger_is_completed(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before_the_entry(ledger, store, monkeypatch)

    result = build(ledger, store)

    assert (result.version.tag, len(store.versions())) == ("v1", 1)


def test_build__killed_and_labels_came_before_it_ran_again(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before_the_entry(ledger, store, monkeypatch)
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))

    result = build(ledger, store)

    assert (result.version.tag, result.version.parent) == ("v2", "v1")
    with ledger.read() as work:
        first = work.trainingsets.get("set", "v1")
    assert rebuilt(ledger, Recipe.of(first.recipe)).equals(schema.content(store.read("v1")))


def test_rows__of_an_old_version_are_those_of_the_storage(ledger: Ledger, store: TrainingSetStore) -> None:
    build(ledger, store)
    with ledger.read() as work:
        keys = [r.label.text_key for r in work.labels.current("naf")]
    label(ledger, keys[0], code="56.10A", source=Source.CODER)
    label(ledger, keys[1], code=None)
    labelled.measure_with(ledger, keys[2])
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))
    build(ledger, store)
    label(ledger, keys[3], code="01.12Z", source=Source.CODER)

    for tag, number in (("v1", 4), ("v2", 3)):
        with ledger.read() as work:
            recipe = Recipe.of(work.trainingsets.get("set", tag).recipe)
        again = rebuilt(ledger, recipe)
        assert again.num_rows == number
        assert again.equals(schema.content(store.read(tag)))


# What changed alone.


def test_build__only_what_changed_is_looked_at(ledger: Ledger, store: TrainingSetStore) -> None:
    first = build(ledger, store)
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))
    second = build(ledger, store)
    other = build(ledger, store, policy=BuildPolicy(("import", "coder")))

    assert (first.full, second.full, second.added, other.full, other.new) == (True, False, 1, True, False)


def test_build__overtaken_by_another_it_begins_again(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody commits between the look at the current version and the commit."""
    build(ledger, store)
    (first, second) = pools.arrive(ledger, ["poissonnerie", "fleuriste"])
    label(ledger, first)
    amend, overtaken = store.amend, []

    def late(**given: Any) -> Version:
        if not overtaken:
            overtaken.append(True)
            label(ledger, second)
            build(ledger, store)
        return amend(**given)

    monkeypatch.setattr(store, "amend", late)
    result = build(ledger, store)

    assert (result.version.tag, result.new, result.version.rows) == ("v2", False, 6)
    assert [version.tag for version in store.versions()] == ["v1", "v2"]


def test_build__overtaken_again_and_again_it_says_so(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> Version:
        raise StaleParentError("v1 is no longer the current version.")

    build(ledger, store)
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))
    monkeypatch.setattr(store, "amend", refuse)
    monkeypatch.setattr(building, "ATTEMPTS", 2)
    monkeypatch.setattr(building, "PATIENCE_SECONDS", 0)

    with pytest.raises(ConflictError, match="Others kept building the training set set; 2 attempts were overtaken"):
        build(ledger, store)


# Rules.

RULE = Rule("rice", "Rice is a cereal of its own.", When(words=("riz",)), "01.12Z")
MEALS = Rule("meals", "Meals are coded elsewhere.", When(words=("restaurant",)), expires_on=pools.NOW.date())


def edits(ledger: Ledger, tag: str) -> list[tuple[str, str, str | None, str | None]]:
    with ledger.read() as work:
        return [(e.rule, e.code_before, e.code_after, e.expires_on) for e in work.edits.of_version("set", tag)]


def test_build__rules_edit_labels_with_a_journal(ledger: Ledger, store: TrainingSetStore) -> None:
    result = build(ledger, store, policy=replace(POLICY, rules=(RULE, MEALS)))

    assert (result.edited, result.version.rows) == (2, 3)
    (rice,) = (row for row in store.read("v1").to_pylist() if row["text"] == "culture du riz")
    assert (rice["code"], rice["source"], rice["rule"], rice["judgement_id"]) == ("01.12Z", "rule", "rice", None)
    assert sorted(edits(ledger, "v1")) == [
        ("meals", "01.11Z", None, "2026-04-02"),
        ("rice", "01.11Z", "01.12Z", None),
    ]


def test_build__the_journal_holds_what_is_new_against_the_parent(ledger: Ledger, store: TrainingSetStore) -> None:
    ruled = replace(POLICY, rules=(RULE, MEALS))
    build(ledger, store, policy=ruled)
    label(ledger, *pools.arrive(ledger, ["riziculture et riz"]))
    second = build(ledger, store, policy=ruled)

    assert (second.full, second.edited, second.version.report["edited"]) == (False, 3, 3)
    assert edits(ledger, "v2") == [("rice", "01.11Z", "01.12Z", None)]


def test_build__an_expired_rule_edits_nothing_and_is_reported(ledger: Ledger, store: TrainingSetStore) -> None:
    ruled = replace(POLICY, rules=(MEALS,))
    build(ledger, store, policy=ruled)
    after = build(ledger, store, policy=ruled, now=pools.NOW + timedelta(days=1))

    assert (after.added, after.edited, after.full) == (1, 0, True)
    (finding,) = (one for one in after.findings if one.check == "expired_rules")
    assert finding.message == "1 rules are expired and edit nothing: meals (2026-04-02)."


def test_build__rules_do_not_touch_the_evaluation_set(ledger: Ledger, store: TrainingSetStore) -> None:
    with ledger.read() as work:
        (key,) = [one.key for one in work.texts.get(_labelled(ledger)).values() if one.text == "culture du riz"]
    labelled.measure_with(ledger, key)

    result = build(ledger, store, policy=replace(POLICY, rules=(RULE, replace(RULE, id="out", code=None))))

    assert (result.edited, result.kept_out, edits(ledger, "v1")) == (0, 1, [])


def test_build__killed_before_the_entry_its_report_and_journal_are_made_up_for(
    ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled = replace(POLICY, rules=(RULE, MEALS))
    kill_before_the_entry(ledger, store, monkeypatch, policy=ruled)
    # The settings have changed since: the version keeps its own.
    build(ledger, store)

    with ledger.read() as work:
        first = work.trainingsets.get("set", "v1")
    assert (first.report["edited"], first.report["codes"]) == (2, {"01.11Z": 2, "01.12Z": 1})
    assert len(edits(ledger, "v1")) == 2
    assert building.digest_of(ledger=ledger, recipe=Recipe.of(first.recipe)) == first.digest


# Checks.


def test_build__a_check_stops_it_and_says_which_rows(ledger: Ledger, store: TrainingSetStore) -> None:
    (key,) = pools.arrive(ledger, ["machine"])
    label(ledger, key, source=Source.MODEL)
    policy = replace(POLICY, sources=("import", "model"))

    with pytest.raises(
        BuildRefusedError, match=rf"1 labels \(20.0%, more than 10%\).* {key} 'machine' 01.11Z"
    ) as refused:
        build(ledger, store, policy=policy, checks=Checks(largest_shares={"model": 0.1}))
    assert refused.value.exit_code == 7
    assert store.versions() == []
    warned = build(ledger, store, policy=policy, checks=Checks(largest_shares={"model": 0.1}, source_shares=Level.WARN))
    assert [one.check for one in warned.findings] == ["source_shares"]
    assert warned.version.report["findings"][0]["rows"] == [{"text_key": key, "code": "01.11Z", "label_id": 5}]


def test_build__a_check_that_refuses_what_changed_names_it(ledger: Ledger, store: TrainingSetStore) -> None:
    build(ledger, store)
    copies = pools.arrive(ledger, ["culture du riz"], cj="1") + pools.arrive(ledger, ["culture du riz"], cj="2")
    label(ledger, *copies, code="56.10A")

    with pytest.raises(BuildRefusedError, match=r"3 rows \(50.0%, more than 10%\) have a wording .*'culture du riz'"):
        build(ledger, store, checks=Checks(conflicts=Level.STOP, conflicts_share=0.1))
    assert len(store.versions()) == 1


# Erased texts, rollback, recipes of former programs.


def test_build__an_erased_text_leaves_and_its_versions_say_so(ledger: Ledger, store: TrainingSetStore) -> None:
    first = build(ledger, store)
    (key, *_) = _labelled(ledger)
    labelled.erase(ledger, key, now=pools.NOW + timedelta(hours=1))
    second = build(ledger, store, now=pools.NOW + timedelta(hours=2))

    assert (second.removed, second.full) == (1, False)
    assert building.digest_of(ledger=ledger, recipe=Recipe.of(second.version.recipe)) == second.version.digest
    with pytest.raises(CheckFailedError, match=f"1 texts that the version rests on was erased since, first {key}"):
        building.digest_of(ledger=ledger, recipe=Recipe.of(first.version.recipe))


def test_rollback__has_the_recipe_and_the_report_of_what_it_restores(ledger: Ledger, store: TrainingSetStore) -> None:
    first = build(ledger, store, policy=replace(POLICY, rules=(RULE,)))
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))
    build(ledger, store)

    made = building.rollback(ledger=ledger, store=store, name="set", to_tag="v1", now=pools.NOW)

    assert (made.tag, made.parent, made.digest) == ("v3", "v2", first.version.digest)
    assert (made.recipe, made.report) == (first.version.recipe, first.version.report)
    assert edits(ledger, "v3") == [("rice", "01.11Z", "01.12Z", None)]


def test_recipe__of_a_former_program_gives_the_rows_that_it_gave(ledger: Ledger) -> None:
    """The newest label of any source, no rule, and a digest that knew neither words nor rules."""
    keys = _labelled(ledger)
    label(ledger, keys[0], code="56.10A", source=Source.CODER)
    label(ledger, keys[0], code="01.12Z")
    label(ledger, keys[1], code="56.10A", source=Source.CODER)
    label(ledger, keys[1], code=None, weight=0.0, source=Source.CODER)
    recipe = Recipe.of(
        {
            "nomenclature": "naf",
            "sources": ["coder", "import"],
            "validation_share": 0.3,
            "seed": 1,
            "normaliser": NORMALISER.to_json(),
            "last_label": 8,
            "last_evaluation_member": 0,
        }
    )

    found = rebuilt(ledger, recipe)
    assert trainingrows.codes(found) == {keys[0]: "01.12Z", keys[2]: "01.11Z", keys[3]: "01.11Z"}
    assert building.digest_of(ledger=ledger, recipe=recipe) == digest.digest(found, form=schema.FORMER)
    assert Recipe.of(recipe.as_dict()) == recipe
