"""The demo's servers, started beside the first steps of the turn and all stopped together."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from types import TracebackType
from typing import Self

import uvicorn

from annotation.errors import UnreachableError
from annotation.labelstudio.server import LabelStudioServer
from sync import app
from sync.demo import orphans
from sync.demo.home import DemoHome
from sync.demo.orphans import OnMessage
from sync.settings import Settings
from sync.training.mlflow_server import MlflowServer
from sync.wiring import Workbench

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_LABEL_STUDIO, _MLFLOW = "Label Studio", "MLflow"


class Servers:
    """Label Studio and MLflow: each comes up in a thread of its own; who asks for one waits until it answers."""

    def __init__(self, home: DemoHome, *, label_studio_port: int, on_message: OnMessage) -> None:
        self._home = home
        self._on_message = on_message
        self._label_studio = LabelStudioServer(
            data=home.label_studio, port=label_studio_port or None, on_progress=on_message
        )
        self._mlflow = MlflowServer(home.mlflow)
        self._threads = ThreadPoolExecutor(3)
        self._starting: dict[str, Future[None]] = {}

    def __enter__(self) -> Self:
        self._starting[_LABEL_STUDIO] = self._threads.submit(self._label_studio.start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_message("stopping the servers")
        self._threads.shutdown(wait=False, cancel_futures=True)
        # A server that is still starting is stopped as soon as there is one; its thread then ends with an error.
        while not all(future.done() for future in self._starting.values()):
            self._stop()
            time.sleep(0.2)
        self._stop()
        (self._home.mlflow / "server.json").unlink(missing_ok=True)

    def start_mlflow(self) -> None:
        """To be called when MLflow's tables are made: two programs that make them at once fail both."""
        self._starting[_MLFLOW] = self._threads.submit(self._start_mlflow)

    def raise_failed(self) -> None:
        """The error of a server that could not be started, as soon as it is known."""
        for future in self._starting.values():
            if future.done():
                future.result()

    def label_studio(self) -> LabelStudioServer:
        self._starting[_LABEL_STUDIO].result()
        return self._label_studio

    def mlflow(self) -> MlflowServer:
        self._starting[_MLFLOW].result()
        return self._mlflow

    def _start_mlflow(self) -> None:
        record = self._home.mlflow / "server.json"
        orphans.stop(record, "mlflow", self._on_message)
        self._on_message(f"starting MLflow on port {self._mlflow.port}")
        starting = self._threads.submit(self._mlflow.start)
        while self._mlflow.pid is None and not starting.done():
            time.sleep(0.05)
        if (pid := self._mlflow.pid) is not None:
            orphans.note(record, pid)
        starting.result()

    def _stop(self) -> None:
        self._mlflow.stop()
        self._label_studio.stop()


class DemoBench(Workbench):
    """The workbench on the demo's servers: a step that needs Label Studio waits for it."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        super().__init__(settings)
        self._servers = servers

    @cached_property
    def server(self) -> LabelStudioServer | None:
        return self._servers.label_studio()


class CampaignPage:
    """The web application in a thread, on a free port of this machine."""

    def __init__(self, bench: Workbench) -> None:
        self._socket = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._socket.getsockname()[1]}"
        application = app.create_app(ledger=bench.ledger, settings=bench.settings, champion=bench.champion)
        self._server = uvicorn.Server(
            uvicorn.Config(application, log_level="warning", server_header=False, timeout_graceful_shutdown=3)
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="campaign page", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise UnreachableError("The campaign page does not come up.", cure="Run the demo again.")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
