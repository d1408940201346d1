"""The embedded server's life: two at once, one per folder, nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
import pytest

from annotation.errors import ConflictError
from annotation.labelstudio.server import LabelStudioServer
from tests.parts import labelstudio

pytestmark = pytest.mark.integration


def keep_running(folder: Path, begun: Event) -> None:
    with labelstudio.started(folder):
        begun.set()
        time.sleep(600)


def answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health", timeout=5).is_success
    return False


def test_server__two_homes_have_servers_of_their_own(label_studio: LabelStudioServer, tmp_path: Path) -> None:
    with labelstudio.started(tmp_path) as other:
        assert other.url != label_studio.url
        assert other.account.server != label_studio.account.server
        assert other.account.token != label_studio.account.token
        with labelstudio.platform_of(other) as platform:
            assert platform.check().user == "admin@demo.example"
        assert (tmp_path / "account.json").stat().st_mode & 0o077 == 0
        url = other.url
    assert not answers(url)


def test_server__the_same_account_after_a_restart_and_one_server_per_folder(tmp_path: Path) -> None:
    with labelstudio.started(tmp_path) as first, pytest.raises(ConflictError, match="already runs"):
        labelstudio.started(tmp_path).start()
    with labelstudio.started(tmp_path) as second:
        assert (second.account, second.url) == (first.account, first.url)


def test_server__one_that_a_killed_process_left_behind_is_stopped(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    begun = context.Event()
    starter = context.Process(target=keep_running, args=(tmp_path, begun))
    starter.start()
    assert begun.wait(240)
    assert starter.pid is not None
    os.kill(starter.pid, signal.SIGKILL)
    starter.join()

    with labelstudio.started(tmp_path) as server:
        assert answers(server.url)


def test_server__a_taken_port_is_said(label_studio: LabelStudioServer, tmp_path: Path) -> None:
    port = int(label_studio.url.rpartition(":")[2])

    with pytest.raises(ConflictError, match=f"Port {port} is taken"):
        LabelStudioServer(data=tmp_path, port=port).start()
