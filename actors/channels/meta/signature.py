"""Who sent a webhook: signatures over raw bodies, and the token of the subscription handshake.

Knows nothing of JSON or of channels: secrets are a sequence, and an answer names their places in it. No
comparison ends early, neither inside a secret nor between secrets.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

#: Lower-case hex is what is documented and signed; nothing else is accepted.
_FORM = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def matching(secrets: Sequence[bytes], body: bytes, header: str) -> frozenset[int]:
    """Return the places of the secrets under which `header` signs the raw `body`; none: do not trust it."""
    form = _FORM.fullmatch(header)
    if form is None:
        return frozenset()
    given = form[1].encode()
    signed = [hmac.digest(secret, body, "sha256").hex().encode() for secret in secrets]
    return frozenset([place for place, right in enumerate(signed) if hmac.compare_digest(right, given)])


def fingerprint(token: str) -> bytes:
    """Return a token as `knows` wants it: of one length, so that comparing does not tell how long it is."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def knows(fingerprints: Sequence[bytes], token: str) -> bool:
    """Say whether `token` is one of those whose fingerprints are given."""
    given = fingerprint(token)
    return any([hmac.compare_digest(known, given) for known in fingerprints])  # noqa: C419 - no early exit
