"""The settled code of a text, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    CODER = "coder"
    ARBITER = "arbiter"
    TABLE = "table"
    RULE = "rule"
    MODEL = "model"
    LLM = "llm"
    IMPORT = "import"

    @property
    def is_human(self) -> bool:
        """Whether a label of this source may stand in the evaluation set."""
        return self in (Source.CODER, Source.ARBITER)


@dataclass(frozen=True, slots=True)
class Label:
    """``code`` is None when the label says that the text has none (withdrawn, or unclassifiable).

    ``judgement_id`` is the judgement that gave the code, ``judgements`` are all that were weighed.
    """

    text_key: str
    nomenclature: str
    code: str | None
    source: Source
    weight: float
    settled_at: datetime
    coder: str | None = None
    judgement_id: int | None = None
    evidence: str = ""
    judgements: tuple[int, ...] = ()
