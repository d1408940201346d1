from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest

from annotation.campaign.ports import LostAnswerError
from annotation.errors import ConflictError, InvalidInputError, NotFoundError, UnreachableError
from annotation.labelstudio import session
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.session import Session
from tests.parts.ports import free_port

TOKEN = "0" * 40
Answers = list[tuple[int, str]]


class Server(ThreadingHTTPServer):
    """Gives the prepared answers one after the other, the last one for ever; status 0 hangs up."""

    daemon_threads = True

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answers[min(self.server.asked, len(self.server.answers) - 1)]
        self.server.asked += 1
        self.close_connection = True
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[Answers], tuple[Server, Session]]]:
    servers: list[tuple[Server, Session]] = []

    def start(answers: Answers) -> tuple[Server, Session]:
        server = Server(answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append((server, Session(f"http://127.0.0.1:{server.server_address[1]}/", TOKEN, read_attempts=3)))
        return servers[-1]

    yield start
    for server, opened in servers:
        opened.close()
        server.shutdown()
        server.server_close()


Serve = Callable[[Answers], tuple[Server, Session]]


def test_get__tries_again_what_may_pass(serve: Serve) -> None:
    server, opened = serve([(503, ""), (0, ""), (200, '{"a": 1}')])

    assert opened.get("api/x") == {"a": 1}
    assert server.asked == 3


def test_get__gives_up_with_a_cure(serve: Serve) -> None:
    server, opened = serve([(500, "")])

    with pytest.raises(UnreachableError, match=r"status 500.*log"):
        opened.get("api/x")
    assert server.asked == 3


@pytest.mark.parametrize("answer", [(500, ""), (502, "<html>"), (0, "")])
def test_write__is_sent_once_and_says_that_nobody_knows(serve: Serve, answer: tuple[int, str]) -> None:
    server, opened = serve([answer])

    with pytest.raises(LostAnswerError):
        opened.write("POST", "api/x", body=[1])
    assert server.asked == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidInputError),
        (401, UnreachableError),
        (403, UnreachableError),
        (404, NotFoundError),
        (409, ConflictError),
        (414, InvalidInputError),
    ],
)
def test_write__each_refusal_has_its_error(serve: Serve, status: int, error: type[Exception]) -> None:
    _, opened = serve([(status, json.dumps({"detail": "because"}))])

    with pytest.raises(error):
        opened.write("POST", "api/x", body={})


def test_get__a_log_in_page_is_not_label_studio(serve: Serve) -> None:
    _, opened = serve([(200, "<html>Welcome</html>")])

    with pytest.raises(UnreachableError, match="not Label Studio"):
        opened.get("api/x")


@pytest.mark.parametrize("method", ["get", "write"])
def test_session__a_dead_server_gives_a_clear_error(method: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with (
        closing(Session(url, TOKEN, read_attempts=2)) as opened,
        pytest.raises(UnreachableError, match=r"does not answer.*awb doctor") as caught,
    ):
        opened.get("api/x") if method == "get" else opened.write("POST", "api/x")

    assert not isinstance(caught.value, LostAnswerError)


def test_session__an_ended_personal_token_says_what_to_do() -> None:
    ended = jwt.encode({"exp": 1_000_000_000, "token_type": "refresh"}, "a key of at least thirty-two bytes")
    with (
        closing(Session("http://127.0.0.1:9", ended)) as opened,
        pytest.raises(UnreachableError, match="Personal Access Token"),
    ):
        opened.get("api/x")


def test_kind_of__tells_a_token_by_its_form() -> None:
    personal = jwt.encode({"exp": 4_000_000_000}, "a key of at least thirty-two bytes")

    assert (session.kind_of(TOKEN), session.kind_of(personal)) == ("legacy", "personal")


def test_sign_up__a_form_that_fails_is_told_like_any_other_request(serve: Serve) -> None:
    _, opened = serve([(200, "[]"), (200, '{"token": "invited"}'), (502, "")])

    with (
        closing(LabelStudioPlatform(opened.url, TOKEN)) as platform,
        pytest.raises(UnreachableError, match=r"form.*502"),
    ):
        platform.sign_up("coder1@demo.example", "a-long-passphrase")
