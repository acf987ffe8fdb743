"""`FakeWaha`: takes messages as a WAHA server does, tells what became of them, and posts what people write.

It tells of its own messages, too, as `message.any` does, and of people's twice if it is told to. A webhook that is not
answered 200 is posted again, as WAHA would. Files are given to who has the API key. The control API lives under /_fake/
(loopback only, like the rest): health, sent, statistics, and file?index=N for the bytes of a file that was sent.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Annotated

import httpx
import msgspec
import trio
from msgspec import Meta
from trio import TaskStatus

from actors.channels.fake_graph import http1
from actors.channels.fake_waha.state import Answer, Desk, Sent
from actors.channels.fake_waha.webhooks import ME, Json, ack_of, own_of, signed
from actors.channels.loopback import Introduced
from config import Settings
from runtime import Request, Response

_ASK = re.compile(r"/api/(sendText|sendImage|sendFile|sendSeen|startTyping|stopTyping)")
_SESSION = re.compile(r"/api/sessions/([A-Za-z0-9_-]+)")
_FILES = "/api/files/"
#: What an engine calls the messages of files.
_TYPES = {"image": "image", "file": "document"}
_KEPT = 10_000  # webhooks that wait
_TIMEOUT, _AGAIN, _TRIES = 15.0, 0.2, 15  # seconds for an answer, seconds between two tries, tries
#: How the stand-in introduces itself at /_fake/health.
IDENTITY = "majlis fake waha"


class Health(Introduced, frozen=True):
    """The answer of GET /_fake/health; `front` is where webhooks go."""

    front: str


class SentPage(msgspec.Struct, frozen=True):
    """The answer of GET /_fake/sent: `last` is the index of the newest send there is, here or not."""

    last: int
    sends: Sequence[Sent]


class FakeWahaStatistics(msgspec.Struct, frozen=True):
    """`refused` requests by status; `lost` webhooks were not answered 200 at any try, or found too many waiting."""

    accepted: int
    refused: Mapping[int, int]
    posts: int
    lost: int
    fetched: int


class _Window(msgspec.Struct, frozen=True):
    """The query of GET /_fake/sent."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class _One(msgspec.Struct, frozen=True):
    """The query of GET /_fake/file: the index of a send."""

    index: Annotated[int, Meta(ge=1)]


