"""Debian's Chromium without a window, and our own application on a real port for it to visit."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Error, sync_playwright

from tests.parts.absence import absent
from tests.parts.ports import free_port

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
START_SECONDS = 30


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or absent("Chromium is not installed; Debian's chromium brings it")
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        except Error as error:
            absent(f"Chromium did not start: {str(error)[:500]}")
        yield launched
        launched.close()


@contextmanager
def serving(app: FastAPI, *, port: int = 0) -> Iterator[str]:
    """The address of the application while it runs, on a free port where none is given."""
    port = port or free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the application did not start")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
