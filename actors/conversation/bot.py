"""The estate bot's actor: the thin shell around what greeting.py and menu.py decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import get_args

from actors.conversation import (
    calling,
    crossing,
    handover,
    lines,
    menu,
    nudging,
    pondering,
    realty,
    reminding,
    resuming,
    showing,
    unasked,
)
from actors.conversation.arriving import record, way_of
from actors.conversation.awaited import Awaited
from actors.conversation.directory import Directory
from actors.conversation.greeting import Answer, Greeter
from actors.conversation.pondering import Terms
from actors.conversation.responding import respond
from actors.conversation.state import EstateState
from actors.conversation.talk import Talk
from actors.conversation.transaction import Begin, one_transaction
from actors.conversation.windows import Kind, Reason, hear, written_by
from actors.conversation.wordless import NO_MESSAGE, acknowledge, noted, said_by
from actors.media.task import MediaFetched
from actors.messages import (
    HumanAnswered,
    Message,
    MessageReceived,
    Reacted,
    Unsupported,
)
from actors.models.task import Thought
from actors.wording.catalogue import Catalogue
from actors.wording.texts import Wording
from actors.wording.values import Name
from actors.work import Works
from config import Node, Settings, Tenant
from runtime import (
    Actor,
    EffectFailed,
    Event,
    OperatorCommand,
    Stale,
    TimerDue,
    Turn,
)


class EstateBot(Actor[EstateState]):
    """Welcomes people on behalf of the tenant they reached, and helps them to find what they look for."""

    def __init__(self, catalogue: Catalogue | None = None, works: Works | None = None) -> None:
        """Load the texts; raises CatalogueError when they cannot be used. Knows nobody before `configure`.

        `works` has the brain that turns may ask; without it there are the rules alone.
        """
        self._catalogue = catalogue or Catalogue.load()
        self._wording = Wording(self._catalogue)
        self.greeter = Greeter(self._catalogue, Directory())
        self._works, self._terms = works or Works(), Terms()
        self._stale_after = timedelta(seconds=Node().stale_after)
        self._unasked = Counter[str]()
        self._unsent = Counter[tuple[str, str]]()

    def configure(self, settings: Settings) -> None:
        """Take the tenants and channels of these settings; turns that began before keep the old ones."""
        self.greeter = Greeter(self._catalogue, Directory(settings))
        self._terms = Terms.of(settings)
        self._stale_after = timedelta(seconds=settings.node.stale_after)

    def statistics(self) -> dict[str, Mapping[str, object]]:
        """Return what was to be said unasked so far, by kind and outlet, and what of it was not sent, by kind and why.

        A turn that is repeated counts again.
        """
        unsent = {
            kind: {why: self._unsent[kind, why] for why in get_args(Reason)}
            for kind in get_args(Kind)
            if kind != "answer"
        }
        return {"unasked": dict(self._unasked), "unsent": unsent}

    async def receive(self, turn: Turn[EstateState], event: Event) -> None:
        """Answer a message, note anything else. Waits for the database where an answer needs the agency's books."""
        await self._receive(turn, lines.heard(turn, event))
        lines.note(turn)

    async def _receive(self, turn: Turn[EstateState], event: Event) -> None:
        tenant = self.greeter.tenant_of(turn.state, turn.channel)
        if tenant:
            turn.label(tenant=tenant.slug)
        if calling.at_operator(turn, self._wording, event) or await self._handed(turn, tenant, event):
            return
        match event:
            case MediaFetched() | Thought() | TimerDue(name=pondering.TIMER):
                await self._came(turn, event, tenant)
                return
            case EffectFailed():
                await self._undone(turn, tenant, event)
            case TimerDue(name=name):
                await self._due(turn, tenant, name)
                return
            case Stale():
                await self._apologize(turn, tenant, event)
                return
        if not isinstance(event, Message) or (isinstance(event, Unsupported) and event.kind in NO_MESSAGE):
            if isinstance(event, Reacted):
                hear(turn.state, event, turn.now)
            noted(turn.state, event, turn.now)
            if turn.paused or turn.state.opted_out or isinstance(event, OperatorCommand):
                _nudge(turn, None)
            return
        hear(turn.state, event, turn.now)
        async with one_transaction(turn.postgres) as transaction:
            await self._hear(turn, event, transaction)
        here = self.greeter.tenant_of(turn.state, turn.channel)
        _nudge(turn, nudging.begin(turn.state, here, turn.now, paused=turn.paused) if here else None)

    async def _undone(self, turn: Turn[EstateState], here: Tenant | None, failed: EffectFailed) -> None:
        """Tell the person what did not come of a task, or say in words what a file was to show."""
        async with one_transaction(turn.postgres) as transaction:
            await self._awaited.lost(turn, failed, transaction)
        if failed.code in showing.FILE_LOST and here and here.status == "active" and not turn.paused:
            talk = self.talk(turn, here, "")
            await showing.without_file(talk)
            self.send(turn, talk)

    @property
    def _awaited(self) -> Awaited:
        """What answers media and models, with the brain and the terms of now."""
        return Awaited(self, self._works.brain, self._terms)

    async def _came(
        self, turn: Turn[EstateState], event: MediaFetched | Thought | TimerDue, tenant: Tenant | None
    ) -> None:
        """Answer what was waited for."""
        async with one_transaction(turn.postgres) as transaction:
            answered = await self._awaited.came(turn, event, transaction)
        if answered and tenant is not None:
            _nudge(turn, nudging.begin(turn.state, tenant, turn.now, paused=turn.paused))

    async def _hear(self, turn: Turn[EstateState], message: Message, transaction: Begin) -> None:
        """Follow a message to where it leads, and have it answered there; what waits for a model is answered before."""
        if texts := [one for one in turn.state.pondering if one.kind == "text"]:
            await self._awaited.by_rules(turn, texts, transaction)
        where = await way_of(turn, message, transaction)
        before = self.greeter.tenant_of(turn.state, turn.channel)
        answer = self.greeter.answer(turn.state, turn.channel, message, turn.now, where)
        if answer.entered is not None:
            turn.label(tenant=answer.entered.tenant.slug)
            crossing.cross(turn, before.id if before else 0, answer.entered.tenant)
            await record(turn, message, answer.entered, where.named if where else "", transaction)
        if answer.say is not None:
            turn.reply(answer.say)
            if where is None or where.by == "ad":
                _keep(turn.state, self.greeter.tenant_of(turn.state, turn.channel), message)
        if answer.fetch is not None:
            turn.work(answer.fetch)
        if answer.at is not None:
            await self._answer(turn, answer.at, message, answer, transaction)

    async def _handed(self, turn: Turn[EstateState], tenant: Tenant | None, event: Event) -> bool:
        """Take an event about a hand-over; False if it is about anything else."""
        if not handover.concerns(event):
            return False
        _nudge(turn, None)  # people speak, or have just spoken
        if isinstance(event, HumanAnswered):
            noted(turn.state, event, turn.now)
            if tenant is not None:
                handover.answered(turn, tenant)
            return True
        agency = self.greeter.tenant(handover.whose(turn.state, event)) or tenant
        if agency is not None:
            await handover.go_on(turn, self.talk(turn, agency, ""), event)
        return True

    async def _answer(
        self, turn: Turn[EstateState], tenant: Tenant, message: Message, answer: Answer, transaction: Begin
    ) -> None:
        """Let the tenant answer a message."""
        talk = self.talk(turn, tenant, message.id, transaction)
        said = said_by(talk, message)
        nudging.put_away(talk.part)
        if answer.head is not None:
            named = {} if answer.head == "language-chosen" else {"tenant": Name(tenant.name)}
            talk.head = talk.text(answer.head, **named)
        if turn.paused:
            await handover.listen(turn, talk, said)
            return
        if (answer.moved or said is not None) and await menu.arrive(talk, None if answer.moved else said):
            pass  # a vertical that a link named
        elif answer.moved:
            resuming.return_to(talk)
        elif said is None:
            acknowledge(talk, message)
        elif not talk.head and await self._awaited.ponders(turn, talk, said, transaction):
            pass  # it is answered when it is known what a model makes of it
        else:
            await respond(turn, talk, said)
        self.send(turn, talk)

    async def _due(self, turn: Turn[EstateState], here: Tenant | None, name: str) -> None:
        """Say what a timer was set for; those of viewings are of a tenant, wherever the person is by now."""
        if name == nudging.TIMER:
            turn.state.nudge_at = None
            if here is not None and here.status == "active" and turn.paused:
                self._unsent["nudge", "paused"] += 1
            elif here is not None and here.status == "active":
                talk = self.talk(turn, here, "")
                _nudge(turn, nudging.due(talk, turn.state))
                self.send(turn, talk)
            return
        owner, _, what = name.partition(":")
        tenant = self.greeter.tenant(int(owner)) if owner.isdecimal() else None
        if tenant is not None and tenant.status == "active":
            talk = self.talk(turn, tenant, "")
            await reminding.due(talk, turn.state, what, shared=self.greeter.shared(turn.channel))
            self.send(turn, talk)

    async def _apologize(self, turn: Turn[EstateState], here: Tenant | None, event: Stale) -> None:
        """Say sorry, once, for what was not answered in time, and put again what is open."""
        noted(turn.state, event, turn.now)
        _nudge(turn, None)
        wrote_at = written_by(event.newest, turn.now, self._stale_after)
        turn.state.heard_at = max(turn.state.heard_at or wrote_at, wrote_at)
        if here is None or here.status != "active" or turn.paused:
            return
        talk = self.talk(turn, here, "")
        if not unasked.may_apologize(talk, turn.state):
            self._unsent.update(talk.unsent)
            return
        if nudging.waiting(talk.part):
            talk.head = talk.text("apology")
            await menu.again(talk)
        else:
            talk.say(talk.text("apology"))
        self.send(turn, talk)

    def send(self, turn: Turn[EstateState], talk: Talk) -> None:
        """Let what was said leave, and set the timers of its tenant."""
        self._unasked.update(talk.unasked)
        self._unsent.update(talk.unsent)
        if talk.answer is not None:
            turn.reply(talk.answer)
        for what, at in talk.reminders.items():
            name = f"{talk.tenant.id}:{what}"
            if at is None:
                turn.forget(name)
            else:
                turn.remind(name, at=at)

    def talk(
        self, turn: Turn[EstateState], tenant: Tenant, message: str, transaction: Begin | None = None
    ) -> Talk:
        """Return what an answer to a message of a tenant's is made from."""
        return Talk(
            tenant=tenant,
            part=turn.state.part(tenant.id),
            language=turn.state.language or tenant.default_language,
            wording=self._wording,
            conversation=turn.conversation,
            channel=turn.channel,
            message=message,
            now=turn.now,
            transaction=transaction or turn.postgres,
        )


def _nudge(turn: Turn[EstateState], at: datetime | None) -> None:
    """Set the timer of the follow-ups, or take it back."""
    if at is not None:
        turn.remind(nudging.TIMER, at=at)
    elif turn.state.nudge_at is not None:
        turn.forget(nudging.TIMER)
    turn.state.nudge_at = at


def _keep(state: EstateState, tenant: Tenant | None, message: Message) -> None:
    """Keep what a first message says beside the greeting that answers it."""
    if tenant is None or not isinstance(message, MessageReceived):
        return
    part = state.part(tenant.id)
    if not realty.read(part, message.text).nothing:
        part.vertical, part.untold = "realty", True
