"""Whatever the text, the scorer reads it as the official library does."""

from __future__ import annotations

from pathlib import Path

import fasttext
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling.fasttext_scorer import FastTextScorer
from tests.parts import fasttext_models, library_scores

WORDS = ("</s>", "w1", "w2", "été", "日本", "a", "<a>", "commerce-détail", "__labe")
PIECES = st.sampled_from(
    [*WORDS, *" \n\r\t\v\f\0", "\u00a0", "\x1c", "\u2003", "__label__1", "__label__", "é", "b", "<", ">", "😀", "zz"]
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=25).map("".join),
    st.lists(PIECES, max_size=25).map(" ".join),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, FastTextScorer]]:
    folder = tmp_path_factory.mktemp("models")
    paths = [
        fasttext_models.write(
            folder / f"{loss}-{word_ngrams}-{minn}-{maxn}.bin",
            words=WORDS,
            labels=[f"__label__{number}" for number in range(40)],
            dim=8,
            bucket=400,
            word_ngrams=word_ngrams,
            minn=minn,
            maxn=maxn,
            loss=loss,
        )
        for loss, word_ngrams, minn, maxn in (
            ("softmax", 3, 3, 6),
            ("softmax", 1, 0, 0),
            ("softmax", 2, 1, 2),
            ("ova", 3, 3, 6),
            ("hs", 2, 0, 3),
        )
    ]
    library = fasttext.load_model(str(paths[0]))
    library.quantize(qnorm=True, cutoff=300)
    library.save_model(str(folder / "softmax.ftz"))
    return [(path, FastTextScorer.load(path)) for path in (*paths, folder / "softmax.ftz")]


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(TEXTS, min_size=1, max_size=20))
def test_score__is_that_of_the_library(models: list[tuple[Path, FastTextScorer]], texts: list[str]) -> None:
    for path, scorer in models:
        scores = scorer.score(texts, k=4)

        library_scores.assert_same(path, texts, scores, k=4)


@settings(deadline=None, max_examples=30)
@given(texts=st.lists(TEXTS, min_size=2, max_size=20))
def test_score__a_text_scores_alike_in_any_company(models: list[tuple[Path, FastTextScorer]], texts: list[str]) -> None:
    for _, scorer in models:
        together, alone = scorer.score(texts), [scorer.score([text]) for text in texts]

        np.testing.assert_allclose(together.probabilities, np.concatenate([s.probabilities for s in alone]), atol=1e-5)
        np.testing.assert_array_equal(together.known, np.concatenate([s.known for s in alone]))
