"""Training sets. For notebooks: ``from sync import trainingset``, then ``trainingset.load("v12")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sync.trainingset.notebook import blame, diff, load, of_model, versions

__all__ = ["blame", "diff", "load", "of_model", "versions"]


def __getattr__(name: str) -> Any:
    # Late, since pandas takes as long to import as a light command takes to run.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sync.trainingset import notebook

    return getattr(notebook, name)
