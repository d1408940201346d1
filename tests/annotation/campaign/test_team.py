from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import team
from annotation.campaign.team import Team
from annotation.domain.team import Standing
from annotation.errors import NotFoundError
from tests.parts.fake_platform import FakePlatform
from tests.parts.office import KEY, Office


def test_pseudonym__of_somebody_who_has_joined_the_platform(tmp_path: Path) -> None:
    office, platform = Office.of(tmp_path), FakePlatform()
    platform.sign_up("ann@office.example", "a-long-password")

    def find(email: str) -> str:
        return team.pseudonym(ledger=office.ledger, platform=platform, email=email, now=office.now)

    assert find("Ann@Office.example ") == find("ann@office.example") == "C001"
    with pytest.raises(NotFoundError, match="invite link"):
        find("bob@office.example")


def test_team__arbiters_and_those_who_left_are_no_coders(tmp_path: Path) -> None:
    office = Office.of(tmp_path)
    states = {name: office.hire(name, state=state) for name, state in zip("abcd", Standing, strict=True)}
    office.hire("judge", arbiter=True)
    with office.ledger.read() as work:
        found = Team.read(work, KEY)

    assert list(found.coders) == [states["a"]]
    assert list(found.arbiters) == ["C005"]
    assert found.enrolled


def test_team__of_arbiters_alone_leaves_the_coding_to_all(tmp_path: Path) -> None:
    office = Office.of(tmp_path)
    office.hire("judge", arbiter=True)
    office.hire("gone", state=Standing.LEFT)
    with office.ledger.read() as work:
        assert not Team.read(work, KEY).enrolled
