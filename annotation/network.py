"""Where an address may lead that comes from outside this program, and whose certificates are believed.

An address in a settings file, in a redirection or in a provider's answer could lead to a machine that only this one can
reach: the metadata service of a cloud, a database without password. So names are resolved here, every address is
checked, and the connection goes to the address that was checked, not to the name, which may mean another one by then.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from annotation.errors import InvalidInputError

Address = IPv4Address | IPv6Address

# RFC 6052: an IPv6 address that a gateway turns into the IPv4 address at its end.
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_DISTRUST: Final = "CERTIFICATE_VERIFY_FAILED"


class RefusedAddressError(InvalidInputError):
    """An address leads where nobody outside this office could have meant."""


@dataclass(frozen=True, slots=True)
class Reach:
    """``internal_hosts`` are names, endings as ``.office.example``, addresses or networks that are not public and yet
    allowed. ``ca_file`` holds authorities that are believed besides the usual ones."""

    internal_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None

    def besides(self, *hosts: str) -> Reach:
        return replace(self, internal_hosts=(*self.internal_hosts, *hosts))

    def client(self, *, timeout: float, **options: Any) -> httpx.Client:
        """An HTTP client that connects to public addresses and allowed hosts alone, redirections included.

        Behind a proxy, which resolves names itself, only an address that stands as such in a URL can be checked.
        """
        hooks = {"request": [lambda request: self.require_named(request.url.host)]}
        if any(urllib.request.getproxies().get(scheme) for scheme in ("http", "https", "all")):
            return httpx.Client(verify=trust(self.ca_file), timeout=timeout, event_hooks=hooks, **options)
        transport = httpx.HTTPTransport(verify=trust(self.ca_file))
        # httpx offers no way to give its pool another way to connect.
        transport._pool = httpcore.ConnectionPool(ssl_context=trust(self.ca_file), network_backend=_Checked(self))
        return httpx.Client(transport=transport, timeout=timeout, trust_env=False, event_hooks=hooks, **options)

    def require_named(self, host: str) -> None:
        """RefusedAddressError where the host is written as an address, in any form, and that is not allowed."""
        with suppress(OSError, ValueError):
            # 127.1, 0x7f000001 and 2130706433 are addresses too, for whoever connects to them.
            written = ipaddress.IPv4Address(socket.inet_aton(host)) if ":" not in host else ipaddress.ip_address(host)
            if not self.allows(host, written):
                raise _refused(host, written)

    def resolved(self, host: str, port: int) -> list[str]:
        """The addresses of the host; RefusedAddressError where one of them is not allowed."""
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        for address in sorted(found):
            if not self.allows(host, ipaddress.ip_address(address.partition("%")[0])):
                raise _refused(host, address)
        return sorted(found, key=lambda address: (":" in address, address))

    def allows(self, host: str, address: Address) -> bool:
        meant = _meant(address)
        public = meant.is_global and not (meant.is_multicast or meant.is_reserved)
        return public or any(_matches(allowed, host.lower(), meant) for allowed in self.internal_hosts)


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """The usual authorities, and those of the file. InvalidInputError where it holds none."""
    context = httpx.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise InvalidInputError(
                f"The certificates in {ca_file} cannot be read ({error.strerror or error}).",
                cure="network.ca_file wants a PEM file with the certificates of authorities.",
            ) from error
    return context


def distrusted(error: BaseException) -> bool:
    """Whether somewhere behind an error a certificate was not believed."""
    seen: BaseException | None = error
    while seen is not None:
        if _DISTRUST in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


DISTRUST_CURE: Final = (
    "Its certificate is signed by an authority that is not known here: name the authority's PEM file in "
    "network.ca_file."
)


def is_loopback(host: str) -> bool:
    if host.lower() in ("localhost", "localhost."):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return False


class _Checked(httpcore.NetworkBackend):
    """Connects to what a name was seen to mean when it was checked."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._reach.resolved(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("no socket of this machine is an address")

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


def _meant(address: Address) -> Address:
    """The IPv4 address within an IPv6 one, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _matches(allowed: str, host: str, address: Address) -> bool:
    with suppress(ValueError):
        return address in ipaddress.ip_network(allowed, strict=False)
    name = allowed.lower()
    return host.endswith(name) if name.startswith(".") else host == name


def _refused(host: str, address: object) -> RefusedAddressError:
    leads = f"{host} leads to {address}, which is" if str(address) != host else f"{host} is"
    return RefusedAddressError(
        f"{leads} no public address.",
        cure="If it is a server of the office, add it to network.internal_hosts.",
    )
