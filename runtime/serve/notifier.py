"""Sends the reports of reports.py to the supervisor's socket: datagrams that never block, and are never waited for."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
import trio

from config import Supervision
from runtime.ingress.admin import Readiness
from runtime.resources.beside import beside
from runtime.serve.reports import Reports

_log = structlog.get_logger(__name__)

_KEPT = 16  # datagrams that wait for room in the supervisor's socket; older ones are dropped
_PASSING = ("EXTEND_TIMEOUT_USEC", "WATCHDOG")  # the next beat says it again


@dataclass
class NotifierStatistics:
    """Datagrams sent, and those that the supervisor did not take."""

    sent: int = 0
    lost: int = 0


class Notifier:
    """The way to the supervisor; where there is none, everything does nothing.

    `readiness` and `alive` are asked at each beat: None, and true, until there is something to ask.
    """

    def __init__(self, supervision: Supervision) -> None:
        """Open the socket, connected to nothing. Raises OSError when the system has none to give."""
        self.readiness: Callable[[], Readiness | None] = lambda: None
        self.alive: Callable[[], bool] = lambda: True
        self._reports = Reports(supervision.watchdog)
        # An abstract socket's name begins with a NUL, which no variable can hold.
        name = supervision.notify
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._waiting: deque[bytes] = deque(maxlen=_KEPT)
        self._counts = NotifierStatistics()

    def statistics(self) -> NotifierStatistics:
        """Return the counts."""
        return self._counts

    def beat(self) -> None:
        """Report what is due; at each change of phase, and every now and then."""
        if self._address:
            self._send(self._reports.beat(time.monotonic(), self.readiness(), self.alive()))

    def stopping(self, budget: float) -> None:
        """Report that a stop begins that may take `budget` seconds, and the closing of what is open."""
        self._send(self._reports.stopping(time.monotonic(), budget))

    def reloading(self) -> None:
        """Report that the settings are being read again."""
        self._send(self._reports.reloading(time.monotonic()))

    def reloaded(self, *, fault: bool = False) -> None:
        """Report that they were."""
        self._send(self._reports.reloaded(fault))

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self.beat()
            await trio.sleep(self._reports.every)

    def close(self) -> None:
        """Close the socket; what waits is lost."""
        self._socket.close()

    def _send(self, reports: Iterable[str]) -> None:
        for report in reports:
            self._waiting.append(report.encode())
        if not self._address:
            self._waiting.clear()
        while self._waiting:
            try:
                self._socket.sendto(self._waiting[0], self._address)
            except BlockingIOError:  # the supervisor is busy: what must not be lost is sent at the next beat
                passing = [one for one in self._waiting if one.decode().startswith(_PASSING)]
                for one in passing:
                    self._waiting.remove(one)
                self._counts.lost += len(passing)
                return
            except OSError as error:
                if not self._counts.lost:
                    _log.warning("the supervisor does not hear us", reason=error.strerror)
                self._counts.lost += len(self._waiting)
                self._waiting.clear()
            else:
                self._waiting.popleft()
                self._counts.sent += 1


@asynccontextmanager
async def open_notifier(supervision: Supervision) -> AsyncIterator[Notifier]:
    """Report to the supervisor for the length of the block."""
    notifier = Notifier(supervision)
    try:
        if not supervision.notify:
            yield notifier
            return
        async with beside(notifier.run):
            yield notifier
    finally:
        notifier.close()
