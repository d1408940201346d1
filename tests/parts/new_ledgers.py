"""New ledgers on SQLite: migrated once, then copied, since the tests need hundreds."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from annotation.ledger.unit_of_work import Ledger


def make(folder: Path) -> Ledger:
    """An empty ledger at the newest revision, in ``folder``."""
    path = folder / "ledger.db"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_migrated())
    return Ledger.open(f"sqlite:///{path}")


@lru_cache(maxsize=1)
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = Ledger.open(f"sqlite:///{path}")
        ledger.migrate()
        ledger.close()
        return path.read_bytes()
