"""The WhatsApp Cloud API as a provider: all its channels, their webhooks and their sends.

Theory of operation: the settings become one immutable table, replaced whole, so that a webhook or a send
sees either the old channels or the new ones. Verifying, parsing, rendering and judging are elsewhere; here
they meet HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import httpx
import msgspec
import trio

from actors.channels.errors import judge_fault
from actors.channels.meta.errors import judge, judge_mark
from actors.channels.meta.examination import examine_shapes, examine_truth
from actors.channels.meta.long_texts import LongTexts, pieces
from actors.channels.meta.media import source_of
from actors.channels.meta.parsing import Routes, parse
from actors.channels.meta.rendering import Json, Uploaded, bears, recipient, render
from actors.channels.meta.signature import fingerprint, knows, matching
from actors.channels.meta.uploading import fits, form_of, of_its_file, uploaded
from actors.channels.pace import PAIR_BURST, PAIR_INTERVAL
from actors.channels.wire import MalformedError, name
from actors.media.download import Downloads
from actors.media.sources import Source
from actors.messages import Document, MarkRead, Outgoing, Picture, Text
from actors.outbound.shelf import File
from actors.outbound.uploads import Declined, Missing, Taken, Uploads
from actors.work import Works
from config import Channel, Settings
from runtime import (
    Broken,
    Delivery,
    Finding,
    HttpClient,
    Lane,
    Outcome,
    Pace,
    Refused,
    Request,
    Response,
    TryAgain,
    Verified,
)

#: Meta deletes an upload after 30 days; what is sent on the last of them must still be fetched by phones.
UPLOAD_LIFE = timedelta(days=25)
#: Tries of a send that is about a document, before something is said instead of it.
DOCUMENT_TRIES = 3


@dataclass(frozen=True)
class _Line:
    """Where and how the sends of one channel leave, and how its media are fetched."""

    url: str
    uploads: str
    headers: Mapping[str, str] = field(repr=False)
    pace: Pace
    source: Source


@dataclass(frozen=True)
class _Table:
    """All channels of one reading of the settings."""

    lines: Mapping[str, _Line] = field(default_factory=dict)
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    tokens: tuple[bytes, ...] = field(default=(), repr=False)
    routes: Routes = field(default_factory=lambda: Routes({}, {}))


class MetaProvider:
    """The provider "meta". One object serves webhooks (`receive`) and effects (`perform`): sends and downloads."""

    name = "meta"

    def __init__(self, works: Works | None = None) -> None:
        """`works` may be those of several providers."""
        self.works = works or Works()
        self.uploads = Uploads(UPLOAD_LIFE)
        self.long_texts = LongTexts()
        self._patience = 0.0
        self._table = _Table()
        self._decoder: msgspec.json.Decoder[Outgoing] = msgspec.json.Decoder(Outgoing)

    def configure(self, settings: Settings) -> None:
        """Take the channels of these settings, all or nothing; a channel that is gone is no longer served.

        Raises ValueError, and keeps the old channels, for an access token that no header can carry.
        """
        self._table = _tabulate([channel for channel in settings.channels if channel.provider == self.name])
        self.works.configure(settings)
        self._patience = settings.node.send_timeout / 3  # twice, if need be, and time is left for the send

    @property
    def downloads(self) -> Downloads:
        """How media are fetched."""
        return self.works.downloads

    def channels(self) -> Sequence[str]:
        """Return the channels that are configured, as "meta:<phone number id>"."""
        return tuple(self._table.lines)

    def receive(self, request: Request) -> Verified | Response:
        """Answer the subscription handshake, or verify and parse a webhook. Pure; never raises."""
        match request.method:
            case "GET":
                return self._challenge(request.query)
            case "POST":
                return self._webhook(request)
            case _:
                return Response(405, b"only GET and POST", headers=(("allow", "GET, POST"),))

    def pace(self, channel: str) -> Pace:
        """Return the limits of a channel; one that is not configured sends nothing, at any pace."""
        line = self._table.lines.get(channel)
        return line.pace if line else Pace(1.0, PAIR_INTERVAL, PAIR_BURST)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        """Send one message or read mark, or fetch a medium, and return what became of it.

        Cancelled, a message may have been sent; a medium has left nothing behind.
        """
        line = self._table.lines.get(delivery.channel)
        if line is None:
            return Broken("channel_disabled", "the channel is not configured")
        if delivery.lane is Lane.WORK:
            return await self.works.perform(delivery, line.source, http)
        return await self._send(delivery, line, http)

    async def _send(self, delivery: Delivery, line: _Line, http: HttpClient) -> Outcome:
        try:
            message = self._decoder.decode(delivery.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Refused("unreadable", "the effect is not a message of this version")
        to = recipient(delivery.address)
        if to is None:
            return Refused("no_address", "the person has neither a phone number nor a scoped id")
        if isinstance(message, Picture | Document) and bears(message):
            return await self._send_with_file(message, to, delivery, line, http)
        if isinstance(message, Text):
            post = partial(_post_part, to=to, delivery=delivery, line=line, http=http)
            return await self.long_texts.send(delivery.id, pieces(message), post)
        return await _post(message, to, delivery, line, http)

    async def _send_with_file(
        self, message: Picture | Document, to: Json, delivery: Delivery, line: _Line, http: HttpClient
    ) -> Outcome:
        """Send a message with its file, or without where it cannot be had: the person is answered.

        An id that the provider refuses is forgotten, and the file uploaded once more.
        """
        upload = partial(_upload, line=line, http=http)
        until = trio.current_time() + 2 * self._patience
        for _ in range(2):
            within = min(self._patience, until - trio.current_time())
            placed = await self.uploads.place(delivery.channel, message.file, upload, within)
            if isinstance(placed, Missing):
                if placed.again and isinstance(message, Document) and delivery.attempt < DOCUMENT_TRIES:
                    return TryAgain(f"file_{placed.reason}", "the document could not be uploaded")
                break
            file = Uploaded(placed.id, placed.filename)
            outcome = await _post(message, to, delivery, line, http, file)
            if not of_its_file(outcome):
                return outcome
            await self.uploads.forget(delivery.channel, placed)
            if placed.fresh:
                break
        return await _post(message, to, delivery, line, http)

    async def examine(
        self, settings: Settings, http: HttpClient | None, tell: Callable[[Finding], None]
    ) -> None:
        """Tell whether the credentials of these settings' channels look right, and with `http` what Meta says of them."""
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        if not channels:
            return
        examine_shapes(channels, tell)
        if http is not None:
            await examine_truth(channels, http, tell)

    def _challenge(self, query: Mapping[str, str]) -> Response:
        right = knows(self._table.tokens, query.get("hub.verify_token", ""))
        if not right or query.get("hub.mode") != "subscribe":
            return Response(403, b"hub.mode must be subscribe and hub.verify_token that of a channel")
        challenge = query.get("hub.challenge", "").encode("utf-8", "replace")
        return Response(200, challenge, headers=(("x-content-type-options", "nosniff"),))

    def _webhook(self, request: Request) -> Verified | Response:
        header = request.headers.get("x-hub-signature-256")
        if header is None:
            return Response(401, b"X-Hub-Signature-256 is missing")
        secrets = matching(self._table.secrets, request.body, header)
        if not secrets:
            return Response(401, b"X-Hub-Signature-256 is not the signature of this body by a known app")
        try:
            return parse(request.body, self._table.routes, secrets)
        except MalformedError as error:
            return Response(400, f"the body cannot be read: {error}".encode())


