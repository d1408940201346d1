"""A small believable register of French business descriptions: a year of history and one month that drifts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sync.configs_folder import configs_folder
from sync.demo import variation, wordings
from sync.demo.wordings import SubClass, Wordings

GROWING_CODE = "53.20Z"
GROWING_SHARE_IN_HISTORY = 0.02
GROWING_SHARE_IN_MONTH = 0.06
RECENT_SHARE = 0.22
RECENT_SHARE_IN_GROWING_CODE = 0.6
COLUMNS = (
    "liasse_numero",
    "date_modification",
    "libelle",
    "liasse_type",
    "activ_nat_et",
    "activ_surf_et",
    "evenement_type",
    "cj",
    "ape",
    "true_code",
)

_MONTH = timedelta(days=30)
_YEAR = timedelta(days=365)
_ZIPF_OF_CODES = 0.8
_ZIPF_OF_WORDINGS = 0.5
_ZIPF_OF_RECENT = 1.5
_MEANINGLESS_SHARE = 0.015
_MIXED_SHARE = 0.05
_NEAR_COPY_SHARE = 0.08
_PAST_ERROR_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Register:
    """``history`` is coded (``ape``, with the errors of the past); in ``stream``, the last month, ``ape`` is empty.

    Both have ``COLUMNS``, all text, by date. ``true_code`` is what an expert would say, empty where the text means
    nothing.
    """

    history: pd.DataFrame
    stream: pd.DataFrame


def make_register(*, seed: int, now: datetime, history: int = 2400, month: int = 2000) -> Register:
    """``history`` and ``month`` are counts of declarations; the month is the 30 days up to ``now``."""
    known = wordings.read(configs_folder() / "demo" / "wordings.toml")
    rng = np.random.default_rng(seed)
    past = _declarations(known, rng, count=history, start=now - _MONTH - _YEAR, span=_YEAR, last_month=False)
    last = _declarations(known, rng, count=month, start=now - _MONTH, span=_MONTH, last_month=True)
    past["ape"] = [_coded(known, code, rng) for code in past["drawn_code"]]
    return Register(history=past[list(COLUMNS)], stream=last[list(COLUMNS)])


def _declarations(
    known: Wordings, rng: np.random.Generator, *, count: int, start: datetime, span: timedelta, last_month: bool
) -> pd.DataFrame:
    shares = _shares(known, growing=GROWING_SHARE_IN_MONTH if last_month else GROWING_SHARE_IN_HISTORY)
    codes = rng.choice(list(known.by_frequency), size=count, p=shares)
    seconds = np.sort(rng.integers(int(span.total_seconds()), size=count))
    earlier: dict[str, list[str]] = {}
    rows = []
    for number, (code, second) in enumerate(zip(codes.tolist(), seconds.tolist(), strict=True), start=1):
        sub_class = known.sub_classes[code]
        text, meant = _text(known, sub_class, earlier.setdefault(code, []), rng, last_month=last_month)
        day = start + timedelta(seconds=second)
        rows.append(
            {
                "liasse_numero": f"{'M' if last_month else 'H'}{int(rng.integers(1, 96)):02d}{day:%y%j}{number:05d}",
                "date_modification": day.date().isoformat(),
                "libelle": text,
                **_variables(sub_class, rng),
                "ape": "",
                "true_code": code if meant else "",
                "drawn_code": code,
            }
        )
    return pd.DataFrame(rows, columns=[*COLUMNS, "drawn_code"], dtype="str")


def _shares(known: Wordings, *, growing: float) -> NDArray[np.float64]:
    weights = _zipf(len(known.by_frequency), _ZIPF_OF_CODES)
    place = known.by_frequency.index(GROWING_CODE)
    weights[place] = 0
    shares = weights * ((1 - growing) / float(weights.sum()))
    shares[place] = growing
    return shares


def _zipf(count: int, exponent: float) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return weights / float(weights.sum())


def _text(
    known: Wordings, sub_class: SubClass, earlier: list[str], rng: np.random.Generator, *, last_month: bool
) -> tuple[str, bool]:
    """The text, and whether it means anything."""
    if rng.random() < _MEANINGLESS_SHARE:
        return variation.pick(variation.MEANINGLESS, rng), False
    if earlier and rng.random() < _NEAR_COPY_SHARE:
        return variation.near_copy(variation.pick(earlier, rng), rng), True
    wording = _wording(sub_class, rng, recent_share=_recent_share(sub_class) if last_month else 0.0)
    if rng.random() < _MIXED_SHARE:
        second = known.sub_classes[variation.pick(known.by_frequency, rng)]
        if rng.random() < 0.6:
            second = known.sub_classes[variation.pick(sub_class.neighbours, rng)]
        wording += variation.pick((" et ", ", ", " ; ", " - "), rng) + _wording(second, rng, recent_share=0.0)
    text = variation.as_declared(wording, rng)
    earlier.append(text)
    return text, True


def _recent_share(sub_class: SubClass) -> float:
    return RECENT_SHARE_IN_GROWING_CODE if sub_class.code == GROWING_CODE else RECENT_SHARE


def _wording(sub_class: SubClass, rng: np.random.Generator, *, recent_share: float) -> str:
    new = bool(sub_class.recent) and rng.random() < recent_share
    options = sub_class.recent if new else sub_class.wordings
    exponent = _ZIPF_OF_RECENT if new else _ZIPF_OF_WORDINGS
    return options[int(rng.choice(len(options), p=_zipf(len(options), exponent)))]


def _coded(known: Wordings, code: str, rng: np.random.Generator) -> str:
    """The code that the office gave at the time."""
    if rng.random() >= _PAST_ERROR_SHARE:
        return code
    others = known.sub_classes[code].neighbours if rng.random() < 0.85 else known.by_frequency
    return variation.pick(others, rng)


def _variables(sub_class: SubClass, rng: np.random.Generator) -> dict[str, str]:
    """The auxiliary variables, as the sub-class usually has them or as noise."""
    legal_form = _usually(sub_class.cj, 0.75, ("1000", "1000", "1000", "5499", "5710"), rng)
    holder = "P" if legal_form == "1000" else "M"
    area = _area(rng) if rng.random() < (0.75 if sub_class.shop else 0.03) else ""
    return {
        "liasse_type": _usually(sub_class.liasse_type, 0.85, ("X", "X", "M", "C", "L", "G", "I", "R"), rng),
        "activ_nat_et": _usually(sub_class.nature, 0.8, ("99", "99", "99", "", "04", "10", "14"), rng),
        "activ_surf_et": area,
        "evenement_type": variation.pick(("01",) * 12 + ("05", "05", "54"), rng) + holder,
        "cj": legal_form,
    }


def _area(rng: np.random.Generator) -> str:
    """The class of the area of sale: 1 up to 300 square metres, 4 above 2,500."""
    return str(rng.choice(4, p=[0.88, 0.07, 0.03, 0.02]) + 1)


def _usually(value: str, share: float, others: tuple[str, ...], rng: np.random.Generator) -> str:
    return value if rng.random() < share else variation.pick(others, rng)
