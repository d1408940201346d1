"""A ledger from which a draw can be made, and the order for it."""

from __future__ import annotations

from pathlib import Path

from annotation.ledger.unit_of_work import Ledger
from sampling import lineup
from sampling.draw import Order
from sampling.drift.detectors import Shift
from sampling.drift.report import DriftReport
from sampling.pool import Pool
from sampling.settings import DrawSettings
from tests.parts import pools

SETTINGS = DrawSettings(
    audit=10, uncertain=8, drifting=4, rare=0, disagreement=0, near_copies=False, audit_strata=2, candidates=1
)


def drift(*codes: str) -> DriftReport:
    shifts = tuple(Shift(code, 0.01, 0.1, 20, 0.001) for code in codes)
    return DriftReport(pools.WINDOWS, pools.MODEL, 100, 100, 0.0, 0.0, 0.0, shifts, ())


def flow(folder: Path) -> Ledger:
    """Forty texts, eight of a code on the rise, with a near copy (other variables) of each of the first ten."""
    ledger = pools.ledger(folder)
    wordings = [f"activité numéro {number}" for number in range(40)]
    keys = pools.arrive(ledger, wordings)
    copies = pools.arrive(ledger, wordings[:10], first_day=1, cj="1000")
    for number, key in enumerate(keys + copies):
        pools.predict(ledger, [key], margin=number % 40 / 40, code="01.12Z" if number % 5 == 0 else "01.11Z")
    return ledger


def order(
    ledger: Ledger,
    key: str | None = None,
    settings: DrawSettings = SETTINGS,
    *codes: str,
    pool: Pool | None = None,
) -> Order:
    found = pool or pools.build(ledger)
    return Order(
        campaign=pools.CAMPAIGN,
        pool=found,
        windows=pools.WINDOWS,
        model_version=pools.MODEL,
        settings=settings,
        strategies=lineup.strategies(found, drift(*codes), settings),
        clusters=lineup.clusters(found, near=settings.near_copies),
        key=key,
    )