async def _post(
    message: Outgoing,
    to: Json,
    delivery: Delivery,
    line: _Line,
    http: HttpClient,
    file: Uploaded | None = None,
    tracker: str | None = None,
) -> Outcome:
    content = render(message, to, delivery.id if tracker is None else tracker, file)
    try:
        answer = await http.request("POST", line.url, headers=line.headers, content=content)
    except httpx.HTTPError as fault:
        lost = judge_fault(fault)
        return Refused(lost.code, lost.reason) if isinstance(message, MarkRead) else lost
    if isinstance(message, MarkRead):
        return judge_mark(answer.status_code)
    return judge(answer.status_code, answer.content, delivery.attempt, delivery.told_to_wait)


async def _post_part(
    part: Text, tracker: str, *, to: Json, delivery: Delivery, line: _Line, http: HttpClient
) -> Outcome:
    return await _post(part, to, delivery, line, http, tracker=tracker)


async def _upload(file: File, *, line: _Line, http: HttpClient) -> Taken | Declined:
    if not fits(file):
        return Declined("unfit", lasting=True)
    kind, body = form_of(file)
    headers = {**line.headers, "content-type": kind}
    try:
        answer = await http.request("POST", line.uploads, headers=headers, content=body)
    except httpx.HTTPError as fault:
        return Declined(type(fault).__name__, lasting=False)
    return uploaded(answer.status_code, answer.content)


def _tabulate(channels: Sequence[Channel]) -> _Table:
    secrets = {secret.reveal().encode(): None for channel in channels for secret in channel.app_secret}
    places = {secret: place for place, secret in enumerate(secrets)}
    lines: dict[str, _Line] = {}
    numbers: dict[str, frozenset[int]] = {}
    accounts: dict[str, frozenset[int]] = {}
    for channel in channels:
        own = frozenset(places[secret.reveal().encode()] for secret in channel.app_secret)
        numbers[channel.id] = own
        if channel.account is not None:
            account = name(channel.account)
            accounts[account] = accounts.get(account, frozenset()) | own
        lines[channel.key] = _line(channel)
    tokens = tuple(fingerprint(channel.verify_token.reveal()) for channel in channels)
    return _Table(lines, tuple(secrets), tokens, Routes(numbers, accounts))


def _line(channel: Channel) -> _Line:
    home = f"{channel.api_url.rstrip('/')}/{channel.id}"
    bearer = channel.access_token.reveal()
    if not bearer.isascii():
        raise ValueError(f"channel {channel.key}: the access_token has characters that no header can carry")
    authorization = {"authorization": f"Bearer {bearer}"}
    headers = {**authorization, "content-type": "application/json"}
    pace = Pace(float(channel.max_mps), PAIR_INTERVAL, PAIR_BURST)
    return _Line(
        f"{home}/messages", f"{home}/media", headers, pace, source_of(channel.api_url, authorization)
    )
