"""Plays scripted conversations: what a person writes is played to the estate bot, and what it answers is written down.

A transcript is a file that people read. Its lines, in order:

    title of the conversation           the first line
    channel shared | own                a number that agencies share, or one agency's own (palm-estates)
    at 2026-03-02 10:00                 the clock, in Dubai; it stands still until told to go on
    me: words                           a text; a line that begins with four blanks goes on with it
    me: [Title]                         a button or list row that was offered, by its title
    me: <location>                      a place on the map
    me: <picture> words                 a medium and its caption: picture, recording, video, document, sticker
    me: <voice> words                   a voice message in which they are said
    me: <gone picture>                  one that cannot be fetched any more; <broken picture>: one that is none
    model                               there is a model from here on; "model TRICK": of no use, "model down": broken
    model waits | answers               what it has to say is held back, and comes
    agency knows: title = words         an article of the agency's
    somebody else: [Title]              another person picks the same, meanwhile
    me: <ad> words                      a text of somebody who comes from an advertisement
    agency: setting = value             a setting of the first agency, as it stands in the file; of several, a line each
    provider: no marketing | marketing  what the person told the provider that they want
    missed: 2 in 30 h                   so many messages, of which the last is so old by now, were not answered in time
    known as NAME                       how the channel knows the person, such as bsuid:RU.1301; if that matters
    wait 15 min | 2 h | 1 day           time goes by, and timers that are due say what they have to say
    phone: words                        somebody of the agency answers from the business phone
    resume                              an operator ends a pause
    held by NAME                        an operator pauses the bot, or takes the conversation over
    to NAME: words                      what somebody of the agency who was called gets on their own phone
    from NAME: words                    what they answer there
    bot: words                          what is answered, its choices below it in brackets

Between them there may be a provider's wire (wires.py). Everything that the bot says must stand there, word for word;
signs that only steer the direction of writing are left out, for no editor shows them. `play` returns the transcript as it
really went.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from actors.agency.importing import ArticleRow, store_articles
from actors.agency.tenancy import tenant_transaction
from actors.conversation import calling
from actors.conversation.bot import EstateBot
from actors.conversation.calling import Called
from actors.conversation.state import EstateState
from actors.media.task import Download, Kind
from actors.messages import (
    Buttons,
    Choice,
    ChoicePicked,
    Choices,
    ConsentChanged,
    Document,
    HumanAnswered,
    LocationShared,
    MediaReceived,
    Message,
    MessageReceived,
    Outgoing,
    Picture,
    Referral,
    Template,
    Text,
)
from actors.models.task import Ask
from actors.work import Works
from config import Settings, Tenant
from runtime import EffectFailed, Event, Failure, OperatorCommand, Stale, TimerDue, Transaction
from runtime.actor.event import EventCodec
from runtime.actor.tell import Tell
from runtime.testing import rehearse
from tests.transcripts.model import RecordedBrain
from tests.transcripts.wires import Typed, Wire

SHARED, OWN = Typed.shared, Typed.own
DUBAI = ZoneInfo("Asia/Dubai")
EVENTS = EventCodec(calling.EVENTS)
MEDIA: dict[str, tuple[Kind, str]] = {
    "picture": ("image", "image/jpeg"),
    "voice": ("voice", "audio/ogg; codecs=opus"),
    "recording": ("audio", "audio/mpeg"),
    "video": ("video", "video/mp4"),
    "document": ("document", "application/pdf"),
    "sticker": ("sticker", "image/webp"),
}
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "day": timedelta(days=1),
    "days": timedelta(days=1),
}
_STEERING = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
_MARKS = "\u200e\u200f\u061c"


@dataclass
class Conversation:
    """One person and the bot, and the clock between them."""

    begin: Callable[[], AbstractAsyncContextManager[Transaction]]
    bot: EstateBot
    channel: str = OWN
    name: str = "person-1"
    now: datetime = datetime(2026, 3, 2, 10, tzinfo=DUBAI)
    state: EstateState = field(default_factory=EstateState)
    version: int = 0
    settings: Settings | None = None
    offered: tuple[Choice, ...] = ()
    timers: dict[str, datetime] = field(default_factory=dict)
    turns: list[tuple[Event, datetime, bytes]] = field(default_factory=list)
    """What was handled, when, and the effects that it had."""
    model: RecordedBrain | None = None
    late: list[Event] | None = None
    """What was to be heard of the model, while it waits."""
    paused: bool = False
    held: bool = False
    speaker: str = "bot"
    works: Works = field(default_factory=Works)
    """The bot's, where it is to have a model."""
    spoken: dict[str, str] = field(default_factory=dict)
    """What is said in voice messages, by their ids."""
    called: dict[str, Conversation] = field(default_factory=dict)
    """Conversations with people of the agency, by their name; one dictionary for all."""
    wire: Wire = field(default_factory=Typed)
    """What is between the person and the bot."""

    async def hear(self, event: Event) -> list[str]:
        """Let the bot handle an event; return what it says, as lines."""
        self.version += 1
        done = await rehearse(
            self.bot,
            event,
            state=self.state,
            now=self.now,
            version=self.version,
            conversation=self.name,
            channel=self.channel,
            begin=self.begin,
            paused=self.paused,
            held=self.held,
        )
        self.state, self.paused = done.state, done.paused
        self.held &= self.paused
        came = (done.replies, done.asides, done.reminders)
        self.turns.append((event, self.now, msgspec.json.encode(came)))
        for name, at in done.reminders.items():
            self.timers.pop(name, None)
            if at is not None:
                self.timers[name] = at
        lines: list[str] = []
        for reply in done.replies:
            shown = await self.wire.show(reply, self.name, self.channel)
            lines += self._written(_whole(reply, shown))
        for told in done.work:
            if isinstance(told, Tell):
                lines += await self._tell(told)
            elif isinstance(told, Download):
                lines += await self.hear(await self.wire.fetch(told, self.channel))
            elif isinstance(told, Ask) and self.model is not None:
                came: Event = await self.model.think(told, partial(self._spoken, told.message), None)
                if self.model.trick == "lost":
                    task = msgspec.json.encode(told).decode()
                    came = EffectFailed(effect="e", code="expired", kind=Failure.STALE, task=task)
                if self.late is None:
                    lines += await self.hear(came)
                else:
                    self.late.append(came)
        return lines

    async def _spoken(self, message: str) -> bytes:
        """Return what is said in a voice message."""
        return self.spoken.get(message, "").encode()

    async def answers(self) -> list[str]:
        """Let come what the model has held back."""
        late, self.late = self.late or [], None
        return [line for event in late for line in await self.hear(event)]

    def think(self, words: str) -> None:
        """Give the bot a model, or one of no use, or let what it says wait."""
        if words == "waits":
            self.late = []
        else:
            self.model = RecordedBrain(words)
            self.works.brain = self.model

    async def learn(self, article: str) -> None:
        """Give the first agency an article."""
        title, _, body = article.partition(" = ")
        row = ArticleRow(key=title, language="en", title=title, body=body)
        async with self.begin() as transaction, tenant_transaction(transaction, 1) as books:
            await store_articles(books, [row])

    async def _tell(self, told: Tell) -> list[str]:
        """Let another conversation hear what this one tells it."""
        event = EVENTS.decode(bytes(told.event))
        if isinstance(event, Called):
            name = event.by.split()[0]
            other = self.called.get(name)
            if other is None:
                identity = "".join(told.identities)
                other = Conversation(self.begin, self.bot, self.channel, identity, wire=self.wire)
                other.speaker, other.called = f"to {name}", self.called
                self.called[name] = other
            self.called.setdefault("", self)
        else:
            other = next(one for one in self.called.values() if one.name == told.conversation)
        other.now = self.now
        return await other.hear(event)

    async def say(self, words: str) -> list[str]:
        """Let the person write, or pick what was offered."""
        return await self.hear(self.wire.bring(self._message(words), self.name, self.channel))

    async def wait(self, span: timedelta) -> list[str]:
        """Let time go by; return what timers say meanwhile."""
        until, lines = self.now + span, []
        while due := sorted((at, name) for name, at in self.timers.items() if at <= until):
            at, name = due[0]
            del self.timers[name]
            self.now = max(self.now, at)
            lines += await self.hear(TimerDue(name=name, due_at=at))
        self.now = until
        return lines

    async def answered(self, words: str) -> list[str]:
        """Let somebody of the agency answer from the business phone."""
        said = MessageReceived(id=f"wamid.echo.{self.version + 1}", text=words)
        return await self.hear(HumanAnswered(id=said.id, message=said))

    async def resume(self) -> list[str]:
        """Let an operator end a pause."""
        self.paused = self.held = False
        return await self.hear(OperatorCommand(name="resumed", data={"by": "sara"}))

    def _message(self, words: str) -> Message:
        named = f"wamid.{self.name}.{self.version + 1}"
        if (picked := re.fullmatch(r"\[(.+)\]", words)) is not None:
            for choice in self.offered:
                if plainly(choice.title) == picked[1]:
                    return ChoicePicked(id=named, choice=choice.id, title=choice.title)
            raise AssertionError(
                f"{words} was not offered, but {[plainly(one.title) for one in self.offered]}"
            )
        if words.startswith("<ad> "):
            referral = Referral(source="ad", headline="Homes by the sea")
            return MessageReceived(id=named, text=words.removeprefix("<ad> "), referral=referral)
        if words == "<location>":
            return LocationShared(id=named, latitude=25.08, longitude=55.14)
        if (medium := re.fullmatch(r"<(?:(gone|broken) )?(\w+)> ?(.*)", words)) is not None:
            (kind, mime), said = MEDIA[medium[2]], medium[3]
            if kind == "voice":
                self.spoken[named], said = said, ""
            return MediaReceived(id=named, kind=kind, media=medium[1] or "", mime=mime, caption=said)
        return MessageReceived(id=named, text=words)

    def set(self, line: str) -> None:
        """Change settings of the first agency."""
        assert self.settings is not None, "give the settings that the bot has"
        first, *others = self.settings.tenants
        changed = msgspec.convert({**msgspec.to_builtins(first), **tomllib.loads(line)}, Tenant)
        self.settings = msgspec.structs.replace(self.settings, tenants=(changed, *others))
        self.bot.configure(self.settings)

    async def know(self, address: str) -> None:
        """Let the channel know the person as `address`, which stands in the conversation's row."""
        async with self.begin() as transaction:
            await transaction.execute(
                "insert into conversation (id, shard, channel, address) values ($1, 0, $2, $3)",
                self.name,
                self.channel,
                address,
            )

    async def miss(self, count: int, span: timedelta) -> list[str]:
        """Let messages come that are answered only now, `span` after the last of them."""
        newest = self.now
        self.now += span
        return await self.hear(Stale(count=count, newest=newest))

    def _written(self, reply: Outgoing) -> Iterator[str]:
        if isinstance(reply, Template):
            yield f"{self.speaker}: [{reply.name}] " + plainly(" | ".join(reply.parameters))
            return
        assert isinstance(reply, Text | Buttons | Choices | Picture | Document), reply
        self.offered = () if isinstance(reply, Text) else reply.choices
        above = {Picture: ["<photo>"], Document: ["<document>"]}.get(type(reply), [])
        first, *rest = [*above, *plainly(reply.body).splitlines()]
        yield f"{self.speaker}: {first}"
        yield from (f"    {line}".rstrip() for line in rest)
        for choice in self.offered:
            below = f"  {plainly(choice.description)}" if choice.description else ""
            yield f"    [{plainly(choice.title)}]{below}"


