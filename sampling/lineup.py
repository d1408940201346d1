"""Which strategy scores for which component, and which texts count as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from annotation.domain.task import Component
from sampling import near_copies
from sampling.drift import attribution
from sampling.drift.report import DriftReport
from sampling.pool import Pool
from sampling.settings import DrawSettings
from sampling.strategies import catalogue
from sampling.strategies.base import Floats, Strategy
from sampling.strategies.drifting import Drifting, DriftWeighted

# Beyond, only identical wordings are put together: comparing all with all takes more memory than the draw.
COMPARED_UP_TO: Final = 500_000


@dataclass(frozen=True, slots=True)
class Named:
    """Texts that somebody named by their keys, each as good as the other."""

    name: ClassVar[str] = "named"
    keys: frozenset[str]

    def score(self, pool: Pool, random: np.random.Generator) -> Floats:  # noqa: ARG002
        return np.where(pool.frame["text_key"].isin(self.keys), 0.0, np.nan)


def strategies(
    pool: Pool,
    drift: DriftReport,
    settings: DrawSettings,
    *,
    named: Mapping[Component, Collection[str]] | None = None,
    others: Mapping[Component, Strategy] | None = None,
) -> dict[Component, Strategy]:
    """The strategies of all components that have a budget. Errors: InvalidInputError (no strategy of that name)."""
    uncertain = catalogue.find(settings.strategy)
    found = {c: Named(frozenset(keys)) for c, keys in (named or {}).items()} | dict(others or {})
    if settings.drifting or isinstance(uncertain, DriftWeighted):
        causes = attribution.attribute(drift, words=pool.frame["words"].tolist(), codes=pool.frame["code"].tolist())
        found[Component.DRIFTING] = Drifting(causes)
        if isinstance(uncertain, DriftWeighted):
            uncertain = replace(uncertain, attribution=causes)
    return found | {Component.UNCERTAIN: uncertain}


def clusters(pool: Pool, *, near: bool) -> npt.NDArray[np.integer]:
    """The number of each text's cluster: near copies share it, identical wordings in any case."""
    words = pool.frame["words"]
    if near and len(words) <= COMPARED_UP_TO:
        return near_copies.clusters(words.tolist())
    return np.asarray(pd.util.hash_pandas_object(words, index=False))
