"""Is it ready? Looks at the databases about once a second, so that a probe is answered at once and asks nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import trio

from runtime.ingress.admin import Backend, Check, Readiness
from runtime.resources.errors import ResourceUnavailable
from runtime.serve.phases import phases_with_listeners

#: What a process goes through, in order, as far as somebody can ask it: its start, its service, and its stop.
PHASES = ("starting", "checking states", "serving", *phases_with_listeners())
_EVERY = 0.5
_PATIENCE = 1.5


@dataclass
class Health:
    """What is known of the process's fitness for traffic."""

    backends: dict[str, Backend]
    phase: str = "starting"
    accepting: bool = False
    checks: dict[str, Check] = field(default_factory=dict)
    stop_step: str = ""

    @property
    def step(self) -> str:
        """Which of `PHASES` the process is in; while it drains, the step of that."""
        return self.stop_step or self.phase

    def readiness(self) -> Readiness:
        """Return what `/readyz` says now."""
        return Readiness(self.phase, self.accepting, dict(self.backends), dict(self.checks))

    async def watch(self, name: str, look: Callable[[], Awaitable[None]], *, vital: bool) -> None:
        """Look at one database until cancelled. One that is not vital only degrades."""
        bad: Literal["fail", "degraded"] = "fail" if vital else "degraded"
        self.checks[name] = Check(bad, "not looked at yet")
        while True:
            reason = "no answer"
            with trio.move_on_after(_PATIENCE):
                try:
                    await look()
                    reason = ""
                except ResourceUnavailable as error:
                    reason = error.reason
                except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
                    reason = type(error).__name__
            self.checks[name] = Check(bad, reason) if reason else Check("ok")
            await trio.sleep(_EVERY)
