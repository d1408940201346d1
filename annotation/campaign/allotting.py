"""Into whose queue each task goes.

What holds here: no coder is asked twice about a text; a task that waits for an absent coder goes to another; nothing
waits for a specialist while somebody else has nothing to do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from annotation.campaign.board import Board, Seat
from annotation.domain.chance import chance
from annotation.domain.task import Kind
from annotation.domain.team import ARBITRATION, SECOND, SHARED, WAITING, Assignment, Enrolment
from annotation.nomenclature.nomenclature import Nomenclature


@dataclass(frozen=True, slots=True)
class Allotment:
    """``expired`` are tasks taken from coders who let them lie."""

    assignments: tuple[Assignment, ...] = ()
    expired: int = 0

    @property
    def fresh(self) -> Counter[str]:
        """How many tasks came to each queue of coders."""
        return Counter(one.queue for one in self.assignments if one.queue not in (WAITING, ARBITRATION))


def allot(board: Board, nomenclature: Nomenclature) -> Allotment:
    """The assignments that change. Without a team, coders share a queue, and another for the seats after the first."""
    arbiters = [
        Assignment(task.key, ARBITRATION, board.now)
        for task in board.tasks
        if task.kind is Kind.ARBITRATION and task.key not in board.assignments and not board.is_answered(task)
    ]
    waiting = [task for task in board.tasks if task.kind is Kind.CODING and board.waits(task)]
    if not board.team.enrolled:
        return Allotment((*arbiters, *_shared(board, waiting)))
    desk = _Desk(board, nomenclature)
    desk.hand_out(waiting)
    return Allotment((*arbiters, *desk.assignments), desk.expired)


def _shared(board: Board, tasks: Sequence[Seat]) -> Iterator[Assignment]:
    for task in tasks:
        held = board.assignments.get(task.key)
        queue = SHARED if task.seat == 1 else SECOND
        # Tasks without an assignment are in the shared queue; it is written down only where gold is counted by it.
        known = queue == SHARED and not board.policy.gold_share if held is None else held.queue in (SHARED, SECOND)
        if not known:
            yield Assignment(task.key, queue, board.now)


@dataclass
class _Desk:
    """Hands the tasks of a campaign out to its team. ``overdue`` are those that their holder has let lie, by key."""

    board: Board
    nomenclature: Nomenclature
    assignments: list[Assignment] = field(default_factory=list)
    expired: int = 0
    load: Counter[str] = field(default_factory=Counter)
    holding: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    overdue: dict[str, str] = field(default_factory=dict)

    def hand_out(self, tasks: Sequence[Seat]) -> None:
        loose = [task for task in tasks if not self._stays(task)]
        room, before = self._room(), -1
        # A task that is taken from its holder makes room for another one.
        while len(loose) != before:
            before = len(loose)
            for at_home in (True, False):
                loose = [task for task in loose if not self._give(task, room, at_home=at_home)]
        for task in loose:
            held = self.board.assignments.get(task.key)
            if task.key not in self.overdue and (held is None or held.queue != WAITING):
                self.assignments.append(Assignment(task.key, WAITING, self.board.now))

    def _stays(self, task: Seat) -> bool:
        """Whether the task stays with the coder who has it; an overdue one counts as theirs until another takes it."""
        held = self.board.assignments.get(task.key)
        if held is None or held.queue not in self.board.team.coders:
            return False
        put_off = self.board.is_put_off(task)
        if not put_off and held.queue in self.board.met[task.text_key] | self.holding[task.text_key]:
            return False
        self.load[held.queue] += 1
        self.holding[task.text_key].add(held.queue)
        if put_off or self.board.runs_until(task, held) > self.board.now:
            return True
        self.overdue[task.key] = held.queue
        return False

    def _room(self) -> dict[str, int]:
        """How many more tasks each coder may hold. Who let tasks lie and was not seen since gets but a few."""
        most = self.board.policy.queue_size
        lapsed = dict(self.board.team.lapsed)
        for key, coder in self.overdue.items():
            at = self.board.assignments[key].assigned_at
            lapsed[coder] = max(lapsed.get(coder, at), at)
        room = {}
        for coder in self.board.team.coders:
            seen = self.board.last_seen.get(coder)
            absent = coder in lapsed and (seen is None or seen < lapsed[coder])
            room[coder] = (max(1, most // 10) if absent else most) - self.load[coder]
        return room

    def _give(self, task: Seat, room: dict[str, int], *, at_home: bool) -> bool:
        takers = [coder for coder, left in room.items() if left > 0]
        if not takers:
            return False
        barred = self.board.met[task.text_key] | self.holding[task.text_key]
        takers = [coder for coder in takers if coder not in barred]
        if at_home:
            takers = [coder for coder in takers if self._is_at_home(self.board.team.coders[coder], task)]
        if not takers:
            return False
        taker = min(takers, key=lambda coder: (self.load[coder], chance(task.key, coder)))
        if former := self.overdue.get(task.key):
            self.expired += 1
            self.load[former] -= 1
            room[former] += 1
            self.holding[task.text_key].discard(former)
        self.load[taker] += 1
        room[taker] -= 1
        self.holding[task.text_key].add(taker)
        until = self.board.now + timedelta(hours=self.board.policy.lease_hours)
        self.assignments.append(Assignment(task.key, taker, self.board.now, until))
        return True

    def _is_at_home(self, coder: Enrolment, task: Seat) -> bool:
        first = self.board.leads[task.text_key].code if coder.skills else None
        if first is None or first not in self.nomenclature:
            return True
        return not {first, *(one.code for one in self.nomenclature.ancestors(first))}.isdisjoint(coder.skills)
