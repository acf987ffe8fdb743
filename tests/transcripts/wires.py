"""The way between a person and the bot: none at all, or a provider's wire, there and back.

On a wire what the person does becomes the webhook in which the provider tells it, signed; the provider of the product
verifies and parses it. What the bot says becomes the requests that the provider of the product sends, and these are read
as they stand on the person's screen. A provider joins by one more `Wire` in WIRES. None of them knows what the bot offers
but from the screen: where there are no buttons, a choice is picked by typing its number, in three scripts by turns.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import msgspec
import trio

from actors.channels.fake_graph import FakeGraph
from actors.channels.fake_twilio import FakeTwilio
from actors.channels.fake_twilio.server import signed
from actors.channels.fake_waha import FakeWaha
from actors.channels.fake_waha import webhooks as waha
from actors.channels.meta import MetaProvider
from actors.channels.twilio import TwilioProvider
from actors.channels.waha import WahaProvider
from actors.channels.waha.rendering import unmarked
from actors.media.task import Download, MediaFetched, group_of
from actors.messages import (
    INCOMING,
    Buttons,
    Choice,
    ChoicePicked,
    Document,
    LocationShared,
    MediaReceived,
    Message,
    MessageReceived,
    Outgoing,
    Picture,
    Template,
    Text,
)
from actors.outbound.shelf import File, Standing
from config import Channel, Secret, Settings
from runtime import (
    Accepted,
    Answered,
    Delivery,
    Event,
    HttpClient,
    Lane,
    Provider,
    Request,
    Verified,
    open_http_client,
)
from runtime.actor.event import EventCodec

CODEC = EventCodec(INCOMING)
SHARED, OWN = "100200300400500", "100200300400502"
#: How a medium of each type begins, and one that is not what it says.
CONTENT = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "audio/ogg; codecs=opus": b"OggS",
    "audio/mpeg": b"ID3",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42",
    "application/pdf": b"%PDF-1.7",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBP",
}
BROKEN = b"<html>log in</html>"
PERSIAN, ARABIC = (str.maketrans("0123456789", digits) for digits in ("۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"))


class Wire(Protocol):
    """`shared` and `own` are the keys of a number that agencies share, and of the first agency's own.

    `files`: whether pictures and documents of ours are sent; else what is said instead is what the person sees.
    """

    files: ClassVar[bool]
    shared: str
    own: str

    async def begin(self, settings: Settings, nursery: trio.Nursery) -> Settings:
        """Return the demo's settings with channels of this provider, whose stand-in has the media from now on."""

    def bring(self, message: Message, person: str, channel: str) -> Event:
        """Return what the bot hears when a person does this; the `media` of a medium is "" or what is wrong with it."""

    async def show(self, message: Outgoing, person: str, channel: str) -> Outgoing:
        """Return what the person sees of a message."""

    async def fetch(self, task: Download, channel: str) -> MediaFetched:
        """Return what comes of a download."""


class Typed:
    """No wire: the bot hears and says typed events."""

    files: ClassVar[bool] = True
    shared, own = f"meta:{SHARED}", f"meta:{OWN}"

    async def begin(self, settings: Settings, nursery: trio.Nursery) -> Settings:
        return settings

    def bring(self, message: Message, person: str, channel: str) -> Event:
        return message

    async def show(self, message: Outgoing, person: str, channel: str) -> Outgoing:
        return message

    async def fetch(self, task: Download, channel: str) -> MediaFetched:
        group = group_of(task.kind, task.mime)
        fetched = MediaFetched(
            message=task.message,
            kind=task.kind,
            group=group,
            result="corrupt",
            tag=task.tag,
            caption=task.caption,
        )
        if task.media:
            return fetched
        return msgspec.structs.replace(
            fetched, result="stored", path=f"00/{task.message}", size=9000, mime=task.mime, sha256="0" * 64
        )


