"""A real MLflow server for the tests that ask for it, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.training.mlflow_server import MlflowServer


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with MlflowServer(tmp_path_factory.mktemp("mlflow")) as server:
        yield server
