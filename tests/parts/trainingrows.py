"""Rows of a training set, written in one line."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from sync.trainingset import schema


def rows(codes: Mapping[str, str], **columns: object) -> pa.Table:
    """One row per text key with its code; ``columns`` replace a value in all rows."""
    return pa.Table.from_pylist([row(key, code) | columns for key, code in codes.items()], schema=schema.CONTENT)


def row(key: str, code: str) -> dict[str, object]:
    return {
        "text_key": key,
        "group_key": f"g-{key}",
        "words_key": schema.words_key(f"texte no {key}"),
        "text": f"texte nº {key}",
        "variables": schema.variables_json({"liasse_type": "X"}),
        "code": code,
        "nomenclature": "naf-rev2",
        "source": "coder",
        "weight": 1.0,
        "coder": "coder-7",
        "judgement_id": 11,
        "label_id": 5,
        "rule": None,
        "split": "train",
    }


def codes(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["text_key"].to_pylist(), table["code"].to_pylist(), strict=True))
