"""A training set of millions of rows, made up batch by batch in order of text key: the same at each call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sync.trainingset import schema
from tests.parts import zipfian_texts

CODES: Final = tuple(f"{number // 100:02}.{number % 100:02}Z" for number in range(100, 832))
BATCH: Final = 100_000
_WORDS: Final = 60_000
_CODERS: Final = 40
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def batches(rows: int, *, seed: int = 0) -> Iterator[pa.RecordBatch]:
    """``schema.CONTENT`` with distinct keys, sorted; nine tenths imported, the others by coders."""
    for start in range(0, rows, BATCH):
        yield _batch(start, min(BATCH, rows - start), rows, np.random.default_rng([seed, start]))


def write(path: Path, rows: int) -> None:
    with pq.ParquetWriter(path, schema.CONTENT, compression="zstd") as writer:
        for batch in batches(rows):
            writer.write_batch(batch)


def corrections(path: Path, number: int, *, seed: int) -> tuple[pa.Table, pa.Table]:
    """As many rows of the file at ``path``, as they are and with another code by a coder; the same for the same seed.

    They lie all over the file, are read row group by row group, and stand in order of text key.
    """
    file = pq.ParquetFile(path)
    random = np.random.default_rng([seed, number])
    wanted = np.sort(random.choice(file.metadata.num_rows, number, replace=False))
    found, start = [], 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        here = wanted[(wanted >= start) & (wanted < end)] - start
        if len(here):
            found.append(file.read_row_group(group).take(pa.array(here)))
        start = end
    rows = pa.concat_tables(found).cast(schema.CONTENT)
    return rows, _corrected(rows, random, seed)


def _corrected(rows: pa.Table, random: np.random.Generator, seed: int) -> pa.Table:
    number = rows.num_rows
    # Another code than the one there: moved on by at least one place.
    place = pc.index_in(rows["code"], pa.array(CODES)).to_numpy() + random.integers(1, len(CODES), number)
    new = {
        "code": _chosen(CODES, place % len(CODES)),
        "source": pa.repeat("coder", number),
        "coder": pa.array([f"C{one:03}" for one in random.integers(1, _CODERS, number).tolist()]),
        "judgement_id": pa.array(seed * 1_000_000 + np.arange(number)),
        "label_id": pa.array(1_000_000_000 + seed * 1_000_000 + np.arange(number)),
    }
    for name, values in new.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows.cast(schema.CONTENT)


def _batch(start: int, number: int, rows: int, random: np.random.Generator) -> pa.RecordBatch:
    """Keys spread over their whole range as hashes are, so that they compress as badly."""
    step = 2**64 // rows
    first = np.uint64(step) * np.arange(start, start + number, dtype=np.uint64)
    heads = first + random.integers(0, step, number, dtype=np.uint64)
    imported = random.random(number) < 0.9
    columns = {
        "text_key": _hexadecimal(heads, random),
        "group_key": _hexadecimal(random.integers(0, 2**63, number, dtype=np.uint64), random),
        "text": _texts(number, random),
        "words_key": pa.array(random.integers(-(2**63), 2**63 - 1, number)),
        "variables": _chosen(_variables(), random.integers(0, len(_variables()), number)),
        "code": _chosen(CODES, (random.zipf(1.3, number) - 1) % len(CODES)),
        "nomenclature": pa.repeat("naf-rev2", number),
        "source": _chosen(("coder", "import"), imported.astype(int)),
        "weight": pa.array(np.where(imported, 0.5, 1.0)),
        "coder": pa.array([None if known else f"C{place % _CODERS:03}" for place, known in enumerate(imported)]),
        "judgement_id": pa.array(random.integers(1, 10**7, number), mask=imported),
        "label_id": pa.array(start + random.permutation(number)),
        "rule": pa.nulls(number, pa.string()),
        "split": _chosen(("train", "validation"), (random.random(number) < 0.1).astype(int)),
    }
    return pa.RecordBatch.from_arrays([columns[name].cast(type_) for name, type_ in _types()], schema=schema.CONTENT)


def _types() -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in schema.CONTENT]


def _hexadecimal(heads: np.ndarray, random: np.random.Generator) -> pa.Array:
    """Twenty digits: sixteen of the number, four at random."""
    tail = random.integers(0, 2**8, (len(heads), 2), dtype=np.uint8)
    octets = np.hstack([heads.astype(">u8").view(np.uint8).reshape(-1, 8), tail])
    digits = np.stack([_HEX[octets >> 4], _HEX[octets & 15]], axis=2).reshape(len(heads), 20)
    offsets = np.arange(0, 20 * len(heads) + 1, 20, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits))]
    return pa.Array.from_buffers(pa.string(), len(heads), buffers)


def _texts(number: int, random: np.random.Generator) -> pa.Array:
    lengths = random.integers(3, 9, number)
    words, shares = _vocabulary()
    drawn = np.searchsorted(shares, random.random(int(lengths.sum())))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(drawn))), " ")


def _chosen(values: tuple[str, ...], places: np.ndarray) -> pa.Array:
    return pa.array(values).take(pa.array(places))


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[pa.Array, np.ndarray]:
    """Words, the most frequent first, and the share of words up to each."""
    shares = np.cumsum(1 / np.arange(1, _WORDS + 1))
    return pa.array(zipfian_texts.vocabulary(_WORDS, np.random.default_rng(7))), shares / shares[-1]


@lru_cache(maxsize=1)
def _variables() -> tuple[str, ...]:
    return tuple(
        schema.variables_json({"cj": str(cj), "liasse_type": kind, "surf": str(surface)})
        for cj in range(1000, 1030)
        for kind in ("C", "I", "L", "X")
        for surface in (0, 1, 2)
    )
