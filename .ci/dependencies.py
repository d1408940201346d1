"""Fails when a dependency has no lower bound, a licence that is not known to fit, or was not resolved as of a date."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EUPL|CDDL|EPL)\b|General Public|Mozilla Public", re.IGNORECASE)
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|HPND|CNRI|TCL|0BSD|CC0|Public Domain",
    re.IGNORECASE,
)
# Used as they are, as libraries of their own: neither the LGPL nor the MPL reaches what merely imports them.
AS_LIBRARIES = {"psycopg", "psycopg-binary", "certifi", "tqdm", "orjson", "fqdn", "pathspec"}

# They tell their licence in a file alone.
READ_BY_HAND = {"huey": "MIT", "label-studio-sdk": "Apache-2.0", "skops": "MIT"}


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    faults = list(_unbounded(project["project"]["dependencies"]))
    if "exclude-newer" not in project["tool"]["uv"]:
        faults.append("tool.uv.exclude-newer is not set: the resolution moves by itself")
    shipped = _closure(project["project"]["dependencies"])
    faults += [f"{name}: {licence or 'no licence told'}" for name, licence in _unfit(shipped)]
    for fault in faults:
        print(f"dependency: {fault}")
    print(f"{len(shipped)} distributions are shipped with ours, {len(faults)} faults")
    return 1 if faults else 0


def _unbounded(wanted: list[str]) -> Iterator[str]:
    for one in map(Requirement, wanted):
        if not any(part.operator in (">=", "==", "~=") for part in one.specifier):
            yield f"{one.name} has no lower bound"


def _closure(wanted: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """What is installed of the requirements, and of theirs; development tools are not among them."""
    found: dict[str, importlib.metadata.Distribution] = {}
    left = [(Requirement(one), "") for one in wanted]
    while left:
        one, extra = left.pop()
        if one.marker is not None and not any(one.marker.evaluate({"extra": e}) for e in {extra, ""}):
            continue
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if name not in found or one.extras:
            found[name] = distribution
            for inner in distribution.requires or ():
                left += [(Requirement(inner), e) for e in {"", *one.extras}]
    return found


def _unfit(shipped: dict[str, importlib.metadata.Distribution]) -> Iterator[tuple[str, str]]:
    for name, distribution in sorted(shipped.items()):
        licence = _licence(distribution) if name not in READ_BY_HAND else READ_BY_HAND[name]
        if name in AS_LIBRARIES:
            continue
        if COPYLEFT.search(licence) or not PERMISSIVE.search(licence):
            yield name, licence


def _licence(distribution: importlib.metadata.Distribution) -> str:
    about = distribution.metadata
    classified = [one for one in about.get_all("Classifier") or () if one.startswith("License")]
    return about.get("License-Expression") or "; ".join(classified) or (about.get("License") or "")[:80]


if __name__ == "__main__":
    sys.exit(main())
