"""How long an arrival is worth an answer: a pure rule over the provider's stamp and our clock.

Theory of operation: providers repeat for days what we did not acknowledge, so an old stamp means an old message. But
clocks and samples lie: a stamp is believed only between `stale_after` and eight days ago; any other is ignored.
"""

from __future__ import annotations

from runtime.channel import Arrival

_OLDEST_BELIEVED = 8 * 86400.0


def fresh_for(arrival: Arrival, now: float, stale_after: float) -> float | None:
    """Return for how many seconds from `now` (since 1970) an arrival is to be answered; None: always."""
    if not arrival.perishable:
        return None
    age = now - arrival.stamped
    return 0.0 if stale_after < age < _OLDEST_BELIEVED else stale_after
