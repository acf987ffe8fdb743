"""Effects in their order: one lane of sends per conversation, asides and work beside it.

Theory of operation: the next send of a conversation is attempted only after the previous one has ended. A send that may
try again, or whose outcome is unknown, holds its lane; the unknown one is claimed anew only after `uncertain_wait`,
unless a receipt settles it first. Whatever is cut off here stays in the outbox as it is, for this node or the next one
to take up; and nothing may overtake it: the lane of a conversation that left something, or of a shard whose outbox is
not known yet, begins by reading the outbox.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

import structlog
import trio

from runtime.actor.concern import concern
from runtime.actor.effect import Effect, Lane
from runtime.actor.supervision import backoff, first_of, origin
from runtime.channel import Accepted, Answered, Broken, Outcome, Refused, TryAgain, Uncertain
from runtime.journal.identity import shard_of
from runtime.journal.protocol import EFFECTS_MOST, Claim
from runtime.node.sending import Sending, SendingStatistics

_log = structlog.get_logger(__name__)

_KEPT = (
    EFFECTS_MOST  # sends of one conversation in memory; the others stay in the outbox until it is their turn
)


class Outbox(Protocol):
    """What the lanes need of the journal; the node batches it."""

    async def effects(self, conversation: str) -> Sequence[Effect]:
        """Return a conversation's unsettled effects, the first `EFFECTS_MOST` of each lane."""

    def claim_epoch(self, shard: int) -> int | None:
        """Return the epoch under which effects of a shard may be claimed; None when they may not."""


@dataclass(frozen=True)
class LaneStatistics:
    """Conversations with sends under way, sends waiting in them, asides and work; the rest see `SendingStatistics`."""

    lanes: int
    waiting: int
    beside: int
    working: int
    outcomes: Mapping[str, int]
    open_circuits: Mapping[str, int]
    held: Mapping[str, int]
    halted: Mapping[str, int]
    errors: Mapping[str, int]


class _SendLane:
    """The sends of one conversation, oldest first."""

    __slots__ = ("behind", "changed", "conversation", "queue")

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.queue: deque[Effect] = deque()
        self.behind = False
        self.changed = trio.Event()


