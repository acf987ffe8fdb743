"""`FakeTwilio`: takes messages as Twilio's API does, tells what became of them, and posts what people write.

What it checks of a send: the account and its token, that From is the account's, the form of To, the body and its length,
the callback's URL, and that no field is unknown. It keeps no rate limits and no service window, knows no templates, and
delivers everything. Media are given to who has the token by a redirect to another host, which notes who brings it along.
Webhooks are signed by code of its own for the public URL and posted to `front`, as a proxy before Majlis would pass them
on; once, for Twilio repeats none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
import trio
from trio import TaskStatus

from actors.channels.fake_graph import http1
from config import Settings
from runtime import Request, Response

_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages\.json")
_MEDIA = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages/MM1/Media/(ME[0-9a-f]{32})")
_ELSEWHERE = "127.0.0.2"  # another host, as far as a client can see
_TO = re.compile(r"whatsapp:\+[1-9][0-9]{6,14}")
_KNOWN = frozenset({"From", "To", "Body", "StatusCallback"})
_LONGEST = 1600
_KEPT = 10_000  # sends, and callbacks that wait
_TIMEOUT = 15.0  # seconds that Twilio waits for an answer


class Sent(msgspec.Struct, frozen=True):
    """A message that was taken."""

    sid: str
    number: str
    to: str
    body: str
    callback: str


class Answer(msgspec.Struct, frozen=True):
    """An error to be given instead of taking a send."""

    status: int
    code: int


class FakeTwilioStatistics(msgspec.Struct, frozen=True):
    """`refused` requests by code; `lost` callbacks were not answered 200, or found too many waiting.

    `fetched` media were given away, to `leaked` visitors that brought the token to the other host.
    """

    accepted: int
    refused: Mapping[int, int]
    posts: int
    lost: int
    fetched: int
    leaked: int


class _Account(msgspec.Struct):
    token: str
    numbers: set[str]


class FakeTwilio:
    """Twilio for the channels of some settings. `front` is where Majlis listens, "http://host:port"."""

    def __init__(self, settings: Settings, front: str) -> None:
        self._public = settings.server.public_url.rstrip("/")
        self._front = front
        self._accounts: dict[str, _Account] = {}
        for channel in settings.channels:
            if channel.provider == "twilio":
                account = self._accounts.setdefault(
                    channel.account_sid, _Account(channel.auth_token[0].reveal(), set())
                )
                account.numbers.add(channel.id)
        self._sent: deque[Sent] = deque(maxlen=_KEPT)
        self._answers: deque[Answer] = deque()
        self._callbacks, self._due = trio.open_memory_channel[tuple[str, Mapping[str, str]]](_KEPT)
        self._news = trio.Event()
        self._accepted = self._posts = self._lost = 0
        self._refused: dict[int, int] = {}
        self._media: dict[str, tuple[str, bytes]] = {}
        self._fetched = self._leaked = 0
        self._address = self._elsewhere = ""

    async def serve(self, host: str, port: int, *, task_status: TaskStatus[str]) -> None:
        """Serve and report statuses until cancelled. Starts with "host:port"; raises as `http1.listen`."""
        listeners, others = await http1.listen(host, port), await http1.listen(_ELSEWHERE, 0)
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            self._elsewhere = await nursery.start(http1.serve_on, self._visit, _ELSEWHERE, others)
            self._address = await nursery.start(http1.serve_on, self, host, listeners)
            nursery.start_soon(self._report, client)
            task_status.started(self._address)

    async def __call__(self, request: Request) -> Response:
        """Answer one request as Twilio would."""
        await trio.lowlevel.checkpoint()
        if medium := _MEDIA.fullmatch(request.path):
            return self._redirect(request, medium[1], medium[2])
        answer = self._take(request)
        self._news.set()
        self._news = trio.Event()
        if isinstance(answer, Sent):
            body = {"sid": answer.sid, "status": "queued", "error_code": None}
            return Response(201, msgspec.json.encode(body), "application/json")
        self._refused[answer.code] = self._refused.get(answer.code, 0) + 1
        refusal = {"code": answer.code, "message": "refused", "status": answer.status}
        return Response(answer.status, msgspec.json.encode(refusal), "application/json")

    def answer_next(self, *answers: Answer) -> None:
        """Give these errors to the next sends, in order."""
        self._answers.extend(answers)

    def sent(self, to: str = "") -> Sequence[Sent]:
        """Return the newest messages that were taken, the oldest of them first."""
        return [one for one in self._sent if to in {"", one.to}]

    async def wait_sent(self, count: int = 1, *, to: str = "", timeout: float = 5.0) -> Sequence[Sent]:
        """Return the messages once there are `count`, or those there are after `timeout` seconds."""
        with trio.move_on_after(timeout):
            while len(self.sent(to)) < count:
                await self._news.wait()
        return self.sent(to)

    def add_media(self, account: str, mime: str, content: bytes) -> str:
        """Keep a file as if a person had sent it to the account; return its URL."""
        name = f"ME{len(self._media):032x}"
        self._media[name] = mime, content
        return f"http://{self._address}/2010-04-01/Accounts/{account}/Messages/MM1/Media/{name}"

    def statistics(self) -> FakeTwilioStatistics:
        """Return the counters."""
        return FakeTwilioStatistics(
            self._accepted, dict(self._refused), self._posts, self._lost, self._fetched, self._leaked
        )

    async def post(self, client: httpx.AsyncClient, url: str, fields: Mapping[str, str]) -> int:
        """Post a signed webhook to a public URL, and return the status of the answer; 0 where there was none."""
        token = self._accounts[fields["AccountSid"]].token
        text = url + "".join(name + fields[name] for name in sorted(fields))
        digest = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
        headers = {"x-twilio-signature": digest, "content-type": "application/x-www-form-urlencoded"}
        there = self._front + url.removeprefix(self._public)
        self._posts += 1
        try:
            answer = await client.post(there, content=urlencode(fields), headers=headers)
        except httpx.HTTPError:
            return 0
        return answer.status_code

    def _redirect(self, request: Request, account: str, medium: str) -> Response:
        known = self._accounts.get(account)
        if known is None or not _knows(request, account, known.token):
            return Response(401)
        return Response(307, headers=(("location", f"http://{self._elsewhere}/{medium}"),))

    async def _visit(self, request: Request) -> Response:
        """Answer one request at the storage, which gives a medium to anybody who knows its address."""
        await trio.lowlevel.checkpoint()
        self._leaked += "authorization" in request.headers
        found = self._media.get(request.path.removeprefix("/"))
        if found is None:
            return Response(404)
        self._fetched += 1
        return Response(200, found[1], found[0])

    def _take(self, request: Request) -> Sent | Answer:
        """Check a send, and remember it."""
        path = _PATH.fullmatch(request.path)
        if path is None or request.method != "POST":
            return Answer(404, 20404)
        account = self._accounts.get(path[1])
        if account is None or not _knows(request, path[1], account.token):
            return Answer(401, 20003)
        if self._answers:
            return self._answers.popleft()
        try:
            fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            return Answer(400, 20001)
        if code := _fault(fields, account.numbers):
            return Answer(400, code)
        self._accepted += 1
        sid = f"SM{self._accepted:032x}"
        sent = Sent(sid, fields["From"], fields["To"], fields["Body"], fields.get("StatusCallback", ""))
        self._sent.append(sent)
        if sent.callback:
            self._tell(sent, path[1])
        return sent

    def _tell(self, sent: Sent, account: str) -> None:
        for status in ("sent", "delivered"):
            fields = {"MessageSid": sent.sid, "MessageStatus": status, "AccountSid": account}
            try:
                self._callbacks.send_nowait((sent.callback, {**fields, "From": sent.number, "To": sent.to}))
            except trio.WouldBlock:
                self._lost += 1

    async def _report(self, client: httpx.AsyncClient) -> None:
        async for url, fields in self._due:
            if await self.post(client, url, fields) != 200:
                self._lost += 1


def _knows(request: Request, account: str, token: str) -> bool:
    right = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), right.encode())


def _fault(fields: Mapping[str, str], numbers: set[str]) -> int:
    """Return the code of what is wrong with a send; 0 for nothing."""
    body, callback = fields.get("Body", ""), urlsplit(fields.get("StatusCallback", "http://none"))
    wrong = {
        20001: bool(fields.keys() - _KNOWN),
        21212: fields.get("From") not in numbers,
        21211: not _TO.fullmatch(fields.get("To", "")),
        21602: not body.strip(),
        21617: len(body) > _LONGEST,
        21609: callback.scheme not in {"http", "https"} or not callback.hostname,
    }
    return next((code for code, is_wrong in wrong.items() if is_wrong), 0)
