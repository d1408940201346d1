"""Coders that answer by a file of true codes, through the platform as people would."""

from __future__ import annotations

import math
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from annotation.campaign import casting
from annotation.campaign.casting import Cast
from annotation.campaign.ports import Answer, Platform, PlatformCoder
from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind, Task
from annotation.errors import InvalidInputError
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
    unclassifiable; ``difficulty_rate`` how often a coder says how hard a text was. An arbiter errs less often."""

    coders: int = 3
    error_rate: float = 0.08
    skip_rate: float = 0.03
    give_up_rate: float = 0.02
    seed: int = 0
    difficulty_rate: float = 0.15
    arbiter_error_rate: float = 0.02

    def __post_init__(self) -> None:
        rates = (self.error_rate, self.skip_rate, self.give_up_rate, self.difficulty_rate, self.arbiter_error_rate)
        if self.coders < 1 or not all(0 <= rate <= 1 for rate in rates):
            raise InvalidInputError("There must be a coder, and rates lie between 0 and 1.")

    def of(self, kind: Kind) -> Behaviour:
        """That of whoever answers such tasks."""
        if kind is not Kind.ARBITRATION:
            return self
        return replace(self, error_rate=min(self.error_rate, self.arbiter_error_rate), skip_rate=0.0)


@dataclass(frozen=True, slots=True)
class SimulateResult:
    """``wrong`` are among the ``coded``; ``unknown`` are tasks whose text the truth does not have: left open.

    So are those ``without_coder``: all who could answer have answered the text already.
    """

    answered: int
    coded: int
    wrong: int
    unclassifiable: int
    skipped: int
    unknown: int
    without_coder: int = 0


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

    Each queue is answered by those whose it is, no text twice by one coder. What is said of a task depends on its key
    and the seed alone. A second call answers none. Errors: NotFoundError, UnknownCodeError, InvalidInputError,
    UnreachableError.
    """
    with ledger.read() as work:
        nomenclature = work.nomenclatures.get(work.campaigns.get(campaign_key).nomenclature)
    scene = casting.scene(ledger, platform, campaign_key)
    known = [one for one in scene.waiting if one.task.text_key in truth]
    if scene.waiting and not known:
        raise InvalidInputError(
            "The truth has none of the texts asked about.", cure="Is it of the same texts and variables?"
        )
    cast = Cast(ledger, platform, campaign_key, spoken=scene.spoken, coders=behaviour.coders, password=password)
    parts = {one.number: coder for one in known if (coder := cast.coder_of(one)) is not None}
    tasks = {one.number: one.task for one in known if one.number in parts}
    answers = {
        number: answer(task, truth[task.text_key], nomenclature, behaviour.of(task.kind))
        for number, task in tasks.items()
    }
    _send(platform, parts, answers, on_progress)
    result = _count(tasks, answers, truth, nomenclature)
    return replace(result, unknown=len(scene.waiting) - len(known), without_coder=len(known) - len(parts))


def answer(task: Task, true_code: str | None, nomenclature: Nomenclature, behaviour: Behaviour) -> Answer:
    """What a coder says of the task: the same for the same key and seed."""
    chance = random.Random(f"{behaviour.seed}/{task.key}")  # noqa: S311
    seconds = round(chance.lognormvariate(math.log(MEDIAN_SECONDS), SPREAD), 1)
    number = str(uuid.uuid5(NAMESPACE, f"{behaviour.seed}/{task.key}"))
    if chance.random() < behaviour.skip_rate:
        return Answer(number, Outcome.LATER, None, seconds)
    if true_code is None or chance.random() < behaviour.give_up_rate:
        return Answer(number, Outcome.UNCLASSIFIABLE, None, seconds, difficulty=_difficulty(5, behaviour, chance))
    right = nomenclature.parse(true_code, leaf=True)
    wrong = chance.random() < behaviour.error_rate
    code = _mistake(right, task.candidates, nomenclature, chance) if wrong else right
    path = () if code in task.candidates else (*(a.code for a in reversed(nomenclature.ancestors(code))), code)
    # A text is harder where the screen does not offer its code, and where the coder goes wrong.
    felt = 1 + 2 * (right not in task.candidates[:1]) + wrong
    return Answer(number, Outcome.CODED, code, seconds, path, difficulty=_difficulty(felt, behaviour, chance))


def _difficulty(felt: int, behaviour: Behaviour, chance: random.Random) -> int | None:
    if chance.random() >= behaviour.difficulty_rate:
        return None
    return min(5, max(0, felt + chance.choice((-1, 0, 1))))


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
    parts: Mapping[int, PlatformCoder],
    answers: Mapping[int, Answer],
    on_progress: Callable[[int, int], None],
) -> None:
    def send(number: int) -> None:
        platform.annotate(number, parts[number], answers[number])

    with ThreadPoolExecutor(THREADS) as pool:
        for done, _ in enumerate(pool.map(send, answers), start=1):
            on_progress(done, len(answers))


def _count(
    tasks: Mapping[int, Task],
    answers: Mapping[int, Answer],
    truth: Mapping[str, str | None],
    nomenclature: Nomenclature,
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
        unknown=0,
    )
