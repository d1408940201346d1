from __future__ import annotations

from pathlib import Path

import fasttext
import pytest

from sampling import subwords
from tests.parts import fasttext_models

TOKENS = ["a", "é", "pain", "blé", "日本語", "😀", "<", "<a>", "pâtissier-traiteur", "x" * 200, "été" * 50, "a\u0301"]


@pytest.mark.parametrize(("minn", "maxn"), [(1, 1), (1, 3), (3, 6), (0, 2), (2, 2)])
def test_subwords__are_those_of_the_library(tmp_path: Path, minn: int, maxn: int) -> None:
    bucket = 1_000_000
    path = fasttext_models.write(
        tmp_path / "model.bin", words=["</s>"], labels=["__label__A"], dim=1, bucket=bucket, minn=minn, maxn=maxn
    )
    library = fasttext.load_model(str(path))

    found = subwords.subwords([token.encode() for token in TOKENS], minn=minn, maxn=maxn)

    expected = [library.get_subwords(token)[1].tolist() for token in TOKENS]
    assert found.counts.tolist() == [len(rows) for rows in expected]
    assert (found.hashes % bucket + 1).tolist() == [int(row) for rows in expected for row in rows]


def test_token_hashes__read_bytes_as_signed() -> None:
    """The figures are those of fastText's own hash; unsigned bytes would give another for the accented word."""
    assert subwords.token_hashes([b"", b"a", "é".encode(), b"pain"]).tolist() == [
        _fnv(t) for t in ("", "a", "é", "pain")
    ]


def test_token_hashes__of_no_token() -> None:
    assert subwords.token_hashes([]).tolist() == []


def _fnv(token: str) -> int:
    value = 2166136261
    for byte in token.encode():
        signed = byte - 256 if byte > 127 else byte
        value = ((value ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return value
