"""Scoring on a Dask cluster: a real scheduler and two worker processes on loopback, S3 and MLflow servers besides."""

from __future__ import annotations

import http.server
import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import UnreachableError
from sampling import partitions, workers
from sampling.partitions import PartitionsResult
from sampling.scoredtable import Columns
from sampling.workers import Workers, WorkersLostError
from sync.storage import Storage
from sync.training import fasttext_trainer, portable
from sync.training.fasttext_trainer import FastTextParameters
from sync.training.mlflow_server import MlflowServer
from sync.training.model import TrainingSetRef
from sync.training.portable import RegisteredModel
from sync.training.registry import ModelRegistry
from tests.parts import dask_cluster, spelling
from tests.parts.s3 import S3Server

pytestmark = [
    pytest.mark.integration,
    # Of distributed, about sockets that its own event loop closes late.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WORDS = {"10.71C": "pain boulanger patisserie", "49.32Z": "taxi voiture chauffeur", "01.11Z": "ble cereale culture"}
COLUMNS = Columns("libelle", ("type",), kept=(("id", "id"),))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, mlflow_server: MlflowServer) -> RegisteredModel:
    normaliser = Normaliser(Cleaning(), ("type",))
    lines = [
        (code, normaliser.line(f"{word} {other}", {"type": kind}))
        for code, words in WORDS.items()
        for word in words.split()
        for other in words.split()
        for kind in ("I", "II")
    ]
    folder = tmp_path_factory.mktemp("model")
    parameters = FastTextParameters(dim=8, bucket=500, epoch=100)
    trained = fasttext_trainer.train(lines=lines, parameters=parameters, folder=folder, timeout=60)
    registry = ModelRegistry(mlflow_server.url, "cluster", "cluster")
    registry.register(
        training_key="key",
        trained=trained,
        normaliser=normaliser,
        trainingset=TrainingSetRef("v1", "d" * 64, "file:///sets"),
        parameters={},
        metrics={},
        tags={},
        examples=[{"text": "pain", "type": "I"}],
    )
    return portable.portable(registry, "1", folder / "models", Cleaning())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dask")
    with (
        dask_cluster.scheduler(folder) as address,
        dask_cluster.workers(address, folder, environment={"AWB_CACHE": str(cache)}),
    ):
        yield address


def put(storage: Storage, count: int = 6) -> None:
    for number in range(count):
        words = [*" ".join(WORDS.values()).split(), "inconnu", ""]
        texts = [f"{words[(number + row) % len(words)]} {words[row % len(words)]}" for row in range(500)]
        content = io.BytesIO()
        pd.DataFrame({"libelle": texts, "type": "I", "id": range(500)}).to_parquet(content)
        storage.write(f"in/{number}.parquet", content.getvalue())
    storage.write("in/bad.parquet", b"nothing")


def score(storage: Storage, model: RegisteredModel, crew: Workers, to: str) -> PartitionsResult:
    return partitions.score(
        source=storage, folder="in", target=storage, to=to, columns=COLUMNS, model=model, workers=crew
    )


def tables(storage: Storage, folder: str) -> dict[str, pd.DataFrame]:
    return {
        url.rpartition("/")[2]: pq.read_table(io.BytesIO(storage.read(url))).to_pandas()
        for url in storage.files(folder)
    }


def test_score__the_same_on_one_process_a_pool_and_a_cluster(
    s3: S3Server, model: RegisteredModel, cluster: str
) -> None:
    storage = s3.storage()
    put(storage)
    results = {}

    for to, size, scheduler in (("here", 1, ""), ("pool", 2, ""), ("cluster", 1, cluster)):
        with workers.opened(size=size, scheduler=scheduler) as crew:
            results[to] = score(storage, model, crew, to)

    here = tables(storage, "here")
    assert sorted(here) == [f"{number}.parquet" for number in range(6)]
    assert here["0.parquet"]["code"][0] == "10.71C"
    assert results["here"] == results["pool"] == results["cluster"]
    assert [failure.file for failure in results["here"].failed] == [storage.join("in/bad.parquet")]
    for to in ("pool", "cluster"):
        for name, table in tables(storage, to).items():
            pd.testing.assert_frame_equal(table, here[name])


