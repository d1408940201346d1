"""Tasks and answers as Label Studio writes them, and back: pure, without any request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AllowInfNan,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from annotation.campaign.ports import Answer, PlatformAnnotation, PlatformTask, TaskPayload
from annotation.domain import characters
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

LONGEST_COMMENT: Final = 10_000
LONGEST_KEY: Final = 64
# In JSON: what neither database holds, or no JSON knows.
_SUSPECT: Final = re.compile(r"\\u0000|\\ud[89a-f]|NaN|Infinity")
_NESTED: Final = 200


def _within(moment: datetime) -> datetime:
    """In a year that every zone and both databases have."""
    if not 1970 <= moment.year <= 9000:
        raise ValueError("the year is none of ours")
    return moment.astimezone(UTC)


Id = Annotated[int, Field(ge=0, lt=2**63)]
Moment = Annotated[AwareDatetime, AfterValidator(_within)]


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Id
    result: list[dict[str, Any]] | None = None
    completed_by: int | dict[str, Any] | None = None
    was_cancelled: bool = False
    lead_time: Annotated[float, AllowInfNan(False)] | None = None
    created_at: Moment
    updated_at: Moment


class _Task(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Id
    data: dict[str, Any] = Field(default_factory=dict)
    updated_at: Moment
    annotations: list[Any] = Field(default_factory=list)

    @field_validator("data", mode="before")
    @classmethod
    def _of_others(cls, data: Any) -> Any:
        # A task of ours has a table of values; one of somebody else's may have anything, and stops no pull.
        return data if isinstance(data, dict) else {}

    @field_validator("annotations", mode="before")
    @classmethod
    def _listed(cls, annotations: Any) -> Any:
        return annotations or []


def encode(payload: TaskPayload, *, language: str) -> dict[str, Any]:
    """A task for the import, with its prediction inline; a blind one has none."""
    predicted = payload.score is not None and bool(payload.candidates) and not payload.blind
    candidates = () if payload.blind else payload.candidates
    colon = wording.of(language)["colon"]
    data = {
        "key": payload.key,
        "text": characters.shown(payload.text),
        "context": "\n".join(f"{title}{colon}{characters.shown(value)}" for title, value in payload.context),
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
    return PlatformTask(
        external_id=read.id,
        key=_key(read.data.get("key")),
        updated_at=read.updated_at,
        annotations=tuple(_annotation(_storable(raw), place, read) for place, raw in enumerate(read.annotations)),
    )


def _key(given: Any) -> str | None:
    """As tasks of ours have one; None for anything else."""
    ours = isinstance(given, str) and 0 < len(given) <= LONGEST_KEY and characters.storable(given) == given
    return given if ours else None


def _storable(raw: Any) -> Any:
    """The annotation as both databases can hold it."""
    try:
        written = json.dumps(raw)
    except (RecursionError, ValueError):
        return characters.storable_document(raw)
    deep = written.count("[") + written.count("{") > _NESTED
    return characters.storable_document(raw) if deep or _SUSPECT.search(written) else raw


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
        lead_time=read.lead_time if read.lead_time is None or read.lead_time >= 0 else None,
        comment=_cut(results.comment(result)),
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


def _cut(comment: str) -> str:
    """As long as a comment can be read; the whole of it stays in what is kept as it came."""
    cut = len(comment) > LONGEST_COMMENT
    return f"{comment[:LONGEST_COMMENT]}… [{len(comment)} characters]" if cut else comment


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"


def _coder(completed_by: int | dict[str, Any] | None) -> str:
    found = completed_by.get("id") if isinstance(completed_by, dict) else completed_by
    return str(found) if isinstance(found, int) and 0 <= found < 2**63 else ""
