"""How a campaign works: what its coders see, when a text is asked twice, and how answers become a label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Len, Predicate

from annotation.domain.task import Component

Share = Annotated[float, Ge(0), Le(1)]


class Consensus(StrEnum):
    """When the answers to one text give its code.

    SINGLE: the code with most votes. TWO_AGREE: as soon as two coders give it. MAJORITY: more than half of the coders.
    WEIGHTED: more than half of the coders' weight, which follows their quality. ARBITER: only where all agree.
    """

    SINGLE = "single"
    TWO_AGREE = "two_agree"
    MAJORITY = "majority"
    WEIGHTED = "weighted"
    ARBITER = "arbiter"


@dataclass(frozen=True, slots=True)
class Policy:
    """The defaults are those of a campaign with one coder per text.

    ``candidates`` are shown at most. ``blind_share`` of the tasks show no prediction. A text gets ``seats`` coders in
    all where chance (``second_share``), its component, a margin below ``second_below_margin``, or a coder who found it
    at least ``second_if_hard`` hard (0: never) asks for it. ``gold_share`` is among the tasks of each coder, who is
    paused where gold shows an accuracy below ``pause_below``. A new coder first answers ``training_tasks``. A coder
    holds ``queue_size`` tasks at once, for ``lease_hours``. ``hourly_rate`` is in ``currency``.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    candidates: Annotated[int, Ge(1), Le(30)] = 10
    show_probability: bool = False
    blind_share: Share = 0.0
    second_share: Share = 0.0
    second_components: tuple[Component, ...] = ()
    second_below_margin: Share = 0.0
    second_if_hard: Annotated[int, Ge(0), Le(5)] = 0
    seats: Annotated[int, Ge(2), Le(9)] = 2
    consensus: Consensus = Consensus.SINGLE
    arbitration: bool = False
    gold_share: Share = 0.0
    pause_below: Share = 0.0
    training_tasks: Annotated[int, Ge(0)] = 0
    queue_size: Annotated[int, Ge(1)] = 50
    lease_hours: Annotated[float, Gt(0)] = 72.0
    hourly_rate: Annotated[float, Ge(0)] = 0.0
    currency: Annotated[str, Len(3, 3), Predicate(str.isupper)] = "EUR"
    target_accuracy: Share = 0.95
    ends_on: date | None = None
    paused: bool = False
