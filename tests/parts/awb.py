"""The command line as a program: the console script in a process of its own, or its entry point in this one."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

PROGRAM = Path(sys.executable).with_name("awb")
TURN_SECONDS = 850


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output; anything besides it is a failure."""
        parsed = json.loads(self.stdout)
        assert isinstance(parsed, dict), f"no object: {self.stdout[:200]}"
        return parsed

    @property
    def error(self) -> dict[str, str]:
        """The error as told under ``--output json``: the last line on standard error."""
        told: dict[str, str] = json.loads(self.stderr.strip().splitlines()[-1])
        return told

    def succeeded(self) -> dict[str, Any]:
        assert self.code == 0, f"exit code {self.code}\n{self.stderr[-3000:]}"
        return self.json


@dataclass(frozen=True, slots=True)
class Awb:
    """The installed ``awb`` with a home, settings and an environment; each call is a process."""

    home: Path
    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    program: Path = PROGRAM

    def __call__(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a command that succeeds."""
        return self.run(*arguments).succeeded()

    def run(self, *arguments: str, timeout: float = TURN_SECONDS) -> Result:
        done = subprocess.run(
            self.command(*arguments),
            env=self.env(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
        """The command left running, what it says in ``log``; a session of its own, so that it can be ended whole."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command(*arguments),
                env=self.env(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def command(self, *arguments: str) -> list[str]:
        config = ["--config", str(self.config)] if self.config else []
        return [str(self.program), *arguments, *config, "--home", str(self.home), "--output", "json"]

    def env(self) -> dict[str, str]:
        return clean_environment() | dict(self.environment)

    @property
    def folder(self) -> Path:
        self.home.parent.mkdir(parents=True, exist_ok=True)
        return self.home.parent


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {k: v for k, v in os.environ.items() if not k.startswith("AWB_") or k == "AWB_CACHE"}


def call(*arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """The entry point in this process. An exception that it lets through, which a user would see as a traceback, goes
    on to the caller.
    """
    from sync import cli

    out, err = io.StringIO(), io.StringIO()
    settings = clean_environment() | dict(environment or {})
    with (
        mock.patch.object(sys, "argv", ["awb", *arguments]),
        mock.patch.dict(os.environ, settings, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            code = 0
    return Result(code, out.getvalue(), err.getvalue())
