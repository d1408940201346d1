"""Fails when a test was skipped for any reason but the absence of the public data beside the project."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

ALLOWED = "the public data are not at"
TIERS = ("contract", "integration", "e2e", "faults", "generative")


def main(report: Path) -> int:
    suites = ElementTree.parse(report).getroot()
    cases = list(suites.iter("testcase"))
    skipped = {
        f"{case.get('classname')}.{case.get('name')}": found
        for case in cases
        if (found := case.find("skipped")) is not None
    }
    unexpected = {
        name: found.get("message", "") for name, found in skipped.items() if ALLOWED not in found.get("message", "")
    }
    for name, message in unexpected.items():
        print(f"skipped, but should have run: {name}: {message}")
    tiers = {tier for tier in TIERS if any(f"tests.{tier}" in (case.get("classname") or "") for case in cases)}
    absent = set(TIERS) - tiers
    if absent:
        print(f"tiers without a test: {', '.join(sorted(absent))}")
    print(f"{len(cases)} tests, {len(skipped)} skipped, {len(unexpected)} of them should have run")
    return 1 if unexpected or absent else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
