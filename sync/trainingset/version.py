"""A named, immutable state of a training set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from annotation.errors import ConflictError, InvalidInputError
from sync.trainingset import schema

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
OURS = "trainingset."
GIVEN = "property."
COUNTS = ("rows", "digest", "added", "removed", "changed", "sequence", "form", "base")


@dataclass(frozen=True, slots=True)
class Version:
    """``added``, ``removed`` and ``changed`` count rows against the parent, against nothing for a first version.

    ``sequence`` is the number of ancestors plus one. ``properties`` are those given at the commit. ``form`` is that of
    the rows (``schema.FORM``): a version of the former one cannot be amended, and has the former digest. ``base`` is
    the sequence of the version whose whole content the base files hold, later changes lying over it: the version's
    own for one written as a whole, 0 for files of the former form.
    """

    tag: str
    parent: str | None
    snapshot_id: int
    rows: int
    digest: str
    added: int
    removed: int
    changed: int
    sequence: int = 1
    properties: Mapping[str, str] = field(default_factory=dict)
    form: int = schema.FORM
    base: int = 0


class StaleParentError(ConflictError):
    """Others committed since the parent was the current version."""


def check_tag(tag: str) -> None:
    if not TAG.fullmatch(tag) or tag == "main":
        raise InvalidInputError(
            f"{tag!r} cannot name a version.",
            cure="Use up to 100 letters, digits, dots, hyphens and underscores, and not the word main.",
        )


def to_summary(version: Version) -> dict[str, str]:
    """The version as properties of its snapshot's summary, where any reader of the table finds it."""
    counts = {name: getattr(version, name) for name in COUNTS}
    ours = {"tag": version.tag, "parent": version.parent or "", **counts}
    given = {f"{OURS}{GIVEN}{name}": value for name, value in version.properties.items()}
    return {f"{OURS}{name}": str(value) for name, value in ours.items()} | given


def from_summary(summary: Mapping[str, str], snapshot_id: int) -> Version | None:
    """None for a snapshot that is not one of ours."""
    ours = {name.removeprefix(OURS): value for name, value in summary.items() if name.startswith(OURS)}
    if "tag" not in ours:
        return None
    return Version(
        tag=ours["tag"],
        parent=ours["parent"] or None,
        snapshot_id=snapshot_id,
        rows=int(ours["rows"]),
        digest=ours["digest"],
        added=int(ours["added"]),
        removed=int(ours["removed"]),
        changed=int(ours["changed"]),
        sequence=int(ours["sequence"]),
        form=int(ours.get("form", schema.FORMER)),
        base=int(ours.get("base", 0)),
        properties={name.removeprefix(GIVEN): value for name, value in ours.items() if name.startswith(GIVEN)},
    )
