"""What a test does when a real part cannot be started: on a laptop it says why and skips, in CI it fails."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (a missing part is a failure where CI is set)", pytrace=False)
    pytest.skip(reason)
