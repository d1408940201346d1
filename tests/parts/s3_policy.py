"""A gate before an S3 server that knows no rights: it asks a policy of AWS about each request, and notes them all.

Actions and resources of requests: Amazon's "Actions, resources, and condition keys for Amazon S3".
"""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding"}
DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass(frozen=True, slots=True)
class Asked:
    """``prefix`` is that of a listing."""

    action: str
    bucket: str
    key: str = ""
    prefix: str = ""

    @property
    def resource(self) -> str:
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key else "")


def asked(method: str, path: str, headers: Any, body: bytes) -> list[Asked]:
    parts = urlsplit(path)
    query = parse_qs(parts.query, keep_blank_values=True)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    if not bucket:
        return [Asked("s3:ListAllMyBuckets", "*")]
    if not key:
        return list(_of_bucket(method, bucket, query, body))
    if method in ("GET", "HEAD"):
        return [Asked("s3:GetObject", bucket, key)]
    if method == "DELETE":
        return [Asked("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", bucket, key)]
    source = unquote(headers.get("x-amz-copy-source", "")).lstrip("/").partition("/")
    copied = [Asked("s3:GetObject", source[0], source[2])] if source[2] else []
    return [Asked("s3:PutObject", bucket, key), *copied]


def _of_bucket(method: str, bucket: str, query: dict[str, list[str]], body: bytes) -> Iterator[Asked]:
    if method == "POST" and "delete" in query:
        for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
            yield Asked("s3:DeleteObject", bucket, key)
    elif method == "GET" and "location" in query:
        yield Asked("s3:GetBucketLocation", bucket)
    elif method in ("GET", "HEAD"):
        yield Asked("s3:ListBucket", bucket, prefix=query.get("prefix", [""])[0])
    else:
        yield Asked({"PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}.get(method, "s3:Unknown"), bucket)


def allows(policy: Any, one: Asked) -> bool:
    """By the statements that allow; those that deny plain connections have their own test."""
    return any(
        statement["Effect"] == "Allow"
        and one.action in statement["Action"]
        and any(fnmatch.fnmatchcase(one.resource, resource) for resource in statement["Resource"])
        and _fits(statement.get("Condition", {}), one)
        for statement in policy["Statement"]
    )


def _fits(condition: Any, one: Asked) -> bool:
    wanted = condition.get("StringLike", {}).get("s3:prefix")
    return wanted is None or any(fnmatch.fnmatchcase(one.prefix, pattern) for pattern in wanted)


class PolicyGate(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str, policy: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = httpx.Client(base_url=upstream, timeout=60)
        self.policy = json.loads(policy)
        self.allowed: list[Asked] = []
        self.denied: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: PolicyGate
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wanted = asked(self.command, self.path, self.headers, body)
        if refused := [one for one in wanted if not allows(self.server.policy, one)]:
            self.server.denied.extend(refused)
            return self._send(403, {}, DENIED)
        self.server.allowed.extend(wanted)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = self.server.upstream.request(self.command, self.path, content=body, headers=headers)
        return self._send(answer.status_code, dict(answer.headers), answer.content)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        length = headers.get("content-length") if self.command == "HEAD" else str(len(content))
        for name, value in headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def gate(upstream: str, policy: str) -> Iterator[PolicyGate]:
    server = PolicyGate(upstream, policy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.upstream.close()
        thread.join()
