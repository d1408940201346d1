"""Which texts are asked again, of another coder or of an arbiter.

What holds here: a task once made stays, so that the same answers always lead to the same tasks, however often this is
asked; the opinion of a coder counts once per text, whatever number of its tasks they answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from annotation.campaign import settling
from annotation.campaign.board import Board
from annotation.campaign.settling import Weighed
from annotation.domain.chance import chance
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Consensus, Policy
from annotation.domain.task import ARBITER_SEAT, Kind, Task, task_key
from annotation.quality import consensus
from annotation.quality.consensus import Settled

# Tasks beyond the seats of a text, where the same coder came twice: a lone coder shall not be asked for ever.
REPEATS: Final = 3


def plan(board: Board) -> list[Task]:
    """The tasks to add: further seats, and one for the arbiter where all seats are answered and nothing is settled."""
    return [task for tasks in board.by_text.values() for task in _of_text(board, tasks)]


def arbitrates(policy: Policy) -> bool:
    return policy.arbitration or policy.consensus is Consensus.ARBITER


def _of_text(board: Board, tasks: Sequence[Task]) -> list[Task]:
    coding = [task for task in tasks if task.kind is Kind.CODING]
    weighed = settling.weigh(tasks, board.marks, board.rule)
    if not coding or (isinstance(weighed.verdict, Settled) and weighed.verdict.arbitrated):
        return []
    units: dict[int, list[Task]] = {}
    for task in coding:
        units.setdefault(task.draw_id, []).append(task)
    if further := [seat for unit in units.values() for seat in _further(board, unit, weighed)]:
        return further
    newest = coding[-1].draw_id
    asked = any(task.kind is Kind.ARBITRATION and task.draw_id == newest for task in tasks)
    undecided = weighed.judgements and not isinstance(weighed.verdict, Settled)
    if asked or not undecided or not arbitrates(board.policy) or any(map(board.waits, coding)):
        return []
    return [_seat(board, units[newest][0], ARBITER_SEAT)]


def _further(board: Board, unit: Sequence[Task], weighed: Weighed) -> list[Task]:
    """The seats that a text lacks in a draw that asked about it."""
    have = sum(map(board.waits, unit)) + len(board.spoken(unit))
    room = max(board.policy.seats + REPEATS, len(unit)) - len(unit)
    first = max(task.seat for task in unit) + 1
    return [_seat(board, unit[0], first + i) for i in range(min(_wanted(board, unit, weighed) - have, room))]


def _wanted(board: Board, unit: Sequence[Task], weighed: Weighed) -> int:
    """How many coders are to speak, those who have passed the text on included."""
    said = [mark for task in unit for mark in board.of(task)]
    last = [said[place].outcome for place in consensus.latest(said)]
    passed_on = {Outcome.NOT_THIS} if arbitrates(board.policy) else {Outcome.NOT_THIS, Outcome.EXPERT}
    decided = sum(outcome.settles for outcome in last)
    if board.policy.consensus is Consensus.TWO_AGREE:
        deciding = 2 if isinstance(weighed.verdict, Settled) else max(2, decided + (decided > 1))
    else:
        deciding = board.policy.seats if _doubled(board, unit) else 1
    return min(deciding + sum(outcome in passed_on for outcome in last), board.policy.seats)


def _doubled(board: Board, unit: Sequence[Task]) -> bool:
    """Whether the policy wants this text to be coded by several people."""
    policy, task = board.policy, unit[0]
    first, second = (*task.probabilities[:2], 0.0, 0.0)[:2]
    hard = policy.second_if_hard
    return (
        task.component in policy.second_components
        or first - second < policy.second_below_margin
        or chance(board.draw_keys[task.draw_id], task.text_key, "second") < policy.second_share
        or (hard > 0 and any((mark.difficulty or 0) >= hard for one in unit for mark in board.of(one)))
    )


def _seat(board: Board, like: Task, seat: int) -> Task:
    key = task_key(board.draw_keys[like.draw_id], like.text_key, seat)
    if seat == ARBITER_SEAT:
        return replace(like, key=key, seat=seat, kind=Kind.ARBITRATION, blind=False)
    return replace(like, key=key, seat=seat, blind=chance(key, "blind") < board.policy.blind_share)
