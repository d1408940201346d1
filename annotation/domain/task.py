"""One question to one coder seat, and why it is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Component(StrEnum):
    """The part of a draw that selected a text. The evaluation set is made of ``AUDIT`` alone."""

    AUDIT = "audit"
    UNCERTAIN = "uncertain"
    DRIFTING = "drifting"
    RARE = "rare"
    DISAGREEMENT = "disagreement"
    VALUE = "value"
    REVISION = "revision"
    CLAIM = "claim"
    SUSPECTED = "suspected"
    GOLD = "gold"


class Kind(StrEnum):
    """Who is asked: coders, an arbiter between them, or a new coder who learns."""

    CODING = "coding"
    ARBITRATION = "arbitration"
    TRAINING = "training"


# Coders sit from 1 on; one arbiter per text and draw.
ARBITER_SEAT, FIRST_SEAT = 0, 1


@dataclass(frozen=True, slots=True)
class Task:
    """``inclusion_probability`` is the chance that this draw had of selecting the text, known before it was drawn.

    All components of the draw count in it. ``frequency`` is the number of declarations that the text stands for, its
    near copies' included; ``confidence`` is the calibrated probability, at the draw, that the model's first code is
    right. ``candidates`` are the codes put first on the coder's screen, with the model's probabilities where it gave
    any; of a ``blind`` task they are kept, and not shown.
    """

    key: str
    draw_id: int
    text_key: str
    component: Component
    stratum: str
    inclusion_probability: float
    seat: int
    reason: str
    candidates: tuple[str, ...]
    probabilities: tuple[float, ...]
    model_version: str | None
    frequency: int = 1
    confidence: float | None = None
    kind: Kind = Kind.CODING
    blind: bool = False


def task_key(draw_key: str, text_key: str, seat: int = 1) -> str:
    """The key by which the task is known outside; the same draw, text and seat always give the same one."""
    return hashlib.sha256(f"{draw_key}\x1f{text_key}\x1f{seat}".encode()).hexdigest()[:20]
