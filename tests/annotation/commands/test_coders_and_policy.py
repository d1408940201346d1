"""`awb coder` and `awb campaign policy, pause, resume, extend`, as people call them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.team import Assignment
from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb, campaigns
from tests.parts.awb import Result

INVALID, MISSING, CONFLICT = 3, 4, 6


class Desk:
    """A home whose campaign has five texts, and two coders whom the platform told of."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        (home / "awb.toml").write_text(f'[campaign]\nkey = "{campaigns.KEY}"\nnomenclature = "naf-small"\n')
        with closing(campaigns.campaign(home)) as ledger, ledger.begin() as work:
            for name in "12":
                work.coders.pseudonym("fake", name, email=f"{name}@office.example", now=campaigns.NOW)

    def run(self, *arguments: str) -> Result:
        return awb.call(*arguments, "--home", str(self.home), "--output", "json")

    def __call__(self, *arguments: str) -> dict[str, Any]:
        return self.run(*arguments).succeeded()

    def shown(self, *arguments: str) -> str:
        result = awb.call(*arguments, "--home", str(self.home))
        assert result.code == 0, result.stderr
        return result.stdout

    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.home / 'ledger.db'}")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


# Coders.


def test_coder__is_added_listed_paused_resumed_and_leaves(desk: Desk) -> None:
    added = desk("coder", "add", "C001", "--skills", "A, 5610A")["coder"]
    assert (added["state"], added["skills"]) == ("active", ["A", "56.10A"])

    states = []
    for command in ("pause", "resume", "leave"):
        desk("coder", command, "C001", "--reason", "holiday")
        (listed,) = desk("coder", "list")["coders"]
        states.append((listed["state"], listed["reason"], listed["skills"]))
    at_home = ["A", "56.10A"]
    assert states == [
        ("paused", "holiday", at_home),
        ("active", "holiday", at_home),
        ("left", "holiday", at_home),
    ]


def test_coder_list__shows_what_waits_and_nobodys_address(desk: Desk) -> None:
    for coder, role in (("C002", "--no-training"), ("C001", "--arbiter")):
        desk("coder", "add", coder, role)
    with closing(desk.ledger()) as ledger, ledger.begin() as work:
        one, other, *_ = work.tasks.of_campaign(campaigns.KEY)
        work.assignments.add([Assignment(task.key, "C002", campaigns.NOW) for task in (one, other)])
        said = Judgement(one.key, "fake", "1", "C002", Outcome.CODED, "01.11Z", campaigns.NOW)
        work.judgements.record(said, now=campaigns.NOW)

    listed = desk("coder", "list")["coders"]
    assert [(one["coder"], one["arbiter"], one["waiting"], one["answered"]) for one in listed] == [
        ("C001", True, 0, 0),
        ("C002", False, 1, 1),
    ]
    shown = desk.shown("coder", "list")
    assert "C002" in shown
    assert "@" not in shown


def test_coder_add__a_new_coder_learns_first_where_the_policy_has_training(desk: Desk) -> None:
    desk("campaign", "policy", "--set", "training_tasks=10")

    assert desk("coder", "add", "C001")["coder"]["state"] == "training"
    assert desk("coder", "add", "C002", "--no-training")["coder"]["state"] == "active"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("add", "C099"), MISSING, "C099"),
        (("add", "C001", "--skills", "99.99Z"), INVALID, "99.99Z"),
        (("pause", "C001"), MISSING, "not enrolled"),
        (("list", "--campaign", "autumn"), MISSING, "autumn"),
    ],
)
def test_coder__says_what_is_wrong(desk: Desk, arguments: tuple[str, ...], code: int, told: str) -> None:
    refused = desk.run("coder", *arguments)

    assert refused.code == code
    assert told in refused.error["message"]


# Policies.


def test_policy__is_shown_and_changed(desk: Desk) -> None:
    before = desk("campaign", "policy")["policy"]
    changed = desk(
        "campaign", "policy", campaigns.KEY, "--set", "second_components=audit, rare", "--set", "consensus=two_agree"
    )

    assert before["consensus"] == "single"
    assert changed["after"] == {"second_components": ["audit", "rare"], "consensus": "two_agree"}
    assert desk("campaign", "policy")["policy"] == changed["policy"]
    assert "two_agree" in desk.shown("campaign", "policy")


def test_policy__from_a_file_with_what_is_set_above_it(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('second_share = 0.2\nseats = 3\nends_on = 2027-03-31\nsecond_components = ["audit"]\n')

    policy = desk("campaign", "policy", "--file", str(file), "--set", "seats=4")["policy"]

    assert (policy["second_share"], policy["seats"], policy["ends_on"]) == (0.2, 4, "2027-03-31")


@pytest.mark.parametrize(
    ("setting", "field"),
    [("seats=1", "seats"), ("seat=3", "seat"), ("second_share=often", "second_share"), ("consensus=loud", "consensus")],
)
def test_policy__the_error_names_the_field_and_nothing_is_written(desk: Desk, setting: str, field: str) -> None:
    refused = desk.run("campaign", "policy", "--set", "gold_share=0.1", "--set", setting)

    assert refused.code == INVALID
    assert refused.error["message"].startswith(f"{field}: ")
    assert desk("campaign", "policy")["policy"]["gold_share"] == 0.0


def test_campaign__is_paused_resumed_and_extended(desk: Desk) -> None:
    assert desk("campaign", "pause")["after"] == {"paused": True}
    assert desk("campaign", "pause")["after"] == {}
    assert desk("campaign", "resume")["after"] == {"paused": False}
    assert desk("campaign", "extend", campaigns.KEY, "--until", "2099-12-31")["after"] == {"ends_on": "2099-12-31"}
    assert desk.run("campaign", "extend", "--until", "2099-12-30").code == INVALID


def test_campaign__a_closed_one_is_not_changed(desk: Desk) -> None:
    desk("campaign", "close", campaigns.KEY)

    assert desk.run("campaign", "policy", "--set", "seats=3").code == CONFLICT
    assert desk.run("coder", "add", "C001").code == CONFLICT


def test_campaign__starts_with_the_policy_of_the_settings(desk: Desk) -> None:
    with (desk.home / "awb.toml").open("a") as file:
        file.write('\n[campaign.policy]\nseats = 3\nconsensus = "majority"\n')
    desk("campaign", "create", "autumn", "--nomenclature", "naf-small")

    policy = desk("campaign", "policy", "autumn")["policy"]
    assert (policy["seats"], policy["consensus"]) == (3, "majority")
    assert desk("campaign", "policy")["policy"]["seats"] == 2


def test_changes__are_written_down(desk: Desk) -> None:
    desk("campaign", "policy", "--set", "seats=3")
    desk("coder", "add", "C001")
    with closing(desk.ledger()) as ledger, ledger.read() as work:
        noted = {(one.action, one.subject) for one in work.audit.latest(limit=10)}

    assert {("campaign_policy", campaigns.KEY), ("coder_add", campaigns.KEY)} <= noted
