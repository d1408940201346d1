from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from annotation.errors import InvalidInputError, UnreachableError
from annotation.network import Reach
from annotation.nomenclature import download, readers

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = Reach(internal_hosts=("127.0.0.1",))
TABLE = "code;libelle\n0111Z;Culture de céréales\n".encode()


class Office(BaseHTTPRequestHandler):
    """Publishes a table, and all that can go wrong with publishing one."""

    def do_GET(self) -> None:
        if self.path.startswith("/naf"):
            self._send(TABLE)
        elif self.path.startswith("/attached"):
            self._send(b"PK\x03\x04rest", {"Content-Disposition": 'attachment; filename="../Structure NAF 2025.xlsx"'})
        elif self.path == "/old":
            self._send(b"\xd0\xcf\x11\xe0rest")
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/naf.csv")
            self.end_headers()
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://example.org/naf.csv")
            self.end_headers()
        elif self.path == "/empty":
            self._send(b"")
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(20):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.send_error(404)

    def _send(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def office() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Office) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetch__records_checksum_and_date_and_the_file_can_be_read(office: str, tmp_path: Path) -> None:
    fetched = download.fetch(f"{office}/naf.csv?v=1", folder=tmp_path / "new", now=NOW, reach=HERE)

    digest = hashlib.sha256(TABLE).hexdigest()
    assert fetched.sha256 == digest
    assert fetched.retrieved_at == NOW
    assert fetched.url == f"{office}/naf.csv?v=1"
    assert fetched.path.name == f"naf-{digest[:12]}.csv"
    assert [path.name for path in fetched.path.parent.iterdir()] == [fetched.path.name]
    assert "01.11Z" in readers.read_nomenclature(fetched.path, key="naf")


def test_fetch__twice_gives_the_same_file(office: str, tmp_path: Path) -> None:
    first, second = (download.fetch(f"{office}/naf.csv", folder=tmp_path, now=NOW, reach=HERE) for _ in range(2))

    assert first == second


def test_fetch__takes_the_name_that_the_server_states_without_its_folders(office: str, tmp_path: Path) -> None:
    fetched = download.fetch(f"{office}/attached?id=8181066", folder=tmp_path, now=NOW, reach=HERE)

    assert fetched.path.parent == tmp_path
    assert fetched.path.name.startswith("Structure_NAF_2025-")
    assert fetched.path.suffix == ".xlsx"


def test_fetch__tells_an_old_workbook_by_its_first_bytes(office: str, tmp_path: Path) -> None:
    assert download.fetch(f"{office}/old", folder=tmp_path, now=NOW, reach=HERE).path.suffix == ".xls"


def test_fetch__follows_a_redirection(office: str, tmp_path: Path) -> None:
    assert download.fetch(f"{office}/moved", folder=tmp_path, now=NOW, reach=HERE).path.read_bytes() == TABLE


@pytest.mark.parametrize(
    "url", ["http://example.org/naf.csv", "file:///etc/passwd", "ftp://x/y", "naf.csv", "https://"]
)
def test_fetch__refuses_all_but_https(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is not an https address"):
        download.fetch(url, folder=tmp_path, now=NOW, reach=HERE)


def test_fetch__refuses_to_be_redirected_to_plain_http(office: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"example\.org"):
        download.fetch(f"{office}/away", folder=tmp_path, now=NOW, reach=HERE)


def test_fetch__refuses_a_file_that_is_too_large_and_writes_nothing(office: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="more than 10 bytes"):
        download.fetch(f"{office}/naf.csv", folder=tmp_path, now=NOW, reach=HERE, max_bytes=10)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "message"), [("/absent", "answered 404"), ("/empty", "empty file")])
def test_fetch__an_answer_without_a_file_is_unreachable(office: str, path: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=message) as refused:
        download.fetch(f"{office}{path}", folder=tmp_path, now=NOW, reach=HERE)

    assert refused.value.exit_code == 5
    assert "download the file yourself" in refused.value.cure


def test_fetch__gives_up_on_a_server_that_drips(office: str, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="too slow"):
        download.fetch(f"{office}/drip", folder=tmp_path, now=NOW, reach=HERE, max_seconds=0.5)


def test_fetch__nobody_there(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        download.fetch("http://127.0.0.1:9/naf.csv", folder=tmp_path, now=NOW, reach=HERE, max_seconds=2)
