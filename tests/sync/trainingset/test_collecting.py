from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from annotation.domain.version import ModelVersion, TrainingSetVersion
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset import collecting
from sync.trainingset.collecting import CollectResult, Retention
from sync.trainingset.version import Version
from tests.parts import filled_ledger
from tests.parts.filled_ledger import NOW

NAME = "trainingset"
NOTHING = Retention(last=0, days=0)


@dataclass(frozen=True)
class Collected:
    versions: tuple[str, ...]
    files: int
    bytes: int


@dataclass
class FakeStore:
    """Versions by tag, each with its other names; ``dies`` stands for a kill before the files go, ``meanwhile`` for
    what others commit while we decide."""

    names_of: dict[str, list[str]]
    dies: bool = False
    meanwhile: list[str] = field(default_factory=list)

    def versions(self) -> list[Version]:
        return [Version(tag, None, int(tag[1:]), 10, f"digest-{tag}", 1, 0, 0) for tag in self.names_of]

    def current(self) -> Version | None:
        return self.versions()[-1] if self.names_of else None

    def all_names(self) -> dict[str, list[str]]:
        return {tag: sorted([tag, *names]) for tag, names in self.names_of.items()}

    def collect(
        self,
        *,
        keep: Collection[str],
        grace: timedelta,
        now: datetime,
        dry_run: bool = False,
        only: Collection[str] | None = None,
    ) -> Collected:
        if self.dies:
            raise KeyboardInterrupt
        self.names_of |= {tag: [] for tag in self.meanwhile}
        gone = tuple(tag for tag in self.names_of if tag not in keep and (only is None or tag in only))
        if not dry_run:
            self.names_of = {tag: names for tag, names in self.names_of.items() if tag not in gone}
        return Collected(gone, len(gone), 100 * len(gone))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Four versions, built in the last four days."""
    made = filled_ledger.empty_ledger(tmp_path)
    filled_ledger.add_campaign(made)
    with made.begin() as work:
        for number in range(1, 5):
            built = NOW - timedelta(days=4 - number)
            work.trainingsets.add(
                TrainingSetVersion(NAME, f"v{number}", None, number, 10, f"digest-v{number}", {}, built)
            )
    yield made
    made.close()


def four() -> FakeStore:
    return FakeStore({"v1": [], "v2": [], "v3": [], "v4": []})


def collect(
    ledger: Ledger,
    store: FakeStore,
    retention: Retention = NOTHING,
    *,
    seen: dict[str, list[str]] | None = None,
    dry_run: bool = False,
) -> CollectResult:
    return collecting.collect(
        ledger=ledger, store=store, name=NAME, seen=seen or {}, retention=retention, now=NOW, dry_run=dry_run
    )


def collected(ledger: Ledger) -> list[str]:
    with ledger.read() as work:
        return [one.tag for one in work.trainingsets.all(NAME) if one.collected_at is not None]


def test_collect__the_current_version_alone_stays_when_nothing_keeps_others(ledger: Ledger) -> None:
    found = collect(ledger, four())

    assert found.kept == {"v4": ("it is the current one",)}
    assert (found.versions, found.files, found.bytes) == (("v1", "v2", "v3"), 3, 300)
    assert collected(ledger) == ["v1", "v2", "v3"]


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(last=2, days=0), "v3 v4"),
        (Retention(last=9, days=0), "v1 v2 v3 v4"),
        (Retention(last=0, days=2), "v3 v4"),
        (Retention(last=3, days=1), "v2 v3 v4"),
    ],
)
def test_collect__what_is_recent_or_young_stays(ledger: Ledger, retention: Retention, kept: str) -> None:
    assert list(collect(ledger, four(), retention).kept) == kept.split()


def test_collect__what_has_a_name_or_was_learnt_from_stays_and_says_why(ledger: Ledger) -> None:
    store = four()
    store.names_of["v1"] = ["campaign-2026"]
    model = ModelVersion("activity", "1", "naf", "v2", "digest-v2", "key", "run", "0", {}, {}, NOW)
    with ledger.begin() as work:
        work.models.add(model)
    found = collect(ledger, store, seen={"digest-v2": ["notebook/7", "activity/1"], "digest-v3": ["run 1f"]})

    assert found.kept == {
        "v1": ("it is called campaign-2026",),
        "v2": ("activity/1, notebook/7 learnt from it",),
        "v3": ("run 1f learnt from it",),
        "v4": ("it is the current one",),
    }
    assert collected(ledger) == []


def test_collect__what_a_killed_build_left_is_for_the_next_build_to_enter(ledger: Ledger) -> None:
    store = FakeStore({"v3": [], "v5": [], "v4": []})
    found = collect(ledger, store)

    assert found.kept["v5"] == ("the ledger has not entered it yet",)


def test_collect__dry_run_tells_and_does_nothing(ledger: Ledger) -> None:
    store = four()
    found = collect(ledger, store, dry_run=True)

    assert found.versions == ("v1", "v2", "v3")
    assert list(store.names_of) == ["v1", "v2", "v3", "v4"]
    assert collected(ledger) == []


def test_collect__killed_before_the_files_went_is_finished_by_the_next(ledger: Ledger) -> None:
    store = four()
    store.dies = True
    with pytest.raises(KeyboardInterrupt):
        collect(ledger, store)
    assert collected(ledger) == ["v1", "v2", "v3"]  # never told of as there, whatever happened to the files
    store.dies, store.names_of["v2"] = False, ["kept-after-all"]

    found = collect(ledger, store)

    assert found.versions == ("v1", "v3")
    assert collected(ledger) == ["v1", "v3"]


def test_collect__what_others_commit_meanwhile_stays(ledger: Ledger) -> None:
    store = four()
    store.meanwhile = ["v5", "v6"]
    collect(ledger, store)

    assert list(store.names_of) == ["v4", "v5", "v6"]


def test_collect__nothing_was_ever_committed(tmp_path: Path) -> None:
    ledger = filled_ledger.empty_ledger(tmp_path)
    found = collect(ledger, FakeStore({}))

    assert (found.kept, found.versions) == ({}, ())
