"""Coded texts of the past, one row per wording, fit to be asked about again."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.domain import text as texts
from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError

LEAST_TEXTS = 50


@dataclass(frozen=True, slots=True)
class History:
    """Parallel tuples, in order of ``groups``: texts that the model would read alike are one row.

    ``codes`` holds the most usual code of the row's declarations, ``frequency`` their number. ``left_out`` counts, by
    reason, the declarations that are in no row or whose code lost against another one of the same wording.
    """

    groups: tuple[str, ...]
    lines: tuple[str, ...]
    codes: tuple[str, ...]
    frequency: tuple[int, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def digest(self) -> str:
        content = "\n".join(f"{line}\t{code}" for line, code in zip(self.lines, self.codes, strict=True))
        return hashlib.sha256(content.encode()).hexdigest()


def build(coded: Iterable[tuple[str, str]], *, normaliser: Normaliser) -> History:
    """The history of pairs of text and code.

    Of codes that are equally usual for a wording, the first in alphabetical order is taken. Raises InvalidInputError
    where nothing can be learnt: too few different texts, or a single code.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    lines: dict[str, str] = {}
    left_out = {"nothing to code": 0, "without code": 0, "another code than most": 0}
    for text, code in coded:
        line = normaliser.clean(text)
        group = texts.fold(line)
        if not group:
            left_out["nothing to code"] += 1
        elif not code:
            left_out["without code"] += 1
        else:
            votes[group][code] += 1
            lines[group] = min(line, lines.get(group, line))
    groups = sorted(votes)
    codes = tuple(max(sorted(votes[group]), key=votes[group].__getitem__) for group in groups)
    left_out["another code than most"] = sum(
        votes[group].total() - votes[group][code] for group, code in zip(groups, codes, strict=True)
    )
    history = History(
        groups=tuple(texts.group_key(group) for group in groups),
        lines=tuple(lines[group] for group in groups),
        codes=codes,
        frequency=tuple(votes[group].total() for group in groups),
        left_out=left_out,
    )
    _refuse_unfit(history)
    return history


def _refuse_unfit(history: History) -> None:
    if len(history) < LEAST_TEXTS:
        reasons = ", ".join(f"{number} {reason}" for reason, number in history.left_out.items() if number)
        raise InvalidInputError(
            f"There are {len(history)} different coded texts{f' ({reasons})' if reasons else ''}, and a replay wants"
            f" {LEAST_TEXTS} at least.",
            cure="Some thousands make it worth the time; check the text and code columns.",
        )
    if len(set(history.codes)) < 2:
        raise InvalidInputError(
            f"All texts have the code {history.codes[0]}: there is nothing to learn.", cure="Check the code column."
        )
