from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.campaign import presenting
from annotation.campaign.ports import Feedback, GivenAnswer, Notes, TaskPayload
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Draw
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import ARBITER_SEAT, Kind, Task, task_key
from annotation.domain.team import GoldText
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import campaigns

TEXT = Text("t", "g", "culture de blé", {"liasse_type": "C", "secret": "never shown"})
(TASK,) = campaigns.tasks_of("draw-1", 1, [TEXT])
SHOWN = Shown({"liasse_type": "Type de liasse", "absent": "Surface"}, reason=True)


def present(task: Task, *, shown: Shown = SHOWN, **policy: int | bool) -> TaskPayload:
    return presenting.payload(task, TEXT, campaigns.NAF, shown, Policy(**policy))  # type: ignore[arg-type]


def test_payload__holds_the_allowed_variables_by_title_and_nothing_else() -> None:
    plain, titled = present(TASK), present(TASK, shown=replace(SHOWN, values={"liasse_type": {"C": "Création"}}))

    assert plain.context == (("Type de liasse", "C"),)
    assert titled.context == (("Type de liasse", "Création"),)


def test_payload__shows_as_many_candidates_as_the_policy_says_and_probabilities_when_it_does() -> None:
    hidden, shown = present(TASK, candidates=1), present(TASK, show_probability=True)

    assert [(one.code, one.probability) for one in hidden.candidates] == [("01.11Z", None)]
    assert [(one.code, one.probability) for one in shown.candidates] == [("01.11Z", 0.6), ("01.12Z", 0.3)]


def test_payload__the_margin_counts_all_candidates_of_the_model_shown_or_not() -> None:
    assert present(TASK, candidates=1).score == pytest.approx(0.3)


def test_payload__a_code_that_cannot_be_given_is_no_candidate() -> None:
    task = replace(TASK, candidates=("01.1", "99.99Z", "01.13Z"), probabilities=(0.5, 0.3, 0.1))

    assert [one.code for one in present(task).candidates] == ["01.13Z"]


def test_payload__of_a_blind_task_nothing_that_a_model_said_leaves() -> None:
    told = replace(TASK, blind=True, reason="The model hesitates between 01.11Z and 01.12Z.")

    blind = present(told)

    assert blind == TaskPayload(TASK.key, TEXT.text, (("Type de liasse", "C"),), blind=True)


def test_candidate__stands_below_the_next_heading_that_says_something_else() -> None:
    codes = [
        Code("01", 1, None, "Cultures", leaf=False),
        Code("01.1", 2, "01", "", leaf=False),
        Code("01.11", 3, "01.1", "Céréales", leaf=False),
        Code("01.11Z", 4, "01.11", "Céréales", includes="blé", also_includes="orge", excludes="riz " * 400),
    ]

    one = presenting.candidate(Nomenclature(key="n", title="", codes=codes), "01.11Z")

    assert one.parent == "01 Cultures"
    assert one.notes == Notes("blé orge", "riz " * 124 + "riz …")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return campaigns.campaign(tmp_path, tasks=1)


def presented(work: UnitOfWork, kind: Kind, seat: int) -> TaskPayload:
    """Of a new task about the text of the first one."""
    (asked,) = work.tasks.of_campaign(campaigns.KEY)
    draw = work.draws.add(Draw("more", campaigns.KEY, 1, "m/1", "", "", {}, campaigns.NOW)).id
    task = replace(asked, key=task_key("more", asked.text_key, seat), draw_id=draw, seat=seat, kind=kind)
    work.tasks.add([task])
    (found,) = presenting.payloads(work, work.campaigns.get(campaigns.KEY), [task], SHOWN)
    return found


def test_payloads__an_arbiter_gets_the_answers_without_names_and_their_codes_first(ledger: Ledger) -> None:
    with ledger.begin() as work:
        (asked,) = work.tasks.of_campaign(campaigns.KEY)
        said = [("01.13Z", "carottes", 5), ("01.12Z", "", 1), ("01.13Z", "", None), (None, "", None)]
        for number, (code, comment, difficulty) in enumerate(said):
            coder = work.coders.pseudonym("fake", f"{number}", email=None, now=campaigns.NOW)
            outcome = Outcome.CODED if code else Outcome.LATER
            work.judgements.record(
                Judgement(
                    task_key=asked.key,
                    platform="fake",
                    external_id=f"{number}",
                    coder=coder,
                    outcome=outcome,
                    code=code,
                    judged_at=campaigns.NOW,
                    comment=comment,
                    difficulty=difficulty,
                ),
                now=campaigns.NOW,
            )

        shown = presented(work, Kind.ARBITRATION, ARBITER_SEAT)

    assert shown.answers == (
        GivenAnswer(Outcome.CODED, "01.12Z", "Culture du riz", difficulty=1),
        GivenAnswer(Outcome.CODED, "01.13Z", "Culture de légumes"),
        GivenAnswer(Outcome.CODED, "01.13Z", "Culture de légumes", "carottes", 5),
    )
    assert [one.code for one in shown.candidates] == ["01.13Z", "01.12Z", "01.11Z"]
    assert shown.score is None, "nothing stands chosen before the arbiter chooses"
    assert "C00" not in repr(shown)


def test_payloads__a_learner_gets_the_settled_code_with_its_note(ledger: Ledger) -> None:
    with ledger.begin() as work:
        (asked,) = work.tasks.of_campaign(campaigns.KEY)
        gold = GoldText("naf-small", asked.text_key, "01.12Z", "Rice grows in water.", "an arbiter", campaigns.NOW)
        work.gold.record([gold])

        shown = presented(work, Kind.TRAINING, 7)

    assert shown.feedback == Feedback("01.12Z", "Culture du riz", "Rice grows in water.")
