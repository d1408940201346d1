"""An office's own certificate authority, and what ends TLS before a server that does not speak it."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = "127.0.0.1"


class Authority:
    """``ca_file`` is what those who believe it are given; ``certificate`` and ``key`` are this machine's."""

    def __init__(self, folder: Path, name: str = "Office") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file, self.certificate, self.key = (folder / f"{one}.pem" for one in ("ca", "certificate", "key"))
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        own, machine = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _certificate(issuer, issuer, own.public_key(), own, authority=True)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HERE)])
        leaf = _certificate(issuer, subject, machine.public_key(), own, authority=False)
        self.ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key.write_bytes(machine.private_bytes(*form))
        self.key.chmod(0o600)


def _certificate(
    issuer: x509.Name,
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(*(place in (5, 6) for place in range(9)))
        return built.add_extension(usage, critical=True).sign(signer, hashes.SHA256())
    names = [x509.IPAddress(ipaddress.ip_address(HERE)), x509.DNSName("localhost")]
    return (
        built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signer, hashes.SHA256())
    )


@contextmanager
def terminated(authority: Authority, port: int) -> Iterator[int]:
    """The port at which the server on ``port`` of this machine is reached by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    listening = socket.create_server((HERE, 0))
    thread = threading.Thread(target=_accept, args=(listening, context, port), daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _accept(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listening.accept()
            threading.Thread(target=_serve, args=(plain, context, port), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    # A client that does not believe the certificate hangs up here.
    with (
        suppress(OSError),
        plain,
        context.wrap_socket(plain, server_side=True) as outer,
        socket.create_connection((HERE, port)) as inner,
    ):
        back = threading.Thread(target=_relay, args=(inner, outer), daemon=True)
        back.start()
        _relay(outer, inner)
        back.join()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
