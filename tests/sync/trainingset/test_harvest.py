from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.label import Label, Source
from annotation.domain.task import Component, Task
from annotation.ledger.unit_of_work import Ledger
from sync.trainingset import harvest as harvesting
from sync.trainingset.harvest import HarvestResult
from tests.parts import pools


def asked(folder: Path) -> tuple[Ledger, list[str]]:
    """Three texts, each asked about in one task named as the text."""
    ledger = pools.ledger(folder)
    keys = pools.arrive(ledger, ["culture de blé", "culture du riz", "restaurant"])
    ask(ledger, "main", keys)
    return ledger, keys


def ask(ledger: Ledger, campaign: str, keys: list[str]) -> None:
    with ledger.begin() as work:
        work.campaigns.add(Campaign(campaign, campaign, "naf", "fr", pools.START))
        draw = work.draws.add(Draw(f"{campaign}-draw", campaign, 1, None, "", "", {}, pools.START))
        work.tasks.add(
            [
                Task(f"{campaign}-{n}", draw.id, key, Component.AUDIT, "s", 1, 1, "", (), (), None)
                for n, key in enumerate(keys)
            ]
        )


def say(
    ledger: Ledger, task: str, code: str | None, *, coder: str = "1", minute: int = 0, deleted: bool = False,
    outcome: Outcome | None = None,
) -> None:  # fmt: skip
    decided = outcome or (Outcome.CODED if code else Outcome.UNCLASSIFIABLE)
    with ledger.begin() as work:
        name = work.coders.pseudonym("fake", coder, email=None, now=pools.NOW)
        moment = pools.START + timedelta(minutes=minute)
        said = Judgement(task, "fake", f"{task}-{coder}", name, decided, code, moment, deleted=deleted)
        work.judgements.record(said, now=pools.NOW)


def harvest(ledger: Ledger, campaign: str = "main") -> HarvestResult:
    return harvesting.harvest(ledger=ledger, campaign_key=campaign, now=pools.NOW)


def labels(ledger: Ledger) -> dict[str, Label]:
    with ledger.read() as work:
        return {r.label.text_key: r.label for r in work.labels.current("naf")}


def test_harvest__settles_texts_once(tmp_path: Path) -> None:
    ledger, (wheat, rice, _) = asked(tmp_path)
    say(ledger, "main-0", "01.11Z")
    say(ledger, "main-1", None)

    assert harvest(ledger) == HarvestResult(2, 2, unclassifiable=1, disputed=0, undecided=0, withdrawn=0)
    assert harvest(ledger).labels == 0
    found = labels(ledger)
    assert (found[wheat].code, found[wheat].source, found[wheat].coder) == ("01.11Z", Source.CODER, "C001")
    assert found[wheat].judgement_id is not None
    assert found[rice].code is None


def test_harvest__an_edit_makes_another_label(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    say(ledger, "main-0", "01.11Z")
    harvest(ledger)
    say(ledger, "main-0", "01.12Z", minute=5)

    assert harvest(ledger).labels == 1
    assert labels(ledger)[wheat].code == "01.12Z"
    with ledger.read() as work:
        assert len(work.labels.history("naf", wheat)) == 2


def test_harvest__a_deletion_withdraws_the_label(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    say(ledger, "main-0", "01.11Z")
    harvest(ledger)
    say(ledger, "main-0", "01.11Z", deleted=True, minute=5)

    assert harvest(ledger) == HarvestResult(0, 1, unclassifiable=0, disputed=0, undecided=0, withdrawn=1)
    assert harvest(ledger) == HarvestResult(0, 0, unclassifiable=0, disputed=0, undecided=0, withdrawn=0)
    withdrawn = labels(ledger)[wheat]
    assert (withdrawn.code, withdrawn.weight, withdrawn.judgement_id) == (None, 0, None)


def test_harvest__a_second_coder_who_disagrees_withdraws_it_too(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    say(ledger, "main-0", "01.11Z")
    harvest(ledger)
    say(ledger, "main-0", "01.12Z", coder="2")

    result = harvest(ledger)

    assert (result.disputed, result.withdrawn) == (1, 1)
    assert labels(ledger)[wheat].code is None
    say(ledger, "main-0", "01.12Z", coder="3")
    harvest(ledger)
    assert labels(ledger)[wheat].code == "01.12Z"


def test_harvest__who_leaves_it_open_settles_nothing(tmp_path: Path) -> None:
    ledger, _ = asked(tmp_path)
    say(ledger, "main-0", None, outcome=Outcome.LATER)

    assert harvest(ledger) == HarvestResult(1, 0, unclassifiable=0, disputed=0, undecided=1, withdrawn=0)
    assert labels(ledger) == {}


def test_harvest__an_imported_label_stays_until_a_coder_speaks(tmp_path: Path) -> None:
    ledger, (wheat, rice, _) = asked(tmp_path)
    with ledger.begin() as work:
        work.labels.record([Label(key, "naf", "56.10A", Source.IMPORT, 1.0, pools.START) for key in (wheat, rice)])
    say(ledger, "main-0", "01.11Z")

    assert harvest(ledger).withdrawn == 0
    assert {key: label.code for key, label in labels(ledger).items()} == {wheat: "01.11Z", rice: "56.10A"}


def test_harvest__leaves_the_labels_of_another_campaign(tmp_path: Path) -> None:
    """The text waits in one campaign and was settled in another of the same nomenclature."""
    ledger, (wheat, *_) = asked(tmp_path)
    ask(ledger, "other", [wheat])
    say(ledger, "other-0", "01.11Z")
    say(ledger, "main-0", None, outcome=Outcome.LATER)
    harvest(ledger, "other")

    assert harvest(ledger).withdrawn == 0
    assert labels(ledger)[wheat].code == "01.11Z"
