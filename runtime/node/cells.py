"""The cells of this node: who is in memory, who has a task, who may leave.

A cell has a task only while it has work; idle it is an entry of a dictionary, in the order of use. The oldest leave
when they have been idle long enough or are too many: nothing is lost by it, their state is in the journal.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import trio

from runtime.actor.cell import Cell
from runtime.actor.event import StoredEvent
from runtime.actor.metric import Distribution
from runtime.actor.record import Timer
from runtime.actor.room import Room


@dataclass(frozen=True)
class CellStatistics:
    """`in_memory` cells, of which `busy` have a task; `waiting` events in their mailboxes; counts since the start.

    `turns` handled `events`; `faults` of the actor, of which `parks` were the last; `waits` blamed nobody. `outcomes`
    counts each try of a turn once; `seconds` are those of turns that committed, the commit included.
    """

    in_memory: int
    busy: int
    waiting: int
    turns: int
    events: int
    faults: int
    parks: int
    waits: int
    passivated: int
    outcomes: Mapping[str, int]
    seconds: Distribution


@dataclass(frozen=True)
class CellView:
    """One cell now: events in its `mailbox`, `behind` if the journal may hold more; busy, or idle, for seconds."""

    conversation: str
    busy: bool
    phase: str
    mailbox: int
    behind: bool
    seconds: float


class Cells:
    """All conversations in memory, and their tasks in one nursery."""

    def __init__(
        self,
        room: Room,
        nursery: trio.Nursery,
        *,
        mailbox_limit: int,
        max_active: int,
        passivate_after: float,
    ) -> None:
        """`nursery` holds the cells' tasks and nobody else's: `cut` cancels all that is in it."""
        self._room = room
        self._nursery = nursery
        self._mailbox_limit = mailbox_limit
        self._max_active = max_active
        self._passivate_after = passivate_after
        self._cells: OrderedDict[str, Cell] = OrderedDict()
        self._busy = 0
        self._passivated = 0
        self._quiet = trio.Event()
        self._quiet.set()
        self._cut = False

    def deliver(self, event: StoredEvent) -> None:
        """Take an event that was stored and belongs to a shard of ours; past the bound it is left to the poll."""
        if self._busy >= self._max_active and event.conversation not in self._cells:
            return
        cell = self._cell(event.conversation, event.shard)
        cell.offer(event, cell.used_at)
        self._wake(cell)

    def remind(self, timer: Timer) -> None:
        """Take a timer that is due; past the bound it is left to the poll."""
        if self._busy >= self._max_active and timer.conversation not in self._cells:
            return
        cell = self._cell(timer.conversation, timer.shard)
        cell.remind(timer)
        self._wake(cell)

    def stop(self) -> None:
        """End all pauses: no turn is begun any more."""
        self._room.stopping = True
        for cell in self._cells.values():
            cell.stir()

    def wake(self, conversation: str, shard: int) -> None:
        """Look whether the journal holds events of a conversation that did not come this way; past the bound, later."""
        if self._busy >= self._max_active and conversation not in self._cells:
            return
        cell = self._cell(conversation, shard)
        if cell.busy:
            cell.look()
        else:
            cell.mailbox.behind = True
            self._wake(cell)

    def drop(self, shards: Iterable[int]) -> None:
        """Forget the cells of shards that are ours no more; running turns will be fenced."""
        gone = set(shards)
        for name in [name for name, cell in self._cells.items() if cell.shard in gone]:
            self._cells.pop(name).leave()

    def passivate(self, now: float) -> None:
        """Let those leave memory that have been idle long enough, or are more than fit."""
        for name, cell in list(self._cells.items()):
            if len(self._cells) <= self._max_active and now - cell.used_at < self._passivate_after:
                return
            if cell.in_doubt:
                self._wake(cell)  # it reads its row first
            elif not cell.busy:
                del self._cells[name]
                self._passivated += 1

    async def quiet(self) -> None:
        """Wait until no cell has a task."""
        await self._quiet.wait()

    def cut(self) -> None:
        """Cancel the turns that still run, and begin none any more; a commit that is on its way may still arrive."""
        self._cut = True
        self._nursery.cancel_scope.cancel()

    def left(self) -> Mapping[str, int]:
        """Count what a stop leaves: turns that run, and events in memory, all of which the journal holds."""
        events = sum(len(cell.mailbox) for cell in self._cells.values())
        return {"turns_cut": self._busy, "events_waiting": events}

    def _cell(self, conversation: str, shard: int) -> Cell:
        cell = self._cells.get(conversation)
        if cell is None:
            cell = self._cells[conversation] = Cell(conversation, shard, self._mailbox_limit)
        else:
            self._cells.move_to_end(conversation)
        cell.used_at = trio.current_time()
        return cell

    def _wake(self, cell: Cell) -> None:
        if cell.busy or self._cut:
            return
        cell.busy = True
        cell.busy_since = cell.used_at
        self._busy += 1
        if self._quiet.is_set():
            self._quiet = trio.Event()
        self._nursery.start_soon(self._run, cell, name=f"cell {cell.conversation}")

    async def _run(self, cell: Cell) -> None:
        try:
            await cell.run(self._room)
        finally:
            cell.busy = False
            self._busy -= 1
            if not self._busy:
                self._quiet.set()

    def view(self, conversations: Iterable[str]) -> Sequence[CellView]:
        """Return those of the conversations that are in memory."""
        now = trio.current_time()
        return [_view(cell, now) for name in conversations if (cell := self._cells.get(name)) is not None]

    def busiest(self, limit: int) -> Sequence[CellView]:
        """Return cells with a task, those that have had it for the longest time first."""
        busy = (cell for cell in self._cells.values() if cell.busy)
        now = trio.current_time()
        return [_view(cell, now) for cell in nsmallest(limit, busy, key=lambda cell: cell.busy_since)]

    def statistics(self) -> CellStatistics:
        """Return how many are here and what they did."""
        room = self._room
        waiting = sum(len(cell.mailbox) for cell in self._cells.values() if cell.busy)
        return CellStatistics(
            len(self._cells),
            self._busy,
            waiting,
            room.turns,
            room.events,
            room.faults,
            room.parks,
            room.waits,
            self._passivated,
            {
                "done": room.turns,
                "fenced": room.fenced,
                "fault": room.faults - room.cuts - room.parks,
                "cut": room.cuts,
                "parked": room.parks,
                "waited": room.waits,
            },
            room.seconds.read(),
        )


def _view(cell: Cell, now: float) -> CellView:
    seconds = now - (cell.busy_since if cell.busy else cell.used_at)
    mailbox = cell.mailbox
    return CellView(
        cell.conversation, cell.busy, cell.phase.name.lower(), len(mailbox), mailbox.behind, round(seconds, 3)
    )
