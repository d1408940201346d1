"""A campaign with a flow, a turn that found drift, versions in a real store, and the application over it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from annotation.domain.declaration import Declaration, Text
from annotation.domain.label import Label, Source
from annotation.domain.prediction import Prediction
from annotation.domain.version import ModelVersion, TrainingSetVersion
from annotation.ledger.unit_of_work import Ledger
from sync.settings import Settings
from sync.trainingset.store import TrainingSetStore
from tests.parts import filled_ledger, trainingrows
from tests.parts.filled_ledger import NOW, RIGHT, WRONG

WEEKS = 6
MODEL = "activity/1"
DRIFT: dict[str, Any] = {
    "reference_window": f"{NOW - timedelta(days=60)}/{NOW - timedelta(days=14)}",
    "current_window": f"{NOW - timedelta(days=14)}/{NOW}",
    "model_version": MODEL,
    "alarm": True,
    "kinds": {"text": {"alarm": False, "p_value": 0.4}, "codes": {"alarm": True, "p_value": 0.001}},
    "codes": [{"value": WRONG, "before": 0.1, "after": 0.4, "count": 12, "p_value": 0.001}],
    "words": [{"value": "velo", "before": 0.0, "after": 0.05, "count": 3, "p_value": 0.01}],
}


def fill(ledger: Ledger) -> None:
    """The campaign of ``filled_ledger``, its flow of six weeks, in which the second code gains, and one turn."""
    filled_ledger.fill(ledger)
    texts, declarations, predictions = [], [], []
    for week in range(WEEKS):
        for number in range(10):
            key = f"flow-{week}-{number}"
            code = WRONG if number < week else RIGHT
            texts.append(Text(key, key, f"vente de pain {key}"))
            at = NOW - timedelta(weeks=WEEKS - 1 - week, hours=1)
            declarations.append(Declaration("register", key, key, at))
            predictions.append(Prediction(key, MODEL, (code, "99"), (0.9 - 0.05 * number, 0.05), 0.4, 1.0))
    with ledger.begin() as work:
        work.texts.add(texts, now=NOW)
        work.texts.declare(declarations, now=NOW)
        work.texts.add_predictions(predictions, now=NOW)
        work.turns.begin("main", 1, now=NOW)
        work.turns.record("main", 1, "drift", DRIFT, now=NOW)


def settings(home: Path) -> Settings:
    return Settings(home=home, training={"model": "learnt"})


def commit(ledger: Ledger, home: Path, versions: Sequence[dict[str, str]], *, name: str = "trainingset") -> None:
    """Each version with the codes of its texts (by key), and a model ``activity`` that saw it."""
    given = settings(home)
    with TrainingSetStore(catalog_uri=ledger.url, storage=given.open_storage(), name=name) as store:
        for number, codes in enumerate(versions, start=1):
            parent = f"v{number - 1}" if number > 1 else None
            rows = trainingrows.rows(codes, nomenclature="naf", coder="C001", judgement_id=1)
            made = store.commit(rows=rows, tag=f"v{number}", parent=parent)
            at = NOW + timedelta(minutes=number)
            with ledger.begin() as work:
                work.trainingsets.add(
                    TrainingSetVersion(
                        name, made.tag, parent, made.snapshot_id, made.rows, made.digest, {"seed": 1}, at
                    )
                )
                work.models.add(
                    ModelVersion(
                        "learnt", str(number), "naf", made.tag, made.digest, f"key-{number}", f"run-{number}", "0",
                        {"dim": 10}, {"validation_accuracy_level_1": 0.8}, at,
                    )
                )  # fmt: skip


def label(ledger: Ledger, text_key: str, code: str, *, judgements: tuple[int, ...] = ()) -> None:
    with ledger.begin() as work:
        work.labels.record(
            [
                Label(
                    text_key, "naf", code, Source.CODER, 1.0, NOW, coder="C001",
                    judgement_id=judgements[0] if judgements else None, evidence="2 of 2 coders", judgements=judgements,
                )
            ]
        )  # fmt: skip


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found, page[:500]
    return found.group(1)
