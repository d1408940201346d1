"""Which texts are asked again, of another coder or of an arbiter.

What holds here: a task once made stays, so that the same answers always lead to the same tasks, however often this is
asked; the opinion of a coder counts once per text, whatever number of its tasks they answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from annotation.campaign import settling
from annotation.campaign.board import Board, Seat
from annotation.campaign.settling import Weighed
from annotation.domain.chance import chance
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Kind, Task, task_key
from annotation.quality import consensus
from annotation.quality.consensus import Settled

# Tasks beyond the seats of a text, where the same coder came twice: a lone coder shall not be asked for ever.
REPEATS: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A seat to be taken: of the same draw and text as the task ``like``."""

    like: str
    seat: int


def plan(board: Board) -> list[Place]:
    """Further seats, and that of the arbiter where all others are answered and nothing is settled."""
    return [place for tasks in board.by_text.values() for place in _of_text(board, tasks)]


def tasks(board: Board, places: Sequence[Place], likes: Mapping[str, Task]) -> list[Task]:
    """The tasks of these places; ``likes`` are by key."""
    return [_task(board, likes[place.like], place.seat) for place in places]


def arbitrates(policy: Policy) -> bool:
    return policy.arbitration or policy.consensus is Consensus.ARBITER


def _of_text(board: Board, asked: Sequence[Seat]) -> Sequence[Place]:
    said = board.of(asked[0])
    if len(asked) == 1 and (not said or (len(said) == 1 and said[0].outcome.settles)):
        # Nearly all texts: nothing to settle between coders.
        return list(_further(board, asked, None))
    coding = [task for task in asked if task.kind is Kind.CODING]
    weighed = settling.weigh(asked, board.marks, board.rule)
    if not coding or (isinstance(weighed.verdict, Settled) and weighed.verdict.arbitrated):
        return ()
    units: dict[int, list[Seat]] = {}
    for task in coding:
        units.setdefault(task.draw_id, []).append(task)
    if further := [place for unit in units.values() for place in _further(board, unit, weighed)]:
        return further
    newest = coding[-1].draw_id
    known = any(task.kind is Kind.ARBITRATION and task.draw_id == newest for task in asked)
    undecided = weighed.judgements and not isinstance(weighed.verdict, Settled)
    if known or not undecided or not arbitrates(board.policy) or any(map(board.waits, coding)):
        return ()
    return [Place(units[newest][0].key, ARBITER_SEAT)]


def _further(board: Board, unit: Sequence[Seat], weighed: Weighed | None) -> Iterator[Place]:
    """The seats that a text lacks in a draw that asked about it."""
    have = sum(map(board.waits, unit)) + len(board.spoken(unit))
    most = board.policy.seats
    if have >= most:
        return
    room = max(most + REPEATS, len(unit)) - len(unit)
    first = max(task.seat for task in unit) + 1
    for seat in range(first, first + min(_wanted(board, unit, weighed) - have, room)):
        yield Place(unit[0].key, seat)


def _wanted(board: Board, unit: Sequence[Seat], weighed: Weighed | None) -> int:
    """How many coders are to speak, those who have passed the text on included."""
    said = [mark for task in unit for mark in board.of(task)]
    last = [said[place].outcome for place in consensus.latest(said)]
    passed_on = {Outcome.NOT_THIS} if arbitrates(board.policy) else {Outcome.NOT_THIS, Outcome.EXPERT}
    decided = sum(outcome.settles for outcome in last)
    if board.policy.consensus is Consensus.TWO_AGREE:
        settled = weighed is not None and isinstance(weighed.verdict, Settled)
        deciding = 2 if settled else max(2, decided + (decided > 1))
    else:
        deciding = board.policy.seats if _doubled(board, unit) else 1
    return min(deciding + sum(outcome in passed_on for outcome in last), board.policy.seats)


def _doubled(board: Board, unit: Sequence[Seat]) -> bool:
    """Whether the policy wants this text to be coded by several people."""
    policy, task = board.policy, unit[0]
    hard = policy.second_if_hard
    return (
        task.component in policy.second_components
        or (policy.second_below_margin > 0 and board.leads[task.text_key].margin < policy.second_below_margin)
        or (
            policy.second_share > 0
            and chance(board.draw_keys[task.draw_id], task.text_key, "second") < policy.second_share
        )
        or (hard > 0 and any((mark.difficulty or 0) >= hard for one in unit for mark in board.of(one)))
    )


def _task(board: Board, like: Task, seat: int) -> Task:
    key = task_key(board.draw_keys[like.draw_id], like.text_key, seat)
    if seat == ARBITER_SEAT:
        return replace(like, key=key, seat=seat, kind=Kind.ARBITRATION, blind=False)
    return replace(like, key=key, seat=seat, blind=chance(key, "blind") < board.policy.blind_share)
