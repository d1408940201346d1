from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fasttext
import numpy as np
import pytest

from annotation.errors import InvalidInputError, NotFoundError
from sampling import fasttext_scorer, hidden_layer, token_table, weight_rows
from sampling.fasttext_scorer import FastTextScorer
from sampling.hidden_layer import HiddenLayer
from sampling.scorer import Scores
from sync.training import fasttext_trainer
from sync.training.fasttext_trainer import FastTextParameters
from tests.parts import fasttext_models, library_scores

WORDS = {"01.11Z": "ble cereale culture", "10.71C": "pain boulanger patisserie", "Divers, à part": "autre divers reste"}
STRANGE = [
    *("", " ", "\t", "\n", "</s>", "w1 </s> w2", "w1 w2 </s> w3 </s>", "</s> w1", "a</s>b w1"),
    *("__label__3", "__label__3 w1 w2", "w1 __label__999 w2", "w1 __label__ w2", "__labe w1", "x__label__3"),
    *("w1\u00a0w2", "w1\u2003w2\u0085w3", "w1\x1cw2\x1fw3", "w1\0w2 w3", "\0", "w1\r\nw2\vw3\fw4", "w1\nw2\n"),
    *("été à l'œuvre", "日本語 w1", "😀", "a\u0301\u0301", "\u0301", "<", ">", "<>", "zzz inconnu", "w1 w1 w1 w1"),
    *("x" * 10_000, "é" * 5_000, ("w1 w2 " * 2_000)[:10_000], "mot inconnu " * 800),
]
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


def _write(folder: Path, loss: str, quantised: dict[str, object] | None, **ngrams: int) -> Path:
    path = fasttext_models.write(
        folder / "model.bin",
        words=["</s>", "été", "à", "日本語", "x__label__3", "__labe", *(f"w{number}" for number in range(300))],
        labels=[f"__label__{number}" for number in range(300)],
        dim=10,
        bucket=1000,
        loss=loss,
        scale=2.0,
        **{"word_ngrams": 3, "minn": 3, "maxn": 6, **ngrams},
    )
    if quantised is None:
        return path
    library = fasttext.load_model(str(path))
    library.quantize(**quantised)
    library.save_model(str(folder / "model.ftz"))
    return folder / "model.ftz"


def _figures(scores: Scores) -> list[np.ndarray]:
    return [getattr(scores, field.name) for field in dataclasses.fields(scores)]


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


@pytest.mark.parametrize(
    ("loss", "k", "quantised"),
    [
        *((loss, k, None) for loss in ("softmax", "ova", "ns", "hs") for k in (5, 100)),
        *((loss, 5, {"qnorm": True, "qout": True}) for loss in ("softmax", "ova", "hs")),
        *(("softmax", 5, options) for options in ({}, {"cutoff": 350, "dsub": 3}, {"cutoff": 310, "qnorm": True})),
    ],
)
def test_score__strange_texts_are_read_as_the_library_reads_them(
    tmp_path: Path, loss: str, quantised: dict[str, object] | None, k: int
) -> None:
    path = _write(tmp_path, loss, quantised)

    scores = FastTextScorer.load(path).score(STRANGE, k=k)

    library_scores.assert_same(path, STRANGE, scores, k=k)


@pytest.mark.parametrize(
    "ngrams", [{"word_ngrams": 1}, {"word_ngrams": 2}, {"maxn": 2}, {"word_ngrams": 5, "minn": 2, "maxn": 9}]
)
def test_score__whatever_the_ngrams(tmp_path: Path, ngrams: dict[str, int]) -> None:
    path = _write(tmp_path, "softmax", None, **{"word_ngrams": 1, "minn": 0, "maxn": 0, **ngrams})

    library_scores.assert_same(path, STRANGE, FastTextScorer.load(path).score(STRANGE), k=5)


def test_score__a_model_that_saw_no_end_of_line_says_nothing_of_an_empty_text(tmp_path: Path) -> None:
    path = fasttext_models.write(
        tmp_path / "model.bin", words=["pain"], labels=["__label__A", "__label__B"], dim=3, bucket=0
    )

    scores = FastTextScorer.load(path).score(["", "pain"])

    assert scores.codes[0].tolist() == ["", ""]
    assert (scores.probabilities[0].tolist(), scores.margin[0]) == ([0, 0], 0)
    assert scores.entropy[0] == pytest.approx(np.log(2))
    assert sorted(scores.codes[1]) == ["A", "B"]


def test_score__a_model_of_one_code(tmp_path: Path) -> None:
    for loss in ("softmax", "hs", "ova"):
        path = fasttext_models.write(
            tmp_path / f"{loss}.bin", words=["</s>"], labels=["__label__A"], dim=3, bucket=0, loss=loss
        )

        scores = FastTextScorer.load(path).score(["", "a"])

        assert scores.codes.tolist() == [["A"], ["A"]]
        np.testing.assert_array_equal(scores.margin, scores.probabilities[:, 0])
        np.testing.assert_allclose(scores.entropy, 0, atol=1e-6)


