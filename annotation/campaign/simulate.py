"""Coders that answer by a file of true codes, through the platform as people would."""

from __future__ import annotations

import math
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from annotation.campaign.ports import Answer, Platform, PlatformCoder
from annotation.domain.judgement import Outcome
from annotation.domain.task import Task
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature

THREADS = 3
NAMESPACE = uuid.UUID("6f1d2c5e-52c0-5d7a-9a39-7a1f6f5f0c11")
# Seconds on one text: the median, and the spread of their logarithm.
MEDIAN_SECONDS, SPREAD = 55.0, 0.5
# How often a mistaken coder takes another candidate on the screen rather than a neighbour in the tree.
MISLED_BY_SCREEN = 0.7


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``error_rate`` is among the coded answers; ``give_up_rate`` is how often a text with a code is called
    unclassifiable."""

    coders: int = 3
    error_rate: float = 0.08
    skip_rate: float = 0.03
    give_up_rate: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        if self.coders < 1 or not all(0 <= r <= 1 for r in (self.error_rate, self.skip_rate, self.give_up_rate)):
            raise InvalidInputError("There must be a coder, and rates lie between 0 and 1.")


@dataclass(frozen=True, slots=True)
class SimulateResult:
    """``wrong`` are among the ``coded``; ``unknown`` are tasks whose text the truth does not have: left open."""

    answered: int
    coded: int
    wrong: int
    unclassifiable: int
    skipped: int
    unknown: int


def simulate(
    *,
    ledger: Ledger,
    platform: Platform,
    campaign_key: str,
    truth: Mapping[str, str | None],
    password: str,
    behaviour: Behaviour,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> SimulateResult:
    """Answer every task of the campaign that nobody has answered; ``truth`` maps text keys to codes or None (no code).

    What is said of a task depends on its key and the seed alone. A second call answers none. Errors: NotFoundError,
    UnknownCodeError, InvalidInputError, UnreachableError.
    """
    with ledger.read() as work:
        campaign = work.campaigns.get(campaign_key)
        nomenclature = work.nomenclatures.get(campaign.nomenclature)
        project = work.platforms.project(campaign_key, platform.name)
        references = work.platforms.references(campaign_key, platform.name)
        judged = work.judgements.current_of_tasks(sorted(set(references.values())), platform=platform.name)
        tasks = work.tasks.get(sorted(set(references.values())))
    if project is None:
        raise NotFoundError(f"Nothing of the campaign {campaign_key} is on {platform.name}.", cure="Run: awb push")
    open_here = [number for number, key in sorted(references.items()) if key not in judged]
    waiting = [t for t in platform.tasks(project.external_id, open_here) if not t.annotations]
    asked = {t.external_id: tasks[references[t.external_id]] for t in waiting}
    known = {number: task for number, task in asked.items() if task.text_key in truth}
    if asked and not known:
        raise InvalidInputError(
            "The truth has none of the texts asked about.", cure="Is it of the same texts and variables?"
        )
    coders = [platform.sign_up(f"coder{i}@demo.example", password) for i in range(1, behaviour.coders + 1)]
    answers = {number: answer(task, truth[task.text_key], nomenclature, behaviour) for number, task in known.items()}
    _send(platform, coders, {n: tasks[references[n]] for n in known}, answers, on_progress)
    return _count(known, answers, truth, nomenclature, unknown=len(asked) - len(known))


def answer(task: Task, true_code: str | None, nomenclature: Nomenclature, behaviour: Behaviour) -> Answer:
    """What a coder says of the task: the same for the same key and seed."""
    chance = random.Random(f"{behaviour.seed}/{task.key}")  # noqa: S311
    seconds = round(chance.lognormvariate(math.log(MEDIAN_SECONDS), SPREAD), 1)
    number = str(uuid.uuid5(NAMESPACE, f"{behaviour.seed}/{task.key}"))
    if chance.random() < behaviour.skip_rate:
        return Answer(number, Outcome.LATER, None, seconds)
    if true_code is None or chance.random() < behaviour.give_up_rate:
        return Answer(number, Outcome.UNCLASSIFIABLE, None, seconds)
    code = nomenclature.parse(true_code, leaf=True)
    if chance.random() < behaviour.error_rate:
        code = _mistake(code, task.candidates, nomenclature, chance)
    path = () if code in task.candidates else (*(a.code for a in reversed(nomenclature.ancestors(code))), code)
    return Answer(number, Outcome.CODED, code, seconds, path)


def _mistake(code: str, candidates: Sequence[str], nomenclature: Nomenclature, chance: random.Random) -> str:
    on_screen = [one for one in candidates if one != code]
    if on_screen and chance.random() < MISLED_BY_SCREEN:
        return chance.choice(on_screen)
    return chance.choice(_neighbours(code, nomenclature) or on_screen or [code])


def _neighbours(code: str, nomenclature: Nomenclature) -> list[str]:
    """Leaves under the nearest ancestor that has another one."""
    for above in (*(ancestor.code for ancestor in nomenclature.ancestors(code)), None):
        level = nomenclature[above].level if above else 0
        leaves = [leaf.code for leaf in nomenclature.leaves if leaf.code != code]
        near = [one for one in leaves if above is None or nomenclature.at_level(one, level) == above]
        if near:
            return near
    return []


def _send(
    platform: Platform,
    coders: Sequence[PlatformCoder],
    tasks: Mapping[int, Task],
    answers: Mapping[int, Answer],
    on_progress: Callable[[int, int], None],
) -> None:
    def send(number: int) -> None:
        coder = coders[int(tasks[number].key, 16) % len(coders)]
        platform.annotate(number, coder, answers[number])

    with ThreadPoolExecutor(THREADS) as pool:
        for done, _ in enumerate(pool.map(send, answers), start=1):
            on_progress(done, len(answers))


def _count(
    tasks: Mapping[int, Task],
    answers: Mapping[int, Answer],
    truth: Mapping[str, str | None],
    nomenclature: Nomenclature,
    *,
    unknown: int,
) -> SimulateResult:
    said = Counter(one.outcome for one in answers.values())
    wrong = 0
    for number, one in answers.items():
        true_code = truth[tasks[number].text_key]
        if one.outcome is Outcome.CODED and true_code is not None:
            wrong += one.code != nomenclature.parse(true_code)
    return SimulateResult(
        answered=len(answers),
        coded=said[Outcome.CODED],
        wrong=wrong,
        unclassifiable=said[Outcome.UNCLASSIFIABLE],
        skipped=said[Outcome.LATER],
        unknown=unknown,
    )
