"""The audit: a stratified random sample, the only one from which accuracy is estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from annotation.domain.task import Component
from sampling import reasons
from sampling.pool import Pool
from sampling.strategies.base import Pick, Selection

UNSCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Audit:
    """``size`` texts at random within ``strata`` strata of equal count by the model's margin.

    Sizes follow Neyman (1934): in proportion to the stratum's count and to the spread of being right, which is foreseen
    from the model's own probability and kept within bounds, since that probability flatters. Each stratum gets two
    texts at least, or all it has.
    """

    size: int
    strata: int
    language: str

    def select(self, pool: Pool, free: pd.Series, random: np.random.Generator) -> Selection:
        frame = pool.frame[free]
        if frame.empty or not self.size:
            return Selection(Component.AUDIT, (), {"frame": len(frame), "strata": {}})
        stratum = _strata(frame, self.strata)
        names = sorted(set(stratum))
        members = [np.flatnonzero(stratum == name) for name in names]
        foreseen = np.array([_spread(frame["probability"].to_numpy()[rows]) for rows in members])
        sizes = allocate(np.array([len(rows) for rows in members]), foreseen, self.size)
        picks = [
            Pick(
                row=int(frame.index[position]),
                stratum=name,
                probability=size / len(rows),
                reason=reasons.audit(self.language, drawn=size, among=len(rows)),
            )
            for name, rows, size in zip(names, members, sizes.tolist(), strict=True)
            for position in np.sort(random.choice(rows, size=size, replace=False))
        ]
        recipe = {
            name: {"texts": len(rows), "drawn": size}
            for name, rows, size in zip(names, members, sizes.tolist(), strict=True)
        }
        return Selection(Component.AUDIT, tuple(picks), {"frame": len(frame), "strata": recipe})


def allocate(counts: npt.NDArray[np.int_], spreads: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.int_]:
    """Sizes (strata,) that sum to ``size``, or to all there is, in proportion to count times spread."""
    size = min(size, int(counts.sum()))
    sizes = np.minimum(counts, 2)
    while sizes.sum() > size:
        sizes[np.argmax(sizes)] -= 1
    while (left := size - int(sizes.sum())) > 0:
        room = counts - sizes
        wanted = np.where(room > 0, counts * spreads, 0.0)
        ideal = size * wanted / wanted.sum() - np.where(room > 0, sizes, 0)
        add = np.minimum(room, np.floor(np.clip(ideal, 0, None)).astype(int))
        if not 0 < add.sum() <= left:
            add = np.zeros_like(sizes)
            add[np.argmax(np.where(room > 0, ideal, -np.inf))] = 1
        sizes = sizes + add
    return sizes


def _strata(frame: pd.DataFrame, number: int) -> npt.NDArray[np.object_]:
    scored = frame["code"].notna().to_numpy()
    stratum = np.full(len(frame), UNSCORED, dtype=object)
    if scored.any():
        ranks = frame.loc[scored, "margin"].rank(method="first", pct=True).to_numpy()
        stratum[scored] = [f"margin {int(np.ceil(r * number))} of {number}" for r in ranks]
    return stratum


def _spread(probabilities: npt.NDArray[np.float64]) -> float:
    share = float(np.clip(probabilities.mean(), 0.2, 0.9))
    return float(np.sqrt(share * (1 - share)))
