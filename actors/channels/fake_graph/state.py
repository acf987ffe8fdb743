"""The stand-in provider without its network: one synchronous function says all that follows from a request.

`Graph.apply` changes the state and returns the answer, its delay, and the statuses to be reported. Keeps the
documented contract (contract.py) and limits (limits.py), and departs from them only where its faults say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from actors.channels.fake_graph.accounts import (
    Account,
    authorize,
    authorize_any,
    bearer_of,
    describe_number,
    describe_subscriptions,
    describe_token,
)
from actors.channels.fake_graph.contract import (
    Fields,
    GraphError,
    Send,
    check_read,
    check_send,
    decode_body,
    json_response,
)
from actors.channels.fake_graph.faults import Dice, Failure, Faults
from actors.channels.fake_graph.limits import Limits
from actors.channels.fake_graph.media import MediaStore, upload
from actors.channels.fake_graph.tricks import DONE, SAID, Script, script
from runtime import Request, Response

_NODE = re.compile(
    r"/(?:v[0-9]{1,3}\.[0-9]{1,2}/)?([^/]{1,128})(?:/(messages|media|subscribed_apps))?", re.ASCII
)
_DEBUG = re.compile(r"/(?:v[0-9]{1,3}\.[0-9]{1,2}/)?debug_token", re.ASCII)
_MEDIUM = re.compile(r"/_media/([0-9]{1,32})", re.ASCII)
_ELSEWHERE = re.compile(r"/_elsewhere/([0-9]{1,32})", re.ASCII)
_HUGE = 10 * 1024**3


class Sent(msgspec.Struct, frozen=True):
    """One accepted send. `index` counts from 1 and never repeats; `at`: seconds since the provider started.

    `effect` is the caller's tracker (biz_opaque_callback_data), `quoted` the message it answers; `answered`
    is False where the caller was not told that it was accepted.
    """

    index: int
    at: float
    channel: str
    to: str
    type: str
    effect: str
    quoted: str
    wamid: str
    answered: bool
    body: msgspec.Raw

    def content(self) -> Fields:
        """Return the body as it was sent."""
        return decode_body(bytes(self.body))


class StatusUpdate(msgspec.Struct, frozen=True):
    """One status to be reported to the channel's webhook; `stamp` in seconds since 1970, `code` says why it failed."""

    channel: str
    wamid: str
    to: str
    effect: str
    status: str
    stamp: int
    code: int = 131026


class Answer(msgspec.Struct, frozen=True):
    """What follows from a request: no `response` means that the connection is dropped."""

    response: Response | Script | None
    delay: float = 0.0
    statuses: tuple[StatusUpdate, ...] = ()


class GraphStatistics(msgspec.Struct, frozen=True):
    """Counters since the start or the last reset. `refused` counts error answers by code.

    `visits_elsewhere`: requests at the other host, to which a trick redirects; `tokens_elsewhere`: those that carried an
    access token there.
    """

    accepted: int
    reads: int
    invalid: int
    refused: Mapping[str, int]
    throughput_violations: int
    pair_violations: int
    busiest_second: int
    hang_ups: int
    media: int
    media_bytes: int
    media_fetches: int
    uploads: int
    visits_elsewhere: int
    tokens_elsewhere: int


