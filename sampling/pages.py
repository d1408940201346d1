"""Pages that stand alone: one look, no network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """A template of this package, or of its parts, filled in; what it names must be given."""
    return _environment().get_template(template).render(**values)


@lru_cache(1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_HERE / "templates", _HERE / "drift" / "templates", _HERE / "replay" / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
