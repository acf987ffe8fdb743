"""The last line of defence of the log: what looks like a secret or a phone number is masked.

The rule remains that nothing of that kind is ever passed in; this is for the day when somebody forgets. Digits that
stand alone and are as long as a phone number are masked; those in an id (after a colon, a letter, a dash) are not, nor
are numbers that are no text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

MASK = "***"

_PHONE = re.compile(
    r"(?:(?<![\w:./-])\+?\d{10,15}|(?<=wa_id:)\d+|(?<=\blid:)\d+|(?<=phone:)\d+|(?<=tel:)\+?\d+)(?![\w./-])"
)
_SECRET = re.compile(
    r"(?P<before>\b(?:Bearer|OAuth|Basic(?=\s+[\w+/=]{20}))\s+"
    r"|\b(?:access_token|app_secret|verify_token|auth_token|hmac_key|api_key|password|secret|token)"
    r"(?:\s*=\s*[\"']?|[\"']\s*:\s*[\"'])"
    r")[^\s\"'&,;}]+",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+(?=@)")
#: Tokens of Meta's Graph API begin so, and are long.
_TOKEN = re.compile(r"\bEA[A-Za-z0-9]{30,}")
_NAMES = re.compile(r"(?:^|_)(?:secret|token|password|authorization|hmac_key|api_key|phone|wa_id)$")
#: Ours, and of a fixed form: the time, and ids whose digits belong to them.
_KNOWN = frozenset({"timestamp", "level", "conversation", "effect", "channel"})


def mask(text: str) -> str:
    """Return a text without what looks like a secret or a phone number."""
    text = _PASSWORD.sub(rf"\1:{MASK}", _SECRET.sub(rf"\g<before>{MASK}", text))
    return _PHONE.sub(MASK, _TOKEN.sub(MASK, text))


def mask_line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask the values of a line of structlog."""
    for name, value in line.items():
        if name not in _KNOWN:
            line[name] = MASK if value and _NAMES.search(name) else _masked(value)
    return line


def _masked(value: object) -> object:
    """Mask a value that is a text, or holds texts."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    if isinstance(value, Mapping):
        return {name: _masked(inner) for name, inner in value.items()}
    return value