def _whole(reply: Outgoing, shown: Outgoing) -> Outgoing:
    """Return what was shown, and for a file that the provider cannot send what it goes with: all else must be there."""
    if not isinstance(reply, Picture | Document) or isinstance(shown, Picture | Document):
        return shown
    assert isinstance(shown, Text | Buttons)
    assert plainly(shown.body) == plainly(reply.plain().body)
    return msgspec.structs.replace(reply, choices=getattr(shown, "choices", ()))


def plainly(text: str) -> str:
    """Return a text without the signs that only steer its direction, and with plain blanks."""
    kept = (char for char in text if unicodedata.bidirectional(char) not in _STEERING and char not in _MARKS)
    return "".join(kept).replace("\u00a0", " ").replace("\u202f", " ")


async def play(transcript: str, conversation: Conversation) -> str:  # noqa: C901, PLR0912 - a line a word
    """Play what the person does in a transcript; return it with what the bot really says."""
    title, *lines = transcript.strip().splitlines()
    played, others = [title], 0
    for line in _done(lines):
        played.append(line)
        match line.split(" ", 1):
            case ["channel", kind]:
                conversation.channel = conversation.wire.shared if kind == "shared" else conversation.wire.own
            case ["at", when]:
                conversation.now = datetime.fromisoformat(when).replace(tzinfo=DUBAI)
            case ["wait", span]:
                number, unit = span.split()
                played += await conversation.wait(int(number) * _UNITS[unit])
            case ["somebody", words]:
                others += 1
                await _another(conversation, words.removeprefix("else: "), f"other-{others}")
            case ["model"]:
                conversation.think("")
            case ["model", "answers"]:
                played += await conversation.answers()
            case ["model", words]:
                conversation.think(words)
            case ["agency", words]:
                await conversation.learn(words.removeprefix("knows: "))
            case ["agency:", setting]:
                conversation.set(setting)
            case ["known", name]:
                await conversation.know(name.removeprefix("as "))
            case ["provider:", wish]:
                played += await conversation.hear(
                    ConsentChanged(category="marketing_messages", allowed=wish == "marketing")
                )
            case ["missed:", missed]:
                count, _, number, unit = missed.split()
                played += await conversation.miss(int(count), int(number) * _UNITS[unit])
            case ["me:", words]:
                try:
                    played += await conversation.say(words.replace("\n    ", "\n"))
                except Exception as fault:
                    fault.add_note("\n".join(played))
                    raise
            case _:
                played += await _act(conversation, line)
    return "\n".join(played) + "\n"