class Api:
    """The provider's API: keeps what it is asked, and takes everything; an upload is a request like any other."""

    def __init__(self, answer: Callable[[int], object]) -> None:
        self._answer, self._numbers = answer, count(1)
        self.asked: list[bytes] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> httpx.Response:
        self.asked.append(content)
        return httpx.Response(200, json=self._answer(next(self._numbers)))

    def taken(self) -> Sequence[bytes]:
        taken, self.asked = self.asked, []
        return taken


class Files:
    """A shelf with every file that is asked for."""

    async def find(self, name: str, channel: str) -> Standing | None:
        return Standing(name, f"{name}.file")

    async def take(self, name: str) -> File | None:
        mime = "image/jpeg" if name.startswith("picture") else "application/pdf"
        return File(name, mime, f"{name}.file", CONTENT[mime])

    async def keep(self, channel: str, digest: str, upload: str, expires: datetime) -> None:
        assert upload == "1"

    async def forget(self, channel: str, digest: str, upload: str) -> None:
        raise AssertionError(f"the provider took {digest}")


class _OverAWire:
    """What all wires do: the product's provider takes webhooks and sends."""

    def __init__(self, provider: Provider, api: Api) -> None:
        self._provider, self._api = provider, api
        self._effects = count(1)
        self._picked = count()

    def _heard(self, path: str, headers: Mapping[str, str], body: bytes, channel: str, person: str) -> Event:
        verified = self._provider.receive(Request("POST", path, {}, headers, body))
        assert isinstance(verified, Verified), verified
        [arrival] = verified.arrivals
        assert (arrival.channel, f"wa_id:{digits(person)}" in arrival.identities) == (channel, True)
        return CODEC.decode(arrival.payload)

    async def fetch(self, task: Download, channel: str) -> MediaFetched:
        effect, payload = str(UUID(int=next(self._effects))), msgspec.json.encode(task)
        async with open_http_client() as http:
            outcome = await self._perform(Delivery(effect, channel, "", Lane.WORK, payload), http)
        assert isinstance(outcome, Answered)
        assert isinstance(outcome.event, MediaFetched)
        return outcome.event

    async def _perform(self, delivery: Delivery, http: HttpClient) -> object:
        return await self._provider.perform(delivery, http)

    async def _asked(self, message: Outgoing, person: str, channel: str) -> Sequence[bytes]:
        effect = str(UUID(int=next(self._effects)))
        delivery = Delivery(
            effect, channel, f"wa_id:{digits(person)}", Lane.SEND, msgspec.json.encode(message)
        )
        outcome = await self._provider.perform(delivery, self._api)  # type: ignore[arg-type]
        assert isinstance(outcome, Accepted), outcome
        return self._api.taken()


