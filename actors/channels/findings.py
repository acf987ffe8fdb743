"""What was found out about many channels, told once for all of which the same is true. Pure; knows no provider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runtime import Finding

_NAMED = 3
_ORDER = {"fail": 0, "warn": 1, "skipped": 2, "ok": 3}


def summed_up(found: Iterable[tuple[str, Finding]]) -> list[Finding]:
    """Return one finding for all channels of which the same is true, the worst first; `found` by the channel's name."""
    channels: dict[Finding, dict[str, None]] = {}
    for channel, finding in found:
        channels.setdefault(finding, {})[channel] = None
    return [
        Finding(one.name, one.status, f"{one.seen} ({_told(sorted(channels[one]))})", one.advice)
        for one in sorted(channels, key=lambda one: _ORDER[one.status])
    ]


def _told(channels: Sequence[str]) -> str:
    if len(channels) > _NAMED:
        return f"{channels[0]} and {len(channels) - 1} more channels"
    return ", ".join(channels)
