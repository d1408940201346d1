from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.domain import pseudonym
from annotation.domain.pseudonym import Kind, PseudonymKey
from annotation.errors import InvalidInputError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = PseudonymKey(bytes(range(32)))


def test_of__is_the_keyed_hash_of_the_standard() -> None:
    expected = hmac.new(KEY.secret, b"coder\0C001", hashlib.sha256).digest()

    assert int.from_bytes(expected[:10], "big") == int(KEY.of(Kind.CODER, "C001").translate(_BASE32), 32)


@given(st.text(), st.text(), st.binary(min_size=16, max_size=64))
def test_of__same_name_same_pseudonym_and_no_other(one: str, other: str, secret: bytes) -> None:
    key = PseudonymKey(secret)

    assert key.of(Kind.CODER, one) == key.of(Kind.CODER, one)
    assert (key.of(Kind.CODER, one) == key.of(Kind.CODER, other)) is (one == other)
    assert key.of(Kind.CODER, one) != key.of(Kind.DECLARATION, one)


def test_rotated__earlier_keys_stay_and_the_last_holds() -> None:
    first = pseudonym.rotated("", now=NOW)
    second = pseudonym.rotated(first, now=NOW + timedelta(days=365))

    assert second.startswith(first)
    assert pseudonym.keys(second)[0] == pseudonym.newest(first)
    assert pseudonym.newest(second) != pseudonym.newest(first)
    assert pseudonym.newest(second).of(Kind.CODER, "C001") != pseudonym.newest(first).of(Kind.CODER, "C001")
    assert pseudonym.newest(second).id != pseudonym.newest(first).id


@pytest.mark.parametrize("document", ["", "\n", "secret", "2026-03-01 zz", f"2026 {'a' * 64}\nbroken"])
def test_newest__a_file_of_another_kind_is_refused_without_its_content(document: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read") as raised:
        pseudonym.newest(document)

    assert "secret" not in str(raised.value)


def test_rotated__never_over_a_file_that_cannot_be_read() -> None:
    with pytest.raises(InvalidInputError):
        pseudonym.rotated("no key file", now=NOW)


def test_key__too_short_to_be_safe() -> None:
    with pytest.raises(InvalidInputError, match="16 bytes"):
        PseudonymKey(b"short")


def test_key__is_not_shown() -> None:
    assert str(KEY.secret) not in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY) + KEY.id


_BASE32 = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
