"""Who said what behind the rows of a difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import pyarrow as pa

from annotation.campaign import disguising, lineage
from annotation.campaign.extracting import Columns, Extract, Kind
from annotation.domain.pseudonym import PseudonymKey
from annotation.ledger.repositories.provenance import TextJudgement
from annotation.ledger.unit_of_work import Ledger, UnitOfWork

Row = Mapping[str, Any]
ROWS_AT_ONCE: Final = 1000
BOTH: Final = ("code", "source", "weight", "coder", "rule", "split", "label_id")

COLUMNS: Columns = {
    "kind": Kind.TEXT, "ruled": Kind.FLAG, "text_key": Kind.TEXT, "text": Kind.TEXT, "variables": Kind.TEXT,
    "nomenclature": Kind.TEXT, "code_before": Kind.TEXT, "code": Kind.TEXT, "source_before": Kind.TEXT,
    "source": Kind.TEXT, "weight_before": Kind.NUMBER, "weight": Kind.NUMBER, "coder_before": Kind.TEXT,
    "coder": Kind.TEXT, "rule_before": Kind.TEXT, "rule": Kind.TEXT, "split_before": Kind.TEXT, "split": Kind.TEXT,
    "label_id_before": Kind.INTEGER, "label_id": Kind.INTEGER, "judgements": Kind.DOCUMENT,
    "judgements_before": Kind.DOCUMENT,
}  # fmt: skip
"""Of a difference as a table. Judgements are a JSON list, those of the former label under ``judgements_before``."""


def with_judgements(work: UnitOfWork, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each row with the judgements that were weighed for its label, and for the label that it had before."""
    ids = [row[name] for row in rows for name in ("label_id", "label_id_before") if row[name] is not None]
    behind = lineage.behind(work, ids)
    return [
        dict(row)
        | {
            "judgements": [_said(one) for one in behind.get(row["label_id"], ())],
            "judgements_before": _former(row, behind),
        }
        for row in rows
    ]


def extract(ledger: Ledger, tables: Iterable[pa.Table], *, key: PseudonymKey | None = None) -> Extract:
    """Classified changes (``movement.classified``) as a table to be written; read while it is.

    With a ``key``, coders bear the pseudonyms that it gives.
    """
    return Extract("diff", COLUMNS, _rows(ledger, tables, key))


def disguised(rows: Iterable[Row], key: PseudonymKey | None) -> list[Row]:
    """Rows with judgements, coders under keyed pseudonyms; as they are without a key."""
    if key is None:
        return list(rows)
    name = disguising.name_of(key)

    def said(one: Row) -> Row:
        return {**one, "coder": name(one["coder"])}

    return [
        {
            **row,
            **{one: name(row[one]) for one in ("coder", "coder_before") if row[one]},
            **{one: [said(judgement) for judgement in row[one]] for one in ("judgements", "judgements_before")},
        }
        for row in rows
    ]


def _rows(ledger: Ledger, tables: Iterable[pa.Table], key: PseudonymKey | None) -> Iterator[Sequence[Any]]:
    pending = (row for table in tables for row in table.to_pylist())
    while page := list(islice(pending, ROWS_AT_ONCE)):
        with ledger.read() as work:
            found = disguised(with_judgements(work, page), key)
        yield from ([row[name] for name in COLUMNS] for row in found)


def _former(row: Row, behind: Mapping[int, Sequence[TextJudgement]]) -> list[dict[str, Any]]:
    """None of a label that is the same still."""
    before = row["label_id_before"]
    return [] if before is None or before == row["label_id"] else [_said(one) for one in behind.get(before, ())]


def _said(one: TextJudgement) -> dict[str, Any]:
    return {
        "judgement": one.id,
        "coder": one.coder,
        "code": one.code,
        "outcome": one.outcome.value,
        "judged_at": one.judged_at.isoformat(),
        "campaign": one.campaign,
        "in_force": one.in_force,
    }
