"""Sizes and times as a person reads them. Pure."""

from __future__ import annotations


def told_bytes(number: float) -> str:
    """Return a number of bytes with a unit."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit in {"bytes", "KB"} else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def told_seconds(number: float) -> str:
    """Return a time in the largest unit that fits."""
    if number < 1:
        return f"{number * 1000:.0f} ms"
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if number < limit:
            return f"{number / size:.0f} {unit}"
    return f"{number / 86_400:.0f} days"
