"""An upload to the Cloud API: the form that is posted, and what its answer means. Pure."""

from __future__ import annotations

from actors.channels.errors import STATUSES, Action, answer_of, by_class
from actors.channels.meta.errors import CODES, code_of
from actors.channels.wire import token
from actors.outbound.shelf import File
from actors.outbound.uploads import Declined, Taken
from runtime import Outcome, Refused, TryAgain

_PASSES = frozenset({Action.RETRY, Action.PAIR, Action.UNCERTAIN, Action.MEDIA, Action.CREDENTIALS})
#: What a send is refused with whose file the provider does not know (any more), among other things.
_OF_A_FILE = frozenset({"100", "131009", "131052", "131053"})
MOST = {"image/jpeg": 5 * 1024 * 1024, "image/png": 5 * 1024 * 1024, "application/pdf": 100 * 1024 * 1024}
"""Bytes of a file, by its type; other types are not sent."""


def form_of(file: File) -> tuple[str, bytes]:
    """Return the type and the body of the request that uploads a file; the same file gives the same request."""
    boundary = f"majlis-{file.digest[:40]}"  # of a hash: it stands in no file but by a miracle
    parts = (
        (b'name="messaging_product"', b"", b"whatsapp"),
        (b'name="type"', b"", file.mime.encode()),
        (b'name="file"; filename="file"', b"\r\nContent-Type: " + file.mime.encode(), file.content),
    )
    body = b"".join(
        b"--%b\r\nContent-Disposition: form-data; %b%b\r\n\r\n%b\r\n"
        % (boundary.encode(), named, typed, content)
        for named, typed, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", body + b"--" + boundary.encode() + b"--\r\n"


def fits(file: File) -> bool:
    """Return whether the provider takes a file of this type and size."""
    return 0 < len(file.content) <= MOST.get(file.mime, 0)


def uploaded(status: int, body: bytes) -> Taken | Declined:
    """Return what the answer to an upload means."""
    answer = answer_of(body)
    code = code_of(answer)
    if code is None and 200 <= status < 300:
        given = token(answer.get("id"))
        return Taken(given) if given else Declined("no_id", lasting=False)
    action = CODES.get(code) if code is not None else None
    if action is None:
        action = STATUSES.get(status) or by_class(status)
    return Declined(str(code) if code is not None else f"http_{status}", lasting=action not in _PASSES)


def of_its_file(outcome: Outcome) -> bool:
    """Return whether a send may have been refused for its file: then nothing was sent."""
    return isinstance(outcome, Refused | TryAgain) and outcome.code in _OF_A_FILE
