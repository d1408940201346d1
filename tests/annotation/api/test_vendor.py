"""The scripts of others are those that their table names."""

from __future__ import annotations

import hashlib
import re

from annotation.api import rendering

FOLDER = rendering.STATIC / "vendor"


def test_vendor__scripts_are_as_published() -> None:
    table = re.findall(
        r"^\| (\S+\.js) \| \S+ \S+ \| .* \((\S+)\) \| (\w{64}) \|$", (FOLDER / "README.md").read_text(), re.M
    )

    assert {name for name, _, _ in table} == {path.name for path in FOLDER.glob("*.js")}
    for name, licence, expected in table:
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected, name
        assert (FOLDER / licence).is_file()
