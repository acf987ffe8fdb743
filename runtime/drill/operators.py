"""People at a desk, who take conversations over from the bot, write in them, and give them back, when dice say so.

What they may rely on is noted: from the moment at which nothing of the bot's was on its way any more until they gave
the conversation back, it is silent. Nothing is known here of replicas and their faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec
import trio

from runtime.actor.event import OperatorCommand
from runtime.drill.evidence import Accepted, Silence
from runtime.journal.handover import Pausing, settle
from runtime.journal.memory import MemoryStore
from runtime.journal.memory_handover import MemoryHandover

_PATIENCE = 8.0  # virtual seconds: longer than a send and its doubt


class Operators:
    """A few acts a second on conversations that there are; `interventions` counts the versions that they took."""

    def __init__(
        self,
        handover: MemoryHandover,
        store: MemoryStore,
        accepted: Sequence[Accepted],
        dice: Random,
        *,
        often: float,
        now: Callable[[], datetime],
        nudge: Callable[[str], None],
    ) -> None:
        """`accepted` grows with what the provider takes; `nudge` hears of conversations in which something was done."""
        self.interventions: Counter[str] = Counter()
        self.silences: list[Silence] = []
        self._handover = handover
        self._store = store
        self._accepted = accepted
        self._dice = dice
        self._often = often
        self._now = now
        self._nudge = nudge
        self._taken: set[tuple[str, datetime | None]] = (
            set()
        )  # pauses of the bot that were paused by hand, too
        self._open: dict[str, Silence] = {}
        self._counts: Counter[str] = Counter()

    async def act(self, seconds: float) -> None:
        """Act for so long."""
        async with trio.open_nursery() as nursery:
            while self._often:
                await trio.sleep(self._dice.expovariate(self._often))
                if trio.current_time() > seconds:
                    return
                if names := sorted(self._store.conversations):
                    act = self._dice.choice((self._pause, self._pause, self._resume, self._write, self._tell))
                    nursery.start_soon(act, self._dice.choice(names))

    def close(self) -> None:
        """Note the silences that still last."""
        for name in sorted(self._open):
            self._end(name)

    async def _pause(self, name: str) -> None:
        done = await self._handover.pause(name, by="desk", why="drill")
        passing = {
            key: out.attempts
            for key, out in self._store.outbox.items()
            if out.effect.conversation == name and self._store.conversations[name].mutes(out) and out.attempts
        }
        self._counts["pauses"] += 1
        self._counts["sends cancelled"] += done.cancelled
        self.interventions[name] += done.outcome == "paused" or self._takes(name, done)
        self._nudge(name)
        began = done.since
        settled = await settle(self._handover, done, _PATIENCE)
        pause = self._store.conversations[name].pause
        if settled.in_flight == 0 and pause is not None and pause.since == began and name not in self._open:
            self._open[name] = Silence(name, len(self._accepted), -1, passing)

    def _takes(self, name: str, done: Pausing) -> bool:
        """Tell whether a pause that was the bot's is ours to answer from now on: the first one takes a version."""
        mine = done.by == "bot" and (name, done.since) not in self._taken
        self._taken.add((name, done.since))
        return mine

    async def _resume(self, name: str) -> None:
        self._end(name)
        done = await self._handover.resume(name, by="desk")
        self._counts["resumes"] += done.outcome == "resumed"
        self.interventions[name] += done.outcome == "resumed"

    async def _write(self, name: str) -> None:
        self._counts["operator sends"] += 1
        key = f"k{self._counts['operator sends']}"
        await self._handover.send(
            name, b'{"type":"Line","body":"by hand"}', by="desk", key=key, expires=self._now() + timedelta(1)
        )
        self.interventions[name] += 1
        self._nudge(name)

    async def _tell(self, name: str) -> None:
        self._counts["commands"] += 1
        key = f"k{self._counts['commands']}"
        for _ in range(self._dice.choice((1, 2))):
            await self._handover.tell(name, OperatorCommand(name="look"), key=key)

    def _end(self, name: str) -> None:
        silence = self._open.pop(name, None)
        if silence is not None:
            self.silences.append(msgspec.structs.replace(silence, last=len(self._accepted)))

    def statistics(self) -> Mapping[str, int]:
        """Return how often what was done."""
        return dict(self._counts)
