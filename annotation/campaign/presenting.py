"""What leaves for the platform of a task: the allow-listed part of what we know about it.

What holds here: of a blind task nothing that a model said leaves, its reason included, and no answer carries a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from annotation.campaign.ports import Candidate, Feedback, GivenAnswer, Notes, TaskPayload
from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Text
from annotation.domain.judgement import Judgement
from annotation.domain.policy import Policy
from annotation.domain.task import Kind, Task
from annotation.ledger.unit_of_work import UnitOfWork
from annotation.nomenclature.nomenclature import Code, Nomenclature

# Notes travel with each task: whole ones of ten codes would make a task several times as large.
MOST_OF_A_NOTE = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What coders may see: ``variables`` maps the allow-listed variables to their titles; no other one is sent.

    ``values`` gives the titles of a variable's values, where these are codes.
    """

    variables: Mapping[str, str]
    reason: bool = False
    prefill: bool = True
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def payloads(
    work: UnitOfWork,
    campaign: Campaign,
    tasks: Sequence[Task],
    shown: Shown,
    nomenclature: Nomenclature | None = None,
) -> list[TaskPayload]:
    """In the order of the tasks, which are of one campaign; its nomenclature may be given, where it is read already."""
    nomenclature = nomenclature or work.nomenclatures.get(campaign.nomenclature)
    policy = work.policies.current(campaign.key)
    texts = work.texts.get(sorted({task.text_key for task in tasks}))
    answers = _answers(work, campaign, _texts_of(tasks, Kind.ARBITRATION))
    learnt = _texts_of(tasks, Kind.TRAINING)
    gold = work.gold.current(nomenclature.key, retired=True) if learnt else {}
    found = []
    for task in tasks:
        one = payload(task, texts[task.text_key], nomenclature, shown, policy)
        if task.kind is Kind.ARBITRATION:
            one = arbitration(one, answers.get(task.text_key, ()), nomenclature)
        elif task.kind is Kind.TRAINING and task.text_key in gold:
            settled = gold[task.text_key]
            one = replace(one, feedback=Feedback(settled.code, _title(nomenclature, settled.code), settled.note))
        found.append(one)
    return found


def payload(
    task: Task, text: Text, nomenclature: Nomenclature, shown: Shown, policy: Policy | None = None
) -> TaskPayload:
    """Candidates that the nomenclature lacks stay behind, as do those beyond what the policy shows."""
    policy = policy or Policy()
    plain = TaskPayload(key=task.key, text=text.text, context=_context(text, shown), blind=task.blind)
    if task.blind:
        return plain
    probabilities = [*task.probabilities, *[None] * (len(task.candidates) - len(task.probabilities))]
    candidates = [
        candidate(nomenclature, code, probability if policy.show_probability else None)
        for code, probability in zip(task.candidates, probabilities, strict=False)
        if code in nomenclature and nomenclature[code].leaf
    ]
    first, second = (*task.probabilities[:2], 0.0, 0.0)[:2]
    return replace(
        plain,
        reason=task.reason if shown.reason else "",
        candidates=tuple(candidates[: policy.candidates]),
        model_version=task.model_version,
        score=first - second if task.probabilities else None,
    )


def arbitration(plain: TaskPayload, answers: Sequence[GivenAnswer], nomenclature: Nomenclature) -> TaskPayload:
    """The task for an arbiter: the coders' codes come first, and nothing is chosen beforehand."""
    given = [one.code for one in answers if one.code is not None and one.code in nomenclature]
    # By code, since the order of the answers would tell who was asked first.
    codes = sorted(set(given), key=lambda code: (-given.count(code), code))
    others = tuple(one for one in plain.candidates if one.code not in codes)
    candidates = tuple(candidate(nomenclature, code) for code in codes) + others
    return replace(plain, candidates=candidates, score=None, answers=tuple(answers))


def candidate(nomenclature: Nomenclature, code: str, probability: float | None = None) -> Candidate:
    one = _candidate(nomenclature, code)
    return one if probability is None else replace(one, probability=probability)


@lru_cache(maxsize=10_000)
def _candidate(nomenclature: Nomenclature, code: str) -> Candidate:
    one, above = nomenclature[code], nomenclature.ancestors(code)
    # In a nomenclature with a level of single children, the next one up tells more than a repeated title.
    parent = next((other for other in above if other.title and other.title != one.title), None)
    heading = f"{parent.code} {parent.title}" if parent else ""
    return Candidate(code, one.title, notes=_notes(one), parent=heading)


def _notes(code: Code) -> Notes:
    includes = " ".join(note for note in (code.includes, code.also_includes) if note)
    return Notes(_cut(includes), _cut(code.excludes))


def _cut(note: str) -> str:
    return note if len(note) <= MOST_OF_A_NOTE else note[:MOST_OF_A_NOTE].rsplit(" ", 1)[0] + " …"


def _context(text: Text, shown: Shown) -> tuple[tuple[str, str], ...]:
    return tuple(
        (title, shown.values.get(name, {}).get(value, value))
        for name, title in shown.variables.items()
        if (value := text.variables.get(name))
    )


def _answers(work: UnitOfWork, campaign: Campaign, text_keys: Sequence[str]) -> dict[str, tuple[GivenAnswer, ...]]:
    """What coders said in the campaign, by text, in an order that says nothing of who they are."""
    if not text_keys:
        return {}
    nomenclature = work.nomenclatures.get(campaign.nomenclature)
    tasks = work.tasks.of_texts(campaign.key, text_keys)
    coding = {key: [task.key for task in found if task.kind is Kind.CODING] for key, found in tasks.items()}
    said = work.judgements.current_of_tasks([key for keys in coding.values() for key in keys])
    return {
        text_key: tuple(
            sorted(
                (_given(one, nomenclature) for key in keys for one in said.get(key, ()) if one.outcome.settles),
                key=lambda answer: (answer.code or "", answer.comment),
            )
        )
        for text_key, keys in coding.items()
    }


def _given(judgement: Judgement, nomenclature: Nomenclature) -> GivenAnswer:
    return GivenAnswer(
        outcome=judgement.outcome,
        code=judgement.code,
        title=_title(nomenclature, judgement.code) if judgement.code else "",
        comment=judgement.comment,
        difficulty=judgement.difficulty,
        detail=judgement.detail,
    )


def _title(nomenclature: Nomenclature, code: str) -> str:
    return nomenclature[code].title if code in nomenclature else ""


def _texts_of(tasks: Sequence[Task], kind: Kind) -> list[str]:
    return sorted({task.text_key for task in tasks if task.kind is kind})
