"""Before the first turn: can this code read every state there is? If not, conversations would stop in masses.

The look is a read of pages beside the traffic of other replicas, with webhooks taken meanwhile. A state that cannot be
read leaves the process up and not ready: it stores what comes in, begins no turn, and says what is the matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
import trio

from runtime.actor.state import StateCodec, StateUnreadable
from runtime.ingress.admin import Check
from runtime.journal.states import States
from runtime.resources.errors import ResourceUnavailable

_log = structlog.get_logger(__name__)

_AT_ONCE = 100  # states read before others have their turn: some milliseconds, should each need an upgrade
_NAMED = 5
_AGAIN = 0.5
_TELL_EVERY = 5.0


@dataclass(frozen=True)
class StateCheckStatistics:
    """States looked at since the start, and those that this code cannot read."""

    checked: int
    unreadable: int


class StateCheck:
    """One look through all states. `passed` is set when turns may begin; `tell` hears how far it is."""

    def __init__(self, states: States, codec: StateCodec[Any], tell: Callable[[Check], None]) -> None:
        self._states = states
        self._codec = codec
        self._tell = tell
        self.passed = trio.Event()
        self._checked = 0
        self._unreadable = 0
        self._named: list[str] = []
        self._reason = ""
        self._after = ""
        tell(Check("fail", "not looked at yet"))

    async def run(self) -> None:
        """Look until all states were seen. Waits for a database that is away; cancelled, it has changed nothing."""
        fingerprint = self._codec.fingerprint()
        while True:
            try:
                await self._look(fingerprint)
                break
            except ResourceUnavailable as error:
                _log.warning("states not checked yet", reason=error.reason, checked=self._checked)
            await trio.sleep(_AGAIN)
        if self._unreadable:
            self._refuse()
            return
        _log.info("states readable", checked=self._checked)
        self._tell(Check("ok"))
        self.passed.set()

    async def _look(self, fingerprint: str) -> None:
        told_at = trio.current_time()
        while self._unreadable or await self._states.readable_by() != fingerprint:
            page = await self._states.page(self._after)
            if not page:
                if not self._unreadable:
                    await self._states.are_readable_by(fingerprint)
                return
            for place, (conversation, state) in enumerate(page):
                if place % _AT_ONCE == 0:
                    await trio.lowlevel.checkpoint()
                self._try(conversation, state)
            self._after = page[-1][0]
            self._tell(Check("fail", f"{self._checked} checked"))
            if trio.current_time() - told_at >= _TELL_EVERY:
                told_at = trio.current_time()
                _log.info("checking states", checked=self._checked, unreadable=self._unreadable)

    def _try(self, conversation: str, state: bytes) -> None:
        self._checked += 1
        try:
            self._codec.decode(state)
        except StateUnreadable as error:
            self._unreadable += 1
            self._reason = self._reason or str(error)
            if len(self._named) < _NAMED:
                self._named.append(conversation)

    def _refuse(self) -> None:
        self._tell(
            Check(
                "fail",
                f"{self._unreadable} of {self._checked} cannot be read by this code, {', '.join(self._named)} first: "
                f"{self._reason}",
            )
        )
        _log.error(
            "states unreadable: no turn is begun, webhooks are stored; start the version that wrote them, "
            "or mend the state's type or its upgrade, and start again",
            unreadable=self._unreadable,
            checked=self._checked,
            conversations=self._named,
            reason=self._reason,
        )

    def statistics(self) -> StateCheckStatistics:
        """Return how far it is."""
        return StateCheckStatistics(self._checked, self._unreadable)
