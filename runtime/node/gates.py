"""The way out of one channel: its circuit, its pace, and the sends that wait for them.

Knows neither the journal nor providers. Of the sends that wait for an open circuit the first one watches the clock, the
others sleep; those on their first try stand before those whose first try may have arrived, so that probes of a channel
that does not answer use up as few second tries as they can, and not those alone probe that are themselves at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import trio

from runtime.node.circuit import Circuit, Sign
from runtime.node.pacing import ChannelPace


class _Waiter:
    """A send that waits for the circuit."""

    __slots__ = ("woken",)

    def __init__(self) -> None:
        self.woken = trio.Event()


class Gate:
    """The way out of one channel on this node."""

    def __init__(self, per_second: float, share: float, dice: Random) -> None:
        self.pace = ChannelPace(per_second, trio.current_time(), share)
        self.circuit = Circuit(dice)
        self._lines: tuple[dict[_Waiter, None], dict[_Waiter, None]] = ({}, {})
        self._changed = trio.Event()

    @property
    def waiting(self) -> int:
        """How many sends wait for the circuit."""
        return len(self._lines[False]) + len(self._lines[True])

    async def admit(self, still: Callable[[], bool], *, tried: bool) -> bool | None:
        """Wait until the circuit lets a send out; return whether it is the probe, None once `still` says no.

        Whoever was let out calls `end`. `tried` says that an earlier try may have arrived, or may have failed by itself.
        """
        me, line = _Waiter(), self._lines[tried]
        try:
            while still():
                wait = self.circuit.wait(trio.current_time())
                if wait <= 0 and (not self.circuit.open or self._first() in (me, None)):
                    return self.circuit.begin()
                line[me] = None
                me.woken = trio.Event()
                with trio.move_on_after(wait if self._first() is me else float("inf")):
                    await me.woken.wait()
            return None
        finally:
            line.pop(me, None)
            self._wake_first()

    async def line_up(self) -> None:
        """Wait for the channel's pace."""
        place = self.pace.reserve(trio.current_time())
        while delay := self.pace.until(place, trio.current_time()):
            with trio.move_on_after(delay):
                await self._changed.wait()

    def end(self, sign: Sign, *, probe: bool) -> bool:
        """Take the sign of a send that was let out; return whether the circuit opened or closed by it."""
        changed = self.circuit.end(trio.current_time(), sign, probe=probe)
        if changed:
            self.wake()
        else:
            self._wake_first()
        return changed

    def adjust(self, per_second: float, share: float) -> None:
        """Take another limit, or another share of it: who waits for the pace waits anew; an open circuit probes."""
        self.pace.adjust(per_second, share, trio.current_time())
        self._changed.set()
        self._changed = trio.Event()
        self.circuit.hasten(trio.current_time())
        self.wake()

    def wake(self) -> None:
        """Let all who wait for the circuit look again."""
        for line in self._lines:
            for waiter in line:
                waiter.woken.set()

    def _first(self) -> _Waiter | None:
        return next((waiter for line in self._lines for waiter in line), None)

    def _wake_first(self) -> None:
        if self.circuit.open and (first := self._first()) is not None:
            first.woken.set()
