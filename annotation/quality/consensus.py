"""From the judgements of one text to its settled code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from annotation.domain.judgement import Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """``code`` is None where the coders hold that the text has none. ``by`` is the place of a judgement saying so."""

    code: str | None
    by: int
    votes: int
    judgements: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """No code has more votes than every other."""

    votes: tuple[tuple[str | None, int], ...]


class Said(Protocol):
    """What a judgement says, however much of it was read."""

    @property
    def coder(self) -> str: ...

    @property
    def outcome(self) -> Outcome: ...

    @property
    def code(self) -> str | None: ...

    @property
    def judged_at(self) -> datetime: ...


def settle(judgements: Sequence[Said]) -> Settled | Dispute | None:
    """The code with most votes, each coder's latest word counting once; None while nobody has decided."""
    latest = {j.coder: position for position, j in sorted(enumerate(judgements), key=lambda p: (p[1].judged_at, p[0]))}
    deciding = [position for position in sorted(latest.values()) if judgements[position].outcome.settles]
    if not deciding:
        return None
    votes = Counter(judgements[position].code for position in deciding)
    ranked = votes.most_common()
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return Dispute(tuple(sorted(ranked, key=lambda vote: (-vote[1], vote[0] or ""))))
    code, number = ranked[0]
    by = next(position for position in deciding if judgements[position].code == code)
    return Settled(code, by, number, len(deciding))
