"""What the fake WAHA knows and checks: sessions, sends that were taken, signs, files. Does no I/O.

What is checked of a send: the API key, the session and that it works, the form of the chat, that there is a text, and
that no field is unknown. There is no limit of how fast one writes, for WAHA has none.
"""

from __future__ import annotations

import hmac
import re
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from config import Settings
from runtime import Request

_CHAT = re.compile(r"[1-9][0-9]{4,19}@(c\.us|lid)")
_KNOWN = frozenset({"session", "chatId", "text", "reply_to", "linkPreview"})
_SIGNS = frozenset({"sendSeen", "startTyping", "stopTyping"})
_LONGEST = 65_536
_KEPT = 10_000  # sends


class Sent(msgspec.Struct, frozen=True):
    """A message that was taken, `index` counting from 1; `request` is what its X-Request-Id said."""

    index: int
    id: str
    session: str
    chat: str
    text: str
    quote: str
    request: str


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
        text, quote = fields.get("text"), fields.get("reply_to", "")
        if what != "sendText":
            return Answer(404)
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
            return Answer(400)
        if fields.keys() - _KNOWN or not isinstance(quote, str):
            return Answer(400)
        answer = self._answers.popleft() if self._answers else None
        if answer is not None and not answer.sent:
            return answer
        self.accepted += 1
        chat, key = str(fields["chatId"]), f"3EB0{self.accepted:016X}"
        told = request.headers.get("x-request-id", "")
        sent = Sent(self.accepted, f"true_{chat}_{key}", str(fields["session"]), chat, text, quote, told)
        self._sent.append(sent)
        return sent if answer is None else answer
