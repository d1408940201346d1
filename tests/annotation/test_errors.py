from __future__ import annotations

import pytest

from annotation.errors import UnreachableError, without_passwords


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql+psycopg://me:secret@host/db", "postgresql+psycopg://me:********@host/db"),
        ("http://me:p@ss:word@host:5000/x", "http://me:********@host:5000/x"),
        ("http://:secret@host", "http://:********@host"),
        ("http://host:5000/me@here", "http://host:5000/me@here"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
    ],
)
def test_without_passwords(address: str, shown: str) -> None:
    assert without_passwords(f"at {address}, twice: {address}") == f"at {shown}, twice: {shown}"


def test_errors__never_show_the_password_of_an_address() -> None:
    error = UnreachableError("http://me:secret@host does not answer.", cure="Start it.")

    assert str(error) == "http://me:********@host does not answer. Start it."
    assert "secret" not in repr(error)
