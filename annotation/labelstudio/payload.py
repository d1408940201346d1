"""Tasks and answers as Label Studio writes them, and back: pure, without any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotation.campaign.ports import Answer, PlatformAnnotation, PlatformTask, TaskPayload
from annotation.domain.judgement import Outcome
from annotation.errors import InvalidInputError
from annotation.labelstudio import interface

# Label Studio shows and orders by the predictions of one model version of the project, while the outstanding tasks of
# a campaign come from several of our models. The model that really predicted stands in the task's data.
MODEL_VERSION = "workbench"

# Nested objects are filtered by the same list as tasks are: what is not named here comes back empty.
FIELDS = (
    "id,data,updated_at,annotations,result,completed_by,was_cancelled,lead_time,created_at,updated_by,ground_truth,"
    "parent_prediction"
)

# What is kept of an annotation as it came; who made it is the pseudonym's business.
RAW = ("id", "result", "was_cancelled", "lead_time", "created_at", "updated_at", "ground_truth", "parent_prediction")


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    result: list[dict[str, Any]] | None = None
    completed_by: int | dict[str, Any] | None = None
    was_cancelled: bool = False
    lead_time: float | None = None
    created_at: datetime
    updated_at: datetime


class _Task(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    data: dict[str, Any] = Field(default_factory=dict)
    updated_at: datetime
    annotations: list[dict[str, Any]] = Field(default_factory=list)


def encode(payload: TaskPayload, *, language: str) -> dict[str, Any]:
    """A task for the import, with its prediction inline."""
    data = {
        "key": payload.key,
        "text": payload.text,
        "context": " · ".join(f"{title} : {value}" for title, value in payload.context),
        "reason": payload.reason,
        "candidates": interface.choices(payload.candidates, language=language),
        "model_version": payload.model_version or "",
    }
    task: dict[str, Any] = {"data": data}
    # A candidate that no model predicted, as those of a correspondence, must not stand chosen before the coder chooses.
    if payload.candidates and payload.score is not None:
        result = [_choice(interface.CODE, payload.candidates[0].code)]
        task["predictions"] = [{"model_version": MODEL_VERSION, "result": result, "score": payload.score}]
    return task


def encode_answer(answer: Answer, *, completed_by: int) -> dict[str, Any]:
    """An annotation for Label Studio; an answer ``LATER`` is a skip."""
    result = [] if answer.outcome is Outcome.LATER else list(_result(answer))
    return {
        "result": result,
        "was_cancelled": answer.outcome is Outcome.LATER,
        "lead_time": answer.lead_time,
        "completed_by": completed_by,
        "unique_id": answer.id,
        "ground_truth": False,
    }


def decode(task: Mapping[str, Any]) -> PlatformTask:
    """Raise InvalidInputError for what is no task of Label Studio; an unreadable annotation carries its problem."""
    try:
        read = _Task.model_validate(task)
        annotations = tuple(_decode_annotation(_Annotation.model_validate(raw), raw, read) for raw in read.annotations)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInputError(
            f"Label Studio sent a task that cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
            cure="Check the server's version with: awb doctor",
        ) from error
    key = read.data.get("key")
    return PlatformTask(read.id, key if isinstance(key, str) else None, read.updated_at, annotations)


def _decode_annotation(read: _Annotation, raw: Mapping[str, Any], task: _Task) -> PlatformAnnotation:
    outcome, code, problem = _answer(read)
    return PlatformAnnotation(
        external_id=str(read.id),
        outcome=outcome,
        code=code,
        coder=_coder(read.completed_by),
        created_at=read.created_at,
        updated_at=read.updated_at,
        lead_time=read.lead_time,
        comment=_comment(read.result or []),
        problem=problem,
        raw={name: raw[name] for name in RAW if name in raw} | {"task": task.id},
    )


def _answer(read: _Annotation) -> tuple[Outcome, str | None, str]:
    """Outcome, code, and why it cannot be read (then the first two mean nothing)."""
    if read.was_cancelled:
        # A skip keeps the half-done result: what stands there was never submitted as an answer.
        return Outcome.LATER, None, ""
    chosen = _values(read.result or [], interface.CODE, "choices")
    if len(chosen) != 1 or not isinstance(chosen[0], str):
        return Outcome.LATER, None, f"{len(chosen)} choices instead of one"
    if chosen[0] in interface.OUTCOMES:
        return interface.OUTCOMES[chosen[0]], None, ""
    if chosen[0] != interface.OTHER:
        return Outcome.CODED, chosen[0], ""
    paths = _values(read.result or [], interface.TREE, "taxonomy")
    if len(paths) != 1 or not isinstance(paths[0], list) or not paths[0]:
        return Outcome.LATER, None, f"another code was announced and {len(paths)} chosen in the tree"
    return Outcome.CODED, str(paths[0][-1]), ""


def _values(result: Sequence[Mapping[str, Any]], control: str, kind: str) -> list[Any]:
    found = [region.get("value") for region in result if region.get("from_name") == control]
    values = [value.get(kind) for value in found if isinstance(value, dict)]
    return [one for value in values if isinstance(value, list) for one in value]


def _comment(result: Sequence[Mapping[str, Any]]) -> str:
    words = [str(line).strip() for line in _values(result, interface.COMMENT, "text")]
    if interface.HARD in _values(result, interface.DIFFICULTY, "choices"):
        words.append("[hard]")
    return "\n".join(word for word in words if word)


def _coder(completed_by: int | dict[str, Any] | None) -> str:
    found = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return "" if found is None else str(found)


def _result(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.outcome is not Outcome.CODED:
        yield _choice(interface.CODE, next(key for key, one in interface.OUTCOMES.items() if one is answer.outcome))
    elif answer.path:
        yield _choice(interface.CODE, interface.OTHER)
        yield _region(interface.TREE, "taxonomy", {"taxonomy": [list(answer.path)]})
    else:
        yield _choice(interface.CODE, answer.code or "")
    if answer.comment:
        yield _region(interface.COMMENT, "textarea", {"text": [answer.comment]})


def _choice(control: str, alias: str) -> dict[str, Any]:
    return _region(control, "choices", {"choices": [alias]})


def _region(control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": control, "to_name": interface.TEXT, "type": kind, "value": value}
