"""Takes a published file from its address, and records which bytes came when."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import httpx

from annotation import network
from annotation.errors import InvalidInputError, UnreachableError
from annotation.network import Reach

PUBLIC = Reach()
MOST_REDIRECTIONS = 5
LONGEST_NAME = 100
EXTENSIONS = frozenset({".csv", ".tsv", ".txt", ".xls", ".xlsx"})
BEGINNINGS = {b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls"}
FILENAME = re.compile(r"filename\*?=(?:utf-8'')?\"?([^\";]+)", re.IGNORECASE)
CURE = "Check the address in a browser, or download the file yourself and give its path."


@dataclass(frozen=True, slots=True)
class Fetched:
    """``url`` is the address that was asked for, before redirections."""

    path: Path
    url: str
    sha256: str
    retrieved_at: datetime


def fetch(
    url: str,
    *,
    folder: Path,
    now: datetime,
    reach: Reach = PUBLIC,
    max_bytes: int = 50_000_000,
    max_seconds: float = 60.0,
) -> Fetched:
    """The file behind ``url``, in ``folder`` under a name that holds its checksum; other bytes never overwrite it.

    Only https to where ``reach`` goes, and http to this machine where it goes there, redirections included. Errors:
    InvalidInputError for another address or a file larger than ``max_bytes``; UnreachableError for no answer, a
    refusal, or one slower than ``max_seconds`` in all.
    """
    _check_address(_parsed(url))
    with _answer(url, reach, max_seconds) as answer:
        content = _content(answer, url=url, max_bytes=max_bytes, until=time.monotonic() + max_seconds)
        name = PurePosixPath(_name(answer))
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"{name.stem}-{digest[:12]}{_extension(name, content)}"
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)
    return Fetched(path=path, url=url, sha256=digest, retrieved_at=now)


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInputError(f"{url!r} is not an address: {error}.", cure=CURE) from error


def _check_address(url: httpx.URL) -> None:
    local = url.scheme == "http" and network.is_loopback(url.host)
    if url.userinfo:
        raise InvalidInputError("An address with a password in it is not taken.", cure=CURE)
    if not local and (url.scheme != "https" or not url.host):
        raise InvalidInputError(f"{url} is not an https address.", cure="Files are only taken over https.")


@contextmanager
def _answer(url: str, reach: Reach, max_seconds: float) -> Iterator[httpx.Response]:
    try:
        with reach.client(timeout=max_seconds, follow_redirects=True, max_redirects=MOST_REDIRECTIONS) as client:
            client.event_hooks["request"].append(lambda request: _check_address(request.url))
            with client.stream("GET", url) as answer:
                answer.raise_for_status()
                yield answer
    except httpx.HTTPStatusError as error:
        raise UnreachableError(f"{url} answered {error.response.status_code}.", cure=CURE) from error
    except httpx.HTTPError as error:
        cure = network.DISTRUST_CURE if network.distrusted(error) else CURE
        raise UnreachableError(f"{url} cannot be reached: {error or type(error).__name__}.", cure=cure) from error


def _content(answer: httpx.Response, *, url: str, max_bytes: int, until: float) -> bytes:
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > max_bytes:
            raise InvalidInputError(f"{url} holds more than {max_bytes:,} bytes.", cure=CURE)
        if time.monotonic() > until:
            raise UnreachableError(f"{url} is too slow: {len(content):,} bytes came in the time given.", cure=CURE)
    if not content:
        raise UnreachableError(f"{url} answered with an empty file.", cure=CURE)
    return bytes(content)


def _name(answer: httpx.Response) -> str:
    """As the server or the address names the file, without folders and without what a file system may refuse."""
    stated = FILENAME.search(answer.headers.get("content-disposition", ""))
    raw = unquote(stated[1]) if stated else unquote(answer.url.path)
    name = re.sub(r"[^\w.-]+", "_", PurePosixPath(raw.replace("\\", "/")).name).strip("._")
    return name[-LONGEST_NAME:] or "download"


def _extension(name: PurePosixPath, content: bytes) -> str:
    for beginning, extension in BEGINNINGS.items():
        if content.startswith(beginning):
            return extension
    return name.suffix.lower() if name.suffix.lower() in EXTENSIONS - {".xls", ".xlsx"} else ".csv"