class FakeWaha:
    """WAHA for the channels of some settings. `front` is where Majlis listens, "http://host:port".

    `source` is what it calls its own messages: "api", as it should, or "app", as some versions do.
    """

    def __init__(self, settings: Settings, front: str, source: str = "api") -> None:
        self.run_id = secrets.token_hex(3)
        self.address = ""
        self._front, self._source = front, source
        self._desk = Desk(settings)
        self._webhooks, self._due = trio.open_memory_channel[tuple[str, str, Json]](_KEPT)
        self._news = trio.Event()
        self._posts = self._lost = self._fetched = 0
        self._files: dict[str, tuple[str, bytes]] = {}

    @classmethod
    def of(cls, settings: Settings) -> FakeWaha:
        """Stand in for WAHA, and post to the server of these settings, on this machine."""
        return cls(settings, front_of(settings))

    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        task_status: TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve and post webhooks until cancelled. Starts with "host:port"; raises as `http1.listen`."""
        listeners = await http1.listen(host, port)
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            self.address = await nursery.start(http1.serve_on, self, host, listeners)
            nursery.start_soon(self._report, client)
            task_status.started(self.address)

    async def __call__(self, request: Request) -> Response:
        """Answer one request as WAHA would."""
        await trio.lowlevel.checkpoint()
        if request.path.startswith("/_fake/"):
            return self._control(request)
        if request.path.startswith(_FILES):
            return self._file(request)
        if session := _SESSION.fullmatch(request.path):
            return self._session(request, session[1])
        asked = _ASK.fullmatch(request.path)
        if asked is None or request.method != "POST":
            return _refusal(Answer(404))
        before = self._desk.accepted
        answer = self._desk.ask(request, asked[1])
        if self._desk.accepted > before:
            self._tell(self._desk.sent(after=before)[0])
        self._news.set()
        self._news = trio.Event()
        if isinstance(answer, Answer):
            return _json({}, 201) if answer.status == 201 else _refusal(answer)
        return _json({"id": answer.id, "timestamp": int(time.time()), "fromMe": True, "ack": 0}, 201)

    # ── what a test or a rehearsal asks and says ──────────────────────

    @property
    def health(self) -> Health:
        """Who this is."""
        return Health(name=IDENTITY, run=self.run_id, front=self._front)

    @property
    def last_index(self) -> int:
        """The index of the newest accepted send."""
        return self._desk.accepted

    @property
    def signs(self) -> Sequence[tuple[str, str]]:
        """The newest signs: what was shown in which chat."""
        return tuple(self._desk.signs)

    def answer_next(self, *answers: Answer) -> None:
        """Give these answers to the next sends, in order."""
        self._desk.answer_next(*answers)

    def sent(self, chat: str = "", after: int = 0) -> Sequence[Sent]:
        """Return the newest messages that were taken after an index, the oldest of them first."""
        return self._desk.sent(chat, after)

    async def wait_sent(self, count: int = 1, *, chat: str = "", timeout: float = 10.0) -> Sequence[Sent]:
        """Return the messages once there are `count`, or those there are after `timeout` seconds."""
        with trio.move_on_after(timeout):
            while len(self.sent(chat)) < count:
                await self._news.wait()
        return self.sent(chat)

    def add_file(self, session: str, name: str, mime: str, content: bytes) -> Json:
        """Keep a file as if a person had sent it; return the `media` of its message, with the host WAHA takes for its."""
        self._files[f"{session}/{name}"] = mime, content
        url = f"http://localhost:3000{_FILES}{session}/{name}"
        return {"url": url, "mimetype": mime, "filename": None}

    def put(self, session: str, status: str) -> None:
        """Bring a session to a status, and tell of it."""
        self._desk.sessions[session].status = status
        statuses = [{"status": status, "timestamp": time.time_ns() // 1_000_000}]
        self._queue(session, "session.status", {"name": session, "status": status, "statuses": statuses})

    def statistics(self) -> FakeWahaStatistics:
        """Return the counters."""
        desk = self._desk
        return FakeWahaStatistics(desk.accepted, dict(desk.refused), self._posts, self._lost, self._fetched)

    async def post(self, client: httpx.AsyncClient, session: str, event: str, payload: Json) -> int:
        """Post a signed webhook once, and return the status of the answer; 0 where there was none."""
        known = self._desk.sessions[session]
        self._posts += 1
        body, headers = signed(known.hmac_key, session, event, payload, int(time.time()), self._posts)
        try:
            return (await client.post(self._front + known.path, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0

    # ── the API ───────────────────────────────────────────────────────

    def _session(self, request: Request, session: str) -> Response:
        known = self._desk.sessions.get(session)
        if not self._desk.knows(request):
            return _refusal(Answer(401))
        if known is None:
            return _refusal(Answer(404))
        webhook = {
            "url": self._front + known.path,
            "events": ["message", "message.any", "message.ack", "session.status"],
            "hmac": {"key": known.hmac_key},
        }
        told = {"name": session, "status": known.status, "config": {"webhooks": [webhook]}, "me": {"id": ME}}
        return _json({**told, "engine": {"engine": "WEBJS"}})

    def _file(self, request: Request) -> Response:
        if not self._desk.knows(request):
            return _refusal(Answer(401))
        found = self._files.get(request.path.removeprefix(_FILES))
        if found is None:
            return _refusal(Answer(404))
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
                case "GET", "file":
                    return self._sent_file(msgspec.convert(dict(request.query), _One, strict=False))
                case "GET", "statistics":
                    return _json(self.statistics())
        except msgspec.MsgspecError as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"error": f"no {request.method} {request.path} here"}, 404)

    def _sent_file(self, asked: _One) -> Response:
        found = self._desk.file_of(asked.index)
        return Response(200, found[1], found[0]) if found else _refusal(Answer(404))

    def _tell(self, sent: Sent) -> None:
        """Tell of a message of our own, and that it went to the server and to the phone."""
        echo = own_of(sent.id, sent.chat, sent.text, int(time.time()), self._source)
        if sent.file is not None:
            told = {"mimetype": sent.file.mime, "filename": sent.file.filename, "url": None}
            echo = {**echo, "hasMedia": True, "media": told, "_data": {"type": _TYPES[sent.file.kind]}}
        self._queue(sent.session, "message.any", echo)
        for ack in (1, 2):
            self._queue(sent.session, "message.ack", ack_of(sent.id, sent.chat, ack))

    def _queue(self, session: str, event: str, payload: Json) -> None:
        try:
            self._webhooks.send_nowait((session, event, payload))
        except trio.WouldBlock:
            self._lost += 1

    async def _report(self, client: httpx.AsyncClient) -> None:
        async for session, event, payload in self._due:
            for _ in range(_TRIES):
                if await self.post(client, session, event, payload) == 200:
                    break
                await trio.sleep(_AGAIN)
            else:
                self._lost += 1


def front_of(settings: Settings) -> str:
    """Return the address at which a Majlis with these settings, on this machine, takes webhooks."""
    host = settings.server.host
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{settings.server.port}"


def _refusal(answer: Answer) -> Response:
    told: dict[str, object] = {"statusCode": answer.status}
    if answer.session:
        told = {
            "error": "Session status is not as expected",
            "status": answer.session,
            "expected": ["WORKING"],
        }
    return _json(told, answer.status)


def _json(value: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(value), "application/json")
