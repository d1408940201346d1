from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.campaign.ports import Answer, Candidate, TaskPayload
from annotation.domain.judgement import Outcome
from annotation.errors import InvalidInputError
from annotation.labelstudio import interface, payload

MOMENT = "2026-03-02T08:00:00.123456Z"
CODES = st.text(min_size=1, max_size=12).filter(lambda code: not code.startswith("@"))


def annotation(result: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": 7, "result": result, "completed_by": 3, "created_at": MOMENT, "updated_at": MOMENT} | more


def task(*annotations: dict[str, Any], data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"id": 1, "data": data or {"key": "k"}, "updated_at": MOMENT, "annotations": list(annotations)}


def choice(*chosen: str, control: str = "code") -> dict[str, Any]:
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(chosen)}}


def path(*codes: str) -> dict[str, Any]:
    return {"from_name": "tree", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": [list(codes)]}}


ANSWERS = st.builds(
    Answer,
    id=st.uuids().map(str),
    outcome=st.sampled_from(Outcome),
    code=CODES,
    lead_time=st.floats(0, 1e6),
    path=st.lists(CODES, max_size=3).map(tuple),
    comment=st.text(max_size=20).map(str.strip),
)


@given(ANSWERS)
def test_answer__what_is_written_is_read_back(answer: Answer) -> None:
    coded = answer.outcome is Outcome.CODED
    written = json.loads(json.dumps(payload.encode_answer(answer, completed_by=3)))

    (read,) = payload.decode(task(written | {"id": 7, "created_at": MOMENT, "updated_at": MOMENT})).annotations

    assert read.problem == ""
    assert (read.outcome, read.coder, read.lead_time) == (answer.outcome, "3", answer.lead_time)
    assert read.code == ((answer.path[-1] if answer.path else answer.code) if coded else None)
    assert read.comment == ("" if answer.outcome is Outcome.LATER else answer.comment)


@given(
    st.text(),
    st.lists(st.tuples(CODES, st.text()), max_size=12),
    st.sampled_from(["fr", "en", "de"]),
    st.sampled_from([None, 0.0, 0.4]),
)
def test_task__what_is_written_is_read_back(
    text: str, codes: list[tuple[str, str]], language: str, score: float | None
) -> None:
    candidates = tuple(Candidate(code, title, 0.1) for code, title in codes)

    written = payload.encode(TaskPayload("key", text, candidates=candidates, score=score), language=language)

    read = payload.decode(json.loads(json.dumps(task(data=written["data"]))))
    assert (read.key, written["data"]["text"]) == ("key", text)
    assert [c["alias"] for c in written["data"]["candidates"][: len(codes)]] == [code for code, _ in codes]
    assert ("predictions" in written) == (bool(codes) and score is not None)


def test_encode__the_prediction_is_the_first_candidate_with_the_margin() -> None:
    candidates = (Candidate("01.11Z", "Céréales", 0.6), Candidate("01.12Z", "Riz", 0.3))
    sent = TaskPayload("k", "blé", (("Surface", "1"), ("Nature", "99")), "", candidates, "m/4", 0.3)

    written = payload.encode(sent, language="fr")

    assert written["predictions"] == [{"model_version": "workbench", "score": 0.3, "result": [choice("01.11Z")]}]
    assert written["data"]["model_version"] == "m/4"
    assert written["data"]["context"] == "Surface : 1 · Nature : 99"


def test_encode__keys_of_one_screen_are_all_different() -> None:
    candidates = tuple(Candidate(str(i), "") for i in range(30))

    shown = payload.encode(TaskPayload("k", "t", candidates=candidates), language="fr")["data"]["candidates"]

    keys = [one["hotkey"] for one in shown if "hotkey" in one]
    assert len(keys) == len(set(keys)) == 9 + len(interface.OUTCOME_HOTKEYS)
    assert not {"f", "h"} & set(keys)


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ([], "0 choices"),
        ([choice("01.11Z", "01.12Z")], "2 choices"),
        ([choice("@other")], "0 chosen in the tree"),
        ([choice("@other"), path()], "1 chosen in the tree"),
        ([choice("hard", control="difficulty")], "0 choices"),
        ([{"from_name": "code", "value": {"choices": "01.11Z"}}], "0 choices"),
        ([{"from_name": "code"}], "0 choices"),
    ],
)
def test_decode__what_cannot_be_read_says_why(result: list[dict[str, Any]], problem: str) -> None:
    (read,) = payload.decode(task(annotation(result))).annotations

    assert problem in read.problem
    assert read.code is None


def test_decode__a_skip_ignores_its_half_done_result() -> None:
    (read,) = payload.decode(task(annotation([choice("01.11Z")], was_cancelled=True))).annotations

    assert (read.outcome, read.code, read.problem) == (Outcome.LATER, None, "")


def test_decode__a_code_left_in_the_tree_does_not_count_when_another_was_chosen() -> None:
    (read,) = payload.decode(task(annotation([choice("01.11Z"), path("A", "01.13Z")]))).annotations

    assert read.code == "01.11Z"


def test_decode__difficulty_goes_into_the_comment() -> None:
    comment = {"from_name": "comment", "type": "textarea", "value": {"text": [" strange "]}}

    (read,) = payload.decode(
        task(annotation([choice("01.11Z"), comment, choice("hard", control="difficulty")]))
    ).annotations

    assert read.comment == "strange\n[hard]"


def test_decode__keeps_nothing_that_names_a_person() -> None:
    raw = annotation([choice("01.11Z")], completed_by={"id": 3, "email": "anna@demo.example"}, created_username="anna")

    (read,) = payload.decode(task(raw)).annotations

    assert read.coder == "3"
    assert "anna" not in json.dumps(dict(read.raw))
    assert read.raw["task"] == 1
    assert read.updated_at == datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)


def test_decode__refuses_what_is_no_task() -> None:
    with pytest.raises(InvalidInputError, match="updated_at"):
        payload.decode({"id": 1, "data": {}})
