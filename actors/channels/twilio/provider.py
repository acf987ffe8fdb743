"""WhatsApp through Twilio as a provider: its channels, each with a webhook of its own, and their sends.

Theory of operation: as at Meta's the settings become one immutable table. Twilio calls a webhook once and does not
repeat it, so what the answer 200 says, that all is durable, is the only chance; that is the receiver's part. A send asks
for callbacks at the channel's webhook, with the effect's id in the query, which Twilio signs with the rest of the URL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs

import msgspec

from actors.channels.pace import PAIR_BURST, PAIR_INTERVAL
from actors.channels.twilio.examination import examine_shapes, examine_truth
from actors.channels.twilio.line import HOOK, Line, line_of
from actors.channels.twilio.parsing import parse, parse_json
from actors.channels.twilio.rendering import forms, recipient
from actors.channels.twilio.sending import Sending
from actors.channels.twilio.signature import fields_of, is_sum, signs
from actors.channels.wire import MalformedError
from actors.messages import Document, MarkRead, Outgoing, Picture, Template
from actors.work import Works
from config import Settings
from runtime import (
    Broken,
    Delivery,
    Failure,
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


class TwilioStatistics(msgspec.Struct, frozen=True):
    """`half_sent` messages were begun and not ended: they wait for another try."""

    channels: int
    half_sent: int


class TwilioProvider:
    """The provider "twilio". One object serves webhooks (`receive`) and effects (`perform`): sends and downloads."""

    name = "twilio"

    def __init__(self, works: Works | None = None) -> None:
        """`works` may be those of another provider, which then configures them, too."""
        self._own = works is None
        self.works = works or Works()
        self._lines: Mapping[str, Line] = {}
        self._public = ""
        self._sending = Sending()
        self._decoder: msgspec.json.Decoder[Outgoing] = msgspec.json.Decoder(Outgoing)

    def configure(self, settings: Settings) -> None:
        """Take the channels of these settings, all or nothing; a channel that is gone is no longer served."""
        public = settings.server.public_url.rstrip("/")
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        self._public, self._lines = public, {channel.key: line_of(channel, public) for channel in channels}
        if self._own:
            self.works.configure(settings)

    def channels(self) -> Sequence[str]:
        """Return the channels that are configured, as "twilio:<name>"."""
        return tuple(self._lines)

    def serves(self, name: str) -> bool:
        """Tell whether a channel of this name is configured."""
        return f"{self.name}:{name}" in self._lines

    def receive(self, request: Request) -> Verified | Response:
        """Verify and parse a webhook. Pure; never raises."""
        line = self._lines.get(f"{self.name}:{request.path.removeprefix(HOOK)}")
        if line is None or not request.path.startswith(HOOK):
            return Response(404, b"no such channel")
        if request.method != "POST":
            return Response(405, b"only POST", headers=(("allow", "POST"),))
        header = request.headers.get("x-twilio-signature")
        if header is None:
            return Response(401, b"X-Twilio-Signature is missing")
        url = self._public + request.path + (f"?{request.raw_query}" if request.raw_query else "")
        query = parse_qs(request.raw_query, keep_blank_values=True)
        if "bodySHA256" in query:
            return _json(request, line, url, query["bodySHA256"][-1], header)
        fields = fields_of(request.body)
        if fields is None or not signs(line.tokens, url, fields, header):
            return _UNSIGNED
        form = {name: values[-1] for name, values in fields.items()}
        return parse(form, line.owner, query.get("effect", [""])[-1], part="part" in query)

    def pace(self, channel: str) -> Pace:
        """Return the limits of a channel: WhatsApp's own, for Twilio passes on what it answers."""
        line = self._lines.get(channel)
        return line.pace if line else Pace(1.0, PAIR_INTERVAL, PAIR_BURST)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:  # noqa: PLR0911 - a line a refusal
        """Send one message, or fetch a medium, and return what became of it. Cancelled, a message may have been sent."""
        line = self._lines.get(delivery.channel)
        if line is None:
            return Broken("channel_disabled", "the channel is not configured")
        if delivery.lane is Lane.WORK:
            return await self.works.perform(delivery, line.source, http)
        try:
            message = self._decoder.decode(delivery.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Refused("unreadable", "the effect is not a message of this version")
        if isinstance(message, MarkRead):
            return Refused("not_offered", "Twilio has no read marks and no typing signs")
        if isinstance(message, Picture | Document):
            message = message.plain()  # Twilio takes links alone, and our files have none
        to = recipient(delivery.address)
        if to is None:
            return Refused("no_address", "the person has no phone number")
        parts = forms(message, line.contents)
        if not parts:
            return Refused("no_content", _no_content(message), Failure.HALTED)
        return await self._sending.send(delivery, line, to, parts, http)

    async def examine(
        self, settings: Settings, http: HttpClient | None, tell: Callable[[Finding], None]
    ) -> None:
        """Tell what there is to say of these settings' channels; with `http` Twilio is asked."""
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        if not channels:
            return
        examine_shapes(channels, tell)
        if http is not None:
            await examine_truth(channels, settings.server.public_url, http, tell)

    def statistics(self) -> TwilioStatistics:
        """Return what is held."""
        return TwilioStatistics(len(self._lines), len(self._sending))


_UNSIGNED = Response(
    401, b"X-Twilio-Signature does not sign this body, sent to server.public_url and this path"
)


def _json(request: Request, line: Line, url: str, given: str, header: str) -> Verified | Response:
    """Verify a body that is no form: the URL is signed, and holds the body's sum."""
    if not (signs(line.tokens, url, {}, header) and is_sum(request.body, given)):
        return _UNSIGNED
    try:
        return parse_json(request.body, line.owner)
    except (MalformedError, RecursionError):
        return Response(400, b"the body cannot be read")


def _no_content(message: object) -> str:
    """Say what is to be done about a template without an id."""
    wanted = f"{message.name}/{message.language}" if isinstance(message, Template) else "a message"
    return f"the channel's contents name no ContentSid for {wanted}: add it"
