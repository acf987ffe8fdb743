"""Who sent a webhook, as Twilio proves it: HMAC-SHA1 over the public URL and every parameter. Pure.

What is signed is a text without separators: the URL, then each parameter's name and values, sorted. So whoever holds one
signed request may move the border between a name and its value ("Body=Hi" to "BodyH=i") and the signature stands. That
is Twilio's scheme; it loses a field and makes up none, and the id of the message, if it survives, is known already.
A parameter without a "=" or without a name is refused, for the same text would be signed with it. The fields are unquoted
here, as they must be to be verified; nobody looks at what they say before that.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

#: More fields than this are nobody's webhook; Twilio sends about forty.
MOST_FIELDS = 1000
#: Bytes that stand in no form: they would be read like their escapes, and nothing is to be spelt two ways.
_ODD = re.compile(rb"[^!-~]")
_PORTS = {"https": 443, "http": 80}

Fields = Mapping[str, Sequence[str]]


def fields_of(body: bytes) -> Fields | None:
    """Return the fields of a form, each with its values in their order; None if it is no form in UTF-8."""
    if not body:
        return {}
    if _ODD.search(body):
        return None
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        return None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if not name:
            return None
        fields.setdefault(name, []).append(value)
    return fields


def signature(token: str, url: str, fields: Fields) -> str:
    """Return the header that signs these fields, posted to this URL."""
    text = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hmac.digest(token.encode(), text.encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(digest).decode()


def signs(tokens: Sequence[str], url: str, fields: Fields, header: str) -> bool:
    """Say whether `header` signs these fields by a token, posted to `url` with or without the default port."""
    given = header.encode("utf-8", "surrogatepass")
    right = [signature(token, one, fields).encode() for one in _spellings(url) for token in tokens]
    return any([hmac.compare_digest(one, given) for one in right])  # noqa: C419 - no early exit


def is_sum(body: bytes, given: str) -> bool:
    """Say whether `given` is the SHA-256 of a body, which the signed URL holds where the body is no form."""
    right = sha256(body).hexdigest().encode()
    return hmac.compare_digest(right, given.encode("utf-8", "surrogatepass"))


def _spellings(url: str) -> Iterator[str]:
    """Yield the URL with and without its port, where that is the scheme's own; which of the two is signed varies.

    So does the case of the host: it is Twilio's console's, or lower.
    """
    yield from _ports(url)
    parts = urlsplit(url)
    lower = parts._replace(netloc=parts.netloc.lower()).geturl()
    if lower != url:
        yield from _ports(lower)


def _ports(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    usual = _PORTS.get(parts.scheme)
    if parts.port is None and usual:
        yield parts._replace(netloc=f"{parts.netloc}:{usual}").geturl()
    elif parts.port == usual:
        yield parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
