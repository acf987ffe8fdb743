"""What a hand-over promises, whatever the journal: one suite, run against PostgreSQL and against the twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import pytest
import trio

from runtime import Receipt
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import EventCodec, OperatorCommand, StoredEvent
from runtime.actor.record import TurnRecord
from runtime.journal.handover import PAUSES_MOST, Handover, settle
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.memory_handover import MemoryHandover
from runtime.journal.postgres import PostgresJournal
from runtime.journal.postgres_handover import PostgresHandover
from runtime.journal.protocol import Journal, ResultRecord
from tests.integration.test_journal_conformance import CHANNEL, arrival, request, turn

CODEC = EventCodec()


class Both(NamedTuple):
    """A journal, and the hand-over of the same conversations."""

    journal: Journal
    handover: Handover

    async def arrived(self, dedup: str = "m1") -> StoredEvent:
        (event,) = (await self.journal.ingest([arrival(dedup)])).events
        return event

    async def said(self, version: int, effects: int = 1, dedup: str = "", **more: object) -> TurnRecord:
        """A turn handles a new event and commits."""
        event = await self.arrived(dedup or f"of {version}")
        record = msgspec.structs.replace(turn(event, version, effects=effects), **more)
        assert await self.journal.commit([record]) == {event.conversation}
        return record

    async def verdict(self, effect: Effect, *, epoch: int = 1, wait: float = 20.0) -> str:
        (claim,) = await self.journal.claim([request(effect, epoch=epoch)], wait)
        return claim.verdict

    async def written(self, conversation: str, key: str, payload: bytes = b"by hand") -> Effect:
        """An operator writes; return it as the outbox has it."""
        expires = datetime.now(UTC) + timedelta(hours=1)
        sent = await self.handover.send(conversation, payload, by="sara", key=key, expires=expires)
        assert sent.outcome == "queued"
        (effect,) = [e for e in await self.journal.effects([conversation]) if str(e.id) == sent.effect]
        return effect

    async def version(self, conversation: str) -> int:
        (row,) = await self.journal.load([conversation])
        return row.version


@pytest.fixture(params=["postgres", "memory"])
async def both(request: pytest.FixtureRequest, postgres_journal: PostgresJournal) -> AsyncIterator[Both]:
    if request.param == "postgres":
        yield Both(postgres_journal, PostgresHandover(postgres_journal._pool))
    else:
        memory = MemoryJournal(MemoryStore(lambda: datetime.now(UTC).timestamp()), replica="one")
        yield Both(memory, MemoryHandover(memory))


async def test_a_pause_cancels_what_is_queued_and_nothing_of_it_leaves_ever(both: Both) -> None:
    first = await both.said(1, 2)
    second = await both.said(2, 1)
    name = first.conversation
    done = await both.handover.pause(name, by="sara", why="wants to talk")
    assert (done.outcome, done.by, done.why, done.cancelled) == ("paused", "sara", "wants to talk", 3)
    assert await both.journal.effects([name]) == []
    assert await both.journal.pending(range(128), 10) == []
    effects = [*first.effects, *second.effects]
    assert [await both.verdict(effect) for effect in effects] == ["cancelled"] * 3
    await both.handover.resume(name, by="sara")
    assert [await both.verdict(effect, epoch=2) for effect in effects] == ["cancelled"] * 3


async def test_a_turn_that_began_before_the_pause_is_fenced_and_begins_anew_knowing_of_it(both: Both) -> None:
    event = await both.arrived()
    await both.handover.pause(event.conversation, by="sara", why="x")
    assert await both.journal.commit([turn(event, 1, effects=1)]) == frozenset()
    (row,) = await both.journal.load([event.conversation])
    assert (row.paused, row.version, row.done_seq) == (True, 1, 0)
    knowing = msgspec.structs.replace(turn(event, 2, effects=1, state=b"went on"), paused=True)
    assert await both.journal.commit([knowing]) == {event.conversation}
    (row,) = await both.journal.load([event.conversation])
    assert (row.paused, row.state, row.done_seq) == (True, b"went on", 1)
    assert await both.journal.effects([event.conversation]) == []
    assert await both.verdict(knowing.effects[0]) == "cancelled"


async def test_asides_and_work_go_on_during_a_pause(both: Both) -> None:
    event = await both.arrived()
    await both.handover.pause(event.conversation, by="sara", why="x")
    for version, lane in ((2, Lane.ASIDE), (3, Lane.WORK)):
        knowing = msgspec.structs.replace(turn(event, version, effects=1, lane=lane), paused=True)
        assert await both.journal.commit([knowing]) == {event.conversation}
        assert await both.verdict(knowing.effects[0]) == "claimed"
        event = await both.arrived(f"after {version}")


async def test_what_is_on_its_way_is_waited_for_and_does_not_leave_twice(both: Both) -> None:
    record = await both.said(1, 1)
    name, (effect,) = record.conversation, record.effects
    assert await both.verdict(effect) == "claimed"
    done = await both.handover.pause(name, by="sara", why="x")
    assert done.cancelled == 0
    assert (await settle(both.handover, done, 0.05)).in_flight == 1
    async with trio.open_nursery() as nursery:

        async def end() -> None:
            await both.journal.record([ResultRecord(str(effect.id), 1, "queued", "", "busy")])

        nursery.start_soon(end)
        with trio.fail_after(5):
            assert (await settle(both.handover, done, 5.0)).in_flight == 0
    assert await both.verdict(effect) == "cancelled"


async def test_a_send_that_a_dead_replica_had_begun_is_given_up_once_its_doubt_has_passed(both: Both) -> None:
    record = await both.said(1, 1)
    name, (effect,) = record.conversation, record.effects
    await both.verdict(effect)
    await both.handover.pause(name, by="sara", why="x")
    assert await both.verdict(effect, epoch=2) == "wait"
    assert await both.verdict(effect, epoch=2, wait=0.0) == "cancelled"
    assert await both.handover.in_flight(name) == 0


@pytest.mark.parametrize("first", ["pause", "answer"])
async def test_a_send_of_unknown_outcome_is_not_sent_again_but_a_receipt_still_proves_it(
    both: Both, first: str
) -> None:
    record = await both.said(1, 1)
    name, (effect,) = record.conversation, record.effects
    await both.verdict(effect)
    unknown = ResultRecord(str(effect.id), 1, "uncertain", "", "timeout")
    if first == "answer":
        await both.journal.record([unknown])
    await both.handover.pause(name, by="sara", why="x")
    if first == "pause":
        await both.journal.record([unknown])
    assert await both.verdict(effect) == "cancelled"
    await both.journal.record([unknown])  # its answer had been lost, and it is told again
    assert await both.verdict(effect) == "cancelled"
    await both.journal.ingest([], [Receipt(CHANNEL, str(effect.id), "w", "delivered")])
    assert await both.verdict(effect) == "settled"


async def test_an_operators_sends_pass_in_order_and_are_treated_like_any_other(both: Both) -> None:
    name = (await both.said(1, 1)).conversation
    await both.handover.pause(name, by="sara", why="x")
    one = await both.written(name, "k1", b"one")
    two = await both.written(name, "k2", b"two")
    assert [effect.payload for effect in await both.journal.effects([name])] == [b"one", b"two"]
    assert [c for c, _ in await both.journal.operator_pending(range(128), 10)] == [name]
    assert await both.verdict(one) == "claimed"
    assert await both.handover.in_flight(name) == 0, "an operator's send is not the bot's"
    await both.journal.record([ResultRecord(str(one.id), 1, "uncertain", "", "timeout")])
    (settled,) = (await both.journal.ingest([], [Receipt(CHANNEL, str(one.id), "w1", "read")])).settled
    assert settled.effect == str(one.id)
    assert await both.verdict(two) == "claimed"
    await both.journal.record([ResultRecord(str(two.id), 1, "done", "w2")])
    assert await both.journal.operator_pending(range(128), 10) == []


async def test_a_key_that_is_repeated_sends_and_tells_nothing_more(both: Both) -> None:
    name = (await both.said(1, 0)).conversation
    await both.written(name, "k1")
    expires = datetime.now(UTC) + timedelta(hours=1)
    again = await both.handover.send(name, b"by hand", by="sara", key="k1", expires=expires)
    assert (again.outcome, again.effect) == ("repeated", "")
    assert len(await both.journal.effects([name])) == 1
    version = await both.version(name)
    outcomes = [
        (await both.handover.tell(name, OperatorCommand(name="quote"), key=key)).outcome
        for key in ("k1", "k1", "k2")
    ]
    assert outcomes == ["stored", "repeated", "stored"]
    assert await both.version(name) == version


async def test_a_turn_that_began_before_an_operators_send_comes_behind_it(both: Both) -> None:
    record = await both.said(1, 1)
    name = record.conversation
    event = await both.arrived("late")
    written = await both.written(name, "k1")
    assert await both.journal.commit([turn(event, 2, effects=1)]) == frozenset()
    assert await both.journal.commit([turn(event, 3, effects=1)]) == {name}
    found = await both.journal.effects([name])
    assert [effect.payload for effect in found] == [b"1.0", b"by hand", b"3.0"]
    assert found[1].id == written.id
    (row,) = await both.journal.load([name])
    assert row.operated


async def test_a_command_is_an_event_like_any_other(both: Both) -> None:
    first = await both.arrived()
    command = OperatorCommand(name="quote", data={"price": "900000"})
    told = await both.handover.tell(first.conversation, command, key="k1")
    (event,) = told.events
    assert (event.seq, event.channel, event.stale_at) == (2, CHANNEL, None)
    assert CODEC.decode(event.payload) == command
    assert (await both.arrived("m2")).seq == 3


async def test_the_end_of_a_pause_is_told_to_the_actor_once(both: Both) -> None:
    name = (await both.said(1, 1)).conversation
    await both.handover.pause(name, by="sara", why="x")
    done = await both.handover.resume(name, by="omar")
    (event,) = done.events
    assert done.outcome == "resumed"
    assert CODEC.decode(event.payload) == OperatorCommand(name="resumed", data={"by": "omar"})
    again = await both.handover.resume(name, by="omar")
    assert (again.outcome, again.events) == ("not paused", ())
    greeting = turn(event, await both.version(name) + 1, effects=1)
    assert await both.journal.commit([greeting]) == {name}
    assert await both.verdict(greeting.effects[0]) == "claimed"


async def test_a_second_pause_keeps_the_first_ones_words_and_cancels_what_is_left(both: Both) -> None:
    record = await both.said(1, 2, pause="asked for a person")
    name = record.conversation
    assert [one.by for one in await both.handover.paused(10)] == ["bot"]
    assert await both.verdict(record.effects[0]) == "claimed", "the words of the turn that gave way leave"
    done = await both.handover.pause(name, by="sara", why="x")
    assert (done.outcome, done.by, done.why) == ("paused before", "bot", "asked for a person")
    assert done.cancelled == 1
    await both.journal.record([ResultRecord(str(record.effects[0].id), 1, "queued", "", "busy")])
    assert [await both.verdict(effect) for effect in record.effects] == ["cancelled"] * 2


async def test_a_turn_that_gives_way_says_its_last_words_and_mutes_what_came_before(both: Both) -> None:
    before = await both.said(1, 1)
    parting = await both.said(2, 1, pause="asked for a person")
    name = before.conversation
    assert await both.verdict(before.effects[0]) == "cancelled"
    assert await both.verdict(parting.effects[0]) == "claimed"
    after = await both.said(3, 1, paused=True)
    assert await both.verdict(after.effects[0]) == "cancelled"
    (one,) = await both.handover.paused(10)
    assert (one.conversation, one.channel, one.by, one.why) == (name, CHANNEL, "bot", "asked for a person")


async def test_a_turn_can_end_the_pause_and_answers_from_then_on(both: Both) -> None:
    await both.said(1, 0, pause="asked for a person")
    held = await both.said(2, 1, paused=True)
    back = await both.said(3, 1, paused=True, resume=True)
    assert await both.verdict(held.effects[0]) == "cancelled"
    assert await both.verdict(back.effects[0]) == "claimed"
    assert await both.handover.paused(10) == []
    (row,) = await both.journal.load([held.conversation])
    assert not row.paused


async def test_the_list_says_who_has_taken_it_and_the_longest_is_first(both: Both) -> None:
    names = []
    for number in range(3):
        (event,) = (await both.journal.ingest([arrival(f"m{number}", f"id:{number}")])).events
        await both.handover.pause(event.conversation, by=f"op{number}", why="x")
        names.append(event.conversation)
    assert await both.handover.assign(names[1], to="omar")
    listed = await both.handover.paused(10)
    assert [(one.conversation, one.by, one.assigned, one.waiting) for one in listed] == [
        (names[0], "op0", "", 1),
        (names[1], "op1", "omar", 1),
        (names[2], "op2", "", 1),
    ]
    assert len(await both.handover.paused(2)) == 2
    assert [one.conversation for one in await both.handover.paused(10, names[2:])] == names[2:]
    await both.handover.resume(names[0], by="omar")
    assert not await both.handover.assign(names[0], to="omar")


async def test_of_a_conversation_that_nobody_knows_nothing_is_made(both: Both) -> None:
    handover, name = both.handover, "cnobody"
    expires = datetime.now(UTC) + timedelta(hours=1)
    outcomes = [
        (await handover.pause(name, by="sara", why="x")).outcome,
        (await handover.resume(name, by="sara")).outcome,
        (await handover.send(name, b"x", by="sara", key="k", expires=expires)).outcome,
        (await handover.tell(name, OperatorCommand(name="n"), key="k")).outcome,
    ]
    assert outcomes == ["unknown"] * 4
    assert await both.journal.load([name]) == []
    assert not await handover.assign(name, to="omar")


@pytest.mark.parametrize("label", ["", "x" * 65, "a\nb"])
async def test_a_label_is_short_and_printable(both: Both, label: str) -> None:
    event = await both.arrived()
    with pytest.raises(ValueError, match="label must be"):
        await both.handover.pause(event.conversation, by=label, why="x")
    assert await both.handover.paused(10) == []


async def test_a_bot_that_paused_itself_may_interject_and_the_pause_goes_on(both: Both) -> None:
    begins = await both.said(1, 1, pause="asked for a person")
    name = begins.conversation
    silent = await both.said(2, 1, paused=True)
    before = (await both.handover.paused(10, [name]))[0]
    said = await both.said(3, 1, paused=True, pause="", resume=True)
    after = await both.said(4, 1, paused=True)
    (row,) = await both.journal.load([name])
    assert (row.paused, row.held) == (True, False)
    assert (await both.handover.paused(10, [name]))[0] == before
    verdicts = [await both.verdict(one.effects[0]) for one in (begins, silent, said, after)]
    assert verdicts == ["claimed", "cancelled", "claimed", "cancelled"]


@pytest.mark.parametrize("act", ["pause", "assign", "send"])
async def test_once_an_operator_has_the_conversation_no_interjection_leaves(both: Both, act: str) -> None:
    begins = await both.said(1, 0, pause="asked for a person")
    name = begins.conversation
    said = await both.said(2, 1, paused=True, pause="", resume=True)
    late = await both.arrived("late")
    match act:
        case "pause":
            await both.handover.pause(name, by="sara", why="x")
            assert await both.verdict(said.effects[0]) == "cancelled"
        case "assign":
            assert await both.handover.assign(name, to="sara")
        case _:
            await both.written(name, "k1")
    interjecting = msgspec.structs.replace(turn(late, 3, effects=1), paused=True, pause="", resume=True)
    assert await both.journal.commit([interjecting]) == frozenset(), "it began before and knows nothing of it"
    (row,) = await both.journal.load([name])
    assert (row.paused, row.held, row.version) == (True, True, 3)
    assert (await both.handover.paused(10, [name]))[0].assigned == "sara"


async def test_a_pause_that_begins_anew_mutes_what_was_said_as_it_began(both: Both) -> None:
    begins = await both.said(1, 1, pause="asked for a person")
    anew = await both.said(2, 1, paused=True, pause="answered by a person")
    after = await both.said(3, 1, paused=True)
    verdicts = [await both.verdict(one.effects[0]) for one in (begins, anew, after)]
    assert verdicts == ["cancelled", "claimed", "cancelled"]
    (paused,) = await both.handover.paused(10, [begins.conversation])
    assert (paused.by, paused.why) == ("bot", "answered by a person")


async def test_what_became_of_each_pause_is_kept_with_who_ended_it_and_why(both: Both) -> None:
    record = await both.said(1, pause="asked for a person")
    name = record.conversation
    await both.said(2, paused=True, pause="taken by Sara")
    (row,) = await both.journal.load([name])
    await both.said(row.version + 1, paused=True, resume=True, resume_why="nobody was there")
    await both.handover.pause(name, by="omar", why="a complaint")
    await both.handover.assign(name, to="layla")
    (now, third, second) = await both.handover.pauses(name, 10)
    assert (second.by, second.why, second.ended_by, second.ended_why) == (
        *("bot", "asked for a person"),
        *("bot", "taken by Sara"),
    )
    assert (third.why, third.ended_by, third.ended_why) == ("taken by Sara", "bot", "nobody was there")
    assert (now.by, now.why, now.assigned, now.until) == ("omar", "a complaint", "layla", None)
    assert second.until is not None
    assert second.since <= second.until <= third.since
    await both.handover.resume(name, by="sara")
    (latest,) = await both.handover.pauses(name, 1)
    assert (latest.ended_by, latest.ended_why) == ("sara", "by an operator")
    assert await both.handover.pauses("nobody", 10) == []


async def test_only_the_latest_pauses_of_a_conversation_are_kept(both: Both) -> None:
    name = (await both.said(1)).conversation
    for _ in range(PAUSES_MOST + 3):
        await both.handover.pause(name, by="omar", why="again")
        await both.handover.resume(name, by="omar")
    assert len(await both.handover.pauses(name, 1000)) == PAUSES_MOST