class Lanes:
    """Keeps the effects of all conversations of this node in order."""

    def __init__(self, outbox: Outbox, sending: Sending, nursery: trio.Nursery, *, dice: Random) -> None:
        self.outbox = outbox
        self.sending = sending
        self._nursery = nursery
        self._dice = dice
        self._lanes: dict[str, _SendLane] = {}
        self._left: dict[str, None] = {}  # in order, so that lanes begin in one that is the same each time
        self._unserved: set[str] = set()
        self._doubtful: set[int] = set()
        self._beside: set[tuple[str, int, int]] = set()

    def append(self, effects: Iterable[Effect]) -> None:
        """Take effects of a turn that has just committed, in order; they stay in the outbox if they cannot leave here."""
        for effect in effects:
            if not self.sending.serves(effect.channel):
                self._left[effect.conversation] = None
                continue
            if effect.lane is not Lane.SEND:
                self._begin_beside(effect)
                continue
            lane = self._lane(effect.conversation)
            if lane.behind or len(lane.queue) >= _KEPT:
                lane.behind = True  # it will be found in the outbox
            else:
                lane.queue.append(effect)

    def open(self, conversation: str) -> None:
        """Take up a conversation whose unsettled effects are in the outbox, after a start or a take-over."""
        if (
            conversation not in self._lanes
            and conversation not in self._unserved
            and not self.sending.stopped
        ):
            self._lane(conversation).behind = True

    def recall(self, conversation: str) -> None:
        """Turns of a conversation may have committed unseen: what they left goes before what comes now."""
        lane = self._lanes.get(conversation)
        if lane is not None:
            lane.behind = True
        else:
            self._left[conversation] = None

    def hurry(self, conversation: str) -> None:
        """An operator has acted: look again at what is being waited for, then at the outbox."""
        self.recall(conversation)
        self.settle(conversation)
        self.open(conversation)

    def resume(self, shards: Iterable[int]) -> None:
        """Take up again what lanes left when they ended early; what is of no shard of ours is the new owner's."""
        held = set(shards)
        self._left = {conversation: None for conversation in self._left if shard_of(conversation) in held}
        self._unserved = {conversation for conversation in self._unserved if shard_of(conversation) in held}
        for conversation in list(self._left):
            self.open(conversation)

    def doubt(self, shards: Iterable[int]) -> None:
        """Shards were gained: what their outbox holds is not known yet."""
        self._doubtful.update(shards)

    def trust(self, shards: Iterable[int]) -> None:
        """All unsettled conversations of these shards were opened."""
        self._doubtful.difference_update(shards)

    def settle(self, conversation: str) -> None:
        """A receipt has proved a send that was in doubt: look again, at once."""
        lane = self._lanes.get(conversation)
        if lane is not None:
            lane.changed.set()

    def _lane(self, conversation: str) -> _SendLane:
        lane = self._lanes.get(conversation)
        if lane is None:
            lane = self._lanes[conversation] = _SendLane(conversation)
            lane.behind = conversation in self._left or shard_of(conversation) in self._doubtful
            self._left.pop(conversation, None)
            self._nursery.start_soon(self._run, lane, name=f"lane {conversation}")
        return lane

    async def _run(self, lane: _SendLane) -> None:
        """Send what the lane holds, in order; end when it is empty or its shard is not ours."""
        concern.set(None)  # not that of the turn which began it
        try:
            while lane.queue or lane.behind:
                if not lane.queue:
                    await self._refill(lane)
                elif await self._through(lane.queue[0], lane):
                    lane.queue.popleft()
                else:
                    return
        except* Exception as group:  # noqa: BLE001 - the boundary: a fault of one lane ends no other
            self._fault(lane.conversation, group)
        finally:
            del self._lanes[lane.conversation]
            if lane.queue or lane.behind:
                self._left[lane.conversation] = None

    async def _refill(self, lane: _SendLane) -> None:
        """Read a lane's effects from the outbox; those that commit meanwhile come behind them."""
        lane.behind = False
        try:
            found = await self.sending.insist(lambda: self.outbox.effects(lane.conversation))
        except BaseException:
            lane.behind = True
            raise
        full = sum(effect.lane is Lane.SEND for effect in found) >= EFFECTS_MOST
        lane.behind = lane.behind or full
        known = {(effect.version, effect.ordinal) for effect in found}
        newer = (
            [] if full else [effect for effect in lane.queue if (effect.version, effect.ordinal) not in known]
        )
        lane.queue = deque([effect for effect in found if effect.lane is Lane.SEND] + newer)
        for effect in found:
            if effect.lane is not Lane.SEND:
                self._begin_beside(effect)

    def _begin_beside(self, effect: Effect) -> None:
        key = (effect.conversation, effect.version, effect.ordinal)
        if key not in self._beside:
            self._beside.add(key)
            self._nursery.start_soon(self._run_beside, effect, key, name=f"{effect.lane} {effect.id}")

    async def _run_beside(self, effect: Effect, key: tuple[str, int, int]) -> None:
        concern.set(effect)
        try:
            await self._through(effect, None)
        except* Exception as group:  # noqa: BLE001 - the boundary: it is in the outbox still
            self._fault(effect.conversation, group)
        finally:
            self._beside.discard(key)

    async def _through(self, effect: Effect, lane: _SendLane | None) -> bool:
        """Bring one effect to its end; False if it is not ours to end."""
        tries, told, tried, suspect = 0, 0, False, False
        while True:
            if lane is not None:
                lane.changed = trio.Event()
            if not self._ours(effect):
                return False
            claim, outcome = await self.sending.attempt(
                effect, tried=tried, suspect=suspect, told_to_wait=told
            )
            tries += 1
            told += isinstance(outcome, TryAgain) and outcome.after is not None
            tried = tried or isinstance(outcome, Uncertain)
            suspect = suspect or isinstance(outcome, Broken)
            match outcome, claim.verdict:
                case Accepted() | Answered() | Refused(), _:
                    return True
                case None, "settled" | "gone" | "cancelled":
                    return True
                case None, "fenced" | "stopped":
                    return False
            await self._pause(lane, self._patience(effect, claim, outcome, tries))

    def _ours(self, effect: Effect) -> bool:
        """Return whether an effect may leave from here; a conversation whose channel nobody serves is let alone."""
        if not self.sending.stopped and not self.sending.serves(effect.channel):
            self._unserved.add(effect.conversation)  # reading its outbox again and again would change nothing
        shard = shard_of(effect.conversation)
        return self.sending.serves(effect.channel) and self.outbox.claim_epoch(shard) is not None

    def _patience(self, effect: Effect, claim: Claim, outcome: Outcome | None, tries: int) -> float:
        """Return the seconds before the next attempt."""
        match outcome:
            case TryAgain(after=float() | int() as after):
                return after
            case TryAgain():
                return backoff(claim.attempts, self._dice, first=0.5)
            case Broken() if effect.lane is Lane.SEND and self.sending.shut(effect.channel):
                return 0.0  # its channel's circuit makes it wait
            case Broken():
                return backoff(tries, self._dice, first=0.5)
            case _:  # it must wait, or its outcome is unknown: then the next claim says how long
                return claim.wait

    async def _pause(self, lane: _SendLane | None, seconds: float) -> None:
        """Wait; a receipt for the lane ends it early."""
        with trio.move_on_after(seconds):
            await (lane.changed if lane is not None else trio.Event()).wait()

    def _fault(self, conversation: str, group: BaseException) -> None:
        """Tell of a fault of ours; what it interrupted is in the outbox and is taken up by the next look at it."""
        error = first_of(group)
        _log.error("lane failed", conversation=conversation, fault=type(error).__name__, where=origin(error))

    def left(self) -> Mapping[str, int]:
        """Count what a stop leaves: effects without a recorded outcome, and conversations with effects in the outbox."""
        waiting = (
            self._lanes.keys() | self._left.keys() | {conversation for conversation, _, _ in self._beside}
        )
        return {"effects_unsettled": self.sending.in_hand, "conversations_with_effects": len(waiting)}

    def statistics(self) -> LaneStatistics:
        """Return what is under way."""
        waiting = sum(len(lane.queue) for lane in self._lanes.values())
        sending: SendingStatistics = self.sending.statistics()
        return LaneStatistics(
            len(self._lanes),
            waiting,
            len(self._beside),
            sending.working,
            sending.outcomes,
            sending.open_circuits,
            sending.held,
            sending.halted,
            sending.errors,
        )
