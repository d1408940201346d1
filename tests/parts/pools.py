"""Pools written by hand, and a ledger with a flow of texts that a model has scored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path

import pandas as pd

from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Declaration, Text, Window
from annotation.domain.prediction import Prediction
from annotation.domain.text import Cleaning, Normaliser, group_key, text_key
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from sampling import pool
from sampling.drift.windows import Windows
from sampling.pool import Pool
from tests.parts import new_ledgers

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 2, tzinfo=UTC)
MODEL = "m/1"
CODES = ("01.11Z", "01.12Z", "56.10A")
NAF = Nomenclature(key="naf", title="NAF", codes=[Code(code, 1, None, f"Titre {code}") for code in CODES])
CAMPAIGN = Campaign("main", "Main", "naf", "fr", START)
NORMALISER = Normaliser(Cleaning(stop_words="", stemmer="", digits=False, one_letter_words=False))
WINDOWS = Windows(Window(START - timedelta(days=30), START), Window(START, START + timedelta(days=30)))


def row(
    number: int,
    margin: float,
    *,
    code: str | None = "01.11Z",
    line: str = "",
    group: str = "",
    frequency: int = 1,
    importance: float = 1.0,
) -> tuple[object, ...]:
    """A text whose model hesitates between ``code`` and 56.10A alone, and is as often right as it says."""
    words = line or f"texte {number}"
    first = (1 + margin) / 2 if code else 0.0
    codes = (code, "56.10A") if code else ()
    probabilities = (first, first - margin) if code else ()
    entropy = -sum(p * log(p) for p in probabilities if p > 0)
    return (f"t{number:04d}", group or f"g{number}", words, words, code, margin if code else 0.0, first, entropy,
            1.0 if code else 0.0, frequency, first, importance, codes, probabilities)  # fmt: skip


def pool_of(rows: Sequence[tuple[object, ...]]) -> Pool:
    frame = pd.DataFrame(rows, columns=list(pool.COLUMNS), dtype=object)
    return Pool(frame.astype(dict.fromkeys(pool.NUMBERS, float) | {"frequency": int}), {})


def free(one: Pool) -> pd.Series:
    return pd.Series(True, index=one.frame.index)


def ledger(folder: Path) -> Ledger:
    opened = new_ledgers.make(folder)
    with opened.begin() as work:
        work.nomenclatures.add(NAF, origin="by hand", sha256="0", now=START)
        work.campaigns.add(CAMPAIGN)
    return opened


def arrive(
    opened: Ledger, wordings: Sequence[str], *, first_day: int = 0, code: str | None = None, **variables: str
) -> list[str]:
    """Declare the texts, spread over 28 days, and give their keys; ``code`` is what the register holds for them."""
    texts = [Text(text_key(one, variables), group_key(one), one, variables) for one in wordings]
    step = timedelta(days=28) / max(1, len(texts))
    declarations = [
        Declaration("register", f"{first_day}-{n}", text.key, START + timedelta(days=first_day) + n * step, code)
        for n, text in enumerate(texts)
    ]
    with opened.begin() as work:
        work.texts.add(texts, now=START)
        work.texts.declare(declarations, now=START)
    return [text.key for text in texts]


def predict(
    opened: Ledger, keys: Collection[str], *, margin: float = 0.2, code: str | None = "01.11Z", model: str = MODEL
) -> None:
    first = (1 + margin) / 2
    known = ((code, "56.10A"), (first, first - margin), 0.6, 1.0) if code else ((), (), 0.0, 0.0)
    with opened.begin() as work:
        work.texts.add_predictions([Prediction(key, model, *known) for key in keys], now=START)


def build(opened: Ledger, *, windows: Windows = WINDOWS, model: str = MODEL, importance: str = "") -> Pool:
    return pool.build(
        ledger=opened,
        campaign_key="main",
        nomenclature="naf",
        windows=windows,
        model_version=model,
        normaliser=NORMALISER,
        importance=importance,
    )
