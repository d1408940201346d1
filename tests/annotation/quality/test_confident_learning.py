from __future__ import annotations

import numpy as np
import pytest

from annotation.quality import confident_learning


def simulated(seed: int, *, texts: int = 2000, codes: int = 8, wrong: float = 0.1) -> tuple[np.ndarray, ...]:
    """Labels, probabilities, and which labels are wrong."""
    random = np.random.default_rng(seed)
    truth = random.integers(codes, size=texts)
    logits = random.normal(size=(texts, codes)) + 3 * np.eye(codes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    bad = random.random(texts) < wrong
    labels = np.where(bad, (truth + random.integers(1, codes, texts)) % codes, truth)
    return labels, probabilities, bad


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_find__as_the_authors_own_program_does(seed: int) -> None:
    from cleanlab import filter as authors

    labels, probabilities, _ = simulated(seed)
    theirs = authors.find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)

    assert np.mean(confident_learning.find(labels, probabilities).wrong == theirs) > 0.995


def test_find__wrong_labels_and_the_code_they_should_have() -> None:
    labels, probabilities, bad = simulated(4)
    found = confident_learning.find(labels, probabilities)

    assert bad[found.wrong].mean() > 0.6
    assert found.wrong[bad].mean() > 0.6
    assert (found.other[~found.wrong] == labels[~found.wrong]).all()
    assert found.margin[found.wrong].mean() < found.margin[~found.wrong].mean()


def test_find__marks_of_the_whole_serve_its_parts() -> None:
    labels, probabilities, _ = simulated(5)
    whole = confident_learning.find(labels, probabilities)
    marks = confident_learning.marks(labels, probabilities)
    parts = [confident_learning.find(labels[rows], probabilities[rows], marks) for rows in np.split(np.arange(2000), 4)]

    assert (np.concatenate([part.wrong for part in parts]) == whole.wrong).all()


def test_find__a_code_that_labels_nothing_is_no_suspicion() -> None:
    labels, probabilities = np.zeros(3, dtype=int), np.array([[0.1, 0.9]] * 3)

    assert not confident_learning.find(labels, probabilities).wrong.any()
