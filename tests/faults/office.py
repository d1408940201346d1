"""The real servers of a run, each behind a proxy that harms connections, and what the commands need to work on them."""

from __future__ import annotations

import random
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from annotation.domain.campaign import Draw
from annotation.domain.declaration import Text
from annotation.domain.task import Component, Task, task_key
from annotation.domain.text import group_key, text_key
from annotation.labelstudio.installation import DATABASE as LABEL_STUDIO_FILE
from annotation.ledger.unit_of_work import Ledger
from tests.faults.plan import DATABASE, LABEL_STUDIO, STORAGE, Form
from tests.parts import awb, small_disk, tinycorpus
from tests.parts.forking import ForkServer
from tests.parts.labelstudio import started
from tests.parts.ports import free_port
from tests.parts.postgres import Cluster
from tests.parts.s3 import S3Process
from tests.parts.small_disk import Disk
from tests.parts.toxic_proxy import HOST, ToxicProxy

CAMPAIGN, NOMENCLATURE, TRAINING_SET = "storm", "flat", "trainingset"
SECRET = "webhook-secret-of-the-run"
DISK_MEGABYTES = 256
# As a server in an office, which keeps what it has acknowledged: whole processes die here, the machine does not.
DURABLE = "-c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c max_connections=100"


@dataclass(frozen=True, slots=True)
class Asked:
    """A text of the plan, by its number, and its task."""

    text_key: str
    task_key: str


class Office:
    """Use as a context manager: whatever was started is stopped on leaving."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.folder = folder
        self._form = form
        self._stack = ExitStack()
        self.asked: dict[int, Asked] = {}
        self.disk: Disk | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        self.storage = S3Process(self.folder)
        self.disk = stack.enter_context(small_disk.mounted(self.storage.server.folder, megabytes=DISK_MEGABYTES))
        self.database = Cluster(DURABLE)
        self.label_studio = started(self.folder / "label-studio", port=free_port())
        self.runner = ForkServer(self.folder / "commands", awb.clean_environment())
        # All take seconds, and wait for nothing of one another.
        with ThreadPoolExecutor(3) as pool:
            ready = [pool.submit(stack.enter_context, one) for one in (self.database, self.label_studio, self.runner)]
            self.storage.start()
            stack.callback(lambda: self.storage.stop())
            for one in ready:
                one.result()
        upstreams = {
            LABEL_STUDIO: int(urlsplit(self.label_studio.url).port or 0),
            STORAGE: self.storage.port,
            DATABASE: self.database.port,
        }
        self.proxies = {part: stack.enter_context(ToxicProxy(port)) for part, port in upstreams.items()}
        self.ledger_url = self.database.new_database()
        self.serve_port = free_port()
        self.bucket = self.storage.server.new_bucket()
        self.ledger = Ledger.open(self.ledger_url)
        stack.callback(self.ledger.close)
        self.config = tinycorpus.write(self.folder, campaign=CAMPAIGN)

    @property
    def environment(self) -> dict[str, str]:
        """What a command of the run is told: the proxies' addresses, never the servers' own."""
        url = urlsplit(self.ledger_url)
        through = url._replace(netloc=f"{url.username}@{HOST}:{self.proxies[DATABASE].port}")
        server = self.storage.server
        return {
            "AWB_LEDGER__URL": urlunsplit(through),
            "AWB_STORAGE__URL": self.bucket,
            "AWB_STORAGE__ENDPOINT": f"http://{HOST}:{self.proxies[STORAGE].port}",
            "AWB_STORAGE__KEY_ID": server.key,
            "AWB_STORAGE__SECRET": server.secret,
            "AWB_LABELSTUDIO__URL": f"http://{HOST}:{self.proxies[LABEL_STUDIO].port}",
            "AWB_LABELSTUDIO__TOKEN": self.label_studio.account.token,
            # Several requests to a push, so that it can be hit between them.
            "AWB_LABELSTUDIO__BATCH": "8",
            "AWB_SERVE__WEBHOOK_SECRET": SECRET,
            "AWB_SERVE__TOKENS": "token-of-a-reader",
        }

    def arguments(self, *command: str) -> list[str]:
        return [*command, "--config", str(self.config), "--home", str(self.folder / "home"), "--output", "json"]

    def stop(self, part: str, how: str) -> None:
        if part == DATABASE:
            self.database.kill() if how == "killed" else self.database.stop(how)
        elif part == STORAGE:
            self.storage.stop(signal.SIGKILL if how == "killed" else signal.SIGTERM)
        else:
            self.label_studio.stop(signal.SIGKILL if how == "killed" else signal.SIGTERM)

    def start(self, part: str) -> None:
        if part == DATABASE:
            # At once: whoever comes while it recovers is refused with a word of its own.
            self.database.start(wait=False)
        elif part == STORAGE:
            self.storage.start()
        else:
            self.label_studio.start()

    def draw(self, wave: int) -> None:
        """The next part of the texts becomes tasks, straight in the ledger."""
        size = -(-self._form.texts // self._form.waves)
        texts = {number: _text(number) for number in range(size * wave, min(size * (wave + 1), self._form.texts))}
        draw_key = f"wave-{wave}"
        now = datetime.now(UTC)
        with self.ledger.begin() as work:
            work.texts.add(list(texts.values()), now=now)
            draw = work.draws.add(Draw(draw_key, CAMPAIGN, wave, "m/1", "2026-01", "2026-02", {}, now)).id
            tasks = {number: _task(draw_key, draw, text) for number, text in texts.items()}
            work.tasks.add(list(tasks.values()))
        self.asked |= {number: Asked(one.text_key, one.key) for number, one in tasks.items()}

    def in_label_studio(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of Label Studio's own database, read without any of our code."""
        path = self.folder / "label-studio" / LABEL_STUDIO_FILE
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
            return database.execute(statement).fetchall()

    def task_numbers(self) -> dict[str, int]:
        """Label Studio's ids of our tasks, by our key; of two copies the older one."""
        rows = self.in_label_studio("select json_extract(data, '$.key'), id from task order by id desc")
        return {str(key): int(number) for key, number in rows if key}


def _text(number: int) -> Text:
    """Words that no other text has, so that none is taken for a near copy."""
    chance = random.Random(f"text/{number}")
    words = " ".join("".join(chance.choices("abcdefghijklmnoprstuvz", k=8)) for _ in range(4))
    return Text(text_key(words, {}), group_key(words), words)


def _task(draw_key: str, draw: int, text: Text) -> Task:
    return Task(
        key=task_key(draw_key, text.key),
        draw_id=draw,
        text_key=text.key,
        component=Component.UNCERTAIN,
        stratum="all",
        inclusion_probability=0.5,
        seat=1,
        reason="Drawn to be answered in a storm.",
        candidates=("A1", "A2"),
        probabilities=(0.6, 0.3),
        model_version="m/1",
    )
