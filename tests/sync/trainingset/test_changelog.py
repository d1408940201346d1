"""A real log of changes, played through the ledger year by year: each version's difference is the file's.

The log (1,139 lines, 2010 to 2022) comes with the index of December 2022 only. Taken back from it, line by line, that
index gives the one of 2010 from which all lines apply: each finds the wording and the code that it speaks of. The
few lines that contradict themselves, and where the log and that last index disagree, are named in index_faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from annotation.domain.label import Label, Source
from annotation.domain.text import Cleaning, Normaliser, text_key
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sync import intake
from sync.intake import Arrival
from sync.storage import Storage
from sync.trainingset import build as building
from sync.trainingset.checks import Checks
from sync.trainingset.difference import Diff
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.store import TrainingSetStore
from tests.parts import index_changes, index_faults, new_ledgers
from tests.parts.index_changes import Index, Line

pytestmark = pytest.mark.real_data

NORMALISER = Normaliser(Cleaning(stop_words="", stemmer="", digits=False))
FIRST = 2010
YEARS = (2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2020, 2022)

COUNTS = {
    "sic2007": {
        2011: (14, 19, 24),
        2012: (0, 2, 1),
        2013: (4, 3, 1),
        2014: (0, 0, 1),
        2015: (9, 1, 0),
        2016: (0, 1, 3),
        2017: (48, 72, 5),
        2018: (184, 167, 21),
        2020: (484, 132, 32),
        2022: (5, 2, 0),
    },
    "sic2003": {
        2011: (14, 19, 74),
        2012: (0, 2, 1),
        2013: (4, 3, 0),
        2014: (0, 0, 1),
        2015: (9, 1, 0),
        2016: (0, 1, 3),
        2017: (48, 72, 4),
        2018: (184, 167, 18),
        2020: (484, 132, 29),
        2022: (5, 2, 0),
    },
}
"""Texts added, removed and recoded in each year with changes; 2019 and 2021 have none."""


@dataclass(frozen=True)
class Played:
    """Versions ``v1`` (the index of 2010) to ``v11``, one per year with changes."""

    nomenclature: Nomenclature
    log: list[Line]
    ledger: Ledger
    store: TrainingSetStore

    @property
    def revision(self) -> str:
        return self.nomenclature.key

    def of(self, year: int) -> list[Line]:
        return [line for line in self.log if line.year == year]

    def diff(self, year: int) -> Diff:
        place = YEARS.index(year)
        return self.store.diff(f"v{place + 1}", f"v{place + 2}")


@pytest.fixture(scope="module", params=["sic2007", "sic2003"])
def played(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    revision, folder = request.param, tmp_path_factory.mktemp(request.param)
    log = index_faults.corrected(index_changes.lines(shared_data, revision))
    start = index_changes.taken_back(index_changes.published(shared_data, revision), log)
    nomenclature = _nomenclature(revision, start, log)
    ledger = new_ledgers.make(folder)
    with (
        closing(ledger),
        TrainingSetStore(catalog_uri=ledger.url, storage=Storage(str(folder / "storage")), name="index") as store,
    ):
        with ledger.begin() as work:
            work.nomenclatures.add(nomenclature, origin="", sha256="", now=_day(FIRST))
        made = Played(nomenclature, log, ledger, store)
        _import(made, FIRST, list(start.values()))
        _build(made, FIRST)
        for year in YEARS:
            _apply(made, year)
            _build(made, year)
        yield made


@pytest.mark.parametrize("year", YEARS)
def test_diff__of_each_year_is_that_of_the_file(played: Played, year: int) -> None:
    expected, found = index_changes.change(played.of(year)), played.diff(year)

    assert expected.counts == COUNTS[played.revision][year]
    assert _codes(found.added) == expected.added
    assert _codes(found.removed) == expected.removed
    assert _codes(found.recoded, "code_before") == {key: before for key, (before, _) in expected.recoded.items()}
    assert _codes(found.recoded) == {key: after for key, (_, after) in expected.recoded.items()}
    assert (found.changed.num_rows, found.reweighted.num_rows) == (found.recoded.num_rows, 0)


def test_diff__over_all_years_is_the_log_as_a_whole(played: Played) -> None:
    """What came and went between is not in it."""
    first, last = _index(played, "v1"), _index(played, "v11")

    found = played.store.diff("v1", "v11")

    assert _codes(found.added) == {key: code for key, code in last.items() if key not in first}
    assert _codes(found.removed) == {key: code for key, code in first.items() if key not in last}
    assert _codes(found.recoded) == {key: code for key, code in last.items() if first.get(key, code) != code}


def test_last_version__is_the_published_index_but_for_what_is_named(played: Played, shared_data: Path) -> None:
    published = index_changes.published(shared_data, played.revision)
    last = _index(played, "v11")

    assert (len(_index(played, "v1")), len(last)) == (15_612, 15_961)
    differing = {
        key: (last.get(key), published[key][1] if key in published else None)
        for key in last.keys() | published.keys()
        if key not in last or key not in published or last[key] != published[key][1]
    }
    assert differing == {
        text_key(text): codes for text, codes in index_faults.DIFFERENT_IN_THE_INDEX[played.revision].items()
    }


def test_rebuild__each_version_comes_again_from_the_ledger(played: Played) -> None:
    with played.ledger.read() as work:
        versions = work.trainingsets.all("index")

    assert len(versions) == 11
    for version in versions:
        recipe = Recipe.of(version.recipe)
        assert building.digest_of(ledger=played.ledger, recipe=recipe) == version.digest == _stored(played, version.tag)


def test_history__of_texts_that_the_log_names_twice(played: Played) -> None:
    """One comes in 2015 and is reclassified in 2018, one goes in 2011 and is back in 2020."""
    code = {"sic2007": 0, "sic2003": 1}[played.revision]

    assert _history(played, "Animal genetic testing") == [
        ("v6", "upsert", ("75000", "85200")[code]),
        ("v9", "upsert", ("71200", "74300")[code]),
    ]
    assert _history(played, "Medical thermometers (manufacture)") == [
        ("v1", "upsert", ("32500", "33202")[code]),
        ("v2", "remove", ("32500", "33202")[code]),
        ("v10", "upsert", ("32500", "33201")[code]),
    ]


def test_log__reclassifies_no_text_twice(played: Played) -> None:
    recoded = [key for year in YEARS for key in index_changes.change(played.of(year)).recoded]

    assert len(recoded) == len(set(recoded))


def _nomenclature(revision: str, start: Index, log: list[Line]) -> Nomenclature:
    codes = {code for _, code in start.values()} | {line.after for line in log if line.after}
    return Nomenclature(key=revision, title=revision, codes=[Code(code, 1, None, code) for code in sorted(codes)])


def _apply(played: Played, year: int) -> None:
    """What the year's lines say, as the office would bring it in: codes by import, deletions as withdrawn labels."""
    log = played.of(year)
    said = [(line.new or line.activity, line.after) for line in log if line.after]
    gone = [text_key(line.activity) for line in log if line.action in ("deleted", "typo")]
    _import(played, year, said)
    with played.ledger.begin() as work:
        work.labels.record(
            [Label(key, played.revision, None, Source.IMPORT, 0.0, _day(year), evidence="deleted") for key in gone]
        )


