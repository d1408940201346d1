"""Folders of Parquet scored file by file, by a model small enough to see through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.errors import InvalidInputError, NotFoundError
from sampling import partitions, workers
from sampling.partitions import PartitionsResult
from sampling.scoredtable import Columns
from sampling.workers import ThisProcess, Workers
from sync.storage import Storage
from tests.parts.spelling import SpellingModel

TEXTS = ("Pain frais", "taxi", "inconnu")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def put(storage: Storage, path: str, texts: Sequence[str | None] = TEXTS, **columns: Any) -> None:
    numbers = list(range(len(texts)))
    with storage.writing(path) as handle:
        pq.write_table(pa.table({"id": numbers, "libelle": pa.array(texts, pa.string()), **columns}), handle)


def score(
    storage: Storage,
    *,
    model: SpellingModel | None = None,
    columns: Columns | None = None,
    crew: Workers | None = None,
    **more: Any,
) -> PartitionsResult:
    given = {"folder": "in", "to": "out"} | more
    return partitions.score(
        source=storage,
        target=storage,
        columns=columns or Columns("libelle", kept=(("id", "id"),)),
        model=model or SpellingModel(),
        workers=crew or ThisProcess(),
        **given,
    )


def read(storage: Storage, path: str) -> pd.DataFrame:
    with storage.reading(path) as handle:
        return pq.read_table(handle).to_pandas()


def test_score__a_file_of_results_for_each_partition(storage: Storage) -> None:
    put(storage, "in/2026/01.parquet")
    put(storage, "in/02.pq", ["coiffure"])
    storage.write("in/_SUCCESS", b"")
    put(storage, "in/_temporary/03.parquet")

    result = score(storage)

    assert storage.files("out") == [storage.join("out/02.pq"), storage.join("out/2026/01.parquet")]
    assert result == PartitionsResult("spelling/1", 2, 2, 0, 4, 1, ())


def test_score__a_row_for_each_text_in_their_order(storage: Storage) -> None:
    put(storage, "in/a.parquet")

    score(storage, codes=2)

    table = read(storage, "out/a.parquet")
    assert [list(row) for row in table[["row", "id", "libelle", "code"]].itertuples(index=False)][:2] == [
        [1, 0, "Pain frais", "PAIN"],
        [2, 1, "taxi", "TAXI"],
    ]
    assert table["codes"].map(list).tolist() == [["PAIN", "Z"], ["TAXI", "Z"], []]
    assert table["probabilities"].map(list).tolist() == [[0.75, 0.25], [0.75, 0.25], []]
    assert table["margin"].tolist() == [0.5, 0.5, 0]
    assert table["known"].tolist() == [1, 1, 0]
    assert set(table["model_version"]) == {"spelling/1"}
    assert pd.isna(table["code"][2]) and pd.isna(table["probability"][2])


def test_score__columns_are_kept_under_another_name_and_with_their_type(storage: Storage) -> None:
    when = pa.array([pd.Timestamp("2026-01-01")] * 3, pa.timestamp("us"))
    put(storage, "in/a.parquet", code=["A", "B", None], when=when)

    score(storage, columns=Columns("libelle", kept=(("code", "declared_code"), ("when", "when"))))

    with storage.reading("out/a.parquet") as handle:
        schema = pq.read_schema(handle)
    assert schema.names[:4] == ["row", "declared_code", "when", "libelle"]
    assert schema.field("when").type == pa.timestamp("us")


def test_score__a_kept_column_cannot_take_the_name_of_a_result(storage: Storage) -> None:
    put(storage, "in/a.parquet", code=["A", "B", "C"])

    [failure] = score(storage, columns=Columns("libelle", kept=(("code", "code"),))).failed

    assert "'code'" in failure.error and "--keep code=" in failure.cure


def test_score__rows_are_numbered_through_the_batches(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "BATCH_ROWS", 3)
    put(storage, "in/a.parquet", [f"texte{letter}" for letter in "abcdefgh"])

    score(storage)

    table = read(storage, "out/a.parquet")
    assert table["row"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert table["code"].tolist() == [f"TEXTE{letter}" for letter in "ABCDEFGH"]


def test_score__no_row_gives_an_empty_file(storage: Storage) -> None:
    put(storage, "in/a.parquet", [])

    score(storage)

    assert len(read(storage, "out/a.parquet")) == 0


def test_score__a_single_file(storage: Storage) -> None:
    put(storage, "in/a.parquet")

    score(storage, folder="in/a.parquet")

    assert storage.files("out") == [storage.join("out/a.parquet")]


def test_score__run_again_passes_over_what_is_finished(storage: Storage, tmp_path: Path) -> None:
    put(storage, "in/a.parquet")
    put(storage, "in/b.parquet")
    first = score(storage)
    log = tmp_path / "opened"

    again = score(storage, model=SpellingModel(log=log))

    assert (again.scored, again.skipped) == (0, 2)
    assert (again.rows, again.unscored) == (first.rows, first.unscored)
    assert not log.exists(), "the model was opened for nothing"


@pytest.mark.parametrize("changed", ["partition", "model version", "model", "codes", "columns", "result"])
def test_score__what_changed_is_scored_again(storage: Storage, changed: str) -> None:
    put(storage, "in/a.parquet")
    put(storage, "in/b.parquet")
    score(storage)
    more: dict[str, Any] = {}
    if changed == "partition":
        put(storage, "in/a.parquet", ["menuiserie"])
    elif changed == "result":
        storage.write("out/a.parquet", b"half a file")
    else:
        more = {
            "model version": {"model": SpellingModel(version="spelling/2")},
            "model": {"model": SpellingModel(digest="b")},
            "codes": {"codes": 1},
            "columns": {"columns": Columns("libelle")},
        }[changed]

    result = score(storage, **more)

    assert result.scored == (1 if changed in ("partition", "result") else 2)
    assert result.skipped == 2 - result.scored


def test_score__killed_and_run_again_goes_on(storage: Storage) -> None:
    for name in "abc":
        put(storage, f"in/{name}.parquet")

    def killed(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(storage, on_progress=killed)

    result = score(storage)

    assert (result.scored, result.skipped) == (1, 2)


def test_score__killed_while_writing_leaves_no_half_result(storage: Storage) -> None:
    put(storage, "in/a.parquet", ["pain", None])
    put(storage, "in/b.parquet", ["pain"])
    storage.write("out/a.parquet", b"of an earlier run")

    score(storage)

    assert storage.read("out/a.parquet") == b"of an earlier run"
    assert storage.files("out") == [storage.join("out/a.parquet"), storage.join("out/b.parquet")]


def written(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


WHOLE = written(id=range(5000), libelle=[f"pain {n}" for n in range(5000)], type=["I"] * 5000)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no parquet at all", "cannot be read as Parquet"),
        (WHOLE[:-100], "cannot be read as Parquet"),
        (WHOLE[:50] + b"\xff" * 60 + WHOLE[110:], "cannot be read as Parquet"),
        (written(id=[1], texte=["pain"], type=["I"]), "has no column 'libelle'; it has id, texte, type"),
        (written(id=[1], libelle=["pain"]), "has no column 'type'"),
        (written(id=[1], libelle=[1], type=["I"]), "'libelle' holds int64, no text"),
        (written(id=[1, 2], libelle=["pain", None], type=["I", "I"]), "row 2: has no text in 'libelle'"),
    ],
)
def test_score__a_bad_partition_is_told_and_the_others_are_done(storage: Storage, content: bytes, told: str) -> None:
    for name in "ac":
        put(storage, f"in/{name}.parquet", type=["I", "II", None])
    storage.write("in/b.parquet", content)

    result = score(storage, columns=Columns("libelle", ("type",), kept=(("id", "id"),)))

    [failure] = result.failed
    assert failure.file == storage.join("in/b.parquet")
    assert told in failure.error and failure.file in failure.error
    assert (failure.exit_code, bool(failure.cure)) == (3, True)
    assert storage.files("out") == [storage.join("out/a.parquet"), storage.join("out/c.parquet")]


def test_score__the_model_hears_the_variables_as_the_intake_reads_them(storage: Storage) -> None:
    surface = pa.array([1, None, 3], pa.int64())
    put(storage, "in/a.parquet", ["", "", ""], surface=surface, share=[1.0, float("nan"), 2.5])

    score(
        storage,
        model=SpellingModel(variables=("surface", "share")),
        columns=Columns("libelle", ("surface", "share")),
    )

    assert read(storage, "out/a.parquet")["code"].tolist() == ["SURFACE_1", "SURFACE_NA", "SURFACE_3"]


def test_of_model__all_its_variables_unless_named() -> None:
    model = SpellingModel(variables=("type", "surface"))

    assert partitions.of_model(Columns("libelle"), model).variables == ("type", "surface")
    assert partitions.of_model(Columns("libelle", ("surface",)), model).variables == ("surface",)
    with pytest.raises(InvalidInputError, match="does not read area, only type, surface"):
        partitions.of_model(Columns("libelle", ("area",)), model)


def test_score__nothing_to_score(storage: Storage) -> None:
    storage.write("in/a.csv", b"libelle\npain\n")

    with pytest.raises(NotFoundError, match="holds no Parquet file"):
        score(storage)


@pytest.mark.parametrize(("folder", "to"), [("in", "in"), ("in", "in/out"), ("in/a.parquet", "in")])
def test_score__results_do_not_lie_among_partitions(storage: Storage, folder: str, to: str) -> None:
    put(storage, "in/a.parquet")

    with pytest.raises(InvalidInputError, match="--to"):
        score(storage, folder=folder, to=to)


def test_score__several_processes_give_the_same_files(storage: Storage, tmp_path: Path) -> None:
    for number in range(5):
        put(storage, f"in/{number}.parquet", [f"texte{number}", "pain", "inconnu"])
    log = tmp_path / "opened"
    here = score(storage, to="here")

    with workers.opened(size=2) as crew:
        pooled = score(storage, to="pooled", model=SpellingModel(log=log), crew=crew)

    assert pooled == here
    for number in range(5):
        pd.testing.assert_frame_equal(
            read(storage, f"pooled/{number}.parquet"), read(storage, f"here/{number}.parquet")
        )
    processes = log.read_text().split()
    assert len(processes) == len(set(processes)) <= 2, "the model is opened once in each process"