class OverMeta(_OverAWire):
    """The Cloud API: real buttons and lists, which are picked by their ids."""

    files: ClassVar[bool] = True
    shared, own = f"meta:{SHARED}", f"meta:{OWN}"

    def __init__(self) -> None:
        provider = MetaProvider()
        provider.uploads.shelf = Files()
        super().__init__(provider, Api(lambda number: {"id": "1", "messages": [{"id": f"wamid.{number}"}]}))

    async def begin(self, settings: Settings, nursery: trio.Nursery) -> Settings:
        self._secret = settings.channels[0].app_secret[0].reveal().encode()
        self._fake = FakeGraph.of(settings, "")
        await nursery.start(self._fake.serve)
        url = f"http://{self._fake.address}/v23.0"
        channels = tuple(msgspec.structs.replace(one, api_url=url) for one in settings.channels)
        settings = msgspec.structs.replace(settings, channels=channels)
        self._provider.configure(settings)
        return settings

    def bring(self, message: Message, person: str, channel: str) -> Event:
        referral = {"source_type": "ad", "headline": message.referral.headline} if message.referral else None
        if isinstance(message, MediaReceived):
            message = msgspec.structs.replace(message, media=self._medium(message))
        element = {"from": digits(person), "id": message.id, "timestamp": "0", **_element(message)}
        value = {
            "metadata": {"phone_number_id": channel.removeprefix("meta:")},
            "contacts": [{"wa_id": digits(person)}],
            "messages": [element | ({"referral": referral} if referral else {})],
        }
        entry = {"id": "200300400500600", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signature = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        heard = self._heard("/webhooks/meta", {"x-hub-signature-256": signature}, body, channel, person)
        assert heard == message, "nothing is lost or added on the way"
        return heard

    async def show(self, message: Outgoing, person: str, channel: str) -> Outgoing:
        *uploads, asked = await self._asked(message, person, channel)
        assert len(uploads) == isinstance(message, Picture | Document)
        sent = json.loads(asked)
        assert sent["to"] == digits(person)
        match sent:
            case {"text": {"body": body}}:
                return Text(body)
            case {"template": {"name": name, "language": {"code": code}, **more}}:
                told = [one["text"] for part in more.get("components", ()) for one in part["parameters"]]
                return Template(name, code, tuple(told))
            case {"interactive": {"body": {"text": body}, "action": {"buttons": buttons}, **more}}:
                choices = tuple(Choice(**one["reply"]) for one in buttons)
                return _with_file(more.get("header", {"type": "none"})["type"], body, choices)
            case {"type": "image" | "document" as kind, **more}:
                return _with_file(kind, more[kind].get("caption", ""), ())
            case {"interactive": {"body": {"text": body}, "action": {"sections": [{"rows": rows}]}}}:
                return Buttons(body, tuple(Choice(**row) for row in rows))
        raise AssertionError(sent)

    def _medium(self, message: MediaReceived) -> str:
        if message.media == "gone":
            return "999"
        content = BROKEN if message.media else CONTENT[message.mime]
        return self._fake.add_media(message.mime, content)


def _with_file(kind: str, body: str, choices: tuple[Choice, ...]) -> Outgoing:
    if kind == "image":
        return Picture("", body, choices)
    return Document("", body, "", choices) if kind == "document" else Buttons(body, choices)


def _element(message: Message) -> Mapping[str, object]:
    match message:
        case MessageReceived(text=text):
            return {"type": "text", "text": {"body": text}}
        case LocationShared(latitude=latitude, longitude=longitude):
            return {"type": "location", "location": {"latitude": latitude, "longitude": longitude}}
        case MediaReceived(kind=kind, media=media, mime=mime, caption=caption):
            element: dict[str, object] = {"id": media, "mime_type": mime}
            if kind == "voice":
                return {"type": "audio", "audio": element | {"voice": True}}
            return {"type": kind, kind: element | ({"caption": caption} if caption else {})}
        case ChoicePicked(choice=choice, title=title):
            reply = {"type": "list_reply", "list_reply": {"id": choice, "title": title}}
            return {"type": "interactive", "interactive": reply}
    raise AssertionError(message)


class OverTwilio(_OverAWire):
    """Twilio: texts alone, so the screen shows numbered lines, and what is picked is typed."""

    files: ClassVar[bool] = False
    shared, own = "twilio:shared", "twilio:own"
    account, token, public = "AC" + "0a" * 16, "twilio-token-51dd", "https://bot.example.com"

    def __init__(self) -> None:
        super().__init__(TwilioProvider(), Api(lambda number: {"sid": f"SM{number:032x}"}))
        self._contents = {
            f"{name}/en": "HX" + hashlib.md5(name.encode()).hexdigest()  # noqa: S324 - an id that reads back
            for name in ("viewing_soon", "continue_search")
        }

    async def begin(self, settings: Settings, nursery: trio.Nursery) -> Settings:
        number = count(1)
        self._numbers = {key: f"whatsapp:+1415523888{next(number)}" for key in (self.shared, self.own)}
        channels = tuple(
            Channel(
                provider="twilio",
                name=key.removeprefix("twilio:"),
                id=self._numbers[key],
                account_sid=self.account,
                auth_token=(Secret(self.token),),
                tenant=settings.tenants[0].slug if key == self.own else None,
                contents=self._contents,
            )
            for key in self._numbers
        )
        server = msgspec.structs.replace(settings.server, public_url=self.public)
        settings = msgspec.structs.replace(settings, channels=channels, server=server)
        self._fake = FakeTwilio(settings, "")
        await nursery.start(self._fake.serve)
        url = f"http://{self._fake.address}"
        channels = tuple(msgspec.structs.replace(one, api_url=url) for one in channels)
        settings = msgspec.structs.replace(settings, channels=channels)
        self._provider.configure(settings)
        return settings

    def bring(self, message: Message, person: str, channel: str) -> Event:
        path = f"/webhooks/twilio/{channel.removeprefix('twilio:')}"
        fields = {
            "MessageSid": message.id,
            "AccountSid": self.account,
            "From": f"whatsapp:+{digits(person)}",
            "To": self._numbers[channel],
            "WaId": digits(person),
            **self._fields(message),
        }
        if message.referral:
            fields |= {"ReferralSourceType": "ad", "ReferralHeadline": message.referral.headline}
        body, headers = signed(self.token, self.public + path, fields)
        return self._heard(path, headers, body, channel, person)

    def _fields(self, message: Message) -> Mapping[str, str]:
        match message:
            case MessageReceived(text=text):
                return {"MessageType": "text", "Body": text}
            case LocationShared(latitude=latitude, longitude=longitude):
                return {"MessageType": "location", "Latitude": str(latitude), "Longitude": str(longitude)}
            case MediaReceived(kind=kind, mime=mime, caption=caption):
                said = {"voice": "audio"}.get(kind, kind)
                medium = {"MediaUrl0": self._medium(message), "MediaContentType0": mime}
                return {"MessageType": said, "NumMedia": "1", "Body": caption, **medium}
            case ChoicePicked(choice=number):
                ways = (number, number.translate(PERSIAN), f"{number}.", number.translate(ARABIC))
                return {"MessageType": "text", "Body": ways[next(self._picked) % len(ways)]}
        raise AssertionError(message)

    def _medium(self, message: MediaReceived) -> str:
        content = BROKEN if message.media == "broken" else CONTENT[message.mime]
        url = self._fake.add_media(self.account, message.mime, content)
        return url[:-1] + "f" if message.media == "gone" else url

    async def show(self, message: Outgoing, person: str, channel: str) -> Outgoing:
        sent = [_form(asked) for asked in await self._asked(message, person, channel)]
        assert {one["To"] for one in sent} == {f"whatsapp:+{digits(person)}"}
        if "ContentSid" in sent[0]:
            [name] = [name for name, sid in self._contents.items() if sid == sent[0]["ContentSid"]]
            told = json.loads(sent[0]["ContentVariables"])
            return Template(*name.split("/"), tuple(told[str(place)] for place in range(1, len(told) + 1)))
        return screen("\n".join(one["Body"] for one in sent))


def _form(asked: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.decode(), strict_parsing=True).items()}


