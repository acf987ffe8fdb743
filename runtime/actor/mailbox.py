"""What waits for one actor, in order and bounded. Pure: knows neither tasks nor the journal.

Theory of operation: the inbox in the journal is the truth; a mailbox holds a contiguous run of it, so that the usual
event is handled without being read back. Offers come in any order (wake-ups are hints): what follows the run's end is
appended, what lies before it is ignored, and what would leave a gap or pass the bound only sets `behind`, which tells
the cell to read on from the journal when the run is empty.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from runtime.actor.event import StoredEvent


class Mailbox:
    """A contiguous run of a conversation's events."""

    __slots__ = ("_limit", "_newest", "_run", "_tail", "behind")

    def __init__(self, limit: int = 256) -> None:
        self._run: deque[StoredEvent] = deque()
        self._limit = limit
        self._tail: int | None = None
        self._newest = 0
        self.behind = False

    def __len__(self) -> int:
        return len(self._run)

    @property
    def idle(self) -> bool:
        """True if nothing waits here and, as far as is known, nothing in the journal either."""
        return not self._run and not self.behind

    def offer(self, event: StoredEvent) -> None:
        """Take an event that was stored. Before the first `start` any run is kept; `start` judges it."""
        if self._tail is not None and event.seq <= self._tail:
            return
        if len(self._run) < self._limit and (self._tail is None or event.seq == self._tail + 1):
            self._run.append(event)
            self._tail = event.seq
        else:
            self.behind = True
            self._newest = max(self._newest, event.seq)

    def start(self, done_seq: int) -> None:
        """Begin at the journal's cursor: drop what is done, and the whole run if it does not join the cursor."""
        while self._run and self._run[0].seq <= done_seq:
            self._run.popleft()
        if self._run and self._run[0].seq != done_seq + 1:
            self._run.clear()
            self.behind = True
        self._tail = self._run[-1].seq if self._run else done_seq

    def refill(self, events: Sequence[StoredEvent], *, more: bool) -> None:
        """Append what was read from the journal after `tail`; `more` says that there may be further events.

        What was offered while the journal was being read may not be in the answer: then there are.
        """
        for event in events:
            if self._tail is None or event.seq == self._tail + 1:
                self._run.append(event)
                self._tail = event.seq
        self.behind = more or self._newest > self.tail

    def clear(self) -> None:
        """Forget everything: the conversation is not there."""
        self._run.clear()
        self._tail, self._newest, self.behind = None, 0, False

    def peek(self) -> StoredEvent | None:
        """Return the next event without taking it."""
        return self._run[0] if self._run else None

    @property
    def run(self) -> deque[StoredEvent]:
        """What waits here, oldest first; to be read only."""
        return self._run

    def done(self, size: int = 1) -> None:
        """Forget the next events: their turn has committed."""
        for _ in range(size):
            self._run.popleft()

    @property
    def tail(self) -> int:
        """The last sequence number that is held or done."""
        return self._tail or 0
