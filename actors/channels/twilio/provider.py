"""WhatsApp through Twilio as a provider: its channels, each with a webhook of its own, and their sends.

Theory of operation: as at Meta's the settings become one immutable table. Twilio calls a webhook once and does not
repeat it, so what the answer 200 says, that all is durable, is the only chance; that is the receiver's part. A send asks
for callbacks at the channel's webhook, with the effect's id in the query, which Twilio signs with the rest of the URL.

A long message is several requests under one effect. Which of them were taken is remembered, so that a second try goes on
where the first one stopped; another replica does not know that, and begins anew.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import httpx
import msgspec

from actors.channels.meta.errors import judge_fault
from actors.channels.meta.provider import PAIR_BURST, PAIR_INTERVAL
from actors.channels.meta.wire import MalformedError
from actors.channels.twilio.errors import judge
from actors.channels.twilio.media import source_of
from actors.channels.twilio.parsing import Owner, parse, parse_json
from actors.channels.twilio.rendering import recipient, render
from actors.channels.twilio.signature import fields_of, is_sum, signs
from actors.media.sources import Source
from actors.messages import MarkRead, Outgoing, Template
from actors.work import Works
from config import Channel, Settings
from runtime import (
    Accepted,
    Broken,
    Delivery,
    HttpClient,
    Lane,
    Outcome,
    Pace,
    Refused,
    Request,
    Response,
    Verified,
)

_HOOK = "/webhooks/twilio/"
#: Long messages of which some part was taken and not yet all; the oldest is forgotten first.
_HALF_SENT = 10_000


@dataclass(frozen=True)
class _Line:
    """What is known of one channel."""

    owner: Owner
    tokens: tuple[str, ...] = field(repr=False)
    url: str
    callback: str
    headers: Mapping[str, str] = field(repr=False)
    pace: Pace
    source: Source


class TwilioStatistics(msgspec.Struct, frozen=True):
    """`half_sent` messages had some part taken, and wait for another try."""

    channels: int
    half_sent: int


class TwilioProvider:
    """The provider "twilio". One object serves webhooks (`receive`) and effects (`perform`): sends and downloads."""

    name = "twilio"

    def __init__(self, works: Works | None = None) -> None:
        """`works` may be those of another provider, which then configures them, too."""
        self._own = works is None
        self.works = works or Works()
        self._lines: Mapping[str, _Line] = {}
        self._public = ""
        self._taken: OrderedDict[str, int] = OrderedDict()
        self._decoder: msgspec.json.Decoder[Outgoing] = msgspec.json.Decoder(Outgoing)

    def configure(self, settings: Settings) -> None:
        """Take the channels of these settings, all or nothing; a channel that is gone is no longer served."""
        public = settings.server.public_url.rstrip("/")
        channels = [channel for channel in settings.channels if channel.provider == self.name]
        self._public, self._lines = public, {channel.key: _line(channel, public) for channel in channels}
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
        line = self._lines.get(f"{self.name}:{request.path.removeprefix(_HOOK)}")
        if line is None or not request.path.startswith(_HOOK):
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
        return parse(form, line.owner, query.get("effect", [""])[-1])

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
        if isinstance(message, Template):
            return Refused(
                "not_offered", "templates of Twilio have ids of their own: none is configured here"
            )
        to = recipient(delivery.address)
        if to is None:
            return Refused("no_address", "the person has no phone number")
        return await self._send(delivery, line, to, render(message), http)

    def statistics(self) -> TwilioStatistics:
        """Return what is held."""
        return TwilioStatistics(len(self._lines), len(self._taken))

    async def _send(
        self, delivery: Delivery, line: _Line, to: str, texts: Sequence[str], http: HttpClient
    ) -> Outcome:
        """Send the texts that were not taken yet; the outcome is that of the last one asked for."""
        callback = f"{line.callback}?{urlencode({'effect': delivery.id})}"
        outcome: Outcome = Accepted()
        for place in range(self._taken.get(delivery.id, 0), len(texts)):
            form = {"From": line.owner.number, "To": to, "Body": texts[place], "StatusCallback": callback}
            try:
                content = urlencode(form).encode()
                answer = await http.request("POST", line.url, headers=line.headers, content=content)
            except httpx.HTTPError as fault:
                return judge_fault(fault)
            outcome = judge(answer.status_code, answer.content, delivery.attempt, delivery.told_to_wait)
            if not isinstance(outcome, Accepted):
                if isinstance(outcome, Refused):
                    self._taken.pop(delivery.id, None)
                return outcome
            if place + 1 < len(texts):
                self._remember(delivery.id, place + 1)
        self._taken.pop(delivery.id, None)
        return outcome

    def _remember(self, effect: str, taken: int) -> None:
        self._taken[effect] = taken
        if len(self._taken) > _HALF_SENT:
            self._taken.popitem(last=False)


_UNSIGNED = Response(
    401, b"X-Twilio-Signature does not sign this body, sent to server.public_url and this path"
)


def _json(request: Request, line: _Line, url: str, given: str, header: str) -> Verified | Response:
    """Verify a body that is no form: the URL is signed, and holds the body's sum."""
    if not (signs(line.tokens, url, {}, header) and is_sum(request.body, given)):
        return _UNSIGNED
    try:
        return parse_json(request.body, line.owner)
    except (MalformedError, RecursionError):
        return Response(400, b"the body cannot be read")


def _line(channel: Channel, public: str) -> _Line:
    api, account = channel.api_url.rstrip("/"), channel.account_sid
    tokens = tuple(token.reveal() for token in channel.auth_token)
    pair = f"{account}:{tokens[0]}".encode()
    authorization = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return _Line(
        owner=Owner(channel.key, channel.id, account),
        tokens=tokens,
        url=f"{api}/2010-04-01/Accounts/{account}/Messages.json",
        callback=f"{public}{_HOOK}{channel.name}",
        headers={**authorization, "content-type": "application/x-www-form-urlencoded"},
        pace=Pace(float(channel.max_mps), PAIR_INTERVAL, PAIR_BURST),
        source=source_of(api, account, authorization),
    )
