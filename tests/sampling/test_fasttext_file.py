from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import fasttext
import numpy as np
import pytest

from annotation.errors import InvalidInputError, NotFoundError
from sampling import fasttext_file
from tests.parts import fasttext_models

WORDS = ["</s>", "pain", "blé", "日本", "de"]
LABELS = ["__label__A", "__label__B", "__label__C"]
# Magic and version; the twelve arguments; the threshold.
_HEADER, _ARGUMENTS = 8, 48 + 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fasttext_models.write(
        tmp_path / "model.bin", words=WORDS, labels=LABELS, dim=4, bucket=20, word_ngrams=2, minn=2, maxn=3
    )


def test_read__is_what_the_library_reads(path: Path) -> None:
    library = fasttext.load_model(str(path))

    model = fasttext_file.read(path)

    assert [word.decode() for word in model.words] == library.get_words()
    assert [label.decode() for label in model.labels] == library.get_labels()
    assert model.label_counts.tolist() == library.get_labels(include_freq=True)[1].tolist()
    np.testing.assert_array_equal(model.input.take(np.arange(25)), library.get_input_matrix())
    np.testing.assert_array_equal(model.output, library.get_output_matrix())
    assert model.arguments == fasttext_file.Arguments(4, 2, "softmax", 20, 2, 3)


@pytest.mark.parametrize("options", [{}, {"qnorm": True}, {"qnorm": True, "qout": True, "dsub": 3}])
def test_read__a_quantised_matrix_holds_the_librarys_vectors(tmp_path: Path, options: dict[str, object]) -> None:
    path = fasttext_models.write(
        tmp_path / "model.bin",
        words=["</s>", *(f"w{n}" for n in range(300))],
        labels=[f"__label__{n}" for n in range(300)],
        dim=10,
        bucket=0,
    )
    library = fasttext.load_model(str(path))
    library.quantize(**options)
    library.save_model(str(tmp_path / "model.ftz"))

    model = fasttext_file.read(tmp_path / "model.ftz")

    expected = [library.get_input_vector(row) for row in range(301)]
    np.testing.assert_allclose(model.input.take(np.arange(301)), expected, atol=1e-6)


def test_read__weights_stay_in_the_file(tmp_path: Path) -> None:
    path = fasttext_models.write(tmp_path / "model.bin", words=WORDS, labels=LABELS, dim=100, bucket=50_000, maxn=3)
    tracemalloc.start()
    try:
        model = fasttext_file.read(path)
        model.input.take(np.arange(0, 50_000, 1000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert path.stat().st_size > 20_000_000
    assert peak < 300_000


def test_read__models_of_version_11_have_no_subwords(tmp_path: Path) -> None:
    path = fasttext_models.write(
        tmp_path / "model.bin", words=WORDS, labels=LABELS, dim=4, bucket=20, minn=2, maxn=3, version=11
    )

    assert fasttext_file.read(path).arguments.maxn == 0


def test_read__missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"none\.bin"):
        fasttext_file.read(tmp_path / "none.bin")


def test_read__a_file_cut_off_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    cut = tmp_path / "cut.bin"
    for length in range(len(content)):
        cut.write_bytes(content[:length])
        with pytest.raises(InvalidInputError, match=r"cut\.bin is no fastText model: .*Download the model again"):
            fasttext_file.read(cut)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 1, "does not begin as one does"),
        (4, 13, "has version 13"),
        (_HEADER + 4 * 6, 7, "its loss has the unknown number 7"),
        (_HEADER + 4 * 8, 0, "uses n-grams and has no bucket"),
        (_HEADER + 4 * 8, 21, "input matrix has 25 rows, and 26 are named"),
        (_HEADER + 4 * 0, 5, "do not fit its dictionary"),
        (_HEADER + _ARGUMENTS, 9, "sizes of its dictionary contradict"),
        (_HEADER + _ARGUMENTS + 4, 2**31 - 1, "sizes of its dictionary contradict"),
        (_HEADER + _ARGUMENTS + 20, -7, "sizes of its dictionary contradict"),
        (_HEADER + _ARGUMENTS + 20, 3, "pruned"),
    ],
)
def test_read__a_damaged_file_is_refused_with_the_reason(path: Path, at: int, value: int, reason: str) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, at, value)
    path.write_bytes(content)

    with pytest.raises(InvalidInputError):
        fasttext_file.read(path)
    if reason != "pruned":
        with pytest.raises(InvalidInputError, match=reason):
            fasttext_file.read(path)


def test_read__words_and_labels_may_not_be_mixed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"pain\0" + struct.pack("<qb", 10, 0), b"pain\0" + b"\1" * 9))

    with pytest.raises(InvalidInputError, match="mixes words and labels"):
        fasttext_file.read(path)


def test_read__weights_that_are_no_numbers_are_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4] + struct.pack("<f", float("nan")))

    with pytest.raises(InvalidInputError, match="no numbers"):
        fasttext_file.read(path)


def test_read__word_vectors_without_labels_are_refused(tmp_path: Path) -> None:
    path = fasttext_models.write(
        tmp_path / "vectors.bin", words=WORDS, labels=LABELS, dim=4, bucket=20, kind=fasttext_models.SKIPGRAM
    )

    with pytest.raises(InvalidInputError, match=r"vectors\.bin holds word vectors and no labels.*supervised"):
        fasttext_file.read(path)
