"""WhatsApp through WAHA as a provider: each channel is a session at a server of one's own, with a webhook of its own.

Theory of operation: as at the others the settings become one immutable table. WAHA echoes no id of ours: a mark tells
that a message of the number is ours, and that no person wrote it at the phone; `OwnSends` tells of which effect it is.
Behind WAHA is a phone, not an API: sends keep to a person's pace, and there are neither templates nor a service window.

How a message leaves is elsewhere (`sending.py`). The typing sign, once begun, is ended before the next message.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import httpx
import msgspec
import trio

from actors.channels.errors import judge_fault
from actors.channels.waha.addresses import address_of
from actors.channels.waha.errors import judge_aside
from actors.channels.waha.examination import examine
from actors.channels.waha.files import Files
from actors.channels.waha.line import PAIR_BURST, PAIR_INTERVAL, Line, line_of
from actors.channels.waha.own import OwnSends
from actors.channels.waha.parsing import parse, status_of
from actors.channels.waha.rendering import seen_request, typing_request
from actors.channels.waha.sending import Sending
from actors.channels.waha.signature import outdated, signs
from actors.channels.wire import MalformedError, decode, members
from actors.messages import Buttons, Choices, Document, MarkRead, Outgoing, Picture, Template, Text
from actors.work import Works
from config import Settings
from runtime import (
    Accepted,
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
    Verified,
)

_HOOK = "/webhooks/waha/"
#: Chats with a typing sign; the oldest is forgotten first.
_TYPING = 10_000
#: How long the answer to the end of a typing sign is waited for, in seconds: the text matters more.
_SIGN_TIMEOUT = 2.0


class WahaStatistics(msgspec.Struct, frozen=True):
    """`sessions` by what they were at when they last said so; `half_sent` messages wait for another try.

    `unsettled` texts and captions were sent and their key is not known yet.
    """

    channels: int
    sessions: Mapping[str, int]
    half_sent: int
    unsettled: int


class WahaProvider:
    """The provider "waha". One object serves webhooks (`receive`) and effects (`perform`): sends and downloads."""

    name = "waha"

    def __init__(self, works: Works | None = None, clock: Callable[[], float] = time.time) -> None:
        """`works` may be those of another provider, which then configures them; `clock` gives seconds since 1970."""
        self._own_works = works is None
        self.works = works or Works()
        self._clock = clock
        self._lines: Mapping[str, Line] = {}
        self._sessions: dict[str, str] = {}
        self._own = OwnSends()
        self._sending = Sending(self._own)
        self._patience = 0.0
        self._typing: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._decoder: msgspec.json.Decoder[Outgoing] = msgspec.json.Decoder(Outgoing)

    def configure(self, settings: Settings) -> None:
        """Take the channels of these settings, all or nothing; a channel that is gone is no longer served."""
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        self._lines = {channel.key: line_of(channel) for channel in channels}
        self._sessions = {key: at for key, at in self._sessions.items() if key in self._lines}
        self._patience = settings.node.send_timeout / 3
        if self._own_works:
            self.works.configure(settings)

    @property
    def files(self) -> Files:
        """Where the files of its sends come from."""
        return self._sending.files

    def channels(self) -> Sequence[str]:
        """Return the channels that are configured, as "waha:<name>"."""
        return tuple(self._lines)

    def serves(self, name: str) -> bool:
        """Tell whether a channel of this name is configured."""
        return f"{self.name}:{name}" in self._lines

    def receive(self, request: Request) -> Verified | Response:
        """Verify and parse a webhook. Does no I/O; never raises."""
        line = self._lines.get(f"{self.name}:{request.path.removeprefix(_HOOK)}")
        if line is None or not request.path.startswith(_HOOK):
            return Response(404, b"no such channel")
        if request.method != "POST":
            return Response(405, b"only POST", headers=(("allow", "POST"),))
        header = request.headers.get("x-webhook-hmac")
        if header is None:
            return Response(401, b"X-Webhook-Hmac is missing: give the webhook an hmac key in WAHA")
        if not signs(line.keys, request.body, header, request.headers.get("x-webhook-hmac-algorithm", "")):
            return Response(
                401, b"X-Webhook-Hmac is not the HMAC-SHA512 of this body by the channel's hmac_key"
            )
        try:
            return self._read(request.body, line)
        except (MalformedError, RecursionError):
            return Response(400, b"the body cannot be read")

    def pace(self, channel: str) -> Pace:
        """Return the limits of a channel: those of a person, more or less."""
        line = self._lines.get(channel)
        return line.pace if line else Pace(1.0, PAIR_INTERVAL, PAIR_BURST)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:  # noqa: PLR0911 - a line a refusal
        """Send one message or sign, or fetch a medium, and return what became of it.

        Cancelled, a message may have been sent; a medium has left nothing behind.
        """
        line = self._lines.get(delivery.channel)
        if line is None:
            return Broken("channel_disabled", "the channel is not configured")
        if delivery.lane is Lane.WORK:
            return await self.works.perform(delivery, line.source, http)
        try:
            message = self._decoder.decode(delivery.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Refused("unreadable", "the effect is not a message of this version")
        chat = address_of(delivery.address)
        if chat is None:
            return Refused("no_address", "the person has neither a phone number nor a hidden one")
        match message:
            case MarkRead():
                return await self._mark(line, chat, message, http)
            case Template():
                return Refused(
                    "not_offered", "WAHA has no templates, and what this one says is known to Meta alone"
                )
            case Text() | Buttons() | Choices() | Picture() | Document():
                await self._end_typing(line, chat, http)
                return await self._sending.send(delivery, line, chat, message, http, self._patience)

    def statistics(self) -> WahaStatistics:
        """Return what is held."""
        sessions: dict[str, int] = {}
        for at in self._sessions.values():
            sessions[at] = sessions.get(at, 0) + 1
        return WahaStatistics(len(self._lines), sessions, len(self._sending), len(self._own))

    def _read(self, body: bytes, line: Line) -> Verified | Response:
        envelope = decode(body)
        if not isinstance(envelope, dict):
            return Response(400, b"the body is no JSON object")
        if outdated(_time_of(envelope), self._clock()):
            return Verified(dropped={"outdated": 1})
        verified = parse(envelope, line.owner, self._own)
        if verified.arrivals and (at := status_of(envelope)):
            self._sessions[line.owner.key] = at
        return verified

    async def examine(
        self, settings: Settings, http: HttpClient | None, tell: Callable[[Finding], None]
    ) -> None:
        """Tell whether these settings' channels look right, and with `http` what WAHA says of their sessions."""
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        if channels:
            await examine(channels, http, tell)

    async def _mark(self, line: Line, chat: str, mark: MarkRead, http: HttpClient) -> Outcome:
        """Show that a message was read, and with `typing` that an answer is being written."""
        outcome = await _sign(line, "sendSeen", seen_request(line.owner.session, chat, mark), http)
        if not mark.typing or not isinstance(outcome, Accepted):
            return outcome
        outcome = await _sign(line, "startTyping", typing_request(line.owner.session, chat), http)
        if isinstance(outcome, Accepted):
            self._typing[line.owner.key, chat] = None
            if len(self._typing) > _TYPING:
                self._typing.popitem(last=False)
        return outcome

    async def _end_typing(self, line: Line, chat: str, http: HttpClient) -> None:
        """End the typing sign that was begun in a chat, if there is one; whatever comes of it, the text follows."""
        if (line.owner.key, chat) not in self._typing:
            return
        del self._typing[line.owner.key, chat]
        with trio.move_on_after(_SIGN_TIMEOUT):
            await _sign(line, "stopTyping", typing_request(line.owner.session, chat), http)


async def _sign(line: Line, what: str, content: bytes, http: HttpClient) -> Outcome:
    """Ask for a sign, which is not worth a second try."""
    try:
        answer = await http.request("POST", f"{line.api}/api/{what}", headers=line.headers, content=content)
    except httpx.HTTPError as fault:
        lost = judge_fault(fault)
        return Refused(lost.code, lost.reason)
    return judge_aside(answer.status_code)


def _time_of(envelope: Mapping[str, object]) -> object:
    """Return the time that a webhook tells; older versions of WAHA tell that of the message alone."""
    told = envelope.get("timestamp")
    return members(envelope.get("payload")).get("timestamp") if told is None else told
