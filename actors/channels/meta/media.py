"""Where a medium of the Graph API is to be had: the answer of GET /{media-id}, read and judged."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from actors.channels.errors import STATUSES, Action, answer_of
from actors.channels.meta.errors import CODES, code_of
from actors.channels.wire import text, token
from actors.media.sources import Busy, Denied, Gone, Link, Resolved, Source
from runtime import HttpClient

_NO_SUCH_OBJECT = 100  # also said of one that is not ours to see
_AGAIN = frozenset({Action.RETRY, Action.PAIR, Action.UNCERTAIN, Action.MEDIA})


def source_of(api: str, authorization: Mapping[str, str]) -> Source:
    """Return the way to the media of a channel."""
    home = api.rstrip("/")

    async def resolve(http: HttpClient, media: str) -> Resolved:
        answer = await http.request("GET", f"{home}/{quote(media, safe='')}", headers=authorization)
        return described(answer.status_code, answer.content)

    return Source(home, authorization, resolve)


def described(status: int, body: bytes) -> Resolved:
    """Return what the answer to GET /{media-id} says."""
    answer = answer_of(body)
    code = code_of(answer)
    if code is None and 200 <= status < 300:
        url, size = text(answer.get("url")), token(answer.get("file_size"))
        if not url:
            return Denied(f"http_{status}")
        length = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else 0
        return Link(url, text(answer.get("mime_type")), text(answer.get("sha256")), length)
    if code == _NO_SUCH_OBJECT or (code is None and status in {404, 410}):
        return Gone(str(code or f"http_{status}"))
    action = CODES.get(code) if code is not None else None
    if action is None:
        action = STATUSES.get(status, Action.UNCERTAIN if status >= 500 else Action.NEVER)
    word = str(code) if code is not None else f"http_{status}"
    return Busy(word) if action in _AGAIN else Denied(word)
