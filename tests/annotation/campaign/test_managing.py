from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from annotation.campaign import managing
from annotation.campaign.managing import InvalidFieldsError
from annotation.domain.campaign import Campaign
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import Component
from annotation.domain.team import Standing
from annotation.errors import ConflictError, InvalidInputError, NotFoundError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.campaigns import KEY, NAF, NOW

NEW = Campaign("autumn", "Autumn campaign", NAF.key, "fr", NOW)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path)


def test_create__with_its_policy(ledger: Ledger) -> None:
    policy = Policy(second_share=0.2)
    with ledger.begin() as work:
        made = managing.create(work, NEW, policy=policy, by="lead", now=NOW)

    assert (made.campaign, made.policy, made.changed) == (NEW, policy, True)


def test_create__a_key_that_is_taken(ledger: Ledger) -> None:
    with ledger.begin() as work, pytest.raises(ConflictError):
        managing.create(work, replace(NEW, key=KEY), by="lead", now=NOW)


def test_create__an_unknown_nomenclature(ledger: Ledger) -> None:
    with ledger.begin() as work, pytest.raises(NotFoundError):
        managing.create(work, replace(NEW, nomenclature="none"), by="lead", now=NOW)


def test_create__names_every_field_that_cannot_be_taken(ledger: Ledger) -> None:
    with ledger.begin() as work, pytest.raises(InvalidFieldsError) as caught:
        managing.create(work, Campaign("a b", " ", NAF.key, "de", NOW), by="lead", now=NOW)

    assert set(caught.value.faults) == {"key", "title", "language"}


def test_pause_and_resume__a_second_time_changes_nothing(ledger: Ledger) -> None:
    with ledger.begin() as work:
        paused = managing.pause(work, KEY, by="lead", now=NOW)
        again = managing.pause(work, KEY, by="lead", now=NOW)
        resumed = managing.resume(work, KEY, by="lead", now=NOW)

    assert (paused.before, paused.after) == ({"paused": False}, {"paused": True})
    assert not again.changed
    assert not resumed.policy.paused


def test_extend__only_forward(ledger: Ledger) -> None:
    day = NOW.date()
    with ledger.begin() as work:
        managing.extend(work, KEY, ends_on=day + timedelta(days=9), by="lead", now=NOW)
        with pytest.raises(InvalidFieldsError) as caught:
            managing.extend(work, KEY, ends_on=day + timedelta(days=8), by="lead", now=NOW)
        policy = work.policies.current(KEY)

    assert caught.value.faults["ends_on"].limit == "2026-03-10"
    assert policy.ends_on == day + timedelta(days=9)


def test_extend__a_day_that_is_past(ledger: Ledger) -> None:
    with ledger.begin() as work, pytest.raises(InvalidFieldsError):
        managing.extend(work, KEY, ends_on=date(2020, 1, 1), by="lead", now=NOW)


def test_close__for_good(ledger: Ledger) -> None:
    with ledger.begin() as work:
        closed = managing.close(work, KEY, now=NOW)
        again = managing.close(work, KEY, now=NOW + timedelta(days=1))

        with pytest.raises(ConflictError):
            managing.resume(work, KEY, by="lead", now=NOW)
    assert closed.campaign.closed_at == again.campaign.closed_at == NOW
    assert (closed.changed, again.changed) == (True, False)


def test_revise__from_text_as_forms_and_commands_give_it(ledger: Ledger) -> None:
    values = {"second_components": "audit, rare", "consensus": "two_agree", "ends_on": " ", "gold_share": "0.05"}
    with ledger.begin() as work:
        managing.revise(work, KEY, {"ends_on": "2026-12-24"}, by="lead", now=NOW)
        revised = managing.revise(work, KEY, values, by="lead", now=NOW)

    assert revised.policy == Policy(
        second_components=(Component.AUDIT, Component.RARE), consensus=Consensus.TWO_AGREE, gold_share=0.05
    )
    assert revised.before["ends_on"] == "2026-12-24"


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("candidates", "31", "high"),
        ("seats", "1", "low"),
        ("seats", "2.5", "int"),
        ("lease_hours", "0", "above"),
        ("lease_hours", "inf", "float"),
        ("hourly_rate", "nan", "low"),
        ("gold_share", "a lot", "float"),
        ("consensus", "dice", "choice"),
        ("second_components", "audit, dice", "choice"),
        ("ends_on", "soon", "date"),
        ("paused", "perhaps", "bool"),
        ("colour", "red", "unknown"),
    ],
)
def test_revise__says_what_is_wrong_with_the_field_and_writes_nothing(
    ledger: Ledger, field: str, value: str, kind: str
) -> None:
    with ledger.begin() as work:
        with pytest.raises(InvalidFieldsError) as caught:
            managing.revise(work, KEY, {"seats": "3", field: value}, by="lead", now=NOW)
        stored = work.policies.exists(KEY)

    assert caught.value.faults[field].kind == kind
    assert not stored


def test_enrol__skills_are_codes_of_any_level(ledger: Ledger) -> None:
    with ledger.begin() as work:
        coder = work.coders.pseudonym("labelstudio", "7", email=None, now=NOW)
        enrolled = managing.enrol(
            work, KEY, coder=coder, state=Standing.ACTIVE, arbiter=True, skills=["A", "0111Z", "A"], now=NOW
        )
        paused = managing.stand(work, KEY, coder=coder, state=Standing.PAUSED, reason=" on leave ", now=NOW)

    assert enrolled.skills == ("A", "01.11Z")
    assert (paused.state, paused.arbiter, paused.skills) == (Standing.PAUSED, True, ("A", "01.11Z"))
    assert paused.reason == "on leave"


def test_enrol__nobody_of_that_pseudonym_or_no_such_skill(ledger: Ledger) -> None:
    with ledger.begin() as work:
        coder = work.coders.pseudonym("labelstudio", "7", email=None, now=NOW)

        with pytest.raises(NotFoundError):
            managing.enrol(work, KEY, coder="C999", state=Standing.ACTIVE, now=NOW)
        with pytest.raises(InvalidInputError):
            managing.enrol(work, KEY, coder=coder, state=Standing.ACTIVE, skills=["99.99Z"], now=NOW)
        with pytest.raises(NotFoundError):
            managing.stand(work, KEY, coder=coder, state=Standing.PAUSED, now=NOW)
