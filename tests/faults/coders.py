"""Coders who work straight on the Label Studio server and note what it acknowledged.

A request that got no answer may have been carried out or not; the coder sends an answer again under the same id, as a
browser does, and looks up what became of the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from tests.faults.journal import Journal, Said
from tests.faults.plan import Step

ACKNOWLEDGED, UNKNOWN, REFUSED = "acknowledged", "unknown", "refused"
_BETWEEN_TRIES = 0.5


class Coder(threading.Thread):
    """``user`` is the server's id of the person; ``find`` gives the task that asks about a text of the plan."""

    def __init__(
        self,
        number: int,
        *,
        user: int,
        url: str,
        token: str,
        steps: Sequence[Step],
        find: Callable[[int], int | None],
        journal: Journal,
        given_up: threading.Event,
    ) -> None:
        super().__init__(name=f"coder-{number}", daemon=True)
        self._number = number
        self._user = user
        self._url = url
        self._headers = {"Authorization": f"Token {token}"}
        self._steps = steps
        self._find = find
        self._journal = journal
        self._given_up = given_up
        self._annotations: dict[int, tuple[int, int]] = {}

    def run(self) -> None:
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=30, trust_env=False) as self._client:
            for step in self._steps:
                if self._given_up.wait(step.pause):
                    return
                self._take(step)

    def _take(self, step: Step) -> None:
        if step.action in ("answer", "skip", "repeat"):
            self._answer(step)
        elif step.text in self._annotations:
            self._change(step, *self._annotations[step.text])

    def _answer(self, step: Step) -> None:
        """Until the server has said something: the id of its own makes it count once."""
        while not self._given_up.is_set():
            task = self._find(step.text)
            if task is not None:
                body = _result(step.code) | {
                    "completed_by": self._user,
                    "unique_id": step.unique_id,
                    "was_cancelled": step.action == "skip",
                    "lead_time": 20.0,
                }
                answer = self._request("POST", f"/api/tasks/{task}/annotations/", body)
                if answer is not None and answer.status_code in (201, 409):
                    return self._answered(step, task, answer)
            # Also while the task is deleted, until a push has brought it back.
            self._given_up.wait(_BETWEEN_TRIES)
        return None

    def _answered(self, step: Step, task: int, answer: httpx.Response) -> None:
        if answer.status_code == 201:
            number = int(answer.json()["id"])
            self._annotations[step.text] = (task, number)
            return self._note(step, ACKNOWLEDGED, task, number)
        # It is there from a request whose answer was lost, or was there before.
        known = self._annotations.get(step.text)
        if known is None and (found := self._look(task)) is not None:
            self._annotations[step.text] = (task, found)
        return self._note(step, REFUSED if step.action == "repeat" else ACKNOWLEDGED, task, None)

    def _look(self, task: int) -> int | None:
        answer = self._request("GET", f"/api/tasks/{task}/annotations/", None)
        if answer is None or answer.status_code != 200:
            return None
        return next((int(one["id"]) for one in answer.json() if one["completed_by"] == self._user), None)

    def _change(self, step: Step, task: int, annotation: int) -> None:
        method, path, body = {
            "edit": ("PATCH", f"/api/annotations/{annotation}/", _result(step.code)),
            "delete": ("DELETE", f"/api/annotations/{annotation}/", None),
            "undo": ("POST", f"/api/annotations/{annotation}/convert-to-draft", {}),
            "delete task": ("DELETE", f"/api/tasks/{task}/", None),
        }[step.action]
        answer = self._request(method, path, body)
        told = UNKNOWN if answer is None or answer.status_code >= 500 else REFUSED
        if answer is not None and answer.is_success:
            told = ACKNOWLEDGED
        if step.action != "edit":
            # Whatever became of it, nothing more is done to it.
            self._annotations.pop(step.text, None)
        self._note(step, told, task, annotation)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response | None:
        try:
            return self._client.request(method, path, json=body)
        except httpx.TransportError:
            return None

    def _note(self, step: Step, told: str, task: int, annotation: int | None) -> None:
        self._journal.spoke(Said(self._number, step, told, task, annotation))


class Finder:
    """Which task asks about a text, looked up anew when what was known is old or was deleted."""

    def __init__(self, read: Callable[[], Mapping[int, int]], *, seconds: float = 1.0) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: Mapping[int, int] = {}
        self._at = 0.0

    def __call__(self, text: int) -> int | None:
        with self._lock:
            if time.monotonic() - self._at > self._seconds:
                self._known, self._at = self._read(), time.monotonic()
            return self._known.get(text)


def _result(code: str) -> dict[str, Any]:
    return {"result": [{"from_name": "code", "to_name": "text", "type": "choices", "value": {"choices": [code]}}]}
