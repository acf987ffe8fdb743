"""Is a `serve` running on the data directory, and is it well? Pure judgement; it is asked over the operator socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from runtime.channel import Finding

_NAME = "serve"
_PASSING = frozenset({"starting", "checking states"})


class ReadinessCheck(msgspec.Struct, frozen=True):
    """One check of a running server's readiness."""

    status: Literal["ok", "degraded", "fail"]
    reason: str = ""


class Readiness(msgspec.Struct, frozen=True):
    """What a running server says of its readiness."""

    accepting: bool = False
    checks: Mapping[str, ReadinessCheck] = {}


class Running(msgspec.Struct, frozen=True):
    """What a running server says of itself."""

    pid: int
    phase: str
    app: str
    addresses: Mapping[str, Sequence[str]] = {}
    readiness: Readiness = Readiness()


class HolderFacts(msgspec.Struct, frozen=True):
    """Who has the data directory: `locked` as the kernel says, `pid` as the lock's file says, `status` if it answers."""

    locked: bool
    pid: int | None
    status: Running | None


def judge_running(facts: HolderFacts, app: str) -> Finding:
    """None is well, too: then everything is looked at before the next start."""
    if facts.status is not None:
        return _judge_status(facts.status, app)
    if not facts.locked:
        return Finding(_NAME, "ok", "none runs on this data_dir")
    holder = f"pid {facts.pid}" if facts.pid else "a process"
    return Finding(
        _NAME,
        "warn",
        f"{holder} holds the data_dir and does not answer",
        "it is starting or ending (look again in a minute), or it hangs: look at its log, then stop it",
    )


def _judge_status(status: Running, app: str) -> Finding:
    seen = f"pid {status.pid} runs {status.app}, {status.phase}"
    bad = {key: check.reason for key, check in status.readiness.checks.items() if check.status != "ok"}
    told = "; ".join(f"{key}: {reason}" for key, reason in bad.items())
    failing = any(check.status == "fail" for check in status.readiness.checks.values())
    if status.phase in _PASSING or not status.readiness.accepting:
        return Finding(
            _NAME, "warn", f"{seen}{told and f' ({told})'}", "it is not ready: look again when it has started"
        )
    if failing:
        return Finding(
            _NAME, "fail", f"{seen}, not ready ({told})", "mend what it names; it goes on by itself"
        )
    if bad:
        return Finding(
            _NAME, "warn", f"{seen}, degraded ({told})", "it works, more slowly: mend what it names"
        )
    if status.app != app:
        return Finding(_NAME, "warn", f"{seen}, not {app}", "give the same --app, or another --data-dir")
    return Finding(_NAME, "ok", f"{seen}, ready")
