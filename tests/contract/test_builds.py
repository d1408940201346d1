"""Building from SQLite and from PostgreSQL: what a build reads of the ledger, and builders who overtake each other."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.domain.label import Source
from annotation.domain.text import Cleaning, Normaliser
from annotation.ledger.repositories.edits import LabelEdit
from annotation.ledger.unit_of_work import Ledger
from sync.storage import Storage
from sync.trainingset import build as building
from sync.trainingset.build import BuildResult
from sync.trainingset.checks import Checks
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.rules import Rule, When
from sync.trainingset.store import TrainingSetStore
from tests.parts import labelled, pools

pytestmark = pytest.mark.integration

NORMALISER = Normaliser(Cleaning(stemmer=""))
RICE = Rule("rice", "Rice is a cereal of its own.", When(words=("riz",)), "01.12Z")
OUT = Rule("out", "Meals are coded elsewhere.", When(words=("restaurant",)))
POLICY = BuildPolicy(("arbiter", "coder", "import"), rules=(RICE, OUT))
BUILDERS = 3
EACH = 3


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    make: Callable[[], str] = request.getfixturevalue("postgres_url")
    return make()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(Ledger.open(url)) as opened:
        opened.migrate()
        with opened.begin() as work:
            work.nomenclatures.add(pools.NAF, origin="by hand", sha256="0", now=pools.START)
            work.campaigns.add(pools.CAMPAIGN)
        yield opened


def build(ledger: Ledger, folder: Path, *, minute: int = 0) -> BuildResult:
    with TrainingSetStore(catalog_uri=ledger.url, storage=Storage(str(folder / "storage")), name="set") as store:
        return building.build(
            ledger=ledger,
            store=store,
            name="set",
            nomenclature=pools.NAF,
            normaliser=NORMALISER,
            policy=POLICY,
            checks=Checks(),
            validation_share=0.3,
            seed=1,
            now=pools.NOW + timedelta(minutes=minute),
        )


def test_build__the_whole_then_what_changed_then_again_from_the_recipe(ledger: Ledger, tmp_path: Path) -> None:
    keys = pools.arrive(ledger, ["culture de blé", "culture du riz", "restaurant", "boulangerie"], cj="1000")
    for key in keys:
        labelled.say(ledger, key, "01.11Z")
    first = build(ledger, tmp_path)
    labelled.say(ledger, keys[3], "56.10A", Source.CODER, coder="C001")
    labelled.erase(ledger, keys[0], now=pools.NOW + timedelta(minutes=1))
    second = build(ledger, tmp_path, minute=2)

    assert (first.full, first.version.rows, first.edited) == (True, 3, 2)
    assert (second.full, second.changed, second.removed, second.edited) == (False, 1, 1, 2)
    recipe = Recipe.of(second.version.recipe)
    assert building.digest_of(ledger=ledger, recipe=recipe) == second.version.digest
    with ledger.read() as work:
        journal = list(work.edits.of_version("set", "v1"))
        assert [edit.rule for edit in journal] == [edit.rule for edit in sorted(journal, key=lambda one: one.text_key)]
        assert {edit.rule for edit in journal} == {"rice", "out"}
        assert list(work.edits.of_version("set", "v2")) == []
        (edit,) = work.edits.of_text(keys[1])
        assert edit == LabelEdit("set", "v1", keys[1], 2, "rice", "01.11Z", "01.12Z")
        assert work.edits.latest("set", keys)[keys[1]] == edit


def test_labels__as_a_build_reads_them(ledger: Ledger) -> None:
    one, two, three = pools.arrive(ledger, ["un", "deux", "trois"], cj="1000")
    (copy,) = pools.arrive(ledger, ["Un !"], cj="5499")
    labelled.say(ledger, one, "01.11Z", judgements=(4, 5))
    labelled.say(ledger, two, "01.11Z", Source.CODER)
    labelled.say(ledger, one, "01.12Z", Source.CODER)
    labelled.say(ledger, one, None, Source.CODER, weight=0.0)

    with ledger.read() as work:
        said = list(work.labels.said("naf", up_to=3))
        assert [(s.text_key, s.label_id) for s in said] == sorted([(one, 1), (one, 3), (two, 2)])
        (first,) = (s for s in said if s.label_id == 1)
        assert (first.weighed, first.settled_at, first.text, first.erased_at) == (2, pools.START, "un", None)
        assert [s.label_id for s in work.labels.said("naf", up_to=9, keys=[two])] == [2]
        assert work.labels.touched("naf", after=2, up_to=3) == [one]
        assert sorted(work.labels.in_groups([first.group_key])) == sorted([one, copy])
        assert work.labels.groups_of([one, copy]) == {first.group_key}
        newest = work.labels.newest_of("naf", [Source.CODER])
        assert [(r.id, r.label.text_key) for r in newest] == [(2, two), (4, one)]
    labelled.erase(ledger, two, now=pools.NOW)
    labelled.erase(ledger, three, now=pools.NOW)
    with ledger.read() as work:
        assert work.labels.erased("naf", since=pools.NOW) == {two}
        assert work.labels.erased("naf", since=pools.NOW + timedelta(seconds=1)) == set()


def _label_and_build(url: str, folder: str, keys: list[str]) -> None:
    with closing(Ledger.open(url)) as ledger:
        for key in keys:
            labelled.say(ledger, key, "56.10A", Source.CODER, coder="C001")
            build(ledger, Path(folder))


def test_build__several_builders_lose_no_label(ledger: Ledger, url: str, tmp_path: Path) -> None:
    """Each labels and builds in turn; whoever is overtaken begins again."""
    keys = pools.arrive(ledger, [f"texte {number:03}" for number in range(BUILDERS * EACH)])
    for key in keys:
        labelled.say(ledger, key, "01.11Z")
    build(ledger, tmp_path)
    spawning = multiprocessing.get_context("spawn")
    builders = [
        spawning.Process(target=_label_and_build, args=(url, str(tmp_path), keys[place::BUILDERS]))
        for place in range(BUILDERS)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(600)

    assert [builder.exitcode for builder in builders] == [0] * BUILDERS
    with TrainingSetStore(catalog_uri=url, storage=Storage(str(tmp_path / "storage")), name="set") as store:
        versions = store.versions()
        assert [version.parent for version in versions] == [None, *(version.tag for version in versions[:-1])]
        assert set(store.read(versions[-1].tag)["code"].to_pylist()) == {"56.10A"}
        with ledger.read() as work:
            entered = {version.tag: version for version in work.trainingsets.all("set")}
        assert {tag: one.digest for tag, one in entered.items()} == {one.tag: one.digest for one in versions}
    last = entered[versions[-1].tag]
    assert building.digest_of(ledger=ledger, recipe=Recipe.of(last.recipe)) == last.digest
