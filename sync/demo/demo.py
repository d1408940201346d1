"""The whole loop on one machine, from nothing: a register, real servers, one turn, and what came of it."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from annotation.errors import InstallationError
from annotation.settings import LabelStudioSettings, LedgerSettings, OidcSettings
from annotation.wiring import OnProgress, clock, silent
from sync import turn
from sync.demo import home as homes
from sync.demo import story
from sync.demo.home import DemoHome
from sync.demo.orphans import OnMessage
from sync.demo.servers import CampaignPage, DemoBench, Servers
from sync.demo.story import DemoResult, LogIn
from sync.settings import MlflowSettings, Settings, StorageSettings
from sync.steps import DEMO_PASSWORD
from sync.turn import OnStep


@contextmanager
def opened(
    *,
    home: Path,
    fresh: bool = False,
    on_message: OnMessage = lambda _message: None,
    on_step: OnStep = lambda _step, _result: None,
    clock: Callable[[], datetime] = clock,
) -> Iterator[RunningDemo]:
    """A demo in ``home`` with its servers, which stop on leaving. What is there is continued, unless ``fresh``.

    Raises ConflictError where the home is taken or somebody's own; InstallationError where a server cannot be
    installed or the disk is full; UnreachableError where a server does not come up.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(_full_disk_told(home))
        held = stack.enter_context(homes.held(home, fresh=fresh, now=clock(), on_message=on_message))
        on_message(_greeting(held))
        settings = _settings(held)
        servers = Servers(held, label_studio_port=settings.labelstudio.port, on_message=on_message)
        bench = stack.enter_context(DemoBench(settings, stack.enter_context(servers)))
        bench.champion()
        servers.start_mlflow()
        page = stack.enter_context(CampaignPage(bench))
        on_message(f"the campaign page is at {page.url}")
        yield RunningDemo(held, bench, servers, page, on_message, on_step, began)


@dataclass(frozen=True, slots=True)
class RunningDemo:
    _home: DemoHome
    _bench: DemoBench
    _servers: Servers
    _page: CampaignPage
    _on_message: OnMessage
    _on_step: OnStep
    _began: float

    def run(self, *, turns: int = 1, on_progress: OnProgress = silent) -> DemoResult:
        """Run ``turns`` turns: first one that was killed half-way, if any; each other has a new month of declarations.

        Errors: those of the steps; what was done stays, and the next run goes on from there.
        """
        for _ in range(turns):
            self._arrive()
            turn.turn(self._bench, on_step=self._step, on_progress=on_progress)
        # Both are up before anybody is told their addresses, also where no step had to ask for them.
        account = self._servers.label_studio().account
        return story.tell(
            self._bench,
            home=self._home.path,
            new=self._home.new,
            urls={
                "label_studio": self._servers.label_studio().url,
                "mlflow": f"{self._servers.mlflow().url}/#/models/{self._bench.settings.training.model}",
                "campaign": f"{self._page.url}/campaigns/{self._bench.settings.campaign.key}",
            },
            log_ins={
                "label_studio": LogIn(account.email, account.password),
                "label_studio_coder": LogIn("coder1@demo.example", DEMO_PASSWORD),
            },
            seconds=time.monotonic() - self._began,
        )

    def wait(self) -> None:
        """Until Ctrl-C."""
        with suppress(KeyboardInterrupt):
            threading.Event().wait()

    def _step(self, name: str, result: dict[str, Any] | None) -> None:
        self._servers.raise_failed()
        self._on_step(name, result)

    def _arrive(self) -> None:
        key = self._bench.settings.campaign.key
        with self._bench.ledger.read() as work:
            unfinished, finished = work.turns.open_number(key), work.turns.last_number(key)
        if unfinished is not None:
            self._on_message(f"going on with turn {unfinished}, which did not come to its end")
        elif self._home.add_month(finished + 1):
            self._on_message(f"turn {finished + 1}: the declarations of one more month arrive")


def _greeting(home: DemoHome) -> str:
    if home.new:
        return f"A new demo starts in {home.path}."
    return f"The demo in {home.path} continues (--fresh would start anew)."


def _settings(home: DemoHome) -> Settings:
    """The home's settings on the embedded parts: a demo never touches an office's, whatever the environment names."""
    settings = Settings.load(home.config, home=home.path)
    return settings.model_copy(
        update={
            "labelstudio": LabelStudioSettings(port=settings.labelstudio.port),
            "ledger": LedgerSettings(),
            "storage": StorageSettings(),
            "mlflow": MlflowSettings(),
            "serve": settings.serve.model_copy(
                update={"host": "127.0.0.1", "tokens": None, "tokens_file": None, "oidc": OidcSettings()}
            ),
        }
    )


@contextmanager
def _full_disk_told(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        raise InstallationError(
            f"{home} cannot be written ({error.strerror}).",
            cure="Make room or choose another folder with --home; the same command then goes on.",
        ) from error
