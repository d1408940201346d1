"""What any model says, read by the documented signature; the models are functions from a frame to a frame."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from annotation.domain.text import Cleaning, Normaliser
from annotation.errors import InvalidInputError
from sampling.pyfunc_scorer import PyfuncScorer, Verbatim
from sampling.scorer import Scores

NORMALISER = Verbatim(Cleaning(), ("type",))


@dataclass
class Model:
    answer: Callable[[pd.DataFrame], Any]
    asked: list[pd.DataFrame] = field(default_factory=list)

    def predict(self, data: pd.DataFrame) -> Any:
        self.asked.append(data)
        return self.answer(data)


def plain(data: pd.DataFrame) -> pd.DataFrame:
    """The text is its own code, surer the longer it is; an empty one cannot be coded."""
    length = data["text"].str.len().clip(upper=10)
    return pd.DataFrame(
        {
            "code": data["text"].where(length > 0, None),
            "probability": length / 10,
            "margin": length / 20,
            "codable": length > 0,
        }
    )


def ranked(data: pd.DataFrame) -> pd.DataFrame:
    lists = [["A", "B", "C"], ["B"], []]
    return plain(data).assign(codes=lists, probabilities=[[0.5, 0.3, 0.1], [0.9], []])


def score(answer: Callable[[pd.DataFrame], Any], texts: list[str], k: int = 5) -> Scores:
    lines = [NORMALISER.line(text, {"type": "I"}) for text in texts]
    return PyfuncScorer(Model(answer), NORMALISER.variables, name="activity/3").score(lines, k=k)


def test_score__the_model_is_given_what_was_declared() -> None:
    model = Model(plain)
    texts = ["Élevage\nde 3 Chiens", "", "a b\x1fc"]

    PyfuncScorer(model, ("type", "surface"), name="m/1").score(
        [Verbatim(Cleaning(), ("type", "surface")).line(text, {"type": "I"}) for text in texts]
    )

    [asked] = model.asked
    assert asked.columns.tolist() == ["text", "type", "surface"]
    assert asked["text"].tolist() == ["Élevage\nde 3 Chiens", "", "a b c"]
    assert asked["type"].tolist() == ["I"] * 3 and asked["surface"].tolist() == [""] * 3


def test_score__one_code_and_its_margin() -> None:
    scores = score(plain, ["pain", "", "taxi"])

    assert scores.codes.tolist() == [["pain"], [""], ["taxi"]]
    np.testing.assert_allclose(scores.probabilities, [[0.4], [0], [0.4]], rtol=1e-6)
    np.testing.assert_allclose(scores.margin, [0.2, 0, 0.2], rtol=1e-6)
    assert scores.known.tolist() == [1, 0, 1]


def test_score__entropy_of_one_code_takes_the_rest_as_one() -> None:
    """p1 is 0.4 and p2 is 0.2, by the margin; 0.4 is left for all others."""
    [entropy] = score(plain, ["pain"]).entropy

    assert entropy == pytest.approx(-(2 * 0.4 * np.log(0.4) + 0.2 * np.log(0.2)), rel=1e-6)


def test_score__ranked_codes() -> None:
    scores = score(ranked, ["un", "deux", ""])

    assert scores.codes.tolist() == [["A", "B", "C"], ["B", "", ""], ["", "", ""]]
    np.testing.assert_allclose(scores.margin, [0.2, 0.9, 0], rtol=1e-6)
    expected = -sum(p * np.log(p) for p in (0.5, 0.3, 0.1, 0.1))
    assert scores.entropy[0] == pytest.approx(expected, rel=1e-6)


def test_score__no_more_codes_than_asked_for() -> None:
    assert score(ranked, ["un", "deux", ""], k=2).codes.tolist() == [["A", "B"], ["B", ""], ["", ""]]


def test_score__equal_lines_are_asked_about_once() -> None:
    model = Model(plain)

    scores = PyfuncScorer(model, (), name="m/1").score(["pain", "taxi", "pain"])

    assert [len(asked) for asked in model.asked] == [2]
    assert scores.codes[:, 0].tolist() == ["pain", "taxi", "pain"]


def test_score__no_line() -> None:
    scores = score(plain, [])

    assert len(scores) == 0 and scores.codes.shape == (0, 1)


def _raises(data: pd.DataFrame) -> pd.DataFrame:
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda data: np.zeros(len(data)), "returns ndarray, no table"),
        (lambda data: plain(data).rename(columns={"code": "label"}), "returns the columns label, .*, without code"),
        (lambda data: plain(data).drop(columns=["margin", "codable"]), "without margin, codable"),
        (lambda data: plain(data).assign(codes=[["A"]] * len(data)), "without probabilities"),
        (lambda data: plain(data)[:1], "returns 1 rows for 3 texts"),
        (lambda data: plain(data).assign(probability="high"), "column probability with values that are no numbers"),
        (lambda data: plain(data).assign(margin=7), "column margin with values that are no numbers from 0 to 1"),
        (lambda data: plain(data).assign(probability=np.nan), "column probability"),
        (lambda data: plain(data).assign(codable="perhaps"), "column codable with values that are neither"),
        (lambda data: ranked(data).assign(probabilities=[[0.1, 0.5, 0.2], [1], []]), "no parallel ranking"),
        (lambda data: ranked(data).assign(probabilities=[[0.5, 0.1], [1], []]), "no parallel ranking"),
        (_raises, "fails: ZeroDivisionError: division by zero"),
    ],
)
def test_score__a_wrong_answer_is_told_with_the_column(answer: Callable[[pd.DataFrame], Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=f"activity/3 .*{told}") as caught:
        score(answer, ["un", "deux", ""])

    assert "code, probability, margin, codable" in caught.value.cure


def test_verbatim__cleans_as_any_other_and_survives_the_way_to_a_process() -> None:
    sent = pickle.loads(pickle.dumps(NORMALISER))

    assert sent.clean("Des pains, des taxis") == Normaliser(Cleaning()).clean("Des pains, des taxis")
    assert sent.line("Des pains", {"type": "I"}).split("\x1f") == ["Des pains", "I"]
