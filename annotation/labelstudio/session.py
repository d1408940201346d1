"""Requests to Label Studio: the SDK's transport and log-in, with our rules on repeating and our errors.

What holds here: a request that writes is sent once. The SDK would repeat it after a lost answer, and Label Studio,
which knows no key of ours, would carry it out twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from annotation import network
from annotation.campaign.ports import LostAnswerError
from annotation.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError, WorkbenchError

READ_ATTEMPTS = 4
LEGACY, PERSONAL = "legacy", "personal"
CURES = {
    LEGACY: "Check the token. Legacy tokens may be off: switch them on in Organization > API Tokens Settings, "
    "or give a personal access token.",
    PERSONAL: "The personal access token has ended, was revoked, or belongs to another server: make a new one in "
    "Account & Settings > Personal Access Token.",
}


class _PassingError(Exception):
    """A fault of a reading request that may be gone at the next attempt."""

    def __init__(self, error: WorkbenchError) -> None:
        super().__init__(str(error))
        self.error = error


class TooLongError(InvalidInputError):
    """The address of the request is longer than the server, or the proxy before it, takes."""


class Session:
    """``token`` is a legacy token or a personal access token; which one, its form tells.

    ``date`` is when the server says that it gave its last answer, to the second.

    Raises on use: UnreachableError (no answer, refused token, server error), NotFoundError, InvalidInputError,
    ConflictError; LostAnswerError when a writing request went out and its answer did not come.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = 60.0,
        read_attempts: int = READ_ATTEMPTS,
        ca_file: Path | None = None,
    ) -> None:
        self.ca_file = ca_file
        self.url = url.rstrip("/")
        self.token_kind = kind_of(token)
        self._token = token
        self._timeout = timeout
        self._read_attempts = read_attempts
        self._sdk: Any = None
        self.date: datetime | None = None

    def get(self, path: str, **params: Any) -> Any:
        """The JSON that a reading request gives; faults that may pass are tried again."""
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(self._read_attempts),
            wait=wait_random_exponential(multiplier=0.3, max=5),
            reraise=True,
        )
        try:
            return retrying(self._read, path, params)
        except _PassingError as passing:
            raise passing.error from passing

    def write(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Any:
        """The JSON that a writing request gives, which is sent once."""
        sent: dict[str, Any] = {"params": params, "files": files}
        if body is not None:
            # The SDK would walk through the body before it writes it, which takes five times as long as the writing.
            sent |= {"content": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}
        try:
            response = self._send(method, path, **sent)
        except httpx.TransportError as error:
            raise self._no_answer(
                error, sent=not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            ) from error
        if response.status_code >= 500:
            raise LostAnswerError(
                f"Label Studio at {self.url} failed with status {response.status_code} on {path}.",
                cure="Run the command again: it looks up what has been done.",
            )
        return self._content(response, path)

    def close(self) -> None:
        if self._sdk is not None:
            self._transport.httpx_client.close()

    def _read(self, path: str, params: Mapping[str, Any]) -> Any:
        try:
            response = self._send("GET", path, params=params)
        except httpx.TransportError as error:
            raise _PassingError(self._no_answer(error, sent=False)) from error
        if response.status_code >= 500 or response.status_code == 429:
            raise _PassingError(
                UnreachableError(
                    f"Label Studio at {self.url} failed with status {response.status_code} on {path}.",
                    cure="Look into the server's log, then try again.",
                )
            )
        return self._content(response, path)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        self._connect()
        for last in (False, True):
            response: httpx.Response = self._log_in_and_request(method, path, request)
            if response.status_code != 401 or last or self.token_kind == LEGACY:
                break
            # The SDK tells by our clock when its access token ends; a clock that is slow keeps a dead one.
            self._sdk._client_wrapper._tokens_client._access_token = None
        return response

    def _log_in_and_request(self, method: str, path: str, request: Mapping[str, Any]) -> httpx.Response:
        from label_studio_sdk.core.api_error import ApiError

        try:
            sent = self._transport.request(
                path, method=method, request_options={"max_retries": 0, "timeout_in_seconds": self._timeout}, **request
            )
        except ApiError as error:
            raise self._refused(error.status_code or 401) from error
        except json.JSONDecodeError as error:
            raise self._not_label_studio() from error
        response: httpx.Response = sent
        self.date = _date(response.headers.get("Date", ""))
        return response

    @property
    def _transport(self) -> Any:
        # The SDK's typed methods drop the total of a page and the fields that they do not know; this is what they use.
        return self._sdk._client_wrapper.httpx_client

    def _connect(self) -> None:
        if self._sdk is not None:
            return
        # Here, because the import takes seconds that commands without Label Studio need not wait for.
        from label_studio_sdk import LabelStudio
        from label_studio_sdk.core.api_error import ApiError

        try:
            client = httpx.Client(timeout=self._timeout, follow_redirects=True, verify=network.trust(self.ca_file))
            self._sdk = LabelStudio(base_url=self.url, api_key=self._token, httpx_client=client)
        except ApiError as error:
            raise self._refused(401) from error

    def _content(self, response: httpx.Response, path: str) -> Any:
        status = response.status_code
        if status in (401, 403):
            raise self._refused(status)
        if status == 404:
            raise NotFoundError(
                f"Label Studio at {self.url} has no {path}.", cure="It may have been deleted; check with: awb doctor"
            )
        if status in (414, 431):
            raise TooLongError(f"Label Studio at {self.url} refuses an address of this length.")
        if status == 409:
            raise ConflictError(f"Label Studio has this already: {_detail(response)}")
        if status >= 400:
            raise InvalidInputError(f"Label Studio refuses {path} (status {status}): {_detail(response)}")
        if status == 204 or not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise self._not_label_studio() from error

    def _refused(self, status: int) -> UnreachableError:
        return UnreachableError(
            f"Label Studio at {self.url} refuses the {self.token_kind} token (status {status}).",
            cure=CURES[self.token_kind],
        )

    def _no_answer(self, error: Exception, *, sent: bool) -> UnreachableError:
        message = f"Label Studio at {self.url} does not answer: {error or type(error).__name__}."
        if sent:
            return LostAnswerError(message, cure="Run the command again: it looks up what has been done.")
        cure = network.DISTRUST_CURE if network.distrusted(error) else ""
        return UnreachableError(message, cure=cure or "Check that it runs and that the address is right: awb doctor")

    def _not_label_studio(self) -> UnreachableError:
        return UnreachableError(
            f"What answers at {self.url} is not Label Studio.",
            cure="Check the address; a log-in page may stand before it.",
        )


def kind_of(token: str) -> str:
    """``personal`` for a personal access token, which is a JWT; else ``legacy``."""
    try:
        jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return LEGACY
    return PERSONAL


def _date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None


def _detail(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return response.text[:300]
    if isinstance(body, dict):
        return json.dumps(body.get("validation_errors") or body.get("detail") or body, ensure_ascii=False)[:500]
    return json.dumps(body, ensure_ascii=False)[:500]
