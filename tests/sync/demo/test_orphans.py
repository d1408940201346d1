from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.demo import orphans


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    """Sleeps under a name of its own, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", "left-behind"], start_new_session=True
    )
    # Between fork and exec it still bears the name of this program.
    until = time.monotonic() + 30
    while "left-behind" not in orphans._command(process.pid) and time.monotonic() < until:
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def stop(record: Path, program: str = "left-behind") -> list[str]:
    messages: list[str] = []
    orphans.stop(record, program, messages.append)
    return messages


def test_stop__ends_the_server_that_was_noted(tmp_path: Path, server: subprocess.Popen[bytes]) -> None:
    record = tmp_path / "server.json"
    orphans.note(record, server.pid)

    [message] = stop(record)

    assert "left behind" in message
    assert server.wait(timeout=10) != 0
    assert not record.exists()


def test_stop__leaves_another_program_that_has_got_the_number_since(
    tmp_path: Path, server: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "server.json"
    orphans.note(record, server.pid)

    assert stop(record, "label_studio") == []
    time.sleep(0.2)
    assert server.poll() is None


def test_stop__without_a_record_or_a_process_does_nothing(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "", "left-behind"])
    ended.wait()
    record = tmp_path / "server.json"
    record.write_text(json.dumps({"pid": ended.pid, "port": 1, "parent": os.getpid()}))

    assert stop(record) == []
    assert stop(record) == []
