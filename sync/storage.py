"""The one place that opens a URL: a local folder or an S3 prefix, behind the same few operations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import fsspec

from annotation import network
from annotation.errors import InvalidInputError, NotFoundError, UnreachableError

if TYPE_CHECKING:
    from fsspec.spec import AbstractFileSystem
    from pyarrow.fs import FileSystem

SCHEMES: Final = ("file", "s3")
CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60
# Our own name among the properties of an Iceberg catalog, which has none for it.
CA_FILE: Final = "s3.ca-file"


@dataclass(frozen=True, slots=True)
class Entry:
    """``written_at`` is by the clock of whoever keeps the file."""

    url: str
    bytes: int
    written_at: datetime


class Storage:
    """A root URL and the credentials that open it.

    Every operation takes a path below the root, or a full URL or absolute path of the same scheme, which is opened
    with the same credentials. Without ``key`` the usual AWS sources (environment, profile, instance) are asked.
    ``UnreachableError`` never repeats a credential.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        secret: str | None = None,
        endpoint: str | None = None,
        region: str = "us-east-1",
        ca_file: Path | None = None,
    ) -> None:
        self.url = normalise(url)
        self.endpoint = endpoint
        self.region = region
        self.ca_file = ca_file
        self._key = key
        self._secret = secret

    def __repr__(self) -> str:
        return f"Storage({self.url!r}, endpoint={self.endpoint!r}, region={self.region!r})"

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    def join(self, *parts: str) -> str:
        """Full URL of a path below the root; InvalidInputError for one that would lead out of it."""
        for part in parts:
            _require_inside(part)
        return posixpath.join(self.url, *(part.strip("/") for part in parts)) if parts else self.url

    def url_of(self, path: str) -> str:
        """Full URL of what an operation is given: a path below the root, an absolute path or a URL."""
        full = normalise(path) if "://" in path or path.startswith(("/", "~")) else self.join(path)
        if urlsplit(full).scheme != self.scheme:
            raise InvalidInputError(
                f"{full} cannot be opened with the settings of {self.url}",
                cure="Configure the storage that holds it, or copy the file below the storage's root.",
            )
        return full

    def read(self, path: str) -> bytes:
        with self._reaching(path) as key:
            content: bytes = self._filesystem.cat_file(key)
            return content

    def write(self, path: str, content: bytes) -> str:
        """The URL written. Readers see the former object or the whole new one, never a part."""
        with self.writing(path) as handle:
            handle.write(content)
        return self.url_of(path)

    @contextmanager
    def reading(self, path: str) -> Iterator[BinaryIO]:
        """An open binary file that can seek."""
        with self._reaching(path) as key, self._filesystem.open(key, "rb") as handle:
            yield handle

    @contextmanager
    def writing(self, path: str, *, private: bool = False) -> Iterator[BinaryIO]:
        """An open binary file whose content replaces the object on clean exit; an exception leaves the former one.

        A ``private`` file of the local disk is its owner's alone to read, from its first byte on.
        """
        with self._reaching(path) as key:
            target = _staged(key) if self.scheme == "file" else key
            if private and target != key:
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                Path(target).touch(mode=0o600)
            handle = self._filesystem.open(target, "wb")
            try:
                yield handle
            except BaseException:
                _discard(handle, target, local=self.scheme == "file")
                raise
            handle.close()
            if target != key:
                Path(target).replace(key)

    def exists(self, path: str) -> bool:
        """Whether there is an object, a folder or a prefix with objects at the path."""
        with self._reaching(path) as key:
            return bool(self._filesystem.exists(key))

    def files(self, path: str = "") -> list[str]:
        """URLs of all files below a folder or prefix, at any depth, sorted; empty when there is none."""
        with self._reaching(path) as key:
            found = self._filesystem.find(key)
        return sorted(self._url_from_key(one) for one in found)

    def entries(self, path: str = "") -> list[Entry]:
        """All files below a folder or prefix with what is known of them, sorted by URL."""
        with self._reaching(path) as key:
            found = self._filesystem.find(key, detail=True)
        return [
            Entry(self._url_from_key(name), int(about["size"]), _written_at(about))
            for name, about in sorted(found.items())
        ]

    def fingerprint(self, path: str) -> str:
        """Size and ETag of an object, or size and time of writing of a file: changes when the content does."""
        with self._reaching(path) as key:
            about = self._filesystem.info(key)
        stamp = about.get("ETag") or about.get("LastModified") or about.get("mtime")
        return f"{about['size']}:{stamp}"

    def delete(self, path: str) -> None:
        """Remove one object; one that is not there is no error."""
        with self._reaching(path) as key:
            if self._filesystem.exists(key):
                self._filesystem.rm_file(key)

    def check(self) -> str:
        """One line for a person, after writing, reading and deleting a probe object below the root."""
        probe = f".probe-{uuid4().hex}"
        try:
            self.write(probe, b"probe")
            if self.read(probe) != b"probe":
                raise UnreachableError(f"{self.url} did not give back what was written to it.", cure=self._cure())
        except NotFoundError as error:
            raise UnreachableError(f"{self.url} cannot be written: {error.message}", cure=self._cure()) from error
        finally:
            self._discard_probe(probe)
        at = f" at {self.endpoint}" if self.endpoint else ""
        return f"{self.url}{at} can be read and written"

    def arrow(self) -> FileSystem:
        """The file system as Arrow opens it; its paths are those of ``arrow_path``."""
        from pyarrow import fs

        if self.scheme == "file":
            return fs.LocalFileSystem()
        return fs.PyFileSystem(fs.FSSpecHandler(self._filesystem))

    def arrow_path(self, url: str) -> str:
        return self._key_of(url)

    def iceberg_properties(self) -> dict[str, str]:
        """What any Iceberg FileIO needs to open the storage. Holds the secret: never for a log."""
        if self.scheme == "file":
            return {}
        given = {
            "s3.region": self.region,
            "s3.endpoint": self.endpoint,
            "s3.access-key-id": self._key,
            "s3.secret-access-key": self._secret,
            CA_FILE: str(self.ca_file) if self.ca_file else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def _filesystem(self) -> AbstractFileSystem:
        """fsspec keeps one instance per set of arguments and makes a new one after a fork, so none is held here."""
        if self.scheme == "file":
            return fsspec.filesystem("file", auto_mkdir=True)
        return s3_filesystem(
            key=self._key,
            secret=self._secret,
            endpoint=self.endpoint,
            region=self.region,
            ca_file=str(self.ca_file) if self.ca_file else None,
        )

    def _key_of(self, path: str) -> str:
        """What the file system calls the path: an absolute path, or bucket/key."""
        full = self.url_of(path)
        return full.removeprefix("file://") if self.scheme == "file" else full.removeprefix("s3://")

    def _url_from_key(self, key: str) -> str:
        return f"{self.scheme}://{key}"

    @contextmanager
    def _reaching(self, path: str) -> Iterator[str]:
        url = self.url_of(path)
        try:
            yield self._key_of(path)
        except FileNotFoundError as error:
            raise NotFoundError(f"{url} does not exist.", cure="Check the path, and the bucket's name.") from error
        except Exception as error:
            if not is_from_storage(error):
                raise
            told = str(error).partition("\n")[0]
            cure = network.DISTRUST_CURE if network.distrusted(error) else self._cure()
            raise UnreachableError(f"{url} cannot be opened: {told}", cure=cure) from error

    def _cure(self) -> str:
        if self.scheme == "file":
            return f"Check that {self.url} is a folder that you may write to and that the disk has room."
        at = self.endpoint or "AWS"
        return f"Check the bucket in {self.url}, the endpoint ({at}), the key and the secret of the storage."

    def _discard_probe(self, probe: str) -> None:
        try:
            self.delete(probe)
        except UnreachableError:
            return


def _written_at(about: dict[str, Any]) -> datetime:
    stamp = about.get("LastModified") or about["mtime"]
    return stamp if isinstance(stamp, datetime) else datetime.fromtimestamp(stamp, tz=UTC)


def _require_inside(path: str) -> None:
    # As a server may read it that takes escapes back, and a system whose separator is another.
    pieces = re.split(r"[/\\]", unquote(path))
    if ".." in pieces or "\0" in path:
        raise InvalidInputError(f"{path!r} leads out of its folder.", cure="Name a path below it.")


def normalise(url: str) -> str:
    """A URL with a scheme and without a trailing slash; a path without scheme is a local one.

    Raises InvalidInputError for a scheme that is neither ``file`` nor ``s3``, and for S3 without a bucket.
    """
    scheme = urlsplit(url).scheme if "://" in url else "file"
    if scheme not in SCHEMES:
        raise InvalidInputError(f"{url}: the scheme {scheme} is not known.", cure="Use a folder, file:// or s3://.")
    if scheme == "file":
        return f"file://{Path(url.removeprefix('file://')).expanduser().absolute().as_posix()}"
    if not urlsplit(url).netloc:
        raise InvalidInputError(f"{url} names no bucket.", cure="Write s3://bucket/prefix.")
    return url.rstrip("/")


def s3_filesystem(
    *, key: str | None, secret: str | None, endpoint: str | None, region: str | None, ca_file: str | None = None
) -> AbstractFileSystem:
    """s3fs as this project uses it; equal arguments give the same instance."""
    config = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        # By default botocore sends checksums that S3-compatible stores refuse, and misreads theirs of partial reads.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    return fsspec.filesystem(
        "s3",
        key=key,
        secret=secret,
        endpoint_url=endpoint,
        client_kwargs={"region_name": region, **({"verify": ca_file} if ca_file else {})},
        config_kwargs=config,
        use_listings_cache=False,
    )


def is_from_storage(error: BaseException) -> bool:
    """s3fs makes most faults those of the system, but not that nobody answers, nor that an answer was cut."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("botocore", "aiohttp")


def _staged(path: str) -> str:
    """A name beside the target, so that the move into place stays on one disk and is atomic."""
    return str(Path(path).with_name(f".{Path(path).name}.{uuid4().hex}"))


def _discard(handle: Any, target: str, *, local: bool) -> None:
    """Give up an unfinished file; closing an S3 file would upload what is there."""
    if local:
        handle.close()
        Path(target).unlink(missing_ok=True)
    else:
        handle.discard()
        handle.closed = True
