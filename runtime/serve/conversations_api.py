"""The routes of conversations that every app with a tenancy has: list, take over, write, give back.

Whose a conversation is, the app says, anew at each call; one of another tenant is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from runtime.journal.handover import KEY_MOST, LABEL_MOST, PAUSES_MOST, REASON_MOST, PastPause, Paused
from runtime.node.handing_over import HandingOver
from runtime.route import Call, Nothing, NotThere, Route, RouteFault, Tenancy

READ, WRITE = "conversations:read", "conversations:write"
PAUSED_MOST = 1000
"""Paused conversations, of all tenants, that a list of them looks at: the longest first."""
_PAGE = 100
_WITHIN = 12.0  # seconds that a pause waits for what is on its way: longer than a send may take
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"

Label = Annotated[str, Meta(min_length=1, max_length=LABEL_MOST, pattern=_PRINTABLE)]
Reason = Annotated[str, Meta(min_length=1, max_length=REASON_MOST, pattern=_PRINTABLE)]
Key = Annotated[str, Meta(min_length=1, max_length=KEY_MOST, pattern=r"^[!-~]+$")]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]


class PauseFacts(msgspec.Struct, frozen=True):
    """A pause: since when, by whom ("bot": it asked for it itself), why, and who has taken the conversation."""

    since: datetime
    by: str
    why: str
    assigned: str


class Conversation(msgspec.Struct, frozen=True):
    """A conversation; `pause` is null while the bot answers."""

    id: str
    pause: PauseFacts | None


class Conversations(msgspec.Struct, frozen=True):
    """A page of conversations; give `after` for the next one, "" says that this is the last."""

    conversations: Sequence[Conversation]
    after: str = ""


class Pauses(msgspec.Struct, frozen=True):
    """The latest pauses of a conversation, the newest first; `until` is null while one holds."""

    pauses: Sequence[PastPause]


class PauseAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the bot is to be silent; shown to operators, no words of the person's."""

    why: Reason = "by API"


class PauseDone(msgspec.Struct, frozen=True):
    """`outcome`: "paused", or "paused before". With `in_flight` 0 no message of the bot comes any more."""

    outcome: str
    by: str
    since: datetime | None
    cancelled: int
    in_flight: int


class ResumeDone(msgspec.Struct, frozen=True):
    """What was cancelled stays so; the bot has heard that it may answer again."""

    outcome: str


class TextAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to write. The same key again, within days, changes nothing."""

    text: Text
    key: Key


class TextDone(msgspec.Struct, frozen=True):
    """`outcome`: "queued", then `effect` is its id towards the provider; or "repeated"."""

    outcome: str
    effect: str


class CommandAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bot is told, between the two of you. The same key again, within days, changes nothing."""

    name: Label
    key: Key
    data: Annotated[dict[str, str], Meta(max_length=50)] = {}


class CommandDone(msgspec.Struct, frozen=True):
    """`outcome`: "stored" or "repeated"."""

    outcome: str


class AssignAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes it: a label, shown to operators."""

    to: Label


class ConversationRoutes:
    """The handlers, over what operators can do here."""

    def __init__(self, tenancy: Tenancy, desk: HandingOver) -> None:
        self._tenancy = tenancy
        self._desk = desk

    def table(self) -> Sequence[Route]:
        """Return the routes."""
        one = "/conversations/{conversation}"
        return (
            Route(
                "GET",
                "/conversations",
                READ,
                "List conversations, a hundred at a time; those whose bot is paused with paused=true, the longest first",
                self._list,
                Conversations,
                query={"paused": "true: only those", "after": "as the page before said"},
            ),
            Route("GET", one, READ, "Look at a conversation", self._show, Conversation),
            Route(
                "GET", f"{one}/pauses", READ, "Tell when the bot was silent, and why", self._pauses, Pauses
            ),
            Route(
                "POST",
                f"{one}/pause",
                WRITE,
                "Silence the bot, and wait until what it was sending has ended",
                self._pause,
                PauseDone,
                PauseAsked,
            ),
            Route("POST", f"{one}/resume", WRITE, "Let the bot answer again", self._resume, ResumeDone),
            Route("POST", f"{one}/assign", WRITE, "Say who takes it", self._assign, Nothing, AssignAsked),
            Route("POST", f"{one}/texts", WRITE, "Write to the person", self._write, TextDone, TextAsked),
            Route(
                "POST",
                f"{one}/commands",
                WRITE,
                "Tell the bot something",
                self._tell,
                CommandDone,
                CommandAsked,
            ),
        )

    async def _list(self, call: Call) -> Conversations:
        paused, after = call.query.get("paused", "false"), call.query.get("after", "")
        if paused not in {"true", "false"} or not (not after or _is_id(after)):
            raise RouteFault(422, "paused is true or false, after is what the page before said")
        if paused == "true":
            found = await self._desk.paused(PAUSED_MOST)
            ours = await self._owned(call, [one.conversation for one in found])
            return Conversations([_told(one.conversation, one) for one in found if one.conversation in ours])
        async with call.postgres() as transaction:
            ids = await self._tenancy.conversations(transaction, call.tenant, after, _PAGE)
        pauses = {one.conversation: one for one in await self._desk.paused(_PAGE, ids)}
        page = [_told(name, pauses.get(name)) for name in ids]
        return Conversations(page, ids[-1] if len(ids) == _PAGE else "")

    async def _show(self, call: Call) -> Conversation:
        name = await self._ours(call)
        pauses = await self._desk.paused(1, [name])
        return _told(name, pauses[0] if pauses else None)

    async def _pauses(self, call: Call) -> Pauses:
        return Pauses(await self._desk.pauses(await self._ours(call), PAUSES_MOST))

    async def _pause(self, call: Call) -> PauseDone:
        name = await self._ours(call)
        done = await self._desk.pause(name, by=call.by, why=call.body.why, within=_WITHIN)
        return PauseDone(_known(done.outcome), done.by, done.since, done.cancelled, done.in_flight)

    async def _resume(self, call: Call) -> ResumeDone:
        done = await self._desk.resume(await self._ours(call), by=call.by)
        return ResumeDone(_known(done.outcome))

    async def _assign(self, call: Call) -> Nothing:
        if not await self._desk.assign(await self._ours(call), to=call.body.to):
            raise RouteFault(409, "it is not paused")
        return Nothing()

    async def _write(self, call: Call) -> TextDone:
        name = await self._ours(call)
        done = await self._desk.send(name, self._tenancy.text(call.body.text), by=call.by, key=call.body.key)
        return TextDone(_known(done.outcome), done.effect)

    async def _tell(self, call: Call) -> CommandDone:
        name, asked = await self._ours(call), call.body
        try:
            done = await self._desk.tell(name, asked.name, asked.data, key=asked.key)
        except ValueError as error:
            raise RouteFault(422, f"{error} - at `$.data`") from error
        return CommandDone(_known(done.outcome))

    async def _ours(self, call: Call) -> str:
        """Return the conversation that a call is about. Raises NotThere unless the caller may know of it."""
        name = call.path["conversation"]
        if not _is_id(name) or not await self._owned(call, [name]):
            raise NotThere
        return name

    async def _owned(self, call: Call, conversations: Sequence[str]) -> set[str]:
        """Return those of conversations that a caller may know of; without a tenant it may know of all that there are."""
        async with call.postgres() as transaction:
            owners = await self._tenancy.owners(transaction, conversations)
        return {name for name in conversations if name in owners and call.tenant in {None, owners[name]}}


def _is_id(name: str) -> bool:
    """Tell whether something may be the id of a conversation at all."""
    return 0 < len(name) <= 100 and name.isascii() and name.isprintable()


def _told(name: str, pause: Paused | None) -> Conversation:
    facts = None if pause is None else PauseFacts(pause.since, pause.by, pause.why, pause.assigned)
    return Conversation(name, facts)


def _known(outcome: str) -> str:
    """Return an outcome. Raises NotThere where there was no such conversation, after all."""
    if outcome == "unknown":
        raise NotThere
    return outcome
