"""Predictions for tasks that people made by hand in Label Studio, when it asks for them.

What holds here: a task that we pushed brings what it may show, so none is ever given a prediction afterwards. It may be
blind, gold, or between two coders.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from annotation.campaign import presenting
from annotation.campaign.ports import Answer
from annotation.domain.judgement import Outcome
from annotation.labelstudio import interface, payload, results, taxonomy
from annotation.labelstudio.session import Session
from annotation.nomenclature.nomenclature import Nomenclature

_TREE = re.compile(r"tree-([0-9a-f]{12})\.json")


def speaks(config: str, nomenclature: Nomenclature) -> bool:
    """Whether a project's screen is one of ours, and chooses in this nomenclature."""
    found = _TREE.search(config)
    return found is not None and found[1] == hashlib.sha256(taxonomy.tree(nomenclature)).hexdigest()[:12]


def text_of(data: Mapping[str, Any]) -> str:
    """What is to be coded; empty for a task of ours, and for one without a text."""
    text = data.get("text")
    return "" if data.get("key") or not isinstance(text, str) else text.strip()


def dressed(
    data: Mapping[str, Any], codes: Sequence[str], nomenclature: Nomenclature, *, language: str
) -> dict[str, Any] | None:
    """The task's data with these candidates to choose from; None where somebody has put candidates there."""
    if data.get("candidates") or not codes:
        return None
    shown = [presenting.candidate(nomenclature, code) for code in codes]
    return {**data, "candidates": interface.choices(shown, language=language, predicted=True)}


def prediction(
    data: Mapping[str, Any], codes: Sequence[str], probabilities: Sequence[float], nomenclature: Nomenclature
) -> dict[str, Any]:
    """The first code, chosen among the task's candidates if it is there, else in the tree."""
    offered = {_alias(one) for one in data.get("candidates") or ()}
    path = () if codes[0] in offered else taxonomy.path(nomenclature, codes[0])
    answer = Answer("", Outcome.CODED, codes[0], 0.0, path=path)
    first, second = (*probabilities[:2], 0.0, 0.0)[:2]
    return {
        "result": list(results.write(answer)),
        "score": round(first - second, 6),
        "model_version": payload.MODEL_VERSION,
    }


def dress(session: Session, *, task: int, data: Mapping[str, Any]) -> None:
    session.write("PATCH", f"api/tasks/{task}/", body={"data": dict(data)})


def _alias(one: Any) -> str:
    return str(one.get("alias") or one.get("value")) if isinstance(one, Mapping) else str(one)
