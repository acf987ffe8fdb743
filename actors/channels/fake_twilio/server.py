"""`FakeTwilio`: takes messages as Twilio's API does, tells what became of them, and posts what people write.

It delivers everything. Media are given to who has the token by a redirect to another host, which notes who brings it
along. Webhooks are signed by code of its own for the public URL and posted to `front`, as a proxy before Majlis would
pass them on; once, for Twilio repeats none. The control API lives under /_fake/ (loopback only, like the rest): health,
sent, statistics.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlencode

import httpx
import msgspec
import trio
from msgspec import Meta
from trio import TaskStatus

from actors.channels.fake_graph import http1
from actors.channels.fake_twilio.state import Answer, Desk, Sent
from actors.channels.loopback import Introduced
from config import Settings
from runtime import Request, Response

_ACCOUNT = re.compile(r"/2010-04-01/Accounts/([^/]+)(\.json|/Messages\.json)")
_MEDIA = re.compile(r"/2010-04-01/Accounts/([^/]+)/Messages/MM1/Media/(ME[0-9a-f]{32})")
_SENDERS = "/v2/Channels/Senders"
_ELSEWHERE = "127.0.0.2"  # another host, as far as a client can see
_KEPT = 10_000  # callbacks that wait
_PAGE = 50
_TIMEOUT = 15.0  # seconds that Twilio waits for an answer
#: How the stand-in introduces itself at /_fake/health.
IDENTITY = "majlis fake twilio"


class Health(Introduced, frozen=True):
    """The answer of GET /_fake/health; `front` is where webhooks go."""

    front: str


class SentPage(msgspec.Struct, frozen=True):
    """The answer of GET /_fake/sent: `last` is the index of the newest send there is, here or not."""

    last: int
    sends: Sequence[Sent]


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


class _Window(msgspec.Struct, frozen=True):
    """The query of GET /_fake/sent."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class FakeTwilio:
    """Twilio for the channels of some settings. `front` is where Majlis listens, "http://host:port"."""

    def __init__(self, settings: Settings, front: str) -> None:
        self.run_id = secrets.token_hex(3)
        self.address = ""
        self._public = settings.server.public_url.rstrip("/")
        self._front = front
        self._desk = Desk(settings)
        self._callbacks, self._due = trio.open_memory_channel[tuple[str, Mapping[str, str]]](_KEPT)
        self._news = trio.Event()
        self._posts = self._lost = 0
        self._media: dict[str, tuple[str, bytes]] = {}
        self._fetched = self._leaked = 0
        self._elsewhere = ""

    @classmethod
    def of(cls, settings: Settings) -> FakeTwilio:
        """Stand in for Twilio, and post to the server of these settings, on this machine."""
        return cls(settings, front_of(settings))

    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        task_status: TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve and report statuses until cancelled. Starts with "host:port"; raises as `http1.listen`."""
        listeners, others = await http1.listen(host, port), await http1.listen(_ELSEWHERE, 0)
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            self._elsewhere = await nursery.start(http1.serve_on, self._visit, _ELSEWHERE, others)
            self.address = await nursery.start(http1.serve_on, self, host, listeners)
            nursery.start_soon(self._report, client)
            task_status.started(self.address)

    async def __call__(self, request: Request) -> Response:  # noqa: PLR0911 - a line a route
        """Answer one request as Twilio would."""
        await trio.lowlevel.checkpoint()
        if request.path.startswith("/_fake/"):
            return self._control(request)
        if medium := _MEDIA.fullmatch(request.path):
            return self._redirect(request, medium[1], medium[2])
        if request.path == _SENDERS:
            return self._senders(request)
        asked = _ACCOUNT.fullmatch(request.path)
        if asked is None:
            return _refusal(Answer(404, 20404))
        if request.method == "GET":
            return self._told(request, asked[1], asked[2])
        answer = self._desk.take(request, asked[1])
        self._news.set()
        self._news = trio.Event()
        if isinstance(answer, Answer):
            return _refusal(answer)
        if answer.callback:
            self._tell(answer, asked[1])
        return _json({"sid": answer.sid, "status": "queued", "error_code": None}, 201)

    # ── what a test or a rehearsal asks and says ──────────────────────

    @property
    def health(self) -> Health:
        """Who this is."""
        return Health(name=IDENTITY, run=self.run_id, front=self._front)

    @property
    def last_index(self) -> int:
        """The index of the newest accepted send."""
        return self._desk.accepted

    def answer_next(self, *answers: Answer) -> None:
        """Give these errors to the next sends, in order."""
        self._desk.answer_next(*answers)

    def sent(self, to: str = "", after: int = 0) -> Sequence[Sent]:
        """Return the newest messages that were taken after an index, the oldest of them first."""
        return self._desk.sent(to, after)

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
        return f"http://{self.address}/2010-04-01/Accounts/{account}/Messages/MM1/Media/{name}"

    def statistics(self) -> FakeTwilioStatistics:
        """Return the counters."""
        desk = self._desk
        return FakeTwilioStatistics(
            desk.accepted, dict(desk.refused), self._posts, self._lost, self._fetched, self._leaked
        )

    async def post(self, client: httpx.AsyncClient, url: str, fields: Mapping[str, str]) -> int:
        """Post a signed webhook to a public URL, and return the status of the answer; 0 where there was none."""
        body, headers = signed(self._desk.token(fields["AccountSid"]), url, fields)
        self._posts += 1
        try:
            there = self._front + url.removeprefix(self._public)
            return (await client.post(there, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0

    # ── the API ───────────────────────────────────────────────────────

    def _told(self, request: Request, account: str, what: str) -> Response:
        """Answer what is asked of an account, or of the messages that it sent to somebody, the newest first."""
        if not self._desk.knows(request, account):
            return _refusal(Answer(401, 20003))
        if what == ".json":
            return _json({"sid": account, "status": "active", "friendly_name": "Stand-in"})
        sent = [
            one for one in self.sent(request.query.get("To", "")) if one.number == request.query.get("From")
        ]
        newest = list(reversed(sent))[: int(request.query.get("PageSize", _PAGE))]
        return _json({"messages": [{"sid": one.sid, "body": one.body, "status": "sent"} for one in newest]})

    def _senders(self, request: Request) -> Response:
        account = self._desk.whose(request)
        if account is None:
            return _refusal(Answer(401, 20003))
        numbers = self._desk.numbers(account)
        senders = [
            {"sender_id": number, "status": "ONLINE", "webhook": {"callback_url": url, "fallback_url": url}}
            for number, url in numbers.items()
        ]
        return _json({"senders": senders, "meta": {"next_page_url": None}})

    def _redirect(self, request: Request, account: str, medium: str) -> Response:
        if not self._desk.knows(request, account):
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

    def _control(self, request: Request) -> Response:
        try:
            match request.method, request.path.removeprefix("/_fake/"):
                case "GET", "health":
                    return _json(self.health)
                case "GET", "sent":
                    window = msgspec.convert(dict(request.query), _Window, strict=False)
                    return _json(SentPage(self.last_index, self.sent(after=window.after)[: window.limit]))
                case "GET", "statistics":
                    return _json(self.statistics())
        except msgspec.MsgspecError as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"error": f"no {request.method} {request.path} here"}, 404)

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


def signed(token: str, url: str, fields: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
    """Return the body and the headers of a webhook that is posted to a public URL."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    digest = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"x-twilio-signature": digest, "content-type": "application/x-www-form-urlencoded"}
    return urlencode(fields).encode(), headers


def front_of(settings: Settings) -> str:
    """Return the address at which a Majlis with these settings, on this machine, takes webhooks."""
    host = settings.server.host
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{settings.server.port}"


def _refusal(answer: Answer) -> Response:
    return _json({"code": answer.code, "message": "refused", "status": answer.status}, answer.status)


def _json(value: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(value), "application/json")
