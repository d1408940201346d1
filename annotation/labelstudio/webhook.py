"""Webhooks of Label Studio: one attempt, no signature, sometimes lost. They only say where to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotation.errors import InvalidInputError
from annotation.labelstudio.session import Session

SECRET_HEADER = "X-AWB-Secret"  # noqa: S105
ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook is about; a deletion names the ids of what was deleted and nothing else."""

    action: str
    project: int | None
    task_ids: tuple[int, ...]
    annotation_ids: tuple[int, ...]


class _Numbered(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    task: int | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    action: str
    project: _Numbered | None = None
    task: _Numbered | list[_Numbered] | None = None
    tasks: list[_Numbered] = Field(default_factory=list)
    annotation: _Numbered | list[_Numbered] | None = None
    annotations: list[_Numbered] = Field(default_factory=list)


def register(session: Session, *, project: int, url: str, secret: str) -> int:
    """The id of the project's webhook to ``url``, made or brought up to date; it carries the secret in a header."""
    body = {
        "project": project,
        "url": url,
        "headers": {SECRET_HEADER: secret},
        "send_payload": True,
        "send_for_all_actions": False,
        "actions": list(ACTIONS),
        "is_active": True,
    }
    known = [hook for hook in session.get("api/webhooks/", project=project) if hook["url"] == url]
    if known:
        hook_id = int(known[0]["id"])
        session.write("PATCH", f"api/webhooks/{hook_id}/", body=body)
        return hook_id
    return int(session.write("POST", "api/webhooks/", body=body)["id"])


def parse(body: Mapping[str, Any]) -> Hint:
    """Raise InvalidInputError for a body that is no webhook of Label Studio."""
    try:
        read = _Body.model_validate(body)
    except ValidationError as error:
        raise InvalidInputError("This is no webhook of Label Studio.", cure="Check who calls this address.") from error
    annotations = [*_listed(read.annotation), *read.annotations]
    tasks = [one.id for one in (*_listed(read.task), *read.tasks)]
    tasks += [one.task for one in annotations if one.task is not None]
    return Hint(
        action=read.action,
        project=read.project.id if read.project else None,
        task_ids=tuple(dict.fromkeys(tasks)),
        annotation_ids=tuple(dict.fromkeys(one.id for one in annotations)),
    )


def _listed(value: _Numbered | list[_Numbered] | None) -> list[_Numbered]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