async def _another(conversation: Conversation, words: str, name: str) -> None:
    """Let another person, who has said hello before, pick what was offered to this one."""
    other = Conversation(
        conversation.begin,
        conversation.bot,
        conversation.channel,
        name,
        now=conversation.now,
        wire=conversation.wire,
    )
    await other.say("hello")
    other.offered, other.state.lines = conversation.offered, conversation.state.lines
    await other.say(words)


async def _act(conversation: Conversation, line: str) -> list[str]:
    """Play what people of the agency do, and the provider."""
    match line.split(" ", 1):
        case ["phone:", words]:
            return await conversation.answered(words)
        case ["resume"]:
            return await conversation.resume()
        case ["undelivered", code]:
            return await conversation.hear(EffectFailed(effect="e", code=code, kind=Failure.UNDELIVERED))
        case ["held", _]:
            conversation.paused = conversation.held = True
            return []
        case ["from", said]:
            name, words = said.split(": ", 1)
            operator = conversation.called[name]
            operator.now = conversation.now
            return await operator.say(words)
    raise AssertionError(f"not a line of a transcript: {line!r}")


def _done(lines: list[str]) -> Iterator[str]:
    """Yield what is done in a transcript, without what the bot says."""
    current = ""
    for line in [*lines, "end"]:
        if line.startswith("    ") or not line:
            current += "\n" + line
            continue
        if current and not current.startswith(("bot:", "to ")):
            yield current
        current = line.rstrip()
