from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotation.campaign import disguising, extracting
from annotation.campaign.extracting import Extract
from annotation.domain.pseudonym import PseudonymKey
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns, golden
from tests.parts.campaigns import KEY, NOW
from tests.parts.golden import RIGHT

FIRST, SECOND = PseudonymKey(b"a" * 32), PseudonymKey(b"b" * 32)


def ledger(folder: Path) -> Ledger:
    """Ann and Bob answer each text."""
    opened = campaigns.campaign(folder, tasks=3)
    coders = golden.enrol(opened, "ann", "bob")
    with opened.begin() as work:
        tasks = work.tasks.of_campaign(KEY)
    for coder in coders:
        golden.answer(opened, coder, tasks, [RIGHT] * 3)
    return opened


def rows(opened: Ledger, table: str, key: PseudonymKey | None) -> list[Sequence[Any]]:
    with opened.read() as work:
        return list(disguising.disguised(extracting.of_campaign(work, KEY, table, now=NOW), key).rows)


def test_disguised__no_table_of_a_campaign_tells_the_ledgers_pseudonyms(tmp_path: Path) -> None:
    opened = ledger(tmp_path)

    for table in extracting.CAMPAIGN:
        plain, told = rows(opened, table, None), rows(opened, table, FIRST)
        assert len(plain) == len(told)
        assert "C001" not in str(told)
        assert "C002" not in str(told)
    assert "C001 C002" in str(rows(opened, "agreement", None))


def test_disguised__tables_of_one_key_can_be_joined_and_of_two_cannot(tmp_path: Path) -> None:
    opened = ledger(tmp_path)
    coders = {row[0] for row in rows(opened, "coders", FIRST)}
    judged = {row[3] for row in rows(opened, "judgements", FIRST)}
    rotated = {row[3] for row in rows(opened, "judgements", SECOND)}

    assert coders == judged
    assert len(judged) == len(rotated) == 2
    assert judged & rotated == set()


def test_disguised__leaves_empty_cells_empty_and_other_columns_alone() -> None:
    columns = {"code": extracting.Kind.TEXT, "coder": extracting.Kind.TEXT}
    table = Extract("labels", columns, iter([("01.11Z", None), ("01.12Z", "C001")]))

    (first, second) = disguising.disguised(table, FIRST).rows

    assert first == ["01.11Z", None]
    assert second[0] == "01.12Z" and second[1] not in (None, "C001")
