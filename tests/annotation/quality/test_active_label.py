from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from annotation.quality import active_label

CODES = 6
ACCURACY = (0.9, 0.8, 0.85, 0.7, 0.6)


class Simulated:
    """Texts with a truth, a model, and coders of several qualities who answer one to three times each."""

    def __init__(self, seed: int, *, texts: int = 300, new: int = 100) -> None:
        random = np.random.default_rng(seed)
        truth = random.integers(CODES, size=texts + new)
        logits = 1.5 * (random.normal(size=(texts + new, CODES)) + 2 * np.eye(CODES)[truth])
        self.chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        self.votes = np.full((texts, len(ACCURACY)), np.nan)
        for row in range(texts):
            for coder in random.choice(len(ACCURACY), random.integers(1, 4), replace=False):
                right = random.random() < ACCURACY[coder]
                self.votes[row, coder] = truth[row] if right else random.integers(CODES)

    @property
    def judgements(self) -> dict[str, dict[str, str]]:
        return {
            f"{row:04d}": {f"C{c}": str(int(code)) for c, code in enumerate(votes) if not np.isnan(code)}
            for row, votes in enumerate(self.votes)
        }

    @property
    def predictions(self) -> dict[str, Mapping[str, float]]:
        return {f"{row:04d}": {str(k): float(p) for k, p in enumerate(one)} for row, one in enumerate(self.chances)}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_scores__rank_as_the_authors_own_program_does(seed: int) -> None:
    """Given what it makes of the model's probabilities, which it flattens more than the likelihood asks for."""
    from cleanlab import multiannotator
    from cleanlab.internal import multiannotator_utils
    from scipy import stats

    made = Simulated(seed)
    texts = len(made.votes)
    theirs = multiannotator.get_active_learning_scores(made.votes, made.chances[:texts], made.chances[texts:])
    temperature = multiannotator_utils.find_best_temp_scaler(made.votes, made.chances[:texts])
    made.chances = multiannotator_utils.temp_scale_pred_probs(made.chances, temperature)
    found = active_label.scores(made.judgements, made.predictions, codes=CODES, calibrated=True)
    ours = [one.score for _, one in sorted(found.labelled.items())], [one for _, one in sorted(found.new.items())]

    for mine, other in zip(ours, theirs, strict=True):
        assert stats.spearmanr(mine, other).statistic > 0.98
    assert stats.spearmanr(np.concatenate(ours), np.concatenate(theirs)).statistic > 0.98


def test_scores__a_dispute_is_less_sure_than_agreement_and_more_judgements_make_sure() -> None:
    chances = {f"t{n}": {"a": 0.6, "b": 0.3} for n in range(12)}
    judgements = {f"t{n}": {"C1": "a", "C2": "a"} for n in range(8)}
    judgements |= {"t8": {"C1": "a", "C2": "b"}, "t9": {"C1": "a"}, "t10": {"C1": "a", "C2": "a", "C3": "a"}}
    found = active_label.scores(judgements, chances, codes=50)

    assert found.labelled["t8"].score < found.labelled["t9"].score < found.labelled["t0"].score
    assert found.labelled["t0"].score < found.labelled["t10"].score
    assert found.next(2) == ["t8", "t11"]


def test_scores__a_tie_goes_to_the_code_that_the_model_holds_likelier() -> None:
    found = active_label.scores({"t": {"C1": "a", "C2": "b"}}, {"t": {"b": 0.7, "a": 0.2}}, codes=10)

    assert found.labelled["t"].code == "b"


def test_scores__without_texts_judged_twice_the_model_tells_what_is_doubtful() -> None:
    chances = {f"t{n}": {"a": 0.9} for n in range(10)}
    judgements = {f"t{n}": {"C1": "a"} for n in range(9)} | {"t9": {"C1": "b"}}
    found = active_label.scores(judgements, chances, codes=10)

    assert found.next(1) == ["t9"]


def test_scores__a_model_that_is_too_sure_is_believed_less() -> None:
    made = Simulated(5)
    exaggerated = made.chances**4 / (made.chances**4).sum(axis=1, keepdims=True)
    honest = active_label.scores(made.judgements, made.predictions, codes=CODES)
    made.chances = exaggerated
    found = active_label.scores(made.judgements, made.predictions, codes=CODES)

    assert found.labelled["0007"].score == pytest.approx(honest.labelled["0007"].score, abs=0.01)


def test_scores__codes_that_the_model_does_not_name_share_what_is_left() -> None:
    named = {f"t{n}": {"a": 0.5, "b": 0.3, "c": 0.1, "d": 0.1} for n in range(20)}
    short = {text: {code: one[code] for code in ("a", "b")} for text, one in named.items()}
    judgements = {f"t{n}": {"C1": "ab"[n % 2], "C2": "a"} for n in range(10)}
    one, other = (active_label.scores(judgements, found, codes=4) for found in (named, short))

    assert one.labelled["t0"].score == pytest.approx(other.labelled["t0"].score)


def test_scores__nothing_judged_ranks_new_texts_by_the_model() -> None:
    found = active_label.scores({}, {"sure": {"a": 0.9}, "unsure": {"a": 0.4}}, codes=3)

    assert found.next(2) == ["unsure", "sure"]
