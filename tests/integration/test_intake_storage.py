"""Texts come in from object storage as from a folder."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.wiring import clock
from sync import declarations, intake
from sync.settings import IntakeSource
from sync.storage import Storage
from tests.parts.s3 import S3Server

pytestmark = pytest.mark.integration

NOMENCLATURE = Nomenclature(
    key="trades",
    title="Trades",
    codes=[Code(code=code, level=1, parent=None, title=title) for code, title in (("A", "Bread"), ("B", "Taxis"))],
)


def test_read__prefix_of_parquet_on_s3(s3: S3Server, tmp_path: Path) -> None:
    storage = s3.storage()
    _put(storage, "declarations/2026-01.parquet", ["boulangerie", "taxi"], ["A", "B"])
    _put(storage, "declarations/2026-02.parquet", ["VTC", "café"], ["B", "Z"])
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    source = IntakeSource(path=storage.join("declarations"), text="libelle", code="ape", coded=True)

    with ledger.begin() as work:
        work.nomenclatures.add(NOMENCLATURE, origin="by hand", sha256="", now=clock())

    result = intake.take(
        ledger=ledger,
        batches=declarations.read(storage, source, now=clock()),
        source="register",
        coded=True,
        nomenclature=NOMENCLATURE,
        now=clock(),
    )

    assert (result.texts, result.labels, result.quarantined) == (3, 3, 1)
    with ledger.read() as work:
        [refused] = work.quarantine.list()
    assert (refused.item.origin, refused.item.row) == ("2026-02.parquet", 3)
    ledger.close()


def _put(storage: Storage, path: str, texts: list[str], codes: list[str]) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"libelle": texts, "ape": codes}).to_parquet(buffer)
    storage.write(path, buffer.getvalue())
