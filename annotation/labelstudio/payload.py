"""Tasks and answers as Label Studio writes them, and back: pure, without any request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AllowInfNan, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from annotation.campaign.ports import Answer, PlatformAnnotation, PlatformTask, TaskPayload
from annotation.domain.judgement import Outcome
from annotation.errors import InvalidInputError
from annotation.labelstudio import interface, markup, results, wording

# Label Studio shows and orders by the predictions of one model version of the project, while the outstanding tasks of
# a campaign come from several of our models. The model that really predicted stands in the task's data.
MODEL_VERSION = "workbench"

# Nested objects are filtered by the same list as tasks are: what is not named here comes back empty.
FIELDS = (
    "id,data,updated_at,annotations,result,completed_by,was_cancelled,lead_time,created_at,updated_by,ground_truth,"
    "parent_prediction"
)

# What of a task's data says nothing about its text.
_IMPERSONAL = frozenset({"key", "candidates", "model_version"})

# What is kept of an annotation as it came; who made it is the pseudonym's business.
RAW = ("id", "result", "was_cancelled", "lead_time", "created_at", "updated_at", "ground_truth", "parent_prediction")


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    result: list[dict[str, Any]] | None = None
    completed_by: int | dict[str, Any] | None = None
    was_cancelled: bool = False
    lead_time: Annotated[float, AllowInfNan(False)] | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class _Task(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    data: dict[str, Any] = Field(default_factory=dict)
    updated_at: AwareDatetime
    annotations: list[Any] = Field(default_factory=list)


def encode(payload: TaskPayload, *, language: str) -> dict[str, Any]:
    """A task for the import, with its prediction inline; a blind one has none."""
    predicted = payload.score is not None and bool(payload.candidates) and not payload.blind
    candidates = () if payload.blind else payload.candidates
    colon = wording.of(language)["colon"]
    data = {
        "key": payload.key,
        "text": payload.text,
        "context": "\n".join(f"{title}{colon}{value}" for title, value in payload.context),
        "reason": payload.reason,
        "candidates": interface.choices(candidates, language=language, predicted=predicted),
        "model_version": payload.model_version or "",
    } | _beside(payload, language)
    task: dict[str, Any] = {"data": data}
    # A candidate that no model predicted, as those of a correspondence, must not stand chosen before the coder chooses.
    if predicted:
        result = [results.choice(interface.CODE, payload.candidates[0].code)]
        task["predictions"] = [{"model_version": MODEL_VERSION, "result": result, "score": payload.score}]
    return task


def _beside(payload: TaskPayload, language: str) -> dict[str, str]:
    """Label Studio refuses a task that lacks what its screen shows, be it empty."""
    words = wording.of(language)
    settled = markup.feedback(payload.feedback, words) if payload.feedback else ""
    given = markup.answers(payload.answers, words, interface.outcome_words(language))
    return {interface.ANSWERS: given, interface.FEEDBACK: settled}


def blanked(data: Mapping[str, Any], *, language: str) -> dict[str, Any]:
    """A task's data without the text and all that was said about it; what answers hang on stays."""
    empty = {name: value if name in _IMPERSONAL else "" for name, value in data.items()}
    return empty | {"text": wording.of(language)["erased"]}


def encode_answer(answer: Answer, *, completed_by: int) -> dict[str, Any]:
    """An annotation for Label Studio; an answer ``LATER`` is a skip."""
    result = [] if answer.outcome is Outcome.LATER else list(results.write(answer))
    return {
        "result": result,
        "was_cancelled": answer.outcome is Outcome.LATER,
        "lead_time": answer.lead_time,
        "completed_by": completed_by,
        "unique_id": answer.id,
        "ground_truth": False,
    }


def decode(task: Mapping[str, Any]) -> PlatformTask:
    """A task of the API with its annotations. Errors: InvalidInputError for what is no task.

    An annotation that cannot be read stays among them and says why.
    """
    try:
        read = _Task.model_validate(task)
    except ValidationError as error:
        raise InvalidInputError(
            f"Label Studio sent a task that cannot be read: {_fault(error)}.",
            cure="Check the server's version with: awb doctor",
        ) from error
    key = read.data.get("key")
    return PlatformTask(
        external_id=read.id,
        key=key if isinstance(key, str) and key else None,
        updated_at=read.updated_at,
        annotations=tuple(_annotation(raw, place, read) for place, raw in enumerate(read.annotations)),
    )


def _annotation(raw: Any, place: int, task: _Task) -> PlatformAnnotation:
    try:
        read = _Annotation.model_validate(raw)
    except ValidationError as error:
        return _unreadable(raw, place, task, _fault(error))
    # A skip keeps the half-done result: what stands there was never submitted as an answer.
    skipped = Outcome.LATER, None, ""
    result = read.result or []
    outcome, code, problem = skipped if read.was_cancelled else results.answer(result)
    return PlatformAnnotation(
        external_id=str(read.id),
        outcome=outcome,
        code=code,
        coder=_coder(read.completed_by),
        created_at=read.created_at,
        updated_at=read.updated_at,
        lead_time=read.lead_time,
        comment=results.comment(result),
        difficulty=results.difficulty(result),
        detail=results.reason(result) if outcome is Outcome.UNCLASSIFIABLE else "",
        problem=problem,
        raw=_kept(raw, task),
    )


def _unreadable(raw: Any, place: int, task: _Task, fault: str) -> PlatformAnnotation:
    number = raw.get("id") if isinstance(raw, dict) else None
    return PlatformAnnotation(
        external_id=str(number) if isinstance(number, int) else f"{task.id}#{place}",
        outcome=Outcome.LATER,
        code=None,
        coder="",
        created_at=task.updated_at,
        updated_at=task.updated_at,
        problem=f"the annotation cannot be read: {fault}",
        raw=_kept(raw, task),
    )


def _kept(raw: Any, task: _Task) -> dict[str, Any]:
    kept = {name: raw[name] for name in RAW if name in raw} if isinstance(raw, dict) else {}
    return kept | {"task": task.id}


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"


def _coder(completed_by: int | dict[str, Any] | None) -> str:
    found = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return "" if found is None else str(found)
