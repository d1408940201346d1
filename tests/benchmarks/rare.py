"""Texts found of codes that no model has ever seen, by the component for rare codes, by margin, and at random.

Run as ``python -m tests.benchmarks.rare``. Half of the index of UK activities is labelled, but for 30 codes whose
labels are all hidden; the rest is the pool, from which each strategy draws 300 tasks as a draw would.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from annotation.domain.text import Cleaning, Normaliser
from sampling import inclusion, neighbours
from sampling.replay import history, play
from sampling.replay.history import History
from sampling.strategies.base import Strategy
from sampling.strategies.chance import Random
from sampling.strategies.rare import Rare
from sampling.strategies.uncertain import BreakingTies
from sync.training.fasttext_trainer import FastTextParameters
from sync.training.replay_learner import FastTextLearner
from tests.benchmarks import results

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "uksic"
TASKS, HIDDEN, LABELLED, FEW = 300, 30, 0.5, 5
NORMALISER = Normaliser(Cleaning(stop_words="english", stemmer="english"))
# Codes that may be hidden, by how many texts of the index they have.
KINDS = {"any code with 5 texts or more": (5, 10_000), "codes with 5 to 15 texts": (5, 15)}


@dataclass(frozen=True, slots=True)
class Case:
    """Rows of the history, ``labelled`` to learn from and ``pool`` to ask about; ``hidden`` codes have no label."""

    past: History
    hidden: frozenset[str]
    labelled: np.ndarray
    pool: np.ndarray

    def found(self, strategy: Strategy, scores: object, seed: int) -> tuple[int, int, int]:
        """Texts of hidden codes, hidden codes, and texts of any code with few labels, among the tasks drawn."""
        random = np.random.default_rng([seed, 1])
        pool = play.pool_of(self.past, self.pool, scores)  # type: ignore[arg-type]
        chances = inclusion.probabilities(strategy.score(pool, random), TASKS, floor=0.1, softness=0.3)
        drawn = [self.past.codes[row] for row in self.pool[inclusion.systematic(chances, random)]]
        hits = [code for code in drawn if code in self.hidden]
        labels = self.labels()
        return len(hits), len(set(hits)), sum(labels[code] < FEW for code in drawn)

    def labels(self) -> Counter[str]:
        return Counter(self.past.codes[row] for row in self.labelled)

    def rare(self, titles: Mapping[str, str]) -> Rare:
        labels = self.labels()
        wordings: dict[str, list[str]] = {c: [NORMALISER.clean(t)] for c, t in titles.items() if labels[c] < FEW}
        for row in self.labelled:
            if self.past.codes[row] in wordings:
                wordings[self.past.codes[row]].append(self.past.lines[row])
        lines = [self.past.lines[row] for row in self.pool]
        return Rare(neighbours.find(lines, wordings), labels, patience=FEW)


def make(past: History, between: tuple[int, int], titles: Mapping[str, str], seed: int) -> Case:
    random = np.random.default_rng(seed)
    size = Counter(past.codes)
    able = sorted(code for code in size if between[0] <= size[code] <= between[1] and code in titles)
    hidden = frozenset(random.choice(able, HIDDEN, replace=False).tolist())
    labelled = (random.random(len(past)) < LABELLED) & ~np.isin(past.codes, sorted(hidden))
    return Case(past, hidden, np.flatnonzero(labelled), np.flatnonzero(~labelled))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    index = pd.read_csv(DATA / "uksic_alphabetical_index_dual_2003_2007.csv", dtype=str)
    past = history.build(zip(index["activity"], index["sic2007"], strict=True), normaliser=NORMALISER)
    titles = read_titles(set(past.codes))
    learner = FastTextLearner(FastTextParameters(), timeout=600)
    rows = []
    for kind, between in KINDS.items():
        cases = [make(past, between, titles, seed) for seed in range(given.seeds)]
        counts: dict[str, list[Sequence[int]]] = {"rare": [], "margin": [], "random": []}
        for seed, case in enumerate(cases):
            fit = learner.fit([past.lines[r] for r in case.labelled], [past.codes[r] for r in case.labelled], seed)
            scores = fit.score([past.lines[r] for r in case.pool], play.KEPT_CODES)
            for strategy in (case.rare(titles), BreakingTies(), Random()):
                counts[strategy.name].append(case.found(strategy, scores, seed))
        inside = float(np.mean([np.isin(past.codes, sorted(case.hidden)).sum() for case in cases]))
        rows += _rows(kind, inside, {name: np.mean(found, axis=0) for name, found in counts.items()})
    results.record(
        "Rare codes",
        command=f"python -m tests.benchmarks.rare --seeds {given.seeds}",
        columns=["30 hidden codes", "texts of theirs in the pool", "strategy", "found by 300 tasks", "times random",
                 "codes found", "found of all codes with under 5 labels", "times random"],
        rows=rows,
        note=f"UK SIC 2007, half of the index labelled, means over {given.seeds} seed(s); rare codes are looked for by "
        "their titles and labelled texts. Tasks are shared among all codes with fewer than 5 labels.",
    )  # fmt: skip


def _rows(kind: str, inside: float, found: Mapping[str, np.ndarray]) -> list[list[object]]:
    random = found["random"]
    return [
        [
            kind, f"{inside:.0f}", name, f"{one[0]:.0f}", f"{one[0] / random[0]:.1f}", f"{one[1]:.0f}", f"{one[2]:.0f}",
            f"{one[2] / random[2]:.1f}",
        ]
        for name, one in found.items()
    ]  # fmt: skip


def read_titles(codes: set[str]) -> dict[str, str]:
    """Titles of the classes by their five digits; a class without sub-classes ends in a zero."""
    structure = pd.read_csv(DATA / "uksic2007_structure.csv", dtype=str)
    titles: dict[str, str] = {}
    for code, title in zip(structure["Most disaggregated level"], structure["Description"], strict=True):
        digits = "".join(character for character in code if character.isdigit())
        titles[digits] = title
        titles.setdefault(f"{digits}0", title)
    return {code: titles[code] for code in sorted(codes) if code in titles}


if __name__ == "__main__":
    main()
