from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import push, simulate
from annotation.campaign.presenting import Shown
from annotation.campaign.simulate import Behaviour, SimulateResult
from annotation.domain.judgement import Outcome
from annotation.errors import InvalidInputError
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.fake_platform import FakePlatform

FAULTLESS = Behaviour(coders=2, error_rate=0, skip_rate=0, give_up_rate=0)


def pushed(tmp_path: Path, *, tasks: int = 5) -> tuple[Ledger, FakePlatform]:
    ledger, platform = campaigns.campaign(tmp_path, tasks=tasks), FakePlatform()
    push.push(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        shown=Shown({}),
        clock=lambda: campaigns.NOW,
    )
    return ledger, platform


def run(
    ledger: Ledger, platform: FakePlatform, truth: dict[str, str | None], behaviour: Behaviour = FAULTLESS
) -> SimulateResult:
    return simulate.simulate(
        ledger=ledger,
        platform=platform,
        campaign_key=campaigns.KEY,
        truth=truth,
        password="not-so-secret",
        behaviour=behaviour,
    )


def test_simulate__answers_every_open_task_and_then_none(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)
    truth = campaigns.truth(ledger)

    first, second = run(ledger, platform, truth), run(ledger, platform, truth)

    assert first == SimulateResult(answered=5, coded=5, wrong=0, unclassifiable=0, skipped=0, unknown=0)
    assert second.answered == 0
    said = [a.code for task in platform.stored.values() for a in task.annotations.values()]
    assert said == ["01.11Z"] * 5
    assert len(platform.people) == 2


def test_simulate__a_text_without_code_is_unclassifiable_and_an_unknown_one_is_left(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)
    truth = campaigns.truth(ledger, None)
    truth.pop(min(truth))

    result = run(ledger, platform, truth)

    assert (result.unclassifiable, result.unknown) == (4, 1)


def test_simulate__refuses_the_truth_of_other_texts(tmp_path: Path) -> None:
    ledger, platform = pushed(tmp_path)

    with pytest.raises(InvalidInputError, match="none of the texts"):
        run(ledger, platform, {"other": "01.11Z"})


def test_answer__rates_hold_and_mistakes_are_plausible() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])
    behaviour = Behaviour(error_rate=0.2, skip_rate=0.1, give_up_rate=0.05, seed=3)

    answers = [simulate.answer(replace(task, key=f"{i:020x}"), "01.11Z", campaigns.NAF, behaviour) for i in range(4000)]

    outcomes = Counter(one.outcome for one in answers)
    codes = Counter(one.code for one in answers if one.outcome is Outcome.CODED)
    assert outcomes[Outcome.LATER] / 4000 == pytest.approx(0.1, abs=0.02)
    assert outcomes[Outcome.UNCLASSIFIABLE] / 4000 == pytest.approx(0.045, abs=0.015)
    assert 1 - codes["01.11Z"] / codes.total() == pytest.approx(0.2, abs=0.03)
    assert set(codes) == {"01.11Z", "01.12Z", "01.13Z"}
    assert sorted(one.lead_time for one in answers)[2000] == pytest.approx(55, rel=0.1)


def test_answer__a_code_that_is_not_on_the_screen_comes_by_the_tree() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])

    said = simulate.answer(task, "0113Z", campaigns.NAF, FAULTLESS)

    assert (said.code, said.path) == ("01.13Z", ("A", "01.1", "01.13Z"))


def test_answer__hangs_on_key_and_seed_alone() -> None:
    (text,) = campaigns.texts(1)
    (task,) = campaigns.tasks_of("d", 1, [text])
    behaviour = Behaviour(seed=5)

    assert simulate.answer(task, "01.11Z", campaigns.NAF, behaviour) == simulate.answer(
        task, "01.11Z", campaigns.NAF, behaviour
    )
