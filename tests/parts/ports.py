"""Free ports of this machine."""

from __future__ import annotations

import socket


def free_port() -> int:
    """One that nobody listens on now; the system does not hand it out again at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
