"""What the fake Twilio knows and checks: accounts, sends that were taken, media. Does no I/O.

What is checked of a send: the account and its token, that From is the account's, the form of To, that there is either a
body, and of which length, or a content template and its variables, the callback's URL, and that no field is unknown.
There are no rate limits and no service window; templates are taken whatever their id, for nobody has told of any.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Meta

from config import Settings
from runtime import Request

_TO = re.compile(r"whatsapp:\+[1-9][0-9]{6,14}")
_KNOWN = frozenset({"From", "To", "Body", "StatusCallback", "ContentSid", "ContentVariables"})
_CONTENT = re.compile(r"HX[0-9a-f]{32}")
_LONGEST = 1600
_KEPT = 10_000  # sends

Variable = Annotated[str, Meta(min_length=1, pattern=r"^(?!.* {5})[^\n\t]*\Z")]


class Sent(msgspec.Struct, frozen=True):
    """A message that was taken, `index` counting from 1; it has a `body`, or a `content` and its `variables`."""

    index: int
    sid: str
    number: str
    to: str
    body: str
    callback: str
    content: str = ""
    variables: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """An error to be given instead of taking a send."""

    status: int
    code: int


class _Account(msgspec.Struct):
    token: str
    numbers: dict[str, str]


class Desk:
    """The accounts of some settings' channels, and what they sent."""

    def __init__(self, settings: Settings) -> None:
        public = settings.server.public_url.rstrip("/")
        self.accepted = 0
        self.refused: dict[int, int] = {}
        self._accounts: dict[str, _Account] = {}
        for channel in settings.channels:
            if channel.provider == "twilio":
                token = channel.auth_token[0].reveal()
                account = self._accounts.setdefault(channel.account_sid, _Account(token, {}))
                account.numbers[channel.id] = f"{public}/webhooks/twilio/{channel.name}"
        self._sent: deque[Sent] = deque(maxlen=_KEPT)
        self._answers: deque[Answer] = deque()

    def token(self, account: str) -> str:
        """Return the token of an account. Raises KeyError."""
        return self._accounts[account].token

    def numbers(self, account: str) -> Mapping[str, str]:
        """Return the numbers of an account, and where each one's messages go."""
        return self._accounts[account].numbers

    def knows(self, request: Request, account: str) -> bool:
        """Whether a request has the token of the account."""
        found = self._accounts.get(account)
        if found is None:
            return False
        right = "Basic " + base64.b64encode(f"{account}:{found.token}".encode()).decode()
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), right.encode())

    def whose(self, request: Request) -> str | None:
        """Return the account whose token a request has; None for nobody's."""
        return next((account for account in self._accounts if self.knows(request, account)), None)

    def answer_next(self, *answers: Answer) -> None:
        """Give these errors to the next sends, in order."""
        self._answers.extend(answers)

    def take(self, request: Request, account: str) -> Sent | Answer:
        """Check a send, and remember it or why it was refused."""
        taken = self._take(request, account)
        if isinstance(taken, Answer):
            self.refused[taken.code] = self.refused.get(taken.code, 0) + 1
        else:
            self.accepted += 1
            self._sent.append(taken)
        return taken

    def sent(self, to: str = "", after: int = 0) -> Sequence[Sent]:
        """Return the newest messages that were taken after an index, the oldest of them first."""
        return [one for one in self._sent if to in {"", one.to} and one.index > after]

    def _take(self, request: Request, account: str) -> Sent | Answer:
        if not self.knows(request, account):
            return Answer(401, 20003)
        if self._answers:
            return self._answers.popleft()
        try:
            fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            return Answer(400, 20001)
        if code := _fault(fields, self._accounts[account].numbers):
            return Answer(400, code)
        index = self.accepted + 1
        return Sent(
            index,
            f"SM{index:032x}",
            fields["From"],
            fields["To"],
            fields.get("Body", ""),
            fields.get("StatusCallback", ""),
            fields.get("ContentSid", ""),
            msgspec.json.decode(fields.get("ContentVariables", "{}")),
        )


def _fault(fields: Mapping[str, str], numbers: Mapping[str, str]) -> int:
    """Return the code of what is wrong with a send; 0 for nothing."""
    body, callback = fields.get("Body", ""), urlsplit(fields.get("StatusCallback", "http://none"))
    content = fields.get("ContentSid")
    wrong = {
        20001: bool(fields.keys() - _KNOWN),
        21212: fields.get("From") not in numbers,
        21211: not _TO.fullmatch(fields.get("To", "")),
        21654: content is None and "ContentVariables" in fields,
        21655: content is not None and not _CONTENT.fullmatch(content),
        21656: not _is_variables(fields.get("ContentVariables", "{}")),
        21602: content is None and not body.strip(),
        21617: len(body) > _LONGEST,
        21609: callback.scheme not in {"http", "https"} or not callback.hostname,
    }
    return next((code for code, is_wrong in wrong.items() if is_wrong), 0)


def _is_variables(text: str) -> bool:
    try:
        return bool(msgspec.json.decode(text, type=dict[str, Variable])) or text == "{}"
    except msgspec.MsgspecError:
        return False
