"""Whether the sends of one channel are let out at all. Pure: it is told the time and what became of each send.

Theory of operation. Closed, everything passes. It opens at once when a send shows that the channel itself is broken, and
after several sends in a row that got no answer. Open, it lets out one send at a time, a probe, at growing intervals; the
first sign that the channel works closes it. Sends that left before it opened may still close it, but their silence says
nothing new. A probe that never left gives its turn to another at once.
"""

from __future__ import annotations

import enum
from random import Random

from runtime.actor.supervision import backoff

#: Sends without an answer, one after the other, that open it.
SILENCES = 5
#: Seconds between probes: 5 to 10 before the first one, growing to 30 to 60.
_FIRST, _LONGEST = 10.0, 60.0


class Sign(enum.Enum):
    """What a send told of its channel."""

    WORKS = enum.auto()
    """It was taken, or refused for reasons of its own."""
    BUSY = enum.auto()
    """The channel asked for patience."""
    SILENT = enum.auto()
    """It got no answer, or none that says whether it was taken."""
    BROKEN = enum.auto()
    """The channel itself does not work."""
    NONE = enum.auto()
    """It never left."""


class Circuit:
    """The circuit of one channel. Times are seconds of one monotonic clock."""

    def __init__(self, dice: Random) -> None:
        self.open = False
        self._dice = dice
        self._silent = 0
        self._failed_probes = 0
        self._probe_at = 0.0
        self._probing = False

    def wait(self, now: float) -> float:
        """Return the seconds until a send may leave: 0 at once, infinity until the probe under way has ended."""
        if not self.open:
            return 0.0
        return float("inf") if self._probing else max(0.0, self._probe_at - now)

    def begin(self) -> bool:
        """Let a send out, where `wait` said 0; return whether it is a probe."""
        self._probing = self.open
        return self.open

    def end(self, now: float, sign: Sign, *, probe: bool) -> bool:
        """Take the sign of a send that `begin` let out; return whether the circuit opened or closed by it."""
        before = self.open
        if probe:
            self._probing = False
        if sign is Sign.WORKS:
            self.open, self._silent, self._failed_probes = False, 0, 0
        elif self.open:
            if probe and sign is not Sign.NONE:
                self._failed_probes += sign is not Sign.BUSY
                self._put_off(now)
        else:
            self._silent += sign is Sign.SILENT
            if sign is Sign.BROKEN or self._silent >= SILENCES:
                self.open, self._silent = True, 0
                self._put_off(now)
        return self.open is not before

    def hasten(self, now: float) -> None:
        """The settings changed: what was broken may be mended, so that a probe may leave at once."""
        self._failed_probes = 0
        self._probe_at = now

    def _put_off(self, now: float) -> None:
        self._probe_at = now + backoff(self._failed_probes + 1, self._dice, first=_FIRST, cap=_LONGEST)
