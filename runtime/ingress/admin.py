"""The admin listener: is it alive, is it ready, and its figures. For probes and operators, never for the public.

Knows how to say it, not what is true: that comes from three functions, which must be quick and must not block.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

from runtime.channel import Request, Response

JSON = "application/json"
#: What Prometheus asks of its text format.
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Backend(msgspec.Struct, frozen=True):
    """Which server stands behind a resource: our own ("embedded") or the one of a given URL, and its version."""

    kind: Literal["embedded", "url"]
    version: str = ""


class Check(msgspec.Struct, frozen=True):
    """The state of one thing. Degraded: slower or poorer, but correct, so still ready. The reason is for people."""

    status: Literal["ok", "degraded", "fail"]
    reason: str = ""


class Readiness(msgspec.Struct, frozen=True):
    """What `/readyz` says. `accepting`: the phase takes traffic; a load balancer sends some only when `ready`."""

    phase: str
    accepting: bool
    backends: Mapping[str, Backend] = {}
    checks: Mapping[str, Check] = {}

    @property
    def ready(self) -> bool:
        """True when the phase takes traffic and no check fails; degraded is ready."""
        return self.accepting and all(check.status != "fail" for check in self.checks.values())

    @property
    def body(self) -> bytes:
        """The JSON of it."""
        facts = {
            "ready": self.ready,
            "phase": self.phase,
            "backends": self.backends,
            "checks": self.checks,
        }
        return msgspec.json.encode(facts) + b"\n"


def admin_endpoint(
    *, live: Callable[[], bool], ready: Callable[[], Readiness], metrics: Callable[[], bytes]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the admin listener: GET (or HEAD) /livez, /readyz and /metrics.

    `live` tells whether the loop beats and asks no dependency; `metrics` returns Prometheus' text format.
    """

    async def answer(request: Request) -> Response:
        match request.path:
            case "/livez" | "/readyz" | "/metrics" if request.method not in {"GET", "HEAD"}:
                return Response(405, b"only GET\n", headers=(("Allow", "GET, HEAD"),))
            case "/livez":
                return Response(200, b"alive\n") if live() else Response(503, b"the event loop is stuck\n")
            case "/readyz":
                readiness = ready()
                return Response(200 if readiness.ready else 503, readiness.body, content_type=JSON)
            case "/metrics":
                return Response(200, metrics(), content_type=PROMETHEUS)
            case _:
                return Response(404, b"there are /livez, /readyz and /metrics\n")

    return answer
