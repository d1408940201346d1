"""Figures go to RESULTS.md: a section per benchmark, replaced whenever the benchmark runs again."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def record(
    title: str, *, command: str, columns: Sequence[str], rows: Sequence[Sequence[object]], note: str = ""
) -> None:
    """Print a table and put it into RESULTS.md, in the section of that title, with date and command."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    section = "\n".join([f"## {title} ({datetime.now(UTC):%Y-%m-%d})", "", f"`{command}`", "", *lines])
    section += f"\n\n{note}\n" if note else "\n"
    sys.stdout.write(f"{section}\n")
    former = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Figures\n"
    # A section ends where the next one of its rank begins.
    pattern = re.compile(rf"^## {re.escape(title)} \([^\n]*\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    found = pattern.search(former)
    text = (
        former[: found.start()] + section + "\n" + former[found.end() :] if found else f"{former.rstrip()}\n\n{section}"
    )
    RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")
