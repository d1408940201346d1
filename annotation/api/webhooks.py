"""What annotation platforms tell us, taken in at once: Label Studio keeps the coder waiting and hangs up after 1 s."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, ValidationError

from annotation.api import access
from annotation.api.access import UnauthorisedError
from annotation.api.inbox import Hint, InboxWriter
from annotation.api.representations import Problem
from annotation.errors import InstallationError, InvalidInputError, UnreachableError, WorkbenchError
from annotation.labelstudio import webhook

PATH = "/webhooks/labelstudio"
MOST_BYTES = 8 * 1024 * 1024
_PATIENCE_SECONDS = 0.3
_EXAMPLE = 'Send JSON such as {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "task": {"id": 7}}.'

# What a column of the ledger can hold; a larger one is no id of a real server.
Id = Annotated[int, Field(ge=0, le=2**31 - 1)]


class TooLargeError(WorkbenchError):
    """A body that no event of a platform needs."""


class Reference(BaseModel):
    id: Id
    task: Id | None = None


# Told after the first bad one: a body may hold millions of them.
References = Annotated[list[Reference], Field(fail_fast=True)]


class Event(BaseModel):
    """The ids of an event. All else is dropped: names and e-mail addresses, too, stand in a body."""

    action: str = Field(pattern=r"^[A-Z_]{1,64}$")
    project: Reference | None = None
    task: Reference | References | None = None
    tasks: References = Field(default_factory=list)
    annotation: Reference | References | None = None
    annotations: References = Field(default_factory=list)

    def hint(self, now: datetime) -> Hint:
        """As the pull wants it; a deletion names the ids of what was deleted and nothing else."""
        annotations = [*_listed(self.annotation), *self.annotations]
        tasks = {task.id for task in (*_listed(self.task), *self.tasks)}
        tasks |= {annotation.task for annotation in annotations if annotation.task is not None}
        ids = {"task_ids": sorted(tasks), "annotation_ids": sorted({annotation.id for annotation in annotations})}
        return Hint(self.action, self.project.id if self.project else None, ids, now)


class Received(BaseModel):
    stored: bool = Field(description="False while the ledger is busy: the event is held in memory and written later.")


def router(*, inbox: InboxWriter, secret: str | None, clock: Callable[[], datetime]) -> APIRouter:
    """The webhook's route; without a secret it refuses everything."""
    routes = APIRouter(tags=["webhooks"])
    answers: dict[int | str, dict[str, Any]] = {
        202: {"model": Received, "description": "Taken, but not yet written"},
        400: {"model": Problem, "description": "No event of Label Studio"},
        401: {"model": Problem, "description": "Wrong or missing secret"},
        413: {"model": Problem, "description": f"Longer than {MOST_BYTES} bytes"},
        503: {"model": Problem, "description": "No secret is configured, or too many events wait"},
    }

    @routes.post(PATH, summary="Receive an event of Label Studio", responses=answers)
    async def receive(request: Request, response: Response) -> Received:
        """Put the event into the inbox. Only ids are kept; the next pull reads the rest from Label Studio.

        The secret goes into the header `X-AWB-Secret`.
        """
        _check(request.headers.get(webhook.SECRET_HEADER, ""), secret)
        event = _parse(await _body(request))
        stored = await _store(inbox, event.hint(clock()))
        response.status_code = 200 if stored else 202
        return Received(stored=stored)

    return routes


def _check(given: str, secret: str | None) -> None:
    if not secret:
        raise InstallationError(
            "This server has no webhook secret, so that it takes no events.",
            cure="Set AWB_SERVE__WEBHOOK_SECRET, or name a file in serve.webhook_secret_file, and start it again.",
        )
    if not access.equal(given, secret):
        raise UnauthorisedError(
            "The webhook's secret is missing or wrong.", cure=f"Send it in the header {webhook.SECRET_HEADER}."
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLargeError(
                f"The body is longer than {MOST_BYTES} bytes.", cure="Send events of fewer tasks at a time."
            )
    return bytes(body)


def _parse(body: bytes) -> Event:
    try:
        return _read(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InvalidInputError(
            f"This is no event of Label Studio ({place}: {first['msg']}).", cure=_EXAMPLE
        ) from error


def _read(body: bytes) -> Event:
    try:
        return Event.model_validate_json(body)
    except ValidationError:
        # Half a character in a coder's comment is JSON to Label Studio's parser, and to none that is strict.
        with suppress(ValueError, RecursionError):
            return Event.model_validate(json.loads(body))
        raise


async def _store(inbox: InboxWriter, hint: Hint) -> bool:
    """Whether it was written within the patience that the coder's screen has."""
    try:
        stored = asyncio.wrap_future(inbox.put(hint))
    except queue.Full as error:
        raise UnreachableError(
            "Too many events wait for the ledger.", cure="Nothing is lost: the next pull finds what happened."
        ) from error
    # Not wait_for, which would cancel the write on time-out.
    done, _ = await asyncio.wait([stored], timeout=_PATIENCE_SECONDS)
    return bool(done)


def _listed(references: Reference | list[Reference] | None) -> list[Reference]:
    if references is None:
        return []
    return references if isinstance(references, list) else [references]
