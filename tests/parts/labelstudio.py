"""The real Label Studio server, and what people do in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from annotation.errors import InstallationError
from annotation.labelstudio import installation
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from tests.parts.absence import absent


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """One server for all tests of the session; each makes projects of its own."""
    with started(tmp_path_factory.mktemp("label-studio")) as server:
        yield server


def started(folder: Path, *, port: int | None = None) -> LabelStudioServer:
    """A server on ``folder``, not yet started; absent where its environment cannot be installed."""
    try:
        installation.prepare(installation.cache_folder())
    except InstallationError as error:
        absent(error.message)
    return LabelStudioServer(data=folder, port=port)


@contextmanager
def platform_of(
    server: LabelStudioServer, *, url: str | None = None, language: str = "fr"
) -> Iterator[LabelStudioPlatform]:
    """``url`` is that of a proxy before the server."""
    account = server.account
    platform = LabelStudioPlatform(url or server.url, account.token, name=account.server, language=language)
    with closing(platform):
        yield platform


class Hands:
    """What a coder's browser sends."""

    def __init__(self, server: LabelStudioServer) -> None:
        self.token = server.account.token
        headers = {"Authorization": f"Token {self.token}"}
        self._client = httpx.Client(base_url=server.url, headers=headers, timeout=60)

    def close(self) -> None:
        self._client.close()

    def edit(self, task: int, annotation: str, code: str) -> None:
        result = [{"from_name": "code", "to_name": "text", "type": "choices", "value": {"choices": [code]}}]
        self.request("PATCH", f"/api/annotations/{annotation}/", json={"result": result})

    def delete_annotation(self, task: int, annotation: str) -> None:
        self.request("DELETE", f"/api/annotations/{annotation}/")

    def undo(self, task: int, annotation: str) -> None:
        """The coder takes the submission back; what was said becomes a draft."""
        self.request("POST", f"/api/annotations/{annotation}/convert-to-draft", json={})

    def delete_task(self, task: int) -> None:
        self.request("DELETE", f"/api/tasks/{task}/")

    def delete_project(self, project: int) -> None:
        self.request("DELETE", f"/api/projects/{project}/")

    def change_screen(self, project: int) -> None:
        """As somebody does who finds the buttons too small."""
        screen = self.request("GET", f"/api/projects/{project}/")["label_config"]
        changed = screen.replace('rows="1"', 'rows="3"')
        self.request("PATCH", f"/api/projects/{project}/", json={"label_config": changed})

    def announce(self, project: int, url: str) -> None:
        """Have the project's events sent somewhere."""
        body = {"project": project, "url": url, "headers": {"X-AWB-Secret": "s"}, "send_payload": True}
        self.request("POST", "/api/webhooks/", json=body)

    def add_foreign_task(self, project: int) -> int:
        data = {"text": "by hand", "context": "", "reason": "", "candidates": []}
        answer = self.request(
            "POST", f"/api/projects/{project}/import", params={"return_task_ids": "true"}, json=[{"data": data}]
        )
        return int(answer["task_ids"][0])

    def request(self, method: str, path: str, **content: Any) -> Any:
        answer = self._client.request(method, path, **content)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def personal_token(url: str, email: str, password: str) -> str:
    """A personal access token, made as the account page does; a user has one at a time."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as browser:
        browser.get("/user/login/").raise_for_status()
        form = {"email": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post("/user/login/", data=form, headers={"Referer": f"{url}/user/login/"}).raise_for_status()
        answer = browser.post("/api/token/", headers={"X-CSRFToken": browser.cookies["csrftoken"]})
        answer.raise_for_status()
        return str(answer.json()["token"])