def _import(played: Played, year: int, said: list[tuple[str, str]]) -> None:
    rows = [Arrival("index", row, str(row), text, _day(year), code=code) for row, (text, code) in enumerate(said, 1)]
    done = intake.take(
        ledger=played.ledger,
        batches=[rows],
        source=f"index-{year}",
        coded=True,
        nomenclature=played.nomenclature,
        now=_day(year),
    )
    assert (done.rows, done.declarations, done.quarantined) == (len(said), len(said), 0)


def _build(played: Played, year: int) -> None:
    building.build(
        ledger=played.ledger,
        store=played.store,
        name="index",
        nomenclature=played.nomenclature,
        normaliser=NORMALISER,
        policy=BuildPolicy(("import",)),
        checks=Checks(),
        validation_share=0.1,
        seed=0,
        now=_day(year),
    )


def _day(year: int) -> datetime:
    return datetime(year, 12, 31, tzinfo=UTC)


def _index(played: Played, tag: str) -> dict[str, str]:
    table = played.store.read(tag, columns=["text_key", "code"])
    return dict(zip(table["text_key"].to_pylist(), table["code"].to_pylist(), strict=True))


def _codes(rows: pa.Table, column: str = "code") -> dict[str, str]:
    return dict(zip(rows["text_key"].to_pylist(), rows[column].to_pylist(), strict=True))


def _history(played: Played, text: str) -> list[tuple[str, str, str]]:
    rows = played.store.history(text_key(text)).to_pylist()
    return [(row["added_in"], row["change"], row["code"]) for row in rows]


def _stored(played: Played, tag: str) -> str:
    return played.store.version(tag).digest
