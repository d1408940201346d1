"""Each part behind a certificate of the office's own authority: reached with it, refused without, and told how."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from annotation.api.oidc import Client, Provider
from annotation.errors import InvalidInputError, UnreachableError
from annotation.labelstudio.client import LabelStudioPlatform
from annotation.labelstudio.server import LabelStudioServer
from annotation.ledger.unit_of_work import Ledger
from annotation.network import Reach
from annotation.nomenclature import download
from sync import app as web
from sync.settings import Settings
from sync.storage import Storage
from sync.training.mlflow_server import MlflowServer
from sync.training.registry import ModelRegistry
from sync.trainingset.store import TrainingSetStore
from tests.parts import tls, trainingrows
from tests.parts.postgres import FAST, Cluster
from tests.parts.s3 import S3Server
from tests.parts.tls import HERE, Authority

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Somebody else's authority."""
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")


def storage(s3: S3Server, port: int, ca_file: Path | None) -> Storage:
    return Storage(s3.new_bucket(), key=s3.key, secret=s3.secret, endpoint=f"https://{HERE}:{port}", ca_file=ca_file)


def test_storage__and_training_set_by_tls(s3: S3Server, office: Authority, tmp_path: Path) -> None:
    with tls.terminated(office, int(s3.endpoint.rpartition(":")[2])) as port:
        opened = storage(s3, port, office.ca_file)
        assert "can be read and written" in opened.check()
        with TrainingSetStore(catalog_uri=f"sqlite:///{tmp_path}/c.db", storage=opened, name="naf") as store:
            store.commit(rows=trainingrows.rows({"a": "01.11Z"}), tag="v1", parent=None)
            assert store.read("v1").num_rows == 1


@pytest.mark.parametrize("known", [True, False])
def test_storage__a_certificate_of_others_is_refused(
    s3: S3Server, office: Authority, stranger: Authority, known: bool
) -> None:
    with (
        tls.terminated(office, int(s3.endpoint.rpartition(":")[2])) as port,
        pytest.raises(UnreachableError, match=r"network\.ca_file"),
    ):
        storage(s3, port, stranger.ca_file if known else None).check()


def test_label_studio__by_tls_and_only_with_the_authority(
    label_studio: LabelStudioServer, office: Authority, stranger: Authority
) -> None:
    token = label_studio.account.token
    with tls.terminated(office, int(label_studio.url.rpartition(":")[2])) as port:
        url = f"https://{HERE}:{port}"
        with closing(LabelStudioPlatform(url, token, ca_file=office.ca_file)) as platform:
            assert platform.check().user == "admin@demo.example"
            assert platform.coders()
        for ca_file in (stranger.ca_file, None):
            with closing(LabelStudioPlatform(url, token, ca_file=ca_file)) as platform:
                checked = platform.check()
                assert not checked.version
                assert "network.ca_file" in checked.cure


def test_mlflow__by_tls_and_only_with_the_authority(
    mlflow_server: MlflowServer, office: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with tls.terminated(office, mlflow_server.port) as port:
        url = f"https://{HERE}:{port}"
        assert "MLflow server" in ModelRegistry(url, "m", "tls", ca_file=office.ca_file).check()
        with pytest.raises(UnreachableError, match=r"network\.ca_file"):
            ModelRegistry(url, "m", "tls", ca_file=stranger.ca_file).check()


@contextmanager
def postgres(authority: Authority, folder: Path) -> Iterator[Cluster]:
    """It speaks TLS by itself; its key must be its own user's."""
    certificate, key = folder / "server.pem", folder / "server.key"
    shutil.copy(authority.certificate, certificate)
    shutil.copy(authority.key, key)
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, "postgres")
    with Cluster(f"{FAST} -c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}") as cluster:
        yield cluster


def test_ledger__by_tls_and_only_with_the_authority(office: Authority, stranger: Authority) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Where the server's own user may read.
        Path(folder).chmod(0o755)
        with postgres(office, Path(folder)) as cluster:
            url = f"{cluster.new_database()}?sslmode=verify-full&sslrootcert="
            with closing(Ledger.open(f"{url}{office.ca_file}")) as ledger:
                ledger.migrate()
                ledger.require_migrated()
            strange = Ledger.open(f"{url}{stranger.ca_file}")
            with closing(strange), pytest.raises(UnreachableError, match="sslrootcert"):
                strange.revision()


class Published(BaseHTTPRequestHandler):
    """A table, and what a provider publishes."""

    def do_GET(self) -> None:
        content = b"code;libelle\n0111Z;Culture\n"
        if self.path.endswith("openid-configuration"):
            host = self.headers["Host"]
            content = f'{{"issuer": "https://{host}", "end_session_endpoint": "https://{host}/out"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def published(office: Authority) -> Iterator[str]:
    with ThreadingHTTPServer((HERE, 0), Published) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with tls.terminated(office, server.server_port) as port:
            yield f"https://{HERE}:{port}"
        server.shutdown()
        thread.join()


def test_tables_and_provider__by_tls_and_only_with_the_authority(
    published: str, office: Authority, stranger: Authority, tmp_path: Path
) -> None:
    known = Reach(internal_hosts=(HERE,), ca_file=office.ca_file)
    strange = Reach(internal_hosts=(HERE,), ca_file=stranger.ca_file)

    fetched = download.fetch(f"{published}/naf.csv", folder=tmp_path, now=NOW, reach=known)
    provider = Provider(Client(published, "client", None, "openid"), clock=lambda: NOW, reach=known)

    assert fetched.path.read_bytes().startswith(b"code")
    assert (provider.end_session_url(redirect_uri="https://office.example") or "").startswith(f"{published}/out?")
    with pytest.raises(UnreachableError, match=r"network\.ca_file"):
        download.fetch(f"{published}/naf.csv", folder=tmp_path, now=NOW, reach=strange)
    with pytest.raises(UnreachableError, match=r"network\.ca_file"):
        Provider(Client(published, "client", None, "openid"), clock=lambda: NOW, reach=strange).end_session_url(
            redirect_uri="https://office.example"
        )


def test_serve__speaks_tls_with_the_offices_certificate(office: Authority) -> None:
    application = FastAPI()
    application.get("/health")(lambda: "up")
    listening = web.listen(HERE, 0)
    server = web.server(application, Settings(serve=_serve(office)).serve)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        url = f"https://{HERE}:{listening.getsockname()[1]}/health"
        assert _get(url, server, office.ca_file) == "up"
    finally:
        server.should_exit = True
        thread.join()


def _serve(office: Authority) -> dict[str, object]:
    return {"tls_certificate_file": office.certificate, "tls_key_file": office.key}


def _get(url: str, server: uvicorn.Server, ca_file: Path) -> object:
    for _ in range(1000):
        if server.started:
            break
        time.sleep(0.01)
    with Reach(internal_hosts=(HERE,), ca_file=ca_file).client(timeout=10) as client:
        answer: httpx.Response = client.get(url)
        return answer.json()


def test_serve__a_certificate_that_is_not_there_is_told(office: Authority, tmp_path: Path) -> None:
    settings = Settings(serve={**_serve(office), "tls_key_file": tmp_path / "nowhere.pem"}).serve

    with pytest.raises(InvalidInputError, match=r"tls_key_file"):
        web.server(FastAPI(), settings)
