"""A SQLite ledger with a label for each of millions of texts, written in bulk behind the ledger's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import many_rows, new_ledgers

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
NAF: Final = Nomenclature(
    key="naf-rev2", title="NAF", codes=[Code(code, 1, None, f"Activity {code}") for code in many_rows.CODES]
)
_STORED_NOW: Final = "2026-03-01 00:00:00.000000"
_TEXT: Final = "INSERT INTO text (key, group_key, text, variables, first_seen_at) VALUES (?, ?, ?, ?, ?)"
_LABEL: Final = """INSERT INTO label (text_key, nomenclature, code, source, weight, evidence, judgements, settled_at)
    VALUES (?, 'naf-rev2', ?, 'import', 1.0, 'from register', '[]', ?)"""


def make(folder: Path, rows: int) -> str:
    """Gives the ledger's URL."""
    ledger = new_ledgers.make(folder)
    with ledger.begin() as work:
        work.nomenclatures.add(NAF, origin="", sha256="", now=NOW)
    url = ledger.url
    ledger.close()
    with _opened(url) as connection:
        for batch in many_rows.batches(rows):
            columns = [batch[name].to_pylist() for name in ("text_key", "group_key", "text", "variables", "code")]
            texts, labels = zip(*_rows(columns), strict=True)
            connection.executemany(_TEXT, texts)
            connection.executemany(_LABEL, labels)
        connection.commit()
    return url


def correct(url: str, number: int, *, seed: int) -> None:
    """Another code for so many texts, each as a new label."""
    random = np.random.default_rng(seed)
    with _opened(url) as connection:
        last = connection.execute("SELECT max(id) FROM label").fetchone()[0]
        for chosen in np.sort(random.choice(last, number, replace=False) + 1).tolist():
            key, code = connection.execute("SELECT text_key, code FROM label WHERE id = ?", [chosen]).fetchone()
            place = many_rows.CODES.index(code) + int(random.integers(1, len(many_rows.CODES)))
            connection.execute(_LABEL, [key, many_rows.CODES[place % len(many_rows.CODES)], _STORED_NOW])
        connection.commit()


def _opened(url: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(url.removeprefix("sqlite:///")))


def _rows(columns: list[list[Any]]) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    for key, group, text, variables, code in zip(*columns, strict=True):
        yield (key, group, text, variables, _STORED_NOW), (key, code, _STORED_NOW)
