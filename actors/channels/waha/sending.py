"""One message through WAHA, which may be several requests under one effect, each taken once.

Theory of operation: which parts were taken is remembered, so that a second try goes on where the first one stopped;
another replica does not know that, and begins anew. A file has the text as its caption, or, where that is too long, goes
ahead of it. What cannot have its file leaves as its text: at once if it certainly did not leave, else when its turn comes
again. A file that WAHA refuses is known by its text being taken after it: else the send is at fault, and not the file.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import httpx

from actors.channels.errors import judge_fault
from actors.channels.waha.errors import Blame, blamed, judge
from actors.channels.waha.files import Files
from actors.channels.waha.line import Line
from actors.channels.waha.own import OwnSends
from actors.channels.waha.rendering import captioned, file_request, render, text_request
from actors.messages import Buttons, Choices, Document, Picture, Text
from actors.outbound.shelf import File
from actors.outbound.uploads import Missing
from runtime import Accepted, Delivery, HttpClient, Outcome, Refused, TryAgain, Uncertain

#: Tries of a send with its file, before it leaves without; a document that may be had soon is waited for as long.
FILE_TRIES = 3
#: Messages of which not every part was taken yet; the oldest is forgotten first.
_HALF_SENT = 10_000


@dataclass(frozen=True)
class _Errand:
    """One try of one message."""

    delivery: Delivery
    line: Line
    chat: str
    http: HttpClient


@dataclass(frozen=True)
class _Begun:
    """How many parts of a message were taken, and whether the first of them was its file."""

    parts: int = 0
    with_file: bool = False


@dataclass(frozen=True)
class _Without:
    """The file was left out, and why."""

    blame: Blame = ""
    missing: Missing | None = None


class Sending:
    """Sends the parts of messages in their order, and remembers how far each message came."""

    def __init__(self, own: OwnSends) -> None:
        """`own` is told of every part, to know it again when WAHA tells of it."""
        self.files = Files()
        self._own = own
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    def __len__(self) -> int:
        """Return how many messages were begun and not ended."""
        return len(self._begun)

    async def send(
        self,
        delivery: Delivery,
        line: Line,
        chat: str,
        message: Text | Buttons | Choices | Picture | Document,
        http: HttpClient,
        patience: float,
    ) -> Outcome:
        """Send what was not taken yet; the outcome is that of the last request. A file is waited for `patience` seconds.

        Cancelled, a part may have been sent.
        """
        errand = _Errand(delivery, line, chat, http)
        if not isinstance(message, Picture | Document) or delivery.id in self._begun:
            return await self._texts(errand, message)
        left = await self._file(errand, message, patience)
        if not isinstance(left, _Without):
            goes_on = isinstance(left, Accepted) and captioned(message)[1]
            return await self._texts(errand, message) if goes_on else left
        is_awaited = isinstance(message, Document) and delivery.attempt < FILE_TRIES
        if left.missing and left.missing.again and is_awaited:
            return TryAgain(f"file_{left.missing.reason}", "the document could not be had")
        outcome = await self._texts(errand, message)
        if left.blame and isinstance(outcome, Accepted):
            self.files.refused(line.owner.key, message.file, like_all=left.blame == "files")
        return outcome

    async def _file(
        self, errand: _Errand, message: Picture | Document, patience: float
    ) -> Outcome | _Without:
        """Send a file with its caption, or leave it out; the texts that follow it are sent by the caller."""
        if errand.delivery.attempt > FILE_TRIES:
            return _Without()
        async with self.files.lend(errand.line.owner.key, message.file, patience) as file:
            if isinstance(file, Missing):
                return _Without(missing=file)
            outcome, blame = await self._offer(errand, message, file)
        return _Without(blame) if blame else outcome

    async def _offer(self, errand: _Errand, message: Picture | Document, file: File) -> tuple[Outcome, Blame]:
        channel, quote = errand.line.owner, message.quote
        caption, texts = captioned(message)
        what = "sendImage" if isinstance(message, Picture) else "sendFile"
        content = file_request(channel.session, errand.chat, file, caption, quote)
        is_known = False
        try:
            outcome, blame = await self._part(
                errand, what, content, caption, _Begun(1, with_file=True), is_last=not texts
            )
            is_known = not isinstance(outcome, Uncertain)
        finally:
            if not is_known:
                self.files.doubted(channel.key, message.file)
        if isinstance(outcome, Accepted):
            self.files.sent(file)
        return outcome, blame

    async def _texts(
        self, errand: _Errand, message: Text | Buttons | Choices | Picture | Document
    ) -> Outcome:
        """Send the texts that were not taken yet: those behind the file, if it went ahead, else all there is to say."""
        begun = self._begun.get(errand.delivery.id, _Begun())
        ahead, quote = int(begun.with_file), message.quote
        if isinstance(message, Picture | Document):
            texts = captioned(message)[1] if ahead else render(message.plain())
        else:
            texts = render(message)
        outcome: Outcome = Accepted()
        for place in range(begun.parts - ahead, len(texts)):
            text, reached = texts[place], _Begun(ahead + place + 1, begun.with_file)
            quoted = "" if reached.parts > 1 else quote
            content = text_request(errand.line.owner.session, errand.chat, text, quoted)
            is_last = place + 1 == len(texts)
            outcome, _ = await self._part(errand, "sendText", content, text, reached, is_last=is_last)
            if not isinstance(outcome, Accepted):
                return outcome
        return outcome

    async def _part(
        self, errand: _Errand, what: str, content: bytes, text: str, reached: _Begun, *, is_last: bool
    ) -> tuple[Outcome, Blame]:
        """Ask for one part; `text` is what WAHA will tell of it, `reached` how far the message came once it is taken."""
        delivery, channel = errand.delivery, errand.line.owner.key
        if text:  # a file alone is known by its mark: without words, anybody's picture would be taken for it
            # A receipt settles its effect: so only the last part has one.
            self._own.begin(channel, delivery.address, text, delivery.id if is_last else "")
        told = delivery.id if is_last else f"{delivery.id}/{reached.parts}"
        outcome, blame = await _post(errand, what, content, told)
        match outcome:
            case Accepted(provider_id=key):
                self._own.end(channel, delivery.address, text, key)
                self._begun[delivery.id] = reached
                if is_last:
                    del self._begun[delivery.id]
                elif len(self._begun) > _HALF_SENT:
                    self._begun.popitem(last=False)
            case Uncertain():
                pass
            case _:
                self._own.end(channel, delivery.address, text)
                if isinstance(outcome, Refused):
                    self._begun.pop(delivery.id, None)
        return outcome, blame


async def _post(errand: _Errand, what: str, content: bytes, told: str) -> tuple[Outcome, Blame]:
    """Ask for a send, and judge what comes; `told` goes along, for who looks for an effect in WAHA's log."""
    line, delivery = errand.line, errand.delivery
    headers = {**line.headers, "x-request-id": told}
    try:
        answer = await errand.http.request("POST", f"{line.api}/api/{what}", headers=headers, content=content)
    except httpx.HTTPError as fault:
        return judge_fault(fault), ""
    outcome = judge(answer.status_code, answer.content, delivery.attempt, delivery.told_to_wait)
    return outcome, blamed(answer.status_code, answer.content)
