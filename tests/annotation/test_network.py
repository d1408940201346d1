"""Where addresses lead, with the machine's own resolver and a real server on it."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation import network
from annotation.errors import InvalidInputError
from annotation.network import Reach, RefusedAddressError

PUBLIC = Reach()
INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "240.0.0.1",
]  # fmt: skip
SPELLINGS = ["127.1", "2130706433", "0x7f000001", "127.0.0.1", "0"]


class Secret(BaseHTTPRequestHandler):
    """A service that only this machine should be able to ask; /to/URL leads there."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"secret")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Secret) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def get(reach: Reach, url: str) -> bytes:
    with reach.client(timeout=5, follow_redirects=True) as client:
        return client.get(url).content


@pytest.mark.parametrize("address", INSIDE)
def test_allows__no_address_of_the_inside(address: str) -> None:
    assert not PUBLIC.allows("example.org", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_allows__public_addresses(address: str) -> None:
    assert PUBLIC.allows("example.org", ipaddress.ip_address(address))


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7"))
def test_allows__a_network_of_the_office_and_no_other(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    office = Reach(internal_hosts=("10.0.0.0/8", "fc00::/7"))

    assert office.allows("any", address)
    assert not PUBLIC.allows("any", address)
    assert not office.allows("any", ipaddress.ip_address("192.168.0.1"))


@pytest.mark.parametrize(
    ("allowed", "host", "expected"),
    [
        ("files.office.example", "files.office.example", True),
        ("files.office.example", "FILES.office.example", True),
        (".office.example", "files.office.example", True),
        (".office.example", "files.notoffice.example", False),
        ("office.example", "files.office.example", False),
        ("files.office.example", "evil.example", False),
    ],
)
def test_allows__hosts_of_the_office_by_name(allowed: str, host: str, expected: bool) -> None:
    assert Reach(internal_hosts=(allowed,)).allows(host, ipaddress.ip_address("10.0.0.1")) is expected


@pytest.mark.parametrize("spelling", [*SPELLINGS, "localhost"])
def test_client__does_not_reach_this_machine_however_it_is_written(port: int, spelling: str) -> None:
    with pytest.raises(RefusedAddressError, match=r"no public address.*network\.internal_hosts"):
        get(PUBLIC, f"http://{spelling}:{port}/")


@pytest.mark.parametrize("host", ["[::1]", "[::ffff:127.0.0.1]"])
def test_client__does_not_reach_this_machine_by_its_newer_addresses(port: int, host: str) -> None:
    with pytest.raises(RefusedAddressError):
        get(PUBLIC, f"http://{host}:{port}/")


@pytest.mark.parametrize("target", ["http://2130706433:{port}/", "http://[::ffff:7f00:1]:{port}/", "//127.1:{port}/"])
def test_client__a_redirection_is_checked_again(port: int, target: str) -> None:
    named = Reach(internal_hosts=("localhost",))

    with pytest.raises(RefusedAddressError):
        get(named, f"http://localhost:{port}/to/{target.format(port=port)}")


def test_client__reaches_what_the_office_allows(port: int) -> None:
    assert get(Reach(internal_hosts=("localhost",)), f"http://localhost:{port}/") == b"secret"
    assert get(Reach(internal_hosts=("127.0.0.0/8",)), f"http://127.0.0.1:{port}/") == b"secret"


def test_client__an_unknown_host_is_told_as_such() -> None:
    with pytest.raises(httpx.ConnectError):
        get(PUBLIC, "http://nowhere.invalid/")


def test_client__behind_a_proxy_an_address_in_the_url_is_still_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")

    with pytest.raises(RefusedAddressError):
        get(PUBLIC, "https://169.254.169.254/latest/meta-data")


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_trust__a_file_without_certificates_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)

    with pytest.raises(InvalidInputError, match=r"network\.ca_file"):
        network.trust(path)


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.2", True), ("[::1]", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_is_loopback(host: str, here: bool) -> None:
    assert network.is_loopback(host) is here
