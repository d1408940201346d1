from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from annotation.errors import InvalidInputError, NotFoundError, UnreachableError
from sync.settings import Settings
from sync.storage import Storage


def test_write__makes_folders_and_gives_the_url(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "store"))

    url = storage.write("a/b.txt", b"one")

    assert url == f"file://{tmp_path}/store/a/b.txt"
    assert storage.read("a/b.txt") == storage.read(url) == b"one"
    assert storage.exists("a") and storage.exists("a/b.txt") and not storage.exists("b.txt")


def test_write__failure_keeps_the_former_content(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a.txt", b"former")

    with pytest.raises(RuntimeError), storage.writing("a.txt") as handle:
        handle.write(b"half")
        raise RuntimeError

    assert storage.read("a.txt") == b"former"
    assert storage.files() == [f"file://{tmp_path}/a.txt"]


def test_files__at_any_depth_in_order(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}/")
    for name in ("b/2", "a/1", "c"):
        storage.write(name, b"")

    assert storage.files() == [storage.join("a/1"), storage.join("b", "2"), storage.join("c")]
    assert storage.files("b") == [storage.join("b/2")]
    assert storage.files("nothing") == []


def test_delete__missing_is_no_error(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a", b"")

    storage.delete("a")
    storage.delete("a")

    assert not storage.exists("a")


def test_read__missing(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"nowhere\.csv does not exist"):
        Storage(str(tmp_path)).read("nowhere.csv")


def test_check__leaves_nothing(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "new"))

    assert storage.check() == f"file://{tmp_path}/new can be read and written"
    assert storage.files() == []


def test_check__says_which_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnreachableError, match="Check that file://.*/file/below is a folder"):
        Storage(str(tmp_path / "file" / "below")).check()


def test_check__unreachable_endpoint_names_the_url_and_no_secret() -> None:
    storage = Storage("s3://bucket/x", key="the-key", secret="the-secret", endpoint="http://127.0.0.1:9")

    with pytest.raises(UnreachableError) as raised:
        storage.check()

    assert "s3://bucket/x" in str(raised.value) and "http://127.0.0.1:9" in str(raised.value)
    assert "the-key" not in str(raised.value) and "the-secret" not in str(raised.value)
    assert "the-secret" not in repr(storage) and "the-key" not in repr(storage)


@pytest.mark.parametrize("url", ["gs://bucket/x", "s3:///x", "https://example.org/x.csv"])
def test_url__unknown_scheme_or_no_bucket(url: str) -> None:
    with pytest.raises(InvalidInputError):
        Storage(url)


def test_url_of__another_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be opened with the settings"):
        Storage(str(tmp_path)).read("s3://bucket/x")


def test_url__relative_and_home_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert Storage("x").url == f"file://{os.getcwd()}/x"
    assert Storage("~/x").url == f"file://{tmp_path}/home/x"


def test_fingerprint__changes_with_the_content(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a", b"one")
    first = storage.fingerprint("a")

    same = storage.fingerprint(storage.url_of("a"))
    storage.write("a", b"two")

    assert same == first != storage.fingerprint("a")
    with pytest.raises(NotFoundError):
        storage.fingerprint("b")


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "..", "a/..", "%2e%2e/x", "a/%2e%2e/x", "..%2fx", "..\\x", "a\\..\\x", "x\0y", "%2E%2E"],
)
def test_join__nothing_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    storage = Storage(str(tmp_path / "root"))
    (tmp_path / "x").write_text("secret")

    for operate in (storage.read, storage.exists, storage.files, storage.delete, lambda p: storage.write(p, b"x")):
        with pytest.raises(InvalidInputError, match="leads out"):
            operate(path)
    assert (tmp_path / "x").read_text() == "secret"


@pytest.mark.parametrize("path", ["a..b/c", "...", "é/ñ", "a b", ".hidden", "100%"])
def test_join__other_names_are_taken(tmp_path: Path, path: str) -> None:
    storage = Storage(str(tmp_path))
    storage.write(path, b"x")

    assert storage.read(path) == b"x"
    assert [file.is_relative_to(tmp_path) for file in tmp_path.rglob("*")]


@pytest.mark.parametrize("name", ["..", ".", "", "../x", "a/b", "a\\b", "C:", "a\0b", "%2e%2e", "~", "-x", "x" * 80])
@pytest.mark.parametrize("section", [("trainingset", "name"), ("training", "model"), ("campaign", "key")])
def test_settings__names_of_folders_cannot_lead_anywhere_else(section: tuple[str, str], name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(**{section[0]: {section[1]: name}})


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "ftp://x/y", "gs://b/c", "file://host/x\0"])
def test_normalise__no_other_protocol_is_spoken(address: str) -> None:
    with pytest.raises((InvalidInputError, ValueError)):
        Storage(address).read("x")
