"""Who sent a webhook, as WAHA proves it: HMAC-SHA512 over the raw body. Pure.

The header with a time is not signed, so it proves nothing; the body holds the time of the event, which is. A repetition
is known by its ids for as long as the journal keeps them, and what is older than that is not taken at all.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

from actors.channels.wire import number

#: Seconds for which a webhook may be repeated. Shorter than dedup keys are kept, so what was captured is never new again.
LONGEST = 8 * 86400
_MILLISECONDS, _DIGITS = 100_000_000_000, 20
_FORM = re.compile(r"[0-9a-f]{128}", re.ASCII)


def signature(key: str, body: bytes) -> str:
    """Return the header that signs a body."""
    return hmac.digest(key.encode(), body, "sha512").hex()


def signs(keys: Sequence[str], body: bytes, header: str, algorithm: str) -> bool:
    """Say whether `header` signs the raw body by a key. No comparison ends early; no other algorithm is taken."""
    if algorithm != "sha512" or not _FORM.fullmatch(header):
        return False
    return any([hmac.compare_digest(signature(key, body), header) for key in keys])  # noqa: C419 - no early exit


def outdated(stamped: object, now: float) -> bool:
    """Say whether an event is too old to be one that WAHA repeats; `stamped` is the time that it tells, if it tells one.

    That is in milliseconds, or in seconds: what is too small for a time of ours in the one is in the other.
    """
    if isinstance(stamped, str) and stamped.isascii() and stamped.isdigit() and len(stamped) < _DIGITS:
        stamped = int(stamped)
    told = number(stamped)
    if told is None or told <= 0:
        return False
    return now - (told / 1000 if told >= _MILLISECONDS else told) > LONGEST
