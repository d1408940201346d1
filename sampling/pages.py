"""Pages that stand alone: one look, no network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def render(template: str, *, folder: Path | None = None, **values: Any) -> str:
    """A template of this package, of its parts or of ``folder``, filled in; what it names must be given."""
    return _environment(folder).get_template(template).render(**values)


@lru_cache
def _environment(folder: Path | None) -> Environment:
    ours = [_HERE / "templates", _HERE / "drift" / "templates", _HERE / "replay" / "templates"]
    return Environment(
        loader=FileSystemLoader(ours if folder is None else [folder, *ours]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
