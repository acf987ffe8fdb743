"""What operators do to conversations, at a node: durable first, then told to whoever is to act on it.

The node is told, or by a hint the replica that holds the conversation; a hint that is lost costs a look at the journal.
Who may do what to which conversation is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from runtime.actor.event import OperatorCommand
from runtime.journal.handover import (
    Handover,
    PastPause,
    Paused,
    Pausing,
    Resuming,
    Sending,
    Telling,
    command_data,
    settle,
)
from runtime.node.node import Node


class HandingOver:
    """The acts of operators on one node. All raise what `Handover` raises; a lost answer may have been a deed."""

    def __init__(self, journal: Handover, node: Node, *, expires: float) -> None:
        """An operator's message that could not be sent for `expires` seconds is given up."""
        self._journal = journal
        self._node = node
        self._expires = timedelta(seconds=expires)
        self._counts: Counter[str] = Counter()

    async def pause(self, conversation: str, *, by: str, why: str, within: float) -> Pausing:
        """Pause the bot, and wait at most `within` seconds until what it had on its way has ended.

        If `in_flight` is 0 then, no message of the bot comes to be seen any more. Cancelled, the pause may hold.
        """
        done = await self._journal.pause(conversation, by=by, why=why)
        self._node.nudge(conversation)
        self._counts[done.outcome] += 1
        return await settle(self._journal, done, within)

    async def resume(self, conversation: str, *, by: str) -> Resuming:
        """End a pause; its actor hears `OperatorCommand(name="resumed")`."""
        done = await self._journal.resume(conversation, by=by)
        self._node.deliver(done.events)
        self._counts[done.outcome] += 1
        return done

    async def assign(self, conversation: str, *, to: str) -> bool:
        """Say who has taken a paused conversation; False if it is not paused."""
        return await self._journal.assign(conversation, to=to)

    async def send(self, conversation: str, message: msgspec.Struct, *, by: str, key: str) -> Sending:
        """Queue an operator's message, also while the bot is paused; the same key again changes nothing."""
        expires = self._node.now() + self._expires
        payload = msgspec.json.encode(message)
        done = await self._journal.send(conversation, payload, by=by, key=key, expires=expires)
        self._node.nudge(conversation)
        self._counts[done.outcome] += 1
        return done

    async def tell(self, conversation: str, name: str, data: Mapping[str, str], *, key: str) -> Telling:
        """Let the actor have a command, once, behind what it has waiting. Raises ValueError for too much data."""
        command = OperatorCommand(name=name, data=command_data(data))
        done = await self._journal.tell(conversation, command, key=key)
        self._node.deliver(done.events)
        self._counts[done.outcome] += 1
        return done

    async def paused(self, limit: int, conversations: Sequence[str] | None = None) -> Sequence[Paused]:
        """Return conversations whose bot is paused, the longest first."""
        return await self._journal.paused(limit, conversations)

    async def pauses(self, conversation: str, limit: int) -> Sequence[PastPause]:
        """Return the latest pauses of a conversation, the newest first."""
        return await self._journal.pauses(conversation, limit)

    def statistics(self) -> Mapping[str, int]:
        """Return how often what came of acts."""
        return dict(self._counts)
