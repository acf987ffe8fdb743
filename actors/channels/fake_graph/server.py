"""`FakeGraph`: the stand-in provider on its port, with the control API by which a test or a drill steers it.

The control API lives under /_fake/ (loopback only, like the rest): health, sent, statistics, faults, reset, media/ID. A
test in the same process calls the methods of the same names.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import msgspec
import trio
from msgspec import Meta
from trio import TaskStatus

from actors.channels.fake_graph import http1
from actors.channels.fake_graph.accounts import Account, accounts_of
from actors.channels.fake_graph.contract import json_response
from actors.channels.fake_graph.faults import Faults
from actors.channels.fake_graph.media import Medium
from actors.channels.fake_graph.state import Graph, GraphStatistics, Sent
from actors.channels.fake_graph.statuses import SenderStatistics, StatusSender
from actors.channels.fake_graph.tricks import Script
from actors.channels.loopback import Introduced
from config import Settings
from runtime import Request, Response

_ELSEWHERE = "127.0.0.2"  # another host, as far as a client can see
#: How the provider introduces itself at /_fake/health.
IDENTITY = "majlis fake graph"


class Health(Introduced, frozen=True):
    """The answer of GET /_fake/health."""

    version: str
    started_at: str
    channels: int
    webhook_url: str


class SentPage(msgspec.Struct, frozen=True):
    """The answer of GET /_fake/sent: `last` is the index of the newest send there is, here or not."""

    last: int
    sends: Sequence[Sent]


class FakeStatistics(msgspec.Struct, frozen=True):
    """The answer of GET /_fake/statistics."""

    provider: GraphStatistics
    statuses: SenderStatistics


class _Window(msgspec.Struct, frozen=True):
    """The query of GET /_fake/sent. `wait`: seconds to wait for the first send that fits."""

    after: Annotated[int, Meta(ge=0)] = 0
    to: str = ""
    channel: str = ""
    wait: Annotated[float, Meta(ge=0, le=60)] = 0.0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class FakeGraph:
    """A provider that keeps the contract, remembers what it was sent, and fails on demand.

    `accounts` by phone number id; sends of other numbers are accepted too, without statuses. `webhook_url` ""
    means that no statuses are sent. `strict`: what breaks a rate limit is refused as well as counted.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        webhook_url: str = "",
        strict: bool = True,
        faults: Faults | None = None,
        seed: int = 0,
        linger: float = 0.05,
    ) -> None:
        self.run_id = secrets.token_hex(3)
        self.webhook_url = webhook_url
        self.address = ""
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._started = time.monotonic()
        self._graph = Graph(
            accounts,
            run=self.run_id,
            started=self._started,
            strict=strict,
            faults=faults,
            seed=seed,
        )
        self._statuses = StatusSender(accounts, webhook_url, linger=linger)
        self._news = trio.Event()

    @classmethod
    def of(cls, settings: Settings, webhook_url: str | None = None) -> FakeGraph:
        """Stand in for the provider of these settings' channels; statuses go to their server by default."""
        return cls(
            accounts_of(settings), webhook_url=webhook_of(settings) if webhook_url is None else webhook_url
        )

    async def serve(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        task_status: TaskStatus[str] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve and report statuses until cancelled, which cuts every connection. Starts with "host:port".

        Raises ValueError for a host that is not loopback, OSError when the port is taken.
        """
        # Before the nursery, which would wrap its error in a group.
        listeners = await http1.listen(host, port)
        try:
            other_host, others = _ELSEWHERE, await http1.listen(_ELSEWHERE, 0)
        except OSError:  # a system with one loopback address: another port is another server, too
            other_host, others = host, await http1.listen(host, 0)
        async with trio.open_nursery() as nursery:
            self.address = await nursery.start(http1.serve_on, self, host, listeners)
            other = await nursery.start(http1.serve_on, self._elsewhere, other_host, others)
            self._graph.elsewhere = f"http://{other}"
            nursery.start_soon(self._statuses.run)
            task_status.started(self.address)

    async def __call__(self, request: Request) -> Response | Script | None:
        """Answer one request as the provider would; None drops the connection. Faults may delay it."""
        if request.path.startswith("/_fake/"):
            return await self._control(request)
        answer = self._graph.apply(request, time.monotonic(), time.time())
        if answer.statuses:
            self._statuses.put(answer.statuses, trio.current_time(), self._graph.dice.faults.status_delay)
        if request.method == "POST":
            self._news.set()
            self._news = trio.Event()
        if answer.delay:
            await trio.sleep(answer.delay)
        return answer.response

    async def _elsewhere(self, request: Request) -> Response:
        """Answer one request at the other host, to which media may be redirected."""
        await trio.lowlevel.checkpoint()
        return self._graph.visit(request)

    # ── what a test or a drill asks and says ──────────────────────────

    @property
    def health(self) -> Health:
        """Who this is and since when."""
        return Health(
            name=IDENTITY,
            version=_version(),
            run=self.run_id,
            started_at=self._started_at,
            channels=len(self._graph.accounts),
            webhook_url=self.webhook_url,
        )

    @property
    def now(self) -> float:
        """Seconds since the provider started, by which sends say when they came."""
        return time.monotonic() - self._started

    @property
    def last_index(self) -> int:
        """The index of the newest accepted send."""
        return self._graph.last_index

    def sent(self, after: int = 0, *, to: str = "", channel: str = "", limit: int = 1000) -> Sequence[Sent]:
        """Return accepted sends after an index, oldest first, at most `limit`."""
        return self._graph.page(after, to=to, channel=channel, limit=limit)

    async def wait_sent(
        self, after: int = 0, *, to: str = "", channel: str = "", count: int = 1, timeout: float = 5.0
    ) -> Sequence[Sent]:
        """Return sends after an index once there are `count`, or those there are after `timeout` seconds."""
        with trio.move_on_after(timeout):
            while len(found := self.sent(after, to=to, channel=channel)) < count:
                await self._news.wait()
            return found
        return self.sent(after, to=to, channel=channel)

    def statistics(self) -> FakeStatistics:
        """Return all counters."""
        return FakeStatistics(self._graph.statistics(), self._statuses.statistics())

    def put_faults(self, faults: Faults) -> None:
        """Put these faults in force instead of all others; `Faults()` heals."""
        self._graph.dice.put(faults)

    def add_media(self, mime_type: str, content: bytes) -> str:
        """Keep a file as if a person had sent it; return its media id."""
        return self._graph.media.add(mime_type, content).id

    def medium(self, media: str) -> Medium | None:
        """Return a file by its id, uploaded or added; None for one that is not there (any more)."""
        return self._graph.media.find(media)

    def forget_media(self, media: str) -> None:
        """Delete a file, as the provider does when it is old: sends that name it are refused."""
        self._graph.media.forget(media)

    def link_media(self, media: str) -> str:
        """Return a link to a file, as webhooks may bring one; it lives as long as any. Raises KeyError for no file."""
        description = self._graph.media.describe(media, f"http://{self.address}", time.monotonic())
        if description is None:
            raise KeyError(media)
        return str(description["url"])

    def reset(self) -> None:
        """Forget sends, counters, media, faults and statuses that are queued; indexes go on."""
        self._graph.reset()
        self._statuses.clear()

    async def _control(self, request: Request) -> Response:  # noqa: PLR0911 - one line a route
        what = request.path.removeprefix("/_fake/")
        try:
            match request.method, what:
                case "GET", "health":
                    return json_response(self.health)
                case "GET", "sent":
                    return await self._sent(msgspec.convert(dict(request.query), _Window, strict=False))
                case "GET", "statistics":
                    return json_response(self.statistics())
                case "GET", path if path.startswith("media/"):
                    return _file(self.medium(path.removeprefix("media/")))
                case "POST", "faults":
                    return json_response(self._graph.dice.change(request.body))
                case "POST", "reset":
                    self.reset()
                    return json_response({"last": self.last_index})
        except msgspec.MsgspecError as fault:
            return json_response({"error": str(fault)}, status=400)
        return json_response({"error": f"no {request.method} {request.path} here"}, status=404)

    async def _sent(self, window: _Window) -> Response:
        sends = self.sent(window.after, to=window.to, channel=window.channel, limit=window.limit)
        if not sends and window.wait:
            await self.wait_sent(window.after, to=window.to, channel=window.channel, timeout=window.wait)
            sends = self.sent(window.after, to=window.to, channel=window.channel, limit=window.limit)
        return json_response(SentPage(last=self.last_index, sends=sends))


def _file(medium: Medium | None) -> Response:
    """Return a file as a browser shows it."""
    if medium is None:
        return json_response({"error": "no such file"}, status=404)
    return Response(200, medium.content, medium.mime_type)


async def run_fake_graph(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 8082,
    webhook_url: str | None = None,
    task_status: TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Stand in for the provider of these settings' channels until cancelled. Starts with "host:port".

    Raises ValueError for a host that is not loopback, OSError when the port is taken.
    """
    await FakeGraph.of(settings, webhook_url).serve(host, port, task_status=task_status)


def webhook_of(settings: Settings) -> str:
    """Return the address at which a Majlis with these settings, on this machine, takes Meta's webhooks."""
    host = settings.server.host
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{reachable}:{settings.server.port}/webhooks/meta"


def _version() -> str:
    try:
        return version("majlis")
    except PackageNotFoundError:  # a checkout that was never installed
        return "unknown"
