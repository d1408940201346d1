from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.label import Label, Source
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Component, Kind, Task
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


# Several coders.


def adopt(ledger: Ledger, policy: Policy) -> None:
    with ledger.begin() as work:
        work.policies.set("main", policy, by="test", now=pools.NOW)


def ask_again(ledger: Ledger, task: str, **changes: object) -> str:
    """The key of another task about the same text."""
    with ledger.begin() as work:
        (first,) = work.tasks.get([task]).values()
        again = replace(first, **{"key": f"{task}-again", "seat": 2} | changes)  # type: ignore[arg-type]
        work.tasks.add([again])
    return again.key


def test_harvest__a_label_keeps_all_judgements(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    again = ask_again(ledger, "main-0")
    say(ledger, "main-0", "01.11Z")
    harvest(ledger)
    say(ledger, again, "01.11Z", coder="2")
    say(ledger, again, None, coder="3", outcome=Outcome.LATER)

    assert harvest(ledger).labels == 1
    assert harvest(ledger).labels == 0
    label = labels(ledger)[wheat]
    assert (label.code, label.evidence, label.judgements) == ("01.11Z", "2 of 2 coders", (1, 2))


def test_harvest__by_the_policy_of_the_campaign(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    adopt(ledger, Policy(consensus=Consensus.TWO_AGREE))
    again = ask_again(ledger, "main-0")
    say(ledger, "main-0", "01.11Z")

    assert harvest(ledger) == HarvestResult(1, 0, unclassifiable=0, disputed=0, undecided=1, withdrawn=0)
    say(ledger, again, "01.11Z", coder="2")
    assert harvest(ledger).labels == 1
    assert labels(ledger)[wheat].evidence == "2 of 2 coders"


def test_harvest__the_arbiter_gives_the_label(tmp_path: Path) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    again = ask_again(ledger, "main-0")
    for number, code in enumerate(("01.11Z", "01.12Z", "01.12Z"), start=1):
        say(ledger, again if number > 1 else "main-0", code, coder=f"{number}")
    arbitration = ask_again(ledger, "main-0", key="main-0-arbiter", seat=ARBITER_SEAT, kind=Kind.ARBITRATION)
    say(ledger, arbitration, "01.11Z", coder="judge", minute=9)

    result = harvest(ledger)

    assert (result.labels, result.arbitrated, result.disputed) == (1, 1, 0)
    label = labels(ledger)[wheat]
    assert (label.code, label.source, label.coder) == ("01.11Z", Source.ARBITER, "C004")
    assert (label.evidence, label.judgements) == ("the arbiter, against 2 of 3 coders", (1, 2, 3, 4))
    assert label.judgement_id == 4


@pytest.mark.parametrize(
    ("codes", "evidence"),
    [((), "the arbiter alone"), (("01.11Z", "01.11Z"), "the arbiter, as 2 of 2 coders")],
)
def test_harvest__what_stands_behind_an_arbiter(tmp_path: Path, codes: tuple[str, ...], evidence: str) -> None:
    ledger, (wheat, *_) = asked(tmp_path)
    for number, code in enumerate(codes):
        say(ledger, "main-0", code, coder=f"{number}")
    say(ledger, ask_again(ledger, "main-0", seat=ARBITER_SEAT, kind=Kind.ARBITRATION), "01.11Z", coder="judge")
    harvest(ledger)

    assert labels(ledger)[wheat].evidence == evidence


def test_harvest__gold_and_training_make_no_label(tmp_path: Path) -> None:
    ledger, _ = asked(tmp_path)
    say(ledger, ask_again(ledger, "main-0", component=Component.GOLD), "01.11Z")
    say(ledger, ask_again(ledger, "main-1", kind=Kind.TRAINING), "01.11Z", coder="2")

    assert harvest(ledger) == HarvestResult(0, 0, unclassifiable=0, disputed=0, undecided=0, withdrawn=0)
    assert labels(ledger) == {}


def test_harvest__the_arbiter_takes_over_from_the_coders_and_gives_back(tmp_path: Path) -> None:
    """Of each source the newest label is in force: what was settled otherwise may not outlive it there."""
    ledger, (wheat, *_) = asked(tmp_path)
    say(ledger, "main-0", "01.12Z")
    harvest(ledger)
    arbitration = ask_again(ledger, "main-0", key="main-0-arbiter", seat=ARBITER_SEAT, kind=Kind.ARBITRATION)
    say(ledger, arbitration, "01.11Z", coder="judge", minute=9)

    assert (harvest(ledger).labels, harvest(ledger).labels) == (1, 0)
    assert in_force(ledger, wheat) == {Source.CODER: None, Source.ARBITER: "01.11Z"}
    assert labels(ledger)[wheat].code == "01.11Z"
    say(ledger, arbitration, "01.11Z", coder="judge", minute=10, deleted=True)
    result = harvest(ledger)
    assert (result.labels, result.withdrawn, harvest(ledger).labels) == (1, 0, 0)
    assert in_force(ledger, wheat) == {Source.CODER: "01.12Z", Source.ARBITER: None}
    assert labels(ledger)[wheat].code == "01.12Z"


def in_force(ledger: Ledger, key: str) -> dict[Source, str | None]:
    with ledger.read() as work:
        return {
            r.label.source: r.label.code for r in work.labels.newest_of("naf", list(Source)) if r.label.text_key == key
        }


def test_harvest__an_unclassifiable_that_is_deleted_is_withdrawn(tmp_path: Path) -> None:
    """It says that the text has no code; withdrawn, it says nothing."""
    ledger, (wheat, *_) = asked(tmp_path)
    say(ledger, "main-0", None)
    harvest(ledger)
    say(ledger, "main-0", None, deleted=True, minute=5)

    assert harvest(ledger).withdrawn == 1
    assert labels(ledger)[wheat].weight == 0


def test_harvest__by_a_consensus_declared_for_the_training_set(tmp_path: Path) -> None:
    ledger, _ = asked(tmp_path)
    say(ledger, "main-0", "01.11Z")

    result = harvesting.harvest(ledger=ledger, campaign_key="main", consensus=Consensus.TWO_AGREE, now=pools.NOW)
    assert (result.labels, result.undecided) == (0, 1)
