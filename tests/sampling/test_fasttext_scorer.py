from __future__ import annotations

from pathlib import Path

import fasttext
import numpy as np
import pytest

from annotation.errors import InvalidInputError, NotFoundError
from sampling import fasttext_scorer
from sampling.fasttext_scorer import FastTextScorer
from sync.training import fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters

WORDS = {"01.11Z": "ble cereale culture", "10.71C": "pain boulanger patisserie", "Divers, à part": "autre divers reste"}
ASKED = ["pain boulanger", "ble", "autre ble pain", "culture type_a"]


def _train(folder: Path, loss: str) -> Path:
    lines = [
        (code, f"{word} {other} type_a")
        for code, words in WORDS.items()
        for word in words.split()
        for other in words.split()
    ]
    parameters = FastTextParameters(dim=8, bucket=500, epoch=200, loss=loss)  # type: ignore[arg-type]
    return fasttext_trainer.train(lines=lines, parameters=parameters, folder=folder, timeout=60).path


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _train(tmp_path_factory.mktemp("softmax"), "softmax")


@pytest.mark.parametrize("loss", ["softmax", "ova", "hs"])
def test_score__is_what_the_library_predicts(tmp_path: Path, loss: str) -> None:
    path = _train(tmp_path, loss)
    labels, probabilities = fasttext.load_model(str(path)).predict(ASKED, k=3)

    scores = FastTextScorer.load(path).score(ASKED, k=3)

    for row, (row_labels, row_probabilities) in enumerate(zip(labels, probabilities, strict=True)):
        found = len(row_labels)  # fewer than 3 where ``hs`` leaves improbable codes out
        assert scores.codes[row, :found].tolist() == [fasttext_scorer.code_of(label) for label in row_labels]
        assert (scores.codes[row, found:] == "").all()
        np.testing.assert_allclose(scores.probabilities[row, :found], np.minimum(row_probabilities, 1), atol=1e-7)
        assert (scores.probabilities[row, found:] == 0).all()
    np.testing.assert_allclose(scores.margin, scores.probabilities[:, 0] - scores.probabilities[:, 1])
    assert (np.diff(scores.probabilities) <= 0).all()


def test_score__the_best_code_comes_first_and_unescaped(model_path: Path) -> None:
    scores = FastTextScorer.load(model_path).score(["pain boulanger", "autre reste"], k=1)

    assert scores.codes.tolist() == [["10.71C"], ["Divers, à part"]]


def test_score__entropy_is_that_of_the_network(model_path: Path) -> None:
    """Computed from the model's matrices: the library's own probabilities are each 1e-5 too high."""
    model = fasttext.load_model(str(model_path))
    hidden = np.array([model.get_sentence_vector(line) for line in ASKED], dtype=np.float64)
    logits = hidden @ model.get_output_matrix().T.astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    entropy = FastTextScorer.load(model_path).score(ASKED, k=1).entropy

    np.testing.assert_allclose(entropy, -(shares * np.log(shares)).sum(axis=1), atol=1e-5)


def test_score__known_is_the_share_of_words_seen(model_path: Path) -> None:
    lines = ["", "inconnu", "pain inconnu", "pain ble", "inconnu type_a"]

    known = FastTextScorer.load(model_path, ignore_prefixes=("type_",)).score(lines).known

    assert known.tolist() == [0, 0, 0.5, 1, 0]


def test_score__line_breaks_inside_a_line_are_blanks(model_path: Path) -> None:
    scorer = FastTextScorer.load(model_path)

    broken, whole = scorer.score(["pain\nboulanger\n", "pain boulanger "]).probabilities

    np.testing.assert_array_equal(broken, whole)


def test_score__order_is_kept_over_many_batches(model_path: Path) -> None:
    scorer = FastTextScorer.load(model_path)

    codes = scorer.score(["pain boulanger", "culture ble"] * 1500, k=1).codes

    assert codes[:, 0].tolist() == ["10.71C", "01.11Z"] * 1500


def test_score__no_line_gives_no_row(model_path: Path) -> None:
    scores = FastTextScorer.load(model_path).score([], k=5)

    assert len(scores) == 0
    assert scores.codes.shape == (0, 3)


def test_score__more_codes_than_known_are_not_made_up(model_path: Path) -> None:
    assert FastTextScorer.load(model_path).score(["pain"], k=50).codes.shape == (1, 3)


def test_score__asks_for_one_code_at_least(model_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        FastTextScorer.load(model_path).score(["pain"], k=0)


def test_load__missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        FastTextScorer.load(tmp_path / "none.bin")


def test_load__another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a model" * 100)

    with pytest.raises(InvalidInputError, match="no fastText model"):
        FastTextScorer.load(tmp_path / "model.bin")


def test_load__says_nothing(model_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    FastTextScorer.load(model_path).score(["pain"])

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("code", ["01.11Z", "Divers, à part", "100%", "a\tb\u00a0c", "__label__x"])
def test_label__round_trip_without_blanks(code: str) -> None:
    label = fasttext_scorer.label(code)

    assert len(label.split()) == 1
    assert fasttext_scorer.code_of(label) == code