@pytest.mark.parametrize("loss", ["ova", "hs"])
def test_score__entropy_is_over_all_codes(tmp_path: Path, loss: str) -> None:
    path = _write(tmp_path, loss, None)
    lines = ["w1 w2", "w3", "inconnu w4"]
    predicted = fasttext.load_model(str(path)).predict(lines, k=-1)[1]

    entropy = FastTextScorer.load(path).score(lines, k=1).entropy

    for row, values in enumerate(predicted):
        # fastText adds 1e-5 to each probability of ``ova``, and to each branch of ``hs``.
        values = values - 1e-5 if loss == "ova" else values
        shares = values / values.sum()
        assert entropy[row] == pytest.approx(-(shares * np.log(shares)).sum(), abs=5e-3)


def test_score__repeated_texts_are_scored_once(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = FastTextScorer.load(model_path)
    asked: list[str] = []
    of = HiddenLayer.of

    def counting(self: HiddenLayer, lines: Sequence[str]) -> hidden_layer.Hidden:
        asked.extend(lines)
        return of(self, lines)

    monkeypatch.setattr(HiddenLayer, "of", counting)

    scores = scorer.score(["pain", "ble", "pain", "ble culture", "ble"] * 100, k=2)

    assert sorted(asked) == ["ble", "ble culture", "pain"]
    assert scores.codes[:, 0].tolist() == ["10.71C", "01.11Z", "10.71C", "01.11Z", "01.11Z"] * 100
    for figures in (scores.probabilities, scores.margin, scores.entropy, scores.known):
        np.testing.assert_array_equal(figures[:5], figures[-5:])
        np.testing.assert_array_equal(figures[0], figures[2])


def test_score__does_not_depend_on_what_was_scored_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when the table of tokens overflows all the time, or rows are fetched a few at a time."""
    path = _write(tmp_path, "softmax", None)
    lines = [f"w{n} mot{n} w{n % 7}" for n in range(300)]
    expected = FastTextScorer.load(path).score(lines)
    monkeypatch.setattr(token_table, "_KEPT_KEY_BYTES", 100)
    monkeypatch.setattr(hidden_layer, "_LINES", 30)
    monkeypatch.setattr(weight_rows, "_SLICE", 100)
    scorer = FastTextScorer.load(path)

    for _ in range(2):
        scores = scorer.score(lines)

        np.testing.assert_array_equal(scores.codes, expected.codes)
        np.testing.assert_allclose(scores.probabilities, expected.probabilities, atol=1e-6)
        np.testing.assert_array_equal(scores.known, expected.known)


def test_score__long_texts_are_taken_in_small_blocks(tmp_path: Path) -> None:
    lines = ["", "mot " * 200_000, "a", *["b " * 1000] * 300]

    blocks = list(hidden_layer.blocks(lines))

    assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(len(lines)))
    assert all(sum(map(len, lines[b])) <= 2**18 or b.stop - b.start == 1 for b in blocks)


def test_score__threads_may_share_a_scorer(tmp_path: Path) -> None:
    path = _write(tmp_path, "softmax", None)
    parts = [[f"w{n * part} mot{n} w{part}" for n in range(400)] for part in range(4)]
    expected = [FastTextScorer.load(path).score(part) for part in parts]
    scorer = FastTextScorer.load(path)

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(scorer.score, parts))

    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


def test_pickle__is_the_path_and_not_the_weights(model_path: Path) -> None:
    scorer = FastTextScorer.load(model_path, ignore_prefixes=("type_",))

    content = pickle.dumps(scorer)

    assert len(content) < 1000
    for mine, its in zip(_figures(scorer.score(ASKED)), _figures(pickle.loads(content).score(ASKED)), strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("quantised", [None, {"qnorm": True}])
def test_embed__is_the_hidden_layer(tmp_path: Path, quantised: dict[str, object] | None) -> None:
    path = _write(tmp_path, "softmax", quantised)
    library = fasttext.load_model(str(path))

    layer = FastTextScorer.load(path).embed(STRANGE)

    assert layer.dtype == np.float32
    expected = [library.get_sentence_vector(text.replace("\n", " ")) for text in STRANGE]
    np.testing.assert_allclose(layer, expected, atol=1e-4)


def test_embed__no_line_gives_no_row(model_path: Path) -> None:
    assert FastTextScorer.load(model_path).embed([]).shape == (0, 8)


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


def test_score__known_tokens_are_those_that_the_model_reads(tmp_path: Path) -> None:
    lines = ["w1 </s> inconnu", "</s> w1", "__label__1 w1", "__label__999 w1", "w1\u00a0w2 w3", "w1\0w2\tx\r\ny"]

    known = FastTextScorer.load(_write(tmp_path, "softmax", None)).score(lines).known

    assert known.tolist() == [1, 0, 0.5, 0.5, 0.5, 0.5]


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
