"""Strategies by name: those of the literature, and one's own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from annotation.errors import InvalidInputError
from sampling.strategies.base import Strategy
from sampling.strategies.chance import Random
from sampling.strategies.covering import MarginCovering
from sampling.strategies.diverse import Capped, Clustered
from sampling.strategies.drifting import DriftWeighted
from sampling.strategies.uncertain import BreakingTies, Entropy, LeastConfidence

STRATEGIES: Final[Mapping[str, Callable[[], Strategy]]] = MappingProxyType(
    {
        "random": Random,
        "least_confidence": LeastConfidence,
        "margin": BreakingTies,
        "entropy": Entropy,
        "margin_clustered": Clustered,
        "margin_capped": Capped,
        "margin_covering": MarginCovering,
        "margin_drift_weighted": DriftWeighted,
    }
)


def find(name: str) -> Strategy:
    """The strategy of that name, or of the class written ``package.module:Class``, made without arguments.

    Errors: InvalidInputError.
    """
    if ":" in name:
        return _own(name)
    if name not in STRATEGIES:
        raise InvalidInputError(
            f"There is no strategy {name!r}.",
            cure=f"Name one of {', '.join(STRATEGIES)}, or one of your own as package.module:Class.",
        )
    return STRATEGIES[name]()


def _own(path: str) -> Strategy:
    module, _, name = path.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)()
    except (ImportError, ValueError) as error:
        raise InvalidInputError(
            f"The strategy {path} cannot be imported: {error}.",
            cure="Install its package beside annotation-workbench, or put its folder into PYTHONPATH.",
        ) from error
    except AttributeError as error:
        raise InvalidInputError(f"The module {module} has no {name}.", cure="Write package.module:Class.") from error
    except TypeError as error:
        raise InvalidInputError(
            f"The strategy {path} cannot be made: {error}.", cure="It is made without arguments: give each a default."
        ) from error
    if not isinstance(getattr(made, "name", None), str) or not callable(getattr(made, "score", None)):
        raise InvalidInputError(
            f"{path} is no strategy.", cure="It needs a name and score(pool, random); see sampling.strategies.base."
        )
    own: Strategy = made
    return own
