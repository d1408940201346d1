"""What the official fastText library says of texts, to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fasttext
import numpy as np

from sampling import fasttext_scorer
from sampling.scorer import Scores

# Two codes this close may change places.
TIE = 1e-5


def assert_same(path: Path, texts: Sequence[str], scores: Scores, *, k: int, atol: float = 1e-4) -> None:
    """Same codes in the same order but for ties, same probabilities, "" where the library gives no label."""
    lines = [text.replace("\n", " ") for text in texts]
    rows = zip(texts, *fasttext.load_model(str(path)).predict(lines, k=k), strict=True)
    for row, (text, labels, values) in enumerate(rows):
        found = len(labels)
        expected = [fasttext_scorer.code_of(label) for label in labels]
        shares = np.minimum(values, 1)
        codes, probabilities = scores.codes[row], scores.probabilities[row]
        np.testing.assert_allclose(probabilities[:found], shares, atol=atol, err_msg=repr(text))
        assert (codes[found:] == "").all(), repr(text)
        assert (probabilities[found:] == 0).all(), repr(text)
        places = {code: place for place, code in enumerate(expected)}
        for place, code in enumerate(codes[:found].tolist()):
            assert abs(shares[places.get(code, found - 1)] - shares[place]) <= TIE, (text, codes, expected)
