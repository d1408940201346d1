from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def dead_holder() -> Callable[[], str]:
    """The name under which a process of this machine, that is no more, held its leases."""

    def name() -> str:
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        return f"{socket.gethostname()}/{child.pid}/1"

    return name
