"""What a conversation waits for beside its messages, and what is said when it has come: files, and a model's answers.

A file that is there is shown to a model, if there is one that takes it; else it is acknowledged honestly. What a model
says is heeded; whatever else becomes of a question, the rules answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.agency import spending
from actors.agency.tenancy import tenant_transaction
from actors.brain.language import detect
from actors.conversation import handover, latest, menu, nudging, pondering, resuming
from actors.conversation.greeting import STORED, Greeter
from actors.conversation.hearing import Heard, heard
from actors.conversation.heeding import heed, look
from actors.conversation.pondering import Terms
from actors.conversation.responding import respond
from actors.conversation.state import EstateState, Pondering
from actors.conversation.talk import Talk
from actors.conversation.transaction import Begin
from actors.media.task import Download, MediaFetched
from actors.models.answers import shown_transcript
from actors.models.brain import Brain, thought
from actors.models.task import AskKind, Thought
from actors.wording.values import Prose
from config import Tenant
from runtime import EffectFailed, TimerDue, Turn


class Host(Protocol):
    """The bot, as far as an answer needs it."""

    @property
    def greeter(self) -> Greeter:
        """Who is where."""

    def talk(
        self, turn: Turn[EstateState], tenant: Tenant, message: str, transaction: Begin | None = None
    ) -> Talk:
        """Return what an answer to a message is made from."""

    def send(self, turn: Turn[EstateState], talk: Talk) -> None:
        """Let what was said leave."""


class Awaited:
    """Answers what has come, under one reading of the settings; holds nothing of any conversation."""

    def __init__(self, host: Host, brain: Brain, terms: Terms) -> None:
        self._host = host
        self._brain = brain
        self._terms = terms

    async def came(
        self, turn: Turn[EstateState], event: MediaFetched | Thought | TimerDue, begin: Begin
    ) -> bool:
        """Take what came of a download or a question, or that nothing came in time; True where a model has answered."""
        match event:
            case MediaFetched():
                await self._fetched(turn, event, begin)
            case Thought():
                return await self._thought(turn, event, begin)
            case _:
                await self.by_rules(turn, pondering.overdue(turn.state, turn.now), begin)
                pondering.arm(turn)
        return False

    async def lost(self, turn: Turn[EstateState], event: EffectFailed, begin: Begin) -> None:
        """Answer what waited for work of which nothing will come any more."""
        if (download := _download_of(event.task)) is not None:
            turn.reply(self._host.greeter.unfetched(turn.state, download))
        elif (asked := pondering.ask_of(event.task)) is not None:
            await self._thought(turn, thought(asked, "lost", event.code[:40]), begin)

    async def ponders(
        self,
        turn: Turn[EstateState],
        talk: Talk,
        said: Heard,
        begin: Begin,
        *,
        spoken: bool = False,
        number: int = 0,
    ) -> bool:
        """Ask a model about words of which the rules understand nothing; False where none may be asked."""
        brain = self._brain
        if said.what != "text" or not brain.takes("text") or not pondering.beyond_rules(talk, said):
            return False
        return await pondering.ask(
            turn, talk, brain, self._terms, begin, words=said.text, spoken=spoken, number=number
        )

    async def by_rules(self, turn: Turn[EstateState], waits: Sequence[Pondering], begin: Begin) -> None:
        """Answer by the rules what no model has answered; who is with a person by now needs no answer."""
        here = self._host.greeter.tenant_of(turn.state, turn.channel)
        for one in waits:
            tenant = self._host.greeter.tenant(one.tenant)
            if turn.paused or tenant is None or tenant.status != "active":
                continue
            talk = self._host.talk(turn, tenant, one.message, begin)
            with latest.hearing(talk.part, one.number):
                if one.kind != "text":
                    words = one.words if tenant is here else ""
                    await self._acknowledge(turn, talk, one.medium, words)
                    continue
                if one.spoken:
                    talk.head = _echo(talk, one.words)
                await menu.respond(talk, Heard("text", one.words))
            self._host.send(turn, talk)
        pondering.take(turn, waits)

    async def _fetched(self, turn: Turn[EstateState], event: MediaFetched, begin: Begin) -> None:
        """Answer a medium, or have a model look at it or listen to it first."""
        tenant = self._host.greeter.tenant_of(turn.state, turn.channel)
        here = tenant is not None and event.tag == str(tenant.id) and tenant.status == "active"
        if tenant is None or not here or turn.paused or event.result != "stored":
            turn.reply(self._host.greeter.fetched(turn.state, event))
            return
        turn.state.shown = detect(event.caption) or turn.state.shown
        talk = self._host.talk(turn, tenant, event.message, begin)
        kind = _KINDS.get(event.group)
        if kind is not None and self._brain.takes(kind, event.mime, event.size):
            asked = await pondering.ask(
                turn, talk, self._brain, self._terms, begin, words=event.caption, medium=event
            )
            if asked:
                return
        await self._acknowledge(turn, talk, event.kind, event.caption)

    async def _thought(self, turn: Turn[EstateState], event: Thought, begin: Begin) -> bool:
        """Settle what a question took, and answer by what came of it; by the rules where that is nothing."""
        took = None if event.outcome == "lost" else (event.tokens, event.cost)
        async with begin() as transaction, tenant_transaction(transaction, event.tenant) as books:
            await spending.settle(books, event.ask, event.outcome, event.code, took, turn.now)
        waits = next((one for one in turn.state.pondering if one.ask == event.ask), None)
        if waits is None:
            return False  # the rules have answered meanwhile
        tenant = self._host.greeter.tenant_of(turn.state, turn.channel)
        here = tenant is not None and tenant.id == waits.tenant and tenant.status == "active"
        if event.outcome != "answered" or tenant is None or not here or turn.paused:
            await self.by_rules(turn, [waits], begin)
            return False
        talk = self._host.talk(turn, tenant, waits.message, begin)
        nudging.put_away(talk.part)
        with latest.hearing(talk.part, waits.number):
            if event.kind == "voice":
                await self._hear(turn, talk, event.transcript, waits.number, begin)
            elif event.kind == "image":
                await look(talk, event.reading, waits.words)
            else:
                if waits.spoken:
                    talk.head = _echo(talk, waits.words)
                if await heed(talk, event.reading):
                    await handover.ask(turn, talk)
        pondering.take(turn, [waits])
        self._host.send(turn, talk)
        return True

    async def _hear(self, turn: Turn[EstateState], talk: Talk, words: str, number: int, begin: Begin) -> None:
        """Answer what was spoken as if it had been typed, and show what was heard."""
        turn.state.shown = detect(words) or turn.state.shown
        talk.language = turn.state.language or talk.tenant.default_language
        said = heard(talk.part, words)
        if said.what == "opt_in":  # only somebody's own hand takes an opt-out back
            said = Heard("text", words)
        if not await self.ponders(turn, talk, said, begin, spoken=True, number=number):
            talk.head = _echo(talk, words)
            await respond(turn, talk, said)

    async def _acknowledge(self, turn: Turn[EstateState], talk: Talk, medium: str, caption: str) -> None:
        """Say honestly what becomes of a medium; what stands below it is answered as a text, if it says anything."""
        told = talk.text(STORED.get(medium, "media-document"))
        said = heard(talk.part, caption)
        if caption.strip() and pondering.caption_within_rules(talk, said):
            talk.head = told
            nudging.put_away(talk.part)
            await respond(turn, talk, said)
        elif medium == "image" and talk.part.asked:
            resuming.put(talk, told)
        else:
            talk.remark(told)
        self._host.send(turn, talk)


_KINDS: dict[str, AskKind] = {"image": "image", "voice": "voice"}
"""What a model can be asked about of the groups of media."""


def _echo(talk: Talk, words: str) -> str:
    """Return the line that shows what was heard."""
    return talk.text("media-voice-heard", text=Prose(shown_transcript(words)))


def _download_of(task: str) -> Download | None:
    """Return the download that failed as an effect; None if it was none."""
    try:
        return msgspec.json.decode(task, type=Download)
    except msgspec.DecodeError:
        return None
