"""What the fake WAHA knows and checks: sessions, sends that were taken, signs, files. Does no I/O.

What is checked of a send: the API key, the session and that it works, the form of the chat, that there is a text, or a
file of a fit type whose bytes can be read, with a caption that is not too long, and that no field is unknown. There is no
limit of how fast one writes, for WAHA has none.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence

import msgspec

from actors.channels.limits import units
from config import Settings
from runtime import Request

_CHAT = re.compile(r"[1-9][0-9]{4,19}@(c\.us|lid)")
#: The sends, and what their fields may be.
_KNOWN = {
    "sendText": frozenset({"session", "chatId", "text", "reply_to", "linkPreview"}),
    "sendImage": frozenset({"session", "chatId", "file", "caption", "reply_to"}),
    "sendFile": frozenset({"session", "chatId", "file", "caption", "reply_to"}),
}
_IMAGES = frozenset({"image/jpeg", "image/png"})
_SIGNS = frozenset({"sendSeen", "startTyping", "stopTyping"})
_LONGEST, _LONGEST_CAPTION = 65_536, 1024
_LARGEST = 50 * 1024 * 1024  # bytes of a request
_KEPT, _FILES_KEPT = 10_000, 20  # sends, and the bytes of the newest files


class SentFile(msgspec.Struct, frozen=True):
    """The file of a message: sent as an "image" or as a "file"."""

    kind: str
    mime: str
    filename: str
    size: int
    sha256: str


class Sent(msgspec.Struct, frozen=True):
    """A message that was taken, `index` counting from 1; `request` is what its X-Request-Id said.

    `text` is the caption, where there is a `file`.
    """

    index: int
    id: str
    session: str
    chat: str
    text: str
    quote: str
    request: str
    file: SentFile | None = None


class Answer(msgspec.Struct, frozen=True):
    """An answer to be given instead of taking a send; `sent` is for one that leaves all the same."""

    status: int
    session: str = ""
    sent: bool = False


class Session(msgspec.Struct):
    """One session, its secrets, and what it is at."""

    api_key: str
    hmac_key: str
    path: str
    status: str = "WORKING"


class _Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file as it stands in a request: `data` is base64 there."""

    mimetype: str
    filename: str
    data: bytes


class Desk:
    """The sessions of some settings' channels, and what they sent."""

    def __init__(self, settings: Settings) -> None:
        self.accepted = 0
        self.refused: dict[int, int] = {}
        self.signs: deque[tuple[str, str]] = deque(maxlen=_KEPT)
        self.sessions: Mapping[str, Session] = {
            channel.id: Session(
                channel.api_key.reveal(), channel.hmac_key[0].reveal(), f"/webhooks/waha/{channel.name}"
            )
            for channel in settings.channels
            if channel.provider == "waha"
        }
        self._sent: deque[Sent] = deque(maxlen=_KEPT)
        self._answers: deque[Answer] = deque()
        self._files: OrderedDict[int, tuple[str, bytes]] = OrderedDict()

    def knows(self, request: Request) -> bool:
        """Whether a request has the server's API key; the channels of one server share it."""
        given = request.headers.get("x-api-key", "").encode()
        return any(hmac.compare_digest(one.api_key.encode(), given) for one in self.sessions.values())

    def answer_next(self, *answers: Answer) -> None:
        """Give these answers to the next sends, in order."""
        self._answers.extend(answers)

    def ask(self, request: Request, what: str) -> Sent | Answer:
        """Take a send or a sign, or say why not; an answer of 201 is a sign that was taken."""
        taken = self._asked(request, what)
        if isinstance(taken, Answer) and taken.status != 201:
            self.refused[taken.status] = self.refused.get(taken.status, 0) + 1
        return taken

    def sent(self, chat: str = "", after: int = 0) -> Sequence[Sent]:
        """Return the newest messages that were taken after an index, the oldest of them first."""
        return [one for one in self._sent if chat in {"", one.chat} and one.index > after]

    def file_of(self, index: int) -> tuple[str, bytes] | None:
        """Return the type and the bytes of the file of a message, if it is one of the newest."""
        return self._files.get(index)

    def _asked(self, request: Request, what: str) -> Sent | Answer:
        if not self.knows(request):
            return Answer(401)
        try:
            fields = msgspec.json.decode(request.body, type=dict[str, object])
        except msgspec.MsgspecError:
            return Answer(400)
        known = self.sessions.get(str(fields.get("session")))
        if known is None:
            return Answer(404)
        if known.status != "WORKING" or not _CHAT.fullmatch(str(fields.get("chatId"))):
            return Answer(400) if known.status == "WORKING" else Answer(422, known.status)
        if what in _SIGNS:
            self.signs.append((what, str(fields["chatId"])))
            return Answer(201)
        return self._taken(request, what, fields)

    def _taken(self, request: Request, what: str, fields: Mapping[str, object]) -> Sent | Answer:
        if what not in _KNOWN:
            return Answer(404)
        if len(request.body) > _LARGEST:
            return Answer(413)
        quote, said = fields.get("reply_to", ""), _said(fields, what)
        if fields.keys() - _KNOWN[what] or not isinstance(quote, str) or said is None:
            return Answer(400)
        text, file, content = said
        answer = self._answers.popleft() if self._answers else None
        if answer is not None and not answer.sent:
            return answer
        self.accepted += 1
        chat, key = str(fields["chatId"]), f"3EB0{self.accepted:016X}"
        told = request.headers.get("x-request-id", "")
        session = str(fields["session"])
        sent = Sent(self.accepted, f"true_{chat}_{key}", session, chat, text, quote, told, file)
        self._sent.append(sent)
        if file is not None:
            self._files[sent.index] = file.mime, content
            if len(self._files) > _FILES_KEPT:
                self._files.popitem(last=False)
        return sent if answer is None else answer


def _said(fields: Mapping[str, object], what: str) -> tuple[str, SentFile | None, bytes] | None:
    """Return the text or the caption of a send, its file, and the file's bytes; None if they are not in order."""
    if what == "sendText":
        text = fields.get("text")
        fits = isinstance(text, str) and text.strip() and len(text) <= _LONGEST
        return (str(text), None, b"") if fits else None
    caption = fields.get("caption", "")
    try:
        given = msgspec.convert(fields.get("file"), _Given)
    except msgspec.ValidationError:
        return None
    kind = what.removeprefix("send").lower()
    if not given.data or not given.filename or (kind == "image" and given.mimetype not in _IMAGES):
        return None
    if not isinstance(caption, str) or units(caption) > _LONGEST_CAPTION:
        return None
    digest = hashlib.sha256(given.data).hexdigest()
    return caption, SentFile(kind, given.mimetype, given.filename, len(given.data), digest), given.data
