"""Which texts are trained on and which validate, decided by a hash of their group and never by a draw."""

from __future__ import annotations

import hashlib

from sync.trainingset import schema


def split_of(group_key: str, *, seed: int, validation_share: float) -> str:
    """The same group and seed always give the same split, whatever else is in the set.

    A group that validates at one share also validates at any larger one.
    """
    if not 0 <= validation_share <= 1:
        raise ValueError(f"validation_share {validation_share} is no share")
    drawn = hashlib.sha256(f"{seed}\x1f{group_key}".encode()).digest()[:8]
    return schema.VALIDATION if int.from_bytes(drawn, "big") < validation_share * 2**64 else schema.TRAIN
