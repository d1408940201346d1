"""Label Studio as the campaign's platform."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from annotation import network
from annotation.campaign.ports import (
    Answer,
    LostAnswerError,
    PlatformCheck,
    PlatformCoder,
    PlatformTask,
    ProjectSpec,
    TaskPayload,
)
from annotation.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError
from annotation.labelstudio import payload, settings, taxonomy, webhook
from annotation.labelstudio.session import Session, TooLongError

PAGE = 1000
TESTED = "1.23"
SECONDS_PER_REQUEST = 120.0


class LabelStudioPlatform:
    """``name`` is how the ledger knows this server's database; by default its address.

    ``public_url`` is the address that coders' browsers use, where it differs from ``url``.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        name: str | None = None,
        public_url: str | None = None,
        language: str = "fr",
        timeout: float = SECONDS_PER_REQUEST,
        ca_file: Path | None = None,
    ) -> None:
        self._session = Session(url, token, timeout=timeout, ca_file=ca_file)
        self._name = name or self._session.url
        self._public_url = (public_url or url).rstrip("/")
        self._language = language
        # Projects that were seen to show predictions, so that not every batch asks again.
        self._showing: set[int] = set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def session(self) -> Session:
        return self._session

    def close(self) -> None:
        self._session.close()

    def check(self) -> PlatformCheck:
        try:
            version = self._session.get("api/version")
            user = self._session.get("api/current-user/whoami")
        except (UnreachableError, InvalidInputError) as error:
            return PlatformCheck("", self._session.token_kind, "", error.message, error.cure)
        release = str(version.get("release", ""))
        known = release.startswith(TESTED)
        return PlatformCheck(
            version=release,
            token_kind=self._session.token_kind,
            user=str(user.get("email", "")),
            problem="" if known else f"Label Studio {release} has not been tried with this version, {TESTED} has.",
            cure="" if known else "Try a push and a pull on a project of your own first.",
        )

    def ensure_project(self, spec: ProjectSpec) -> int:
        found = [p for p in self._projects() if settings.marker(spec) in (p.get("description") or "")]
        if found:
            # The oldest, should two processes ever have made one each.
            number = min(int(project["id"]) for project in found)
        else:
            made = self._session.write("POST", "api/projects/", body=settings.of_new(spec))
            number = int(made["id"])
        self.mend_project(number, spec)
        return number

    def mend_project(self, project: int, spec: ProjectSpec) -> tuple[str, ...]:
        found = self._session.get(f"api/projects/{project}/", include=settings.FIELDS)
        if settings.marker(spec) not in (found.get("description") or ""):
            raise ConflictError(
                f"Project {project} of {self._name} is not that of {spec.key}.",
                cure="Was its description changed, or another database put behind the address?",
            )
        self._show_predictions(project, found)
        config = settings.screen(spec, self._tree_url(project, spec, found))
        changed = settings.differences(found, spec, config)
        if not changed:
            return ()
        try:
            self._session.write("PATCH", f"api/projects/{project}/", body=changed)
        except InvalidInputError as error:
            if "label_config" not in changed:
                raise
            raise InvalidInputError(
                f"The screen of project {project} was changed, and Label Studio refuses ours: {error.message}",
                cure="Answers were given on the other screen. Delete those annotations, then run: awb push",
            ) from error
        return tuple(sorted(changed))

    def require_project(self, project: int) -> int:
        self._session.get(f"api/projects/{project}/", include="id")
        return int(self._page(project, [_filter("data.key", "empty", "String", False)], fields="id", size=1)["total"])

    def clock(self) -> datetime | None:
        self._session.get("api/version")
        return self._session.date

    def newest_change(self, project: int) -> datetime | None:
        newest = self._page(project, [], fields="id,data,updated_at", size=1, ordering="-tasks:updated_at")["tasks"]
        return payload.decode(newest[0]).updated_at if newest else None

    def find_tasks(self, project: int, keys: Sequence[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for start in range(0, len(keys), PAGE):
            for task in self._of_keys(project, keys[start : start + PAGE]):
                found.setdefault(str(task["data"]["key"]), []).append(int(task["id"]))
        return {key: sorted(ids) for key, ids in found.items()}

    def create_tasks(self, project: int, payloads: Sequence[TaskPayload]) -> dict[str, int]:
        body = [payload.encode(one, language=self._language) for one in payloads]
        answer = self._session.write(
            "POST", f"api/projects/{project}/import", body=body, params={"return_task_ids": "true"}
        )
        if any(one.get("predictions") for one in body):
            self._show_predictions(project)
        ids = answer.get("task_ids") or []
        if len(ids) == len(payloads):
            return {one.key: int(number) for one, number in zip(payloads, ids, strict=True)}
        found = self.find_tasks(project, [one.key for one in payloads])
        return {key: numbers[0] for key, numbers in found.items()}

    def delete_unanswered(self, project: int, ids: Sequence[int]) -> list[int]:
        # Label Studio itself picks those without an answer, at the moment when it deletes: what is submitted between
        # our look and our request stays.
        unanswered = [_filter(f"{kind}_annotations", "equal", "Number", 0) for kind in ("total", "cancelled")]
        for start in range(0, len(ids), PAGE):
            self._session.write(
                "POST",
                "api/dm/actions/",
                params={"id": "delete_tasks", "project": project},
                body={
                    "selectedItems": {"all": False, "included": list(ids[start : start + PAGE])},
                    "filters": {"conjunction": "and", "items": unanswered},
                    "ordering": [],
                },
            )
        left = {task.external_id for task in self.tasks(project, ids)}
        return [number for number in ids if number not in left]

    def blank_tasks(self, ids: Sequence[int]) -> int:
        blanked = 0
        for number in ids:
            try:
                found = self._session.get(f"api/tasks/{number}/")
            except NotFoundError:
                continue
            data = payload.blanked(found["data"], language=self._language)
            if data != found["data"]:
                self._session.write("PATCH", f"api/tasks/{number}/", body={"data": data})
                blanked += 1
        return blanked

    def changed_tasks(self, project: int, since: datetime | None) -> Iterator[list[PlatformTask]]:
        filters = [] if since is None else [_filter("updated_at", "greater", "Datetime", _moment(since))]
        for page in self._pages(project, filters, fields=payload.FIELDS):
            yield [payload.decode(task) for task in page]

    def tasks(self, project: int, ids: Sequence[int]) -> list[PlatformTask]:
        found: list[PlatformTask] = []
        for start in range(0, len(ids), PAGE):
            chosen = [_filter("id", "in_list", "List", [int(number) for number in ids[start : start + PAGE]])]
            for page in self._pages(project, chosen, fields=payload.FIELDS):
                found += [payload.decode(task) for task in page]
        return found

    def task_ids(self, project: int) -> set[int]:
        return {int(task["id"]) for page in self._pages(project, [], fields="id") for task in page}

    def coders(self) -> dict[str, PlatformCoder]:
        users = self._session.get("api/users/")
        return {str(user["id"]): PlatformCoder(str(user["id"]), str(user["email"])) for user in users}

    def sign_up(self, email: str, password: str) -> PlatformCoder:
        known = self._coder(email)
        if known is not None:
            return known
        # Only the form makes a user who can log in; one made by the API cannot.
        invitation = self._session.get("api/invite")["token"]
        address = f"{self._session.url}/user/signup/"
        form = {"email": email, "password": password}
        try:
            trusted = network.trust(self._session.ca_file)
            with httpx.Client(timeout=30, params={"token": invitation}, verify=trusted) as browser:
                browser.get(address).raise_for_status()
                form["csrfmiddlewaretoken"] = browser.cookies.get("csrftoken") or ""
                browser.post(address, data=form, headers={"Referer": address})
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"Label Studio's form at {address} does not answer: {error or type(error).__name__}.",
                cure="Check the server with: awb doctor",
            ) from error
        joined = self._coder(email)
        if joined is None:
            raise InvalidInputError(
                f"Label Studio did not let {email} join.", cure="A password needs 8 characters and must not be common."
            )
        return joined

    def annotate(self, task: int, coder: PlatformCoder, answer: Answer) -> None:
        body = payload.encode_answer(answer, completed_by=int(coder.external_id))
        # May be sent again: it carries an id of its own, which Label Studio takes once.
        again = Retrying(
            retry=retry_if_exception_type(LostAnswerError),
            stop=stop_after_attempt(4),
            wait=wait_random_exponential(multiplier=0.3, max=5),
            reraise=True,
        )
        with suppress(ConflictError):
            again(self._session.write, "POST", f"api/tasks/{task}/annotations/", body=body)

    def share_webhook(self, project: int, *, like: int) -> int | None:
        return webhook.share(self._session, project=project, like=like)

    def project_url(self, project: int) -> str:
        return f"{self._public_url}/projects/{project}/data"

    def task_url(self, project: int, task: int) -> str:
        return f"{self._public_url}/projects/{project}/data?task={task}"

    def _projects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._session.get(
                "api/projects/", page=len(found) // 100 + 1, page_size=100, include="id,description,label_config"
            )
            found += page["results"]
            if len(found) >= int(page["count"]) or not page["results"]:
                return found

    def _tree_url(self, project: int, spec: ProjectSpec, found: Mapping[str, Any]) -> str:
        """Where browsers fetch the nomenclature's tree; uploaded when it has changed or the server has moved."""
        tree = taxonomy.tree(spec.nomenclature)
        name = f"tree-{hashlib.sha256(tree).hexdigest()[:12]}.json"
        shown = settings.tree_url(found)
        if shown.startswith(f"{self._public_url}/data/") and shown.endswith(name):
            return shown
        upload = self._session.write(
            "POST",
            f"api/projects/{project}/import",
            params={"commit_to_project": "false"},
            files={"tree.json": (name, tree, "application/json")},
        )
        file = self._session.get(f"api/import/file-upload/{upload['file_upload_ids'][0]}")["file"]
        return f"{self._public_url}/data/{file}"

    def _show_predictions(self, project: int, found: Mapping[str, Any] | None = None) -> None:
        if project in self._showing:
            return
        known = found or self._session.get(f"api/projects/{project}/", include=settings.FIELDS)
        # Label Studio takes the name of a model version only once a prediction bears it.
        if not known["total_predictions_number"]:
            return
        if known["model_version"] != payload.MODEL_VERSION:
            self._session.write("PATCH", f"api/projects/{project}/", body={"model_version": payload.MODEL_VERSION})
        self._showing.add(project)

    def _of_keys(self, project: int, keys: Sequence[str]) -> list[dict[str, Any]]:
        try:
            chosen = [_filter("data.key", "in_list", "String", list(keys))]
            return [task for page in self._pages(project, chosen, fields="id,data") for task in page]
        except TooLongError:
            if len(keys) <= 10:
                raise
            half = len(keys) // 2
            return self._of_keys(project, keys[:half]) + self._of_keys(project, keys[half:])

    def _pages(self, project: int, filters: list[dict[str, Any]], *, fields: str) -> Iterator[list[dict[str, Any]]]:
        """Pages in order of id. Each starts after the last id seen: a deletion in between shifts none out of sight."""
        last = 0
        while True:
            answer = self._page(project, [*filters, _filter("id", "greater", "Number", last)], fields=fields)
            tasks, total = answer["tasks"], int(answer["total"])
            if len(tasks) < min(total, PAGE):
                raise UnreachableError(
                    f"Label Studio says {total} tasks and gives {len(tasks)}.",
                    cure="The server limits its pages: raise its limit, or report this.",
                )
            if tasks:
                yield tasks
                last = int(tasks[-1]["id"])
            if total <= PAGE:
                return

    def _page(
        self,
        project: int,
        filters: list[dict[str, Any]],
        *,
        fields: str,
        size: int = PAGE,
        ordering: str = "tasks:id",
    ) -> Any:
        return self._session.get(
            "api/tasks/",
            project=project,
            fields="all" if "annotations" in fields else "task_only",
            include=fields,
            page=1,
            page_size=size,
            query=json.dumps({"ordering": [ordering], "filters": {"conjunction": "and", "items": filters}}),
        )

    def _coder(self, email: str) -> PlatformCoder | None:
        return next((one for one in self.coders().values() if one.email.lower() == email.lower()), None)


def _filter(field: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}


def _moment(moment: datetime) -> str:
    return re.sub(r"\+00:00$", "Z", moment.astimezone(UTC).isoformat(timespec="microseconds"))
