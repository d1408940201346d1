"""The texts that may be asked about."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from annotation.domain.text import Normaliser
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from sampling.drift.windows import Windows

COLUMNS = ["text_key", "group_key", "line", "words", "code", "margin", "probability", "codes", "probabilities"]


@dataclass(frozen=True, slots=True)
class Pool:
    """``frame`` has one row per text, in order of its key, with the columns ``COLUMNS``.

    ``code`` is None and ``margin`` 0 where the model knows no word of the text; texts that hold nothing to code are
    not in it. ``line`` is what the model read: near copies share it. ``left_out`` counts, by reason, what arrived in
    the window and is not in the pool.
    """

    frame: pd.DataFrame
    left_out: dict[str, int]


def build(
    *,
    ledger: Ledger,
    campaign_key: str,
    nomenclature: str,
    windows: Windows,
    model_version: str,
    normaliser: Normaliser,
) -> Pool:
    """The texts of the current window that can be coded, were not asked before, and are labelled nowhere.

    A text whose wording is labelled already (under any variables), or is the same once cleaned, stays out: the model
    may have learnt it, and an audit that held it would flatter the model.
    """
    with ledger.read() as work:
        keys = sorted(work.texts.declared_in(windows.current))
        texts = work.texts.get(keys)
        predictions = work.texts.predictions(model_version, keys)
        asked = _groups(work, work.tasks.asked_texts(campaign_key))
        learnt = work.texts.get([r.label.text_key for r in work.labels.current(nomenclature)]).values()
    labelled = {text.group_key for text in learnt}
    read_before = {normaliser.clean(text.text) for text in learnt}
    left_out = {"nothing to code": 0, "asked before": 0, "labelled before": 0, "not scored yet": 0}
    rows = []
    for key in keys:
        text, prediction = texts[key], predictions.get(key)
        words = normaliser.clean(text.text)
        if not words:
            left_out["nothing to code"] += 1
        elif text.group_key in asked:
            left_out["asked before"] += 1
        elif text.group_key in labelled or words in read_before:
            left_out["labelled before"] += 1
        elif prediction is None:
            left_out["not scored yet"] += 1
        else:
            rows.append(
                (
                    key,
                    text.group_key,
                    normaliser.line(text.text, text.variables),
                    words,
                    prediction.code,
                    prediction.margin,
                    prediction.probabilities[0] if prediction.probabilities else 0.0,
                    prediction.codes,
                    prediction.probabilities,
                )
            )
    # Typed by hand: pandas would make strings of the codes, and NaN of the missing ones.
    frame = pd.DataFrame(rows, columns=COLUMNS, dtype=object).astype({"margin": float, "probability": float})
    return Pool(frame, left_out)


def _groups(work: UnitOfWork, keys: set[str]) -> set[str]:
    return {text.group_key for text in work.texts.get(sorted(keys)).values()}
