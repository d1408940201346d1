from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from annotation.campaign import exclusive


@pytest.fixture
def dead_holder() -> Callable[[], str]:
    """The name under which a process of this machine, that is no more, held its leases."""

    def name() -> str:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        named = f"{exclusive.process(child.pid)}/1"
        child.communicate()
        return named

    return name
