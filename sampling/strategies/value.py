"""Texts whose wrong code would cost most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sampling import reasons
from sampling.pool import Pool
from sampling.strategies.base import Floats


@dataclass(frozen=True, slots=True)
class ExpectedLoss:
    """Importance times the chance that the predicted code is wrong (Margineantu 2005).

    Texts without importance are no candidates.
    """

    name: ClassVar[str] = "value"

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        importance = pool.frame["importance"].to_numpy(dtype=float)
        loss = importance * (1.0 - pool.frame["confidence"].to_numpy(dtype=float))
        return np.where(importance > 0, loss, np.nan)

    def reason(self, pool: Pool, row: int, language: str) -> str:
        code = pool.frame["code"].iat[row]
        return reasons.value(
            language,
            weight=float(pool.frame["importance"].iloc[row]),
            code=str(code) if code else None,
            error=1.0 - float(pool.frame["confidence"].iloc[row]),
        )