class OverWaha(_OverAWire):
    """WAHA: texts, as at Twilio, and files above them; what we sent comes back to us, and is nobody's answer."""

    shared, own = "waha:shared", "waha:own"
    files: ClassVar[bool] = True
    key = "waha-hmac-key-51dd"

    def __init__(self) -> None:
        self._clock = 1_767_225_600
        provider = WahaProvider(clock=lambda: self._clock)
        provider.files.shelf = Files()
        super().__init__(provider, Api(lambda number: {"id": f"3EB0{number:016X}"}))

    async def begin(self, settings: Settings, nursery: trio.Nursery) -> Settings:
        channels = tuple(
            Channel(
                provider="waha",
                name=key.removeprefix("waha:"),
                id=key.removeprefix("waha:"),
                hmac_key=(Secret(self.key),),
                api_key=Secret("waha-api-key-77a0"),
                tenant=settings.tenants[0].slug if key == self.own else None,
            )
            for key in (self.shared, self.own)
        )
        self._fake = FakeWaha(msgspec.structs.replace(settings, channels=channels), "")
        await nursery.start(self._fake.serve)
        url = f"http://{self._fake.address}"
        channels = tuple(msgspec.structs.replace(one, api_url=url) for one in channels)
        settings = msgspec.structs.replace(settings, channels=channels)
        self._provider.configure(settings)
        return settings

    def bring(self, message: Message, person: str, channel: str) -> Event:
        usual = waha.text_of(f"{digits(person)}@c.us", "", "", 0)
        told = {**usual, **self._fields(message), "id": message.id}
        if message.referral:
            advertised = {"sourceType": "ad", "title": message.referral.headline}
            context = {"contextInfo": {"externalAdReply": advertised}}
            told = {**told, "_data": {"message": {"extendedTextMessage": context}}}
        session = channel.removeprefix("waha:")
        body, headers = waha.signed(self.key, session, "message", told, self._clock)
        return self._heard(f"/webhooks/waha/{session}", headers, body, channel, person)

    def _fields(self, message: Message) -> Mapping[str, object]:
        match message:
            case MessageReceived(text=text):
                return {"body": text}
            case LocationShared(latitude=latitude, longitude=longitude):
                return {"location": {"latitude": latitude, "longitude": longitude}}
            case MediaReceived(caption=caption):
                return {"hasMedia": True, "body": caption, **self._medium(message)}
            case ChoicePicked(choice=number):
                ways = (number, number.translate(PERSIAN), f"{number}.", number.translate(ARABIC))
                return {"body": ways[next(self._picked) % len(ways)]}
        raise AssertionError(message)

    def _medium(self, message: MediaReceived) -> Mapping[str, object]:
        word = {"voice": "ptt"}.get(message.kind, message.kind)
        content = BROKEN if message.media == "broken" else CONTENT[message.mime]
        media = dict(self._fake.add_file("own", f"{message.id}.bin", message.mime, content))
        if message.media == "gone":
            media["url"] = f"{media['url']}.gone"
        return {"media": media, "_data": {"type": word}}

    async def show(self, message: Outgoing, person: str, channel: str) -> Outgoing:
        chat, session = f"{digits(person)}@c.us", channel.removeprefix("waha:")
        sent = [json.loads(asked) for asked in await self._asked(message, person, channel)]
        texts = [one["caption"] if "file" in one else one["text"] for one in sent]
        for one, text in zip(sent, texts, strict=True):
            assert (one["chatId"], one["session"]) == (chat, session)
            echo = waha.own_of(f"true_{chat}_{len(text)}", chat, text, 0, "app")
            body, headers = waha.signed(self.key, session, "message.any", echo, self._clock)
            back = self._provider.receive(Request("POST", f"/webhooks/waha/{session}", {}, headers, body))
            assert isinstance(back, Verified)
            assert not back.arrivals
        shown = screen("\n".join(words for text in texts if (words := unmarked(text)[0])))
        if "file" not in sent[0]:
            return shown
        mime, content = sent[0]["file"]["mimetype"], base64.b64decode(sent[0]["file"]["data"])
        assert content == CONTENT[mime]
        assert isinstance(shown, Text | Buttons)
        kind = "image" if mime.startswith("image/") else "document"
        return _with_file(kind, shown.body, getattr(shown, "choices", ()))


def screen(text: str) -> Outgoing:
    """Read a text as a person does: numbered lines at its end are choices, each to be picked by its number."""
    body, _, block = text.rpartition("\n\n")
    choices = tuple(_numbered(block.splitlines() if body else ()))
    return Buttons(body, choices) if choices else Text(text)


def _numbered(lines: Sequence[str]) -> Iterator[Choice]:
    for number, line in enumerate(lines, 1):
        found: Any = re.fullmatch(rf"{number}\. (.+?)(?: – (.+))?", line)
        if found is None:
            assert number == 1, f"a line without its number: {line!r}"
            return
        yield Choice(str(number), found[1], found[2] or "")


def digits(person: str) -> str:
    """Return the phone number of a person by their name; of a name that is a number, that number."""
    kind, _, value = person.partition(":")
    if kind == "wa_id":
        return value
    return f"999{int.from_bytes(hashlib.sha256(person.encode()).digest()[:5], 'big') % 10**9:09}"


WIRES: Mapping[str, type[Wire]] = {"meta": OverMeta, "twilio": OverTwilio, "waha": OverWaha}
