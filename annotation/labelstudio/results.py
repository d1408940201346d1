"""The result of an annotation, which is a list of regions, read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.campaign.ports import Answer
from annotation.domain.judgement import Outcome
from annotation.labelstudio import interface

Result = Sequence[Mapping[str, Any]]
LEVELS: Mapping[str, int] = {str(level): level for level in range(len(interface.DIFFICULTY_KEYS))}

LONGEST_CODE = 128


def write(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.outcome is not Outcome.CODED:
        yield choice(interface.CODE, next(key for key, one in interface.OUTCOMES.items() if one is answer.outcome))
        if answer.outcome is Outcome.UNCLASSIFIABLE and answer.detail:
            yield choice(interface.WHY, answer.detail)
    elif answer.path:
        yield choice(interface.CODE, interface.OTHER)
        yield _region(interface.TREE, "taxonomy", {"taxonomy": [list(answer.path)]})
    else:
        yield choice(interface.CODE, answer.code or "")
    if answer.difficulty is not None:
        yield choice(interface.DIFFICULTY, str(answer.difficulty))
    if answer.comment:
        yield _region(interface.COMMENT, "textarea", {"text": [answer.comment]})


def choice(control: str, alias: str) -> dict[str, Any]:
    return _region(control, "choices", {"choices": [alias]})


def answer(result: Result) -> tuple[Outcome, str | None, str]:
    """Outcome, code, and why it cannot be read (then the first two mean nothing)."""
    chosen = _values(result, interface.CODE, "choices")
    if len(chosen) != 1 or not isinstance(chosen[0], str) or not chosen[0]:
        return Outcome.LATER, None, f"{len(chosen)} choices that can be read, instead of one"
    if len(chosen[0]) > LONGEST_CODE:
        return Outcome.LATER, None, f"a choice of {len(chosen[0])} characters, which is no code"
    if chosen[0] in interface.OUTCOMES:
        return interface.OUTCOMES[chosen[0]], None, ""
    if chosen[0] != interface.OTHER:
        return Outcome.CODED, chosen[0], ""
    paths = _values(result, interface.TREE, "taxonomy")
    if len(paths) != 1 or not isinstance(paths[0], list) or not paths[0]:
        return Outcome.LATER, None, f"another code was announced and {len(paths)} chosen in the tree"
    if not isinstance(paths[0][-1], str) or not paths[0][-1]:
        return Outcome.LATER, None, f"the tree gave {str(paths[0][-1])[:80]!r}, which is no code"
    if len(paths[0][-1]) > LONGEST_CODE:
        return Outcome.LATER, None, f"the tree gave {len(paths[0][-1])} characters, which are no code"
    return Outcome.CODED, paths[0][-1], ""


def comment(result: Result) -> str:
    words = [str(line).strip() for line in _values(result, interface.COMMENT, "text")]
    # Difficulty had no numbers once. What was read then must read the same now, else it looks edited.
    if interface.HARD in _values(result, interface.DIFFICULTY, "choices"):
        words.append("[hard]")
    return "\n".join(word for word in words if word)


def difficulty(result: Result) -> int | None:
    said = [LEVELS[one] for one in _strings(result, interface.DIFFICULTY) if one in LEVELS]
    return said[0] if len(said) == 1 else None


def reason(result: Result) -> str:
    """Why the text cannot be coded; empty where that was not said."""
    said = [one for one in _strings(result, interface.WHY) if one in interface.REASON_KEYS]
    return said[0] if len(said) == 1 else ""


def _strings(result: Result, control: str) -> list[str]:
    return [one for one in _values(result, control, "choices") if isinstance(one, str)]


def _values(result: Result, control: str, kind: str) -> list[Any]:
    found = [region.get("value") for region in result if region.get("from_name") == control]
    values = [value.get(kind) for value in found if isinstance(value, dict)]
    return [one for value in values if isinstance(value, list) for one in value]


def _region(control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": control, "to_name": interface.TEXT, "type": kind, "value": value}
