"""What every journal promises: one suite, run against PostgreSQL and against the twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import trio

from runtime import Arrival, Receipt
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import TurnRecord
from runtime.journal.identity import shard_of
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.postgres import PostgresJournal
from runtime.journal.protocol import ClaimRequest, Journal, ResultRecord

CHANNEL = "post:1"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["postgres", "memory"])
async def journal(
    request: pytest.FixtureRequest, postgres_journal: PostgresJournal
) -> AsyncIterator[Journal]:
    if request.param == "postgres":
        yield postgres_journal
    else:
        yield MemoryJournal(MemoryStore(lambda: datetime.now(UTC).timestamp()), replica="one")


def arrival(dedup: str, *identities: str, channel: str = CHANNEL, payload: bytes = b"x") -> Arrival:
    return Arrival(channel, identities or ("id:ann",), dedup, payload)


def turn(
    event: StoredEvent, version: int, *, epoch: int = 1, effects: int = 0, state: bytes = b"s"
) -> TurnRecord:
    made = tuple(
        Effect(event.conversation, event.channel, version, place, Lane.SEND, f"{version}.{place}".encode())
        for place in range(effects)
    )
    expires = datetime.now(UTC) + timedelta(hours=1)
    return TurnRecord(event.conversation, epoch, version, event.seq, event.seq, NOW, state, made, expires)


async def one_send(journal: Journal) -> Effect:
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = turn(event, 1, effects=1)
    await journal.commit([record])
    return record.effects[0]


def request(effect: Effect, *, epoch: int = 1, interval: float = 0.0, burst: int = 1) -> ClaimRequest:
    return ClaimRequest(str(effect.id), effect.conversation, epoch, interval, burst)


async def test_sequences_are_gapless_in_the_order_given(journal: Journal) -> None:
    stored = (await journal.ingest([arrival(f"m{n}") for n in range(50)])).events
    assert [event.seq for event in stored] == list(range(1, 51))
    stored = (await journal.ingest([arrival("m7"), arrival("m50"), arrival("m50"), arrival("m51")])).events
    assert [event.seq for event in stored] == [51, 52]
    assert {event.shard for event in stored} == {shard_of(stored[0].conversation)}


async def test_a_duplicate_is_stored_once_within_and_across_batches(journal: Journal) -> None:
    first = await journal.ingest([arrival("m1", payload=b"a"), arrival("m1", payload=b"b")])
    assert [event.payload for event in first.events] == [b"a"]
    assert (await journal.ingest([arrival("m1")])).events == []


async def test_payloads_come_back_byte_for_byte(journal: Journal) -> None:
    payload = bytes(range(256)) + b"\\u0000\\ud800"
    (event,) = (await journal.ingest([arrival("m1", payload=payload)])).events
    (row,) = await journal.load([event.conversation])
    ((read,),) = await journal.read([(row, 0)], 10)
    assert read.payload == payload
    assert read.received_at == event.received_at


async def test_one_person_is_one_conversation_whatever_identity_is_used(journal: Journal) -> None:
    (by_phone,) = (await journal.ingest([arrival("m1", "wa_id:1")])).events
    (by_both,) = (await journal.ingest([arrival("m2", "wa_id:1", "bsuid:A")])).events
    (by_scoped,) = (await journal.ingest([arrival("m3", "bsuid:A")])).events
    assert by_phone.conversation == by_both.conversation == by_scoped.conversation
    (elsewhere,) = (await journal.ingest([arrival("m4", "wa_id:1", channel="post:2")])).events
    assert elsewhere.conversation != by_phone.conversation


async def test_identities_of_one_batch_join_in_any_order(journal: Journal) -> None:
    events = (
        await journal.ingest(
            [arrival("m1", "bsuid:A"), arrival("m2", "wa_id:1", "bsuid:A"), arrival("m3", "wa_id:1")]
        )
    ).events
    assert len({event.conversation for event in events}) == 1
    assert [event.seq for event in events] == [1, 2, 3]


async def test_two_conversations_that_meet_stay_apart_and_the_stronger_identity_decides(
    journal: Journal,
) -> None:
    (phone,) = (await journal.ingest([arrival("m1", "wa_id:1")])).events
    (scoped,) = (await journal.ingest([arrival("m2", "bsuid:A")])).events
    (both,) = (await journal.ingest([arrival("m3", "wa_id:1", "bsuid:A")])).events
    (still,) = (await journal.ingest([arrival("m4", "bsuid:A")])).events
    assert phone.conversation != scoped.conversation
    assert both.conversation == phone.conversation
    assert still.conversation == scoped.conversation


async def test_a_conversations_id_tells_nothing_of_the_phone(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1", "wa_id:971501112233")])).events
    assert "971501112233" not in event.conversation


async def test_a_turn_moves_state_cursor_and_version_together(journal: Journal) -> None:
    events = (await journal.ingest([arrival("m1"), arrival("m2")])).events
    assert await journal.commit([turn(events[0], 1, state=b"one")]) == {events[0].conversation}
    (row,) = await journal.load([events[0].conversation])
    assert (row.version, row.done_seq, row.next_seq, row.state, row.channel) == (1, 1, 3, b"one", CHANNEL)
    assert await journal.backlog([row.shard], 10) == [(row.id, row.shard)]
    await journal.commit([turn(events[1], 2)])
    assert await journal.backlog([row.shard], 10) == []


async def test_a_turn_against_an_old_version_an_old_epoch_or_another_cursor_is_fenced(
    journal: Journal,
) -> None:
    events = (await journal.ingest([arrival("m1"), arrival("m2"), arrival("m3")])).events
    conversation = events[0].conversation
    assert await journal.commit([turn(events[0], 1, epoch=5)]) == {conversation}
    assert await journal.commit([turn(events[0], 1, epoch=5, effects=1)]) == frozenset()
    assert await journal.commit([turn(events[1], 2, epoch=4, effects=1)]) == frozenset()
    assert await journal.commit([turn(events[2], 2, epoch=5, effects=1)]) == frozenset()
    assert await journal.effects([conversation]) == []
    assert await journal.commit([turn(events[1], 2, epoch=5)]) == {conversation}


async def test_one_fenced_turn_does_not_hold_back_the_others_of_its_batch(journal: Journal) -> None:
    (ann,) = (await journal.ingest([arrival("m1", "id:ann")])).events
    (bob,) = (await journal.ingest([arrival("m2", "id:bob")])).events
    assert await journal.commit([turn(ann, 2), turn(bob, 1)]) == {bob.conversation}


async def test_effects_wait_in_order_until_they_are_settled(journal: Journal) -> None:
    events = (await journal.ingest([arrival("m1"), arrival("m2")])).events
    await journal.commit([turn(events[0], 1, effects=2)])
    await journal.commit([turn(events[1], 2, effects=1)])
    effects = await journal.effects([events[0].conversation])
    assert [effect.payload for effect in effects] == [b"1.0", b"1.1", b"2.0"]
    assert effects[0].channel == CHANNEL
    (claim,) = await journal.claim([request(effects[0])], 20.0)
    assert (claim.verdict, claim.address, claim.attempts) == ("claimed", "id:ann", 1)
    await journal.record([ResultRecord(str(effects[0].id), 1, "done", "wamid.1")])
    assert len(await journal.effects([events[0].conversation])) == 2
    shard = shard_of(events[0].conversation)
    assert await journal.pending([shard], 10) == [(events[0].conversation, shard)]


async def test_a_claim_is_given_once_until_the_doubt_has_passed(journal: Journal) -> None:
    effect = await one_send(journal)
    assert [c.verdict for c in await journal.claim([request(effect)], 20.0)] == ["claimed"]
    (again,) = await journal.claim([request(effect)], 20.0)
    assert again.verdict == "wait"
    assert 15 < again.wait <= 20
    await journal.record([ResultRecord(str(effect.id), 1, "uncertain", "", "timeout")])
    (again,) = await journal.claim([request(effect)], 0.0)
    assert (again.verdict, again.attempts) == ("claimed", 2)


async def test_a_send_that_certainly_did_not_leave_may_be_claimed_at_once(journal: Journal) -> None:
    effect = await one_send(journal)
    await journal.claim([request(effect)], 20.0)
    await journal.record([ResultRecord(str(effect.id), 1, "queued", "", "busy")])
    (again,) = await journal.claim([request(effect)], 20.0)
    assert again.verdict == "claimed"


async def test_a_claim_under_an_old_epoch_is_fenced_and_its_result_dropped(journal: Journal) -> None:
    effect = await one_send(journal)
    await journal.claim([request(effect, epoch=2)], 20.0)
    (late,) = await journal.claim([request(effect, epoch=1)], 0.0)
    assert late.verdict == "fenced"
    await journal.record([ResultRecord(str(effect.id), 1, "done", "wamid.late")])
    assert len(await journal.effects([effect.conversation])) == 1


async def test_the_pair_clock_lets_a_burst_through_and_then_one_each_interval(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = turn(event, 1, effects=4)
    await journal.commit([record])
    verdicts = []
    for effect in record.effects:
        (claim,) = await journal.claim([request(effect, interval=6.0, burst=3)], 20.0)
        verdicts.append(claim.verdict)
    assert verdicts == ["claimed", "claimed", "claimed", "wait"]
    assert 5 < claim.wait <= 6


async def test_a_receipt_settles_what_is_in_doubt_and_only_that(journal: Journal) -> None:
    effect = await one_send(journal)
    mine = Receipt(CHANNEL, str(effect.id), "wamid.1", "delivered")
    await journal.claim([request(effect)], 20.0)
    foreign = Receipt("post:2", str(effect.id), "wamid.1", "delivered")
    assert (await journal.ingest([], [foreign])).settled == []
    (settled,) = (await journal.ingest([], [mine, mine])).settled
    assert (settled.conversation, settled.effect) == (effect.conversation, str(effect.id))
    assert (await journal.ingest([], [mine])).settled == []
    (claim,) = await journal.claim([request(effect)], 0.0)
    assert claim.verdict == "settled"
    await journal.record([ResultRecord(str(effect.id), 1, "uncertain")])
    assert await journal.effects([effect.conversation]) == []


async def test_a_receipt_without_our_id_or_of_nobody_is_harmless(journal: Journal) -> None:
    strange = [Receipt(CHANNEL, "", "w", "sent"), Receipt(CHANNEL, "not a uuid", "w", "read")]
    unknown = Receipt(CHANNEL, "5e3b0c5e-6f0a-5d3c-9a53-6d616a6c6973", "w", "failed")
    assert (await journal.ingest([], [*strange, unknown])).settled == []


async def test_a_failure_for_good_is_an_event_in_the_same_step_once(journal: Journal) -> None:
    effect = await one_send(journal)
    await journal.claim([request(effect)], 20.0)
    result = ResultRecord(str(effect.id), 1, "failed", "", "131026", b"failure")
    (event,) = (await journal.record([result])).events
    assert (event.conversation, event.seq, event.payload) == (effect.conversation, 2, b"failure")
    assert (await journal.record([result])).events == []
    assert await journal.effects([effect.conversation]) == []


async def test_an_effect_past_its_time_is_expired(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = turn(event, 1, effects=1)
    await journal.commit([msgspec.structs.replace(record, expires_at=NOW - timedelta(days=400))])
    (claim,) = await journal.claim([request(record.effects[0])], 20.0)
    assert claim.verdict == "expired"
    (event,) = (
        await journal.record([ResultRecord(str(record.effects[0].id), 1, "failed", "", "x", b"f")])
    ).events
    assert event.seq == 2


async def test_an_effect_nobody_knows_is_gone(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    (claim,) = await journal.claim([request(turn(event, 9, effects=1).effects[0])], 20.0)
    assert claim.verdict == "gone"


async def test_shards_are_taken_kept_and_released(journal: Journal) -> None:
    taken = await journal.acquire(own=True, ttl=30.0)
    assert taken == dict.fromkeys(range(128), 1)
    assert await journal.acquire(own=False, ttl=30.0) == {}
    assert await journal.renew(ttl=30.0) == taken
    again = await journal.acquire(own=True, ttl=30.0)  # a restart: a new epoch fences the earlier life
    assert again == dict.fromkeys(range(128), 2)
    await journal.release([1, 2])
    assert len(await journal.renew(ttl=30.0)) == 126
    assert await journal.acquire(own=False, ttl=30.0) == {1: 3, 2: 3}


async def test_many_tasks_at_once_leave_no_gap_and_lose_nothing(journal: Journal) -> None:
    people = [f"id:{n}" for n in range(10)]

    async def feed(worker: int) -> None:
        for number in range(20):
            batch = [arrival(f"{person}|{number}|{worker % 2}", person) for person in people]
            await journal.ingest(batch if worker % 2 else batch[::-1])

    async with trio.open_nursery() as nursery:
        for worker in range(4):
            nursery.start_soon(feed, worker)
    for conversation, _ in await journal.backlog(list(range(128)), 100):
        (row,) = await journal.load([conversation])
        (events,) = await journal.read([(row, 0)], 1000)
        assert [event.seq for event in events] == list(range(1, 41))


async def test_reading_goes_on_from_where_it_is_told(journal: Journal) -> None:
    events = (await journal.ingest([arrival(f"m{n}") for n in range(10)])).events
    (row,) = await journal.load([events[0].conversation])
    (other,) = (await journal.ingest([arrival("b1", "id:bob")])).events
    (bob,) = await journal.load([other.conversation])
    mine, his = await journal.read([(row, 3), (bob, 0)], 4)
    assert [event.seq for event in mine] == [4, 5, 6, 7]
    assert [event.seq for event in his] == [1]
    assert await journal.load(["nobody"]) == []


async def test_looks_come_in_pages_in_key_order(journal: Journal) -> None:
    events = (await journal.ingest([arrival(f"m{n}", f"id:p{n}") for n in range(5)])).events
    names = sorted(event.conversation for event in events)
    shards = list(range(128))
    assert [name for name, _ in await journal.backlog(shards, 2)] == names[:2]
    assert [name for name, _ in await journal.backlog(shards, 9, names[1])] == names[2:]
    await journal.commit([turn(event, 1, effects=2) for event in events])
    assert [name for name, _ in await journal.pending(shards, 2)] == names[:2]
    assert [name for name, _ in await journal.pending(shards, 9, names[1])] == names[2:]