class Graph:
    """All that the provider remembers. `run` makes its message ids differ from those of another life."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        run: str,
        started: float,
        strict: bool = True,
        faults: Faults | None = None,
        seed: int = 0,
        keep: int = 100_000,
    ) -> None:
        self.accounts = accounts
        self.dice = Dice(None, seed)
        self.elsewhere = "http://127.0.0.2:9"
        self._run = run
        self._started = started
        self._strict = strict
        self._keep = keep
        self._count = 0
        self.reset()
        self.dice.put(faults or Faults())

    def reset(self) -> None:
        """Forget sends, media, counters, limits and faults; indexes go on, so none is read twice."""
        self.media = MediaStore()
        self.limits = Limits(strict=self._strict)
        self.dice.put(Faults())
        self._log: list[Sent] = []
        self._reads = self._invalid = self._hang_ups = 0
        self._fetches = self._visits = self._tokens = self._uploads = 0
        self._before = self._count
        self._refused: dict[str, int] = {}

    @property
    def last_index(self) -> int:
        """The index of the newest accepted send."""
        return self._count

    def page(self, after: int = 0, *, to: str = "", channel: str = "", limit: int = 1000) -> Sequence[Sent]:
        """Return accepted sends with a higher index, oldest first; those long past are forgotten."""
        start = max(0, after + 1 - self._log[0].index) if self._log else 0
        found: list[Sent] = []
        for place in range(start, len(self._log)):
            sent = self._log[place]
            if to in ("", sent.to) and channel in ("", sent.channel):
                found.append(sent)
                if len(found) == limit:
                    break
        return found

    def statistics(self) -> GraphStatistics:
        """Return the counters."""
        return GraphStatistics(
            accepted=self._count - self._before,
            reads=self._reads,
            invalid=self._invalid,
            refused=dict(self._refused),
            throughput_violations=self.limits.throughput_violations,
            pair_violations=self.limits.pair_violations,
            busiest_second=self.limits.peak,
            hang_ups=self._hang_ups,
            media=len(self.media),
            media_bytes=self.media.bytes,
            media_fetches=self._fetches,
            uploads=self._uploads,
            visits_elsewhere=self._visits,
            tokens_elsewhere=self._tokens,
        )

    def apply(self, request: Request, now: float, wall: float) -> Answer:
        """Take one request. `now` is monotonic, `wall` seconds since 1970. Never raises."""
        try:
            return self._route(request, now, wall)
        except GraphError as refusal:
            code = str(refusal.code)
            self._refused[code] = self._refused.get(code, 0) + 1
            trace = f"A{self._run}{sum(self._refused.values()):06d}"
            return Answer(refusal.response(trace), self.dice.faults.latency)

    def visit(self, request: Request) -> Response:
        """Take one request at the other host: it gives a medium to anybody, and notes who brings a token."""
        self._visits += 1
        self._tokens += "authorization" in request.headers
        found = _ELSEWHERE.fullmatch(request.path)
        medium = self.media.find(found[1]) if found else None
        return Response(200, medium.content, medium.mime_type) if medium else Response(404)

    def _route(self, request: Request, now: float, wall: float) -> Answer:
        if medium := _MEDIUM.fullmatch(request.path):
            return self._fetch(request, medium[1], now)
        if _DEBUG.fullmatch(request.path) and request.method == "GET":
            return self._debug_token(request, wall)
        node = _NODE.fullmatch(request.path)
        if node is None:
            raise GraphError(100, "Unsupported request: there is no such path.", 404)
        match request.method, node[2]:
            case "POST", "messages":
                return self._message(request, node[1], now, wall)
            case "POST", "media":
                self._authorize(request, self.accounts.get(node[1]))
                uploaded = self.media.add(*_uploaded(request)).id
                self._uploads += 1
                return Answer(json_response({"id": uploaded}), self.dice.faults.latency)
            case "GET", None:
                return self._describe(request, node[1], now)
            case "GET", "subscribed_apps":
                return self._subscriptions(request, node[1])
        raise GraphError(100, f"Unsupported {request.method.lower()} request.")

    def _authorize(self, request: Request, account: Account | None) -> None:
        authorize(account, bearer_of(request.headers), self.dice.faults)

    def _debug_token(self, request: Request, wall: float) -> Answer:
        asked, faults = request.query.get("input_token", ""), self.dice.faults
        told = describe_token(self.accounts, asked, bearer_of(request.headers), faults, wall)
        return Answer(json_response(told), faults.latency)

    def _subscriptions(self, request: Request, business: str) -> Answer:
        faults = self.dice.faults
        told = describe_subscriptions(self.accounts, business, bearer_of(request.headers), faults)
        return Answer(json_response(told), faults.latency)

    def _message(self, request: Request, channel: str, now: float, wall: float) -> Answer:
        account = self.accounts.get(channel)
        self._authorize(request, account)
        if channel in self.dice.faults.unknown:
            raise GraphError(100, f"Unsupported post request. Object with ID '{channel}' does not exist.")
        try:
            body = decode_body(request.body)
            if "status" in body:
                check_read(body)
                self._reads += 1
                return Answer(json_response({"success": True}), self.dice.faults.latency)
            send = check_send(body)
            if send.medium:
                self.media.show(send.medium, send.medium_kind)
        except GraphError:
            self._invalid += 1
            raise
        breach = self.limits.arrive(channel, send.to, now, account.per_second if account else 80)
        if breach and self.limits.strict:
            raise GraphError(breach, "Too many messages in a short time.")
        return self._decide(request, channel, send, now, wall)

    def _decide(self, request: Request, channel: str, send: Send, now: float, wall: float) -> Answer:
        failure = self.dice.failure(channel, send.to)
        if failure is not None and not failure.accepted:
            return self._fail(failure)
        drop = failure is None and self.dice.hangs_up()
        sent = self._accept(request.body, channel, send, now, answered=failure is None and not drop)
        faults = self.dice.faults
        statuses = tuple(
            StatusUpdate(
                channel,
                sent.wamid,
                send.to,
                send.tracker if faults.echo else "",
                status,
                int(wall),
                faults.status_code,
            )
            for status in (faults.statuses if channel in self.accounts else ())
        )
        if failure is not None:
            refused = self._fail(failure)
            return Answer(refused.response, refused.delay, statuses)
        if drop:
            self._hang_ups += 1
            return Answer(None, self.dice.faults.latency, statuses)
        accepted = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": send.to, "wa_id": send.to}],
            "messages": [{"id": sent.wamid, "message_status": "accepted"}],
        }
        return Answer(json_response(accepted), self.dice.faults.latency, statuses)

    def _fail(self, failure: Failure) -> Answer:
        name = "none" if failure.code is None else str(failure.code)
        self._refused[name] = self._refused.get(name, 0) + 1
        if failure.code is None:
            answer = Response(failure.status or 503, b"<html>upstream</html>", "text/html")
        else:
            answer = GraphError(failure.code, failure.details, failure.status).response(f"F{self._run}")
        return Answer(answer, self.dice.faults.latency + failure.delay)

    def _accept(self, body: bytes, channel: str, send: Send, now: float, *, answered: bool) -> Sent:
        self._count += 1
        sent = Sent(
            index=self._count,
            at=now - self._started,
            channel=channel,
            to=send.to,
            type=send.type,
            effect=send.tracker,
            quoted=send.quoted,
            wamid=f"wamid.OUT{self._run}{self._count:08d}",
            answered=answered,
            body=msgspec.Raw(body),
        )
        self._log.append(sent)
        if len(self._log) > 2 * self._keep:
            del self._log[: self._keep]
        return sent

    def _describe(self, request: Request, node: str, now: float) -> Answer:
        account = self.accounts.get(node)
        if account is not None:
            self._authorize(request, account)
            told = describe_number(account, request.query.get("fields", ""), self.dice.faults)
            return Answer(json_response(told), self.dice.faults.latency)
        authorize_any(self.accounts, bearer_of(request.headers), self.dice.faults)
        description = self.media.describe(node, "http://" + request.headers.get("host", "localhost"), now)
        if description is None:
            raise GraphError(100, f"Object with ID '{node[:64]}' does not exist.")
        if trick := self.dice.trick(node, SAID):
            if trick.trick == "unresolved":
                return Answer(Response(503, b"<html>upstream</html>", "text/html"))
            description["file_size"] = _HUGE
            if trick.trick == "undeclared":
                del description["file_size"]
        return Answer(json_response(description), self.dice.faults.latency)

    def _fetch(self, request: Request, medium_id: str, now: float) -> Answer:
        authorize_any(self.accounts, bearer_of(request.headers), self.dice.faults)
        medium = self.media.fetch(medium_id, now)
        if medium is None:
            raise GraphError(100, "This link has expired.", 404)
        self._fetches += 1
        if fault := self.dice.trick(medium_id, DONE):
            return Answer(script(fault.trick, medium, fault.seconds, self.elsewhere))
        return Answer(Response(200, medium.content, medium.mime_type))


def _uploaded(request: Request) -> tuple[str, bytes]:
    return upload(request.headers.get("content-type", ""), request.body)
