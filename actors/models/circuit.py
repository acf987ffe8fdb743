"""Whether a service is asked at all: after failures in a row not for a while, then one question at a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FAILURES = 5
"""In a row, that open it."""
_FIRST, _LONGEST = 10.0, 120.0  # seconds before the next try


@dataclass
class Circuit:
    """One service. Times are seconds of one monotonic clock. `opened` counts how often it opened since the start."""

    failures: int = 0
    opened: int = 0
    _until: float = float("-inf")
    _probing: bool = False

    @property
    def open(self) -> bool:
        """Whether the service is taken to be out of order."""
        return self.failures >= FAILURES

    def admit(self, now: float) -> bool:
        """Tell whether a question may be asked; one that passes an open circuit keeps others out until it ends."""
        if not self.open:
            return True
        if self._probing or now < self._until:
            return False
        self._probing = True
        return True

    def end(self, now: float, *, works: bool | None) -> None:
        """Take what a question that was admitted has shown; None: nothing, as it was cut short."""
        self._probing = False
        if works:
            self.failures = 0
        elif works is not None:
            self.failures += 1
            if self.open:
                self.opened += self.failures == FAILURES
                self._until = now + min(_FIRST * 2 ** min(self.failures - FAILURES, 10), _LONGEST)
