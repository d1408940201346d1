from __future__ import annotations

import pyarrow as pa
import pytest

from sync.trainingset import keyorder


@pytest.mark.parametrize("keys", [["aa", "ab", "ba", "bb"], ["a", "ab", "b", "été"], [], ["a", ""]])
def test_of__slices_and_chunks_are_read_from_where_they_begin(keys: list[str]) -> None:
    array = pa.array(["xx", *keys])
    chunked = pa.chunked_array([array[1:2], array[2:]])

    assert keyorder.of(array[1:]).tolist() == keyorder.of(chunked).tolist() == [key.encode() for key in keys]


def test_places__where_they_are_or_would_be() -> None:
    place, found = keyorder.places(keyorder.of(pa.array(["b", "d"])), keyorder.of(pa.array(["a", "b", "c", "z"])))

    assert place.tolist() == [0, 0, 1, 2]
    assert found.tolist() == [False, True, False, False]


def test_up_to__counts_the_key_itself() -> None:
    keys = keyorder.of(pa.array(["b", "d"]))

    assert [keyorder.up_to(keys, key) for key in ("a", "b", "c", "d", "e")] == [0, 1, 1, 2, 2]