def test_score__finished_on_the_cluster_is_finished_everywhere(
    tmp_path: Path, model: RegisteredModel, cluster: str
) -> None:
    storage = Storage(str(tmp_path))
    put(storage, 3)
    with workers.opened(size=1, scheduler=cluster) as crew:
        score(storage, model, crew, "out")

    with workers.opened(size=1) as crew:
        again = score(storage, model, crew, "out")

    assert (again.scored, again.skipped, len(again.failed)) == (0, 3, 1)


def test_score__workers_that_do_not_see_the_model_fetch_it_once(
    tmp_path: Path, model: RegisteredModel, cluster: str, cache: Path
) -> None:
    storage = Storage(str(tmp_path))
    put(storage, 4)
    elsewhere = replace(model, folder=Path("/of/another/machine"))

    with workers.opened(size=1, scheduler=cluster) as crew:
        result = score(storage, elsewhere, crew, "out")

    assert result.scored == 4
    fetched = list(cache.rglob("*.bin"))
    assert [path.stat().st_size for path in fetched] == [model.size]


def test_score__neither_the_model_nor_its_registry_is_seen(
    tmp_path: Path, model: RegisteredModel, cluster: str
) -> None:
    storage = Storage(str(tmp_path))
    put(storage, 1)
    lost = replace(model, folder=Path("/of/another/machine"), tracking_uri="sqlite:////of/another/machine/mlflow.db")

    with (
        pytest.raises(UnreachableError, match="sees neither the model's folder") as caught,
        workers.opened(size=1, scheduler=cluster) as crew,
    ):
        score(storage, lost, crew, "out")

    assert "mlflow.tracking_uri" in caught.value.cure


def test_opened__a_scheduler_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORKERS_SECONDS", 1)

    with (
        dask_cluster.scheduler(tmp_path) as address,
        pytest.raises(UnreachableError, match="has no workers"),
        workers.opened(size=1, scheduler=address),
    ):
        pass


def test_opened__workers_of_another_version(tmp_path: Path) -> None:
    other = tmp_path / "environment" / "annotation_workbench-0.0.1.dist-info"
    other.mkdir(parents=True)
    other.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: annotation-workbench\nVersion: 0.0.1\n")

    with (
        dask_cluster.scheduler(tmp_path) as address,
        dask_cluster.workers(address, tmp_path, count=1, environment={"PYTHONPATH": str(other.parent)}),
        pytest.raises(UnreachableError, match="annotation-workbench 0.0.1, this process") as caught,
        workers.opened(size=1, scheduler=address),
    ):
        pass

    assert "environment" in caught.value.cure


def test_opened__what_answers_is_no_scheduler() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = time.monotonic()

    with (
        pytest.raises(UnreachableError, match="no Dask scheduler"),
        workers.opened(size=1, scheduler=f"tcp://127.0.0.1:{server.server_port}"),
    ):
        pass

    assert time.monotonic() - before < 60
    server.shutdown()
    server.server_close()


def test_map__a_worker_that_dies_is_replaced_by_the_other(tmp_path: Path) -> None:
    with (
        dask_cluster.scheduler(tmp_path) as address,
        dask_cluster.workers(address, tmp_path) as processes,
        workers.opened(size=1, scheduler=address) as crew,
    ):
        results = crew.map(spelling.squared, range(300))
        found = [next(results)]
        os.kill(processes[0], signal.SIGKILL)
        found += list(results)

    assert sorted(found) == [number**2 for number in range(300)]


def test_map__a_piece_that_kills_its_workers_is_told(tmp_path: Path) -> None:
    with (
        dask_cluster.scheduler(tmp_path) as address,
        dask_cluster.workers(address, tmp_path, count=5),
        pytest.raises(WorkersLostError, match="again and again"),
        workers.opened(size=1, scheduler=address) as crew,
    ):
        list(crew.map(spelling.killed_at_three, [3]))
