from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from annotation.domain.campaign import Draw
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.domain.team import GoldText
from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import CheckFailedError, InvalidInputError, NotFoundError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.unit_of_work import Ledger
from sync.storage import Storage
from sync.trainingset import build as building
from sync.trainingset import schema
from sync.trainingset.build import BuildResult
from sync.trainingset.checks import Checks
from sync.trainingset.entry import Entries
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.rows import Assembly
from sync.trainingset.store import TrainingSetStore
from tests.parts import pools

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


def measure_with(ledger: Ledger, key: str) -> None:
    """Put the text into the evaluation set."""
    with ledger.begin() as work:
        draw = work.draws.add(Draw(f"draw-{key}", "main", 1, None, "", "", {}, pools.START))
        work.tasks.add([Task(key, draw.id, key, Component.AUDIT, "s", 0.5, 1, "", (), (), None)])
        group = work.texts.get([key])[key].group_key
        work.evaluation.add("naf", [EvaluationMember(key, group, key, "s", 0.5)], now=pools.START)


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
    measure_with(ledger, measured)

    result = build(ledger, store)

    assert (result.version.rows, result.kept_out) == (4, 3)
    assert not any("fleurs" in text.lower() for text in texts(store, "v1"))


def test_build__a_text_that_enters_the_evaluation_set_leaves_the_training_set(
    ledger: Ledger, store: TrainingSetStore
) -> None:
    build(ledger, store)
    with ledger.read() as work:
        key = work.labels.current("naf")[0].label.text_key
    measure_with(ledger, key)

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
    measure_with(ledger, measure_key)
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


def kill_before_the_entry(ledger: Ledger, store: TrainingSetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Entries, "enter", die)
        with pytest.raises(KilledError):
            build(ledger, store)
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
    measure_with(ledger, keys[2])
    label(ledger, *pools.arrive(ledger, ["poissonnerie"]))
    build(ledger, store)
    label(ledger, keys[3], code="01.12Z", source=Source.CODER)

    for tag, number in (("v1", 4), ("v2", 3)):
        with ledger.read() as work:
            recipe = Recipe.of(work.trainingsets.get("set", tag).recipe)
        again = rebuilt(ledger, recipe)
        assert again.num_rows == number
        assert again.equals(schema.content(store.read(tag)))
