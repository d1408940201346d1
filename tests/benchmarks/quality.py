"""Coders, gold, and labels that err: false pauses and found ones, drift, wrong labels found, judgements well spent.

Run as ``python -m tests.benchmarks.quality``. Coders are simulated; wrong labels and judgements are on the texts of
banking77.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

from annotation.campaign import admission
from annotation.domain.policy import Policy
from annotation.domain.team import Standing
from annotation.domain.text import Cleaning, Normaliser
from annotation.quality import active_label, coder_drift
from sampling import mislabelled
from tests.benchmarks import results

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "banking77"
COMMAND = "python -m tests.benchmarks.quality"
NORMALISER = Normaliser(Cleaning(stop_words="", stemmer="english"))
CODERS, ANSWERS, MARK = 200, 150, 0.8
TEXTS, ERRORS = 6000, 0.1
START, ROUNDS, ROUND, CODER_ERROR, TEAM = 700, 8, 250, 0.2, 8


def pauses() -> None:
    """Coders of whom each gold answer is a look: how many are paused, and after how many answers."""
    random, policy, rows = np.random.default_rng(1), Policy(pause_below=MARK), []
    for accuracy in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5):
        stopped = []
        for _ in range(CODERS):
            right = np.cumsum(random.random(ANSWERS) < accuracy)
            stopped.append(next((n for n in range(1, ANSWERS + 1) if _paused(int(right[n - 1]), n, policy)), None))
        found = [n for n in stopped if n is not None]
        by = [sum(n <= limit for n in found) / CODERS for limit in (30, 60, ANSWERS)]
        rows.append([accuracy, *(f"{share:.1%}" for share in by), f"{np.median(found):.0f}" if found else ""])
    results.record(
        "Quality: coders paused by gold",
        command=COMMAND,
        columns=["true accuracy", "by 30 answers", "by 60", f"by {ANSWERS}", "median answers"],
        rows=rows,
        note=f"pause_below = {MARK}; the rule looks after each answer. {CODERS} simulated coders per row.",
    )


def _paused(right: int, n: int, policy: Policy) -> bool:
    decided = admission.decide(Standing.ACTIVE, right=right, answers=n, tasks=0, policy=policy, language="en")
    return decided is not None


def drifts() -> None:
    """Coders who change after 60 answers, or never."""
    random, rows = np.random.default_rng(2), []
    for before, after in (
        (0.95, 0.95),
        (0.8, 0.8),
        (0.6, 0.6),
        (0.95, 0.7),
        (0.95, 0.55),
        (0.9, 0.7),
        (0.9, 0.6),
        (0.8, 0.5),
    ):
        found = []
        for _ in range(CODERS):
            right = np.concatenate([random.random(60) < before, random.random(90) < after])
            found.append(coder_drift.watch(right.tolist()))
        rang = [one.rang_at - 59 for one in found if one.rang_at is not None]
        rows.append([before, after, f"{len(rang) / CODERS:.1%}", f"{np.median(rang):.0f}" if len(rang) > 5 else ""])
    results.record(
        "Quality: coders who become worse",
        command=COMMAND,
        columns=["before", "after", "alarm within 90 answers", "median answers after the change"],
        rows=rows,
        note=f"60 gold answers before the change, 90 after; level {coder_drift.ALPHA}; {CODERS} coders a row.",
    )


def texts() -> tuple[list[str], np.ndarray]:
    """Cleaned texts and the number of their code."""
    frame = pd.concat([pd.read_csv(DATA / name) for name in ("train.csv", "test.csv")])
    frame = frame.drop_duplicates("text").sample(TEXTS, random_state=0)
    return [NORMALISER.clean(text) for text in frame["text"]], pd.factorize(frame["category"], sort=True)[0]


def wrong_labels() -> None:
    """A tenth of the labels is replaced by another code, at random or by the one that a model confuses most."""
    from cleanlab import filter as authors

    words, truth = texts()
    rows = []
    for kind in ("any other code", "the likeliest other code"):
        random = np.random.default_rng(3)
        bad = random.random(TEXTS) < ERRORS
        labels = np.where(bad, _other(words, truth, random, kind), truth)
        names = [f"{label:02d}" for label in labels]
        judged = mislabelled.judge(words, [str(row) for row in range(TEXTS)], names)
        suspects = judged.suspects
        ranked = np.argsort(np.where(suspects.wrong, suspects.margin - 2, suspects.margin), kind="stable")
        first = bad[ranked[: int(bad.sum())]].mean()
        told = np.mean([int(judged.other(row)) == truth[row] for row in np.flatnonzero(suspects.wrong & bad)])
        fold = mislabelled.folds([str(row) for row in range(TEXTS)])
        numbers = np.unique(names, return_inverse=True)[1]
        probabilities = mislabelled.out_of_sample(words, numbers, len(set(names)), fold)
        theirs = authors.find_label_issues(numbers, probabilities, filter_by="confident_learning", n_jobs=1)
        for by, found in (("ours", suspects.wrong), ("cleanlab", theirs)):
            rows.append(
                [kind, by, int(found.sum()), f"{bad[found].mean():.1%}", f"{found[bad].mean():.1%}"]
                + ([f"{first:.1%}", f"{told:.1%}"] if by == "ours" else ["", ""])
            )
    results.record(
        "Quality: wrong labels found",
        command=COMMAND,
        columns=[
            "wrong labels are",
            "by",
            "suspected",
            "precision",
            "recall",
            "precision of as many as are wrong",
            "right code named",
        ],
        rows=rows,
        note=f"banking77, {TEXTS} texts, {ERRORS:.0%} of the labels wrong; both judge by the same probabilities.",
    )


def _other(words: list[str], truth: np.ndarray, random: np.random.Generator, kind: str) -> np.ndarray:
    codes = truth.max() + 1
    if kind == "any other code":
        return (truth + random.integers(1, codes, len(truth))) % codes
    probabilities = mislabelled.out_of_sample(
        words, truth, codes, mislabelled.folds([str(n) for n in range(len(truth))])
    )
    probabilities[np.arange(len(truth)), truth] = 0
    return probabilities.argmax(axis=1)


@dataclass
class Labelling:
    """Coders of several qualities who label texts; ``votes`` are codes by text and coder."""

    words: list[str]
    truth: np.ndarray
    likely: np.ndarray
    random: np.random.Generator
    votes: dict[int, dict[str, int]] = field(default_factory=dict)

    def ask(self, row: int) -> None:
        coder = int(self.random.choice([c for c in range(TEAM) if f"C{c}" not in self.votes.get(row, {})]))
        error = CODER_ERROR * (0.5 + coder / (TEAM - 1))
        # Whoever errs takes a code that is easily confused, more often than not.
        wrong = self.likely[row] if self.random.random() < 0.6 else self.random.integers(self.truth.max() + 1)
        said = int(wrong) if self.random.random() < error else int(self.truth[row])
        self.votes.setdefault(row, {})[f"C{coder}"] = said

    def majority(self) -> dict[int, int]:
        return {row: max(sorted(set(v.values())), key=list(v.values()).count) for row, v in self.votes.items()}

    def chances(self, matrix: object) -> np.ndarray:
        """Out of sample for all texts: labelled ones by folds."""
        labels = self.majority()
        rows = np.array(sorted(labels))
        numbers = np.array([labels[row] for row in rows.tolist()])
        fold = np.array(mislabelled.folds([str(row) for row in rows.tolist()]))
        found = np.zeros((len(self.truth), self.truth.max() + 1))
        for held in range(mislabelled.FOLDS):
            model = MultinomialNB(alpha=0.05).fit(matrix[rows[fold != held]], numbers[fold != held])  # type: ignore[index]
            asked = rows[fold == held]
            found[np.ix_(asked, model.classes_)] = model.predict_proba(matrix[asked])  # type: ignore[index]
        model = MultinomialNB(alpha=0.05).fit(matrix[rows], numbers)  # type: ignore[index]
        new = np.setdiff1d(np.arange(len(self.truth)), rows)
        found[np.ix_(new, model.classes_)] = model.predict_proba(matrix[new])  # type: ignore[index]
        return found


Choice = Callable[[Labelling, np.ndarray], list[int]]


def _split(labelling: Labelling, chances: np.ndarray) -> list[int]:
    best = np.argsort(-chances, axis=1)[:, :8]
    named = {str(n): {str(c): float(chances[n, c]) for c in best[n]} for n in range(len(chances))}
    votes = {str(row): {coder: str(code) for coder, code in v.items()} for row, v in labelling.votes.items()}
    return [int(key) for key in active_label.scores(votes, named, codes=chances.shape[1]).next(ROUND)]


def _new(labelling: Labelling, chances: np.ndarray) -> list[int]:
    free = [row for row in range(len(chances)) if row not in labelling.votes]
    return sorted(free, key=lambda row: chances[row].max())[:ROUND]


def _again(labelling: Labelling, chances: np.ndarray) -> list[int]:
    held = labelling.majority()
    return sorted(held, key=lambda row: (len(labelling.votes[row]), chances[row, held[row]]))[:ROUND]


def _random(labelling: Labelling, chances: np.ndarray) -> list[int]:
    free = [row for row in range(len(chances)) if row not in labelling.votes]
    return labelling.random.choice(free, ROUND, replace=False).tolist()


CHOICES: Mapping[str, Choice] = {
    "split by score": _split,
    "all new, least sure": _new,
    "all new, at random": _random,
    "all on labelled": _again,
}


def judgements_spent(seeds: int) -> None:
    words, truth = texts()
    test = np.arange(TEXTS) >= TEXTS - 2000
    pool, rest = np.flatnonzero(~test), np.flatnonzero(test)
    vectors = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2).fit_transform(words)
    likely = _other(words, truth, np.random.default_rng(0), "")
    rows = []
    for name, choice in CHOICES.items():
        figures = [_play(choice, words, truth, likely, vectors, pool, rest, seed) for seed in range(seeds)]
        mean, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
        rows.append([name, f"{mean[0]:.0f}", f"{mean[1]:.1%}", f"{mean[2]:.0f}", f"{mean[3]:.1%} ± {spread[3]:.1%}"])
    results.record(
        "Quality: another judgement or a new text",
        command=COMMAND,
        columns=[
            "judgements go to",
            "texts labelled",
            "labels right",
            "right labels",
            "accuracy of a model trained on them",
        ],
        rows=rows,
        note=(
            f"banking77: {len(pool)} texts to label, {START} judgements at random, then {ROUNDS} rounds of {ROUND};"
            f" {TEAM} coders who err {CODER_ERROR / 2:.0%} to {1.5 * CODER_ERROR:.0%} of the time, mostly by a code"
            f" that is easily confused; labels by majority. Naive Bayes on {len(rest)} other texts; {seeds} seeds."
        ),
    )


def _play(
    choice: Choice, words: list[str], truth: np.ndarray, likely: np.ndarray, vectors: object,
    pool: np.ndarray, rest: np.ndarray, seed: int,
) -> tuple[float, float, float, float]:  # fmt: skip
    labelling = Labelling([words[row] for row in pool], truth[pool], likely[pool], np.random.default_rng(seed))
    matrix = vectors[pool]  # type: ignore[index]
    for row in labelling.random.choice(len(pool), START, replace=False).tolist():
        labelling.ask(row)
    for _ in range(ROUNDS):
        for row in choice(labelling, labelling.chances(matrix)):
            if len(labelling.votes.get(row, {})) < TEAM:
                labelling.ask(row)
    held = labelling.majority()
    right = [code == labelling.truth[row] for row, code in held.items()]
    rows = np.array(sorted(held))
    model = MultinomialNB(alpha=0.05).fit(matrix[rows], [held[row] for row in rows.tolist()])
    accuracy = float((model.predict(vectors[rest]) == truth[rest]).mean())  # type: ignore[index]
    return len(held), float(np.mean(right)), float(np.sum(right)), accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("pauses", "drifts", "labels", "judgements"))
    given = parser.parse_args()
    parts = {
        "pauses": pauses, "drifts": drifts, "labels": wrong_labels, "judgements": lambda: judgements_spent(given.seeds)
    }  # fmt: skip
    for name, part in parts.items():
        if given.only in (None, name):
            part()


if __name__ == "__main__":
    main()
