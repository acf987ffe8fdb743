"""What every journal promises: one suite, run against PostgreSQL and against the twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import trio

from runtime import Arrival, Receipt
from runtime.actor.effect import Effect, Lane
from runtime.actor.event import StoredEvent
from runtime.actor.record import FailedAttempt, Timer, TurnRecord
from runtime.journal.identity import shard_of
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.postgres import PostgresJournal
from runtime.journal.protocol import ClaimRequest, Journal, ResultRecord
from runtime.journal.statements import statement

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
    event: StoredEvent,
    version: int,
    *,
    epoch: int = 1,
    effects: int = 0,
    state: bytes = b"s",
    lane: Lane = Lane.SEND,
) -> TurnRecord:
    made = tuple(
        Effect(event.conversation, event.channel, version, place, lane, f"{version}.{place}".encode())
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


async def one_piece_of_work(journal: Journal) -> Effect:
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = turn(event, 1, effects=1, lane=Lane.WORK)
    await journal.commit([record])
    assert await journal.effects([event.conversation]) == list(record.effects)
    return record.effects[0]


@pytest.mark.parametrize("status", ["sending", "uncertain"])
async def test_work_that_was_cut_off_is_claimed_at_once_by_the_next_owner(
    journal: Journal, status: str
) -> None:
    work = await one_piece_of_work(journal)
    (first,) = await journal.claim([request(work, interval=6.0, burst=1)], 20.0)
    if status == "uncertain":
        await journal.record([ResultRecord(str(work.id), 1, "uncertain")])
    (second,) = await journal.claim([request(work, epoch=2, interval=6.0, burst=1)], 20.0)
    (third,) = await journal.claim([request(work, epoch=2, interval=6.0, burst=1)], 20.0)
    assert [(c.verdict, c.attempts) for c in (first, second, third)] == [
        ("claimed", 1),
        ("claimed", 2),
        ("claimed", 3),
    ]
    (late,) = await journal.claim([request(work, epoch=1)], 20.0)
    assert late.verdict == "fenced"


async def test_what_came_of_work_is_an_event_in_the_same_step_once(journal: Journal) -> None:
    work = await one_piece_of_work(journal)
    await journal.claim([request(work, epoch=1)], 20.0)
    await journal.claim([request(work, epoch=2)], 20.0)
    late = ResultRecord(str(work.id), 1, "done", event=b"of the first life")
    assert (await journal.record([late])).events == []
    done = ResultRecord(str(work.id), 2, "done", event=b"of the second")
    (event,) = (await journal.record([done])).events
    assert (event.conversation, event.seq, event.payload) == (work.conversation, 2, b"of the second")
    assert event.stale_at is None
    assert (await journal.record([done])).events == []
    assert await journal.effects([work.conversation]) == []
    (again,) = await journal.claim([request(work, epoch=3)], 20.0)
    assert again.verdict == "settled"


async def test_work_moves_no_pair_clock_and_waits_for_none(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    sends = turn(event, 1, effects=2)
    await journal.commit([sends])
    (more,) = (await journal.ingest([arrival("m2")])).events
    work = turn(more, 2, effects=2, lane=Lane.WORK)
    await journal.commit([work])
    one = {"interval": 6.0, "burst": 1}
    wishes = [work.effects[0], sends.effects[0], work.effects[1], sends.effects[1]]
    verdicts = [(await journal.claim([request(wish, **one)], 20.0))[0].verdict for wish in wishes]  # type: ignore[arg-type]
    assert verdicts == ["claimed", "claimed", "claimed", "wait"]


async def test_work_that_was_cut_off_and_is_late_is_expired_and_not_unsettled(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = turn(event, 1, effects=1, lane=Lane.WORK)
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await journal.commit([msgspec.structs.replace(record, expires_at=soon)])
    (claim,) = await journal.claim([request(record.effects[0])], 20.0)
    assert claim.verdict == "claimed"
    with trio.fail_after(5):
        while claim.verdict == "claimed":
            (claim,) = await journal.claim([request(record.effects[0], epoch=2)], 20.0)
            await trio.sleep(0.02)
    assert claim.verdict == "expired"


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


# ── supervision and time ──────────────────────────────────────────────

EVERYWHERE = range(128)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


def attempt(
    name: str, number: int = 1, *, version: int = 0, epoch: int = 1, seq: int = 1, parked: bool = False
) -> FailedAttempt:
    return FailedAttempt(name, epoch, version, number, NOW, parked, seq, "", "ValueError", "bot.py:3")


def timer_turn(timer: Timer, version: int, done: int, **more: object) -> TurnRecord:
    """A turn that handles a timer, and no event."""
    record = TurnRecord(timer.conversation, 1, version, done + 1, done, NOW, b"t", (), LATER, timer)
    return msgspec.structs.replace(record, **more)


async def due(journal: Journal, now: datetime = LATER) -> dict[str, Timer]:
    return {timer.name: timer for timer in await journal.due(EVERYWHERE, now, 100)}


async def with_reminders(journal: Journal, **names: datetime) -> StoredEvent:
    """A conversation whose first turn has set these."""
    (event,) = (await journal.ingest([arrival("m1")])).events
    record = msgspec.structs.replace(turn(event, 1), reminders=tuple(names.items()))
    assert await journal.commit([record]) == {event.conversation}
    return event


async def unpark(journal: Journal, conversation: str, *, skip: bool = False) -> None:
    if isinstance(journal, MemoryJournal):
        journal._store.unpark(conversation, skip=skip)
        return
    assert isinstance(journal, PostgresJournal)
    sql, argument = ("skip", conversation) if skip else ("unpark", [conversation])
    await journal._pool.run(lambda connection: connection.fetch(statement(sql), argument))


async def letters(journal: Journal) -> Sequence[tuple[int, str]]:
    if isinstance(journal, MemoryJournal):
        return [(letter.seq, letter.fate) for letter in journal._store.letters]
    assert isinstance(journal, PostgresJournal)
    sql = "select seq, fate from dead_letter order by id"
    return [(row["seq"], row["fate"]) for row in await journal._pool.run(lambda c: c.fetch(sql))]


async def test_attempts_are_kept_until_a_turn_commits(journal: Journal) -> None:
    (event,) = (await journal.ingest([arrival("m1")])).events
    name = event.conversation
    assert await journal.fail([attempt(name, 1)]) == {name}
    assert await journal.fail([attempt(name, 2, epoch=3)]) == {name}
    (row,) = await journal.load([name])
    assert (row.attempts, row.attempts_since, row.parked, row.version, row.epoch) == (2, NOW, False, 0, 3)
    assert await journal.backlog(EVERYWHERE, 10) == [(name, event.shard)]
    assert await journal.commit([turn(event, 1, epoch=3)]) == {name}
    (row,) = await journal.load([name])
    assert (row.attempts, row.attempts_since) == (0, None)


async def test_an_attempt_against_an_old_version_an_old_epoch_or_another_event_is_fenced(
    journal: Journal,
) -> None:
    events = (await journal.ingest([arrival("m1"), arrival("m2")])).events
    name = events[0].conversation
    await journal.commit([turn(events[0], 1, epoch=5)])
    assert await journal.fail([attempt(name, version=0, epoch=5, seq=2)]) == frozenset()
    assert await journal.fail([attempt(name, version=1, epoch=4, seq=2)]) == frozenset()
    assert await journal.fail([attempt(name, version=1, epoch=5, seq=1)]) == frozenset()
    assert (await journal.load([name]))[0].attempts == 0
    assert await journal.fail([attempt(name, version=1, epoch=6, seq=2)]) == {name}
    assert await journal.commit([turn(events[1], 2, epoch=5)]) == frozenset()


async def test_one_fenced_attempt_does_not_hold_back_the_others_of_its_batch(journal: Journal) -> None:
    (ann,) = (await journal.ingest([arrival("m1", "id:ann")])).events
    (bob,) = (await journal.ingest([arrival("m2", "id:bob")])).events
    both = [attempt(ann.conversation, version=7), attempt(bob.conversation)]
    assert await journal.fail(both) == {bob.conversation}


async def test_what_is_parked_begins_nothing_until_it_is_let_go_on(journal: Journal) -> None:
    event = await with_reminders(journal, nudge=SOON)
    second, third = (await journal.ingest([arrival("m2"), arrival("m3")])).events
    (bob,) = (await journal.ingest([arrival("b1", "id:bob")])).events
    name = event.conversation
    await journal.fail([attempt(name, 4, version=1, seq=2, parked=True)])
    (row,) = await journal.load([name])
    assert (row.parked, row.attempts, row.version, row.done_seq, row.next_seq) == (True, 4, 1, 1, 4)
    assert await journal.backlog(EVERYWHERE, 10) == [(bob.conversation, bob.shard)]
    assert await due(journal) == {}
    assert await journal.commit([turn(second, 2)]) == frozenset()
    assert await journal.fail([attempt(name, 5, version=1, seq=2)]) == frozenset()
    (fourth,) = (await journal.ingest([arrival("m4")])).events
    assert fourth.seq == 4

    await unpark(journal, name)
    (row,) = await journal.load([name])
    assert (row.parked, row.attempts, row.attempts_since, row.done_seq) == (False, 0, None, 1)
    assert (name, row.shard) in await journal.backlog(EVERYWHERE, 10)
    assert list(await due(journal)) == ["nudge"]
    assert await journal.commit([turn(second, 2)]) == frozenset()  # of before it was parked
    assert await journal.commit([turn(second, row.version + 1)]) == {name}
    assert await journal.commit([turn(third, row.version + 2)]) == {name}
    assert await letters(journal) == []


async def test_what_is_skipped_is_a_dead_letter_and_the_next_event_may_be_handled(journal: Journal) -> None:
    first, second = (await journal.ingest([arrival("m1"), arrival("m2")])).events
    name = first.conversation
    await journal.fail([attempt(name, parked=True)])
    await unpark(journal, name, skip=True)
    (row,) = await journal.load([name])
    assert (row.parked, row.attempts, row.done_seq) == (False, 0, 1)
    assert await letters(journal) == [(1, "dead")]
    assert await journal.commit([turn(first, row.version + 1)]) == frozenset()
    assert await journal.commit([turn(second, row.version + 1)]) == {name}


async def test_effects_that_were_committed_leave_though_the_conversation_is_parked(journal: Journal) -> None:
    effect = await one_send(journal)
    await journal.ingest([arrival("m2")])
    await journal.fail([attempt(effect.conversation, version=1, seq=2, parked=True)])
    shard = shard_of(effect.conversation)
    assert await journal.pending([shard], 10) == [(effect.conversation, shard)]
    assert [claim.verdict for claim in await journal.claim([request(effect)], 20.0)] == ["claimed"]


async def test_a_reminder_is_due_from_its_time_on_and_carries_the_version_that_set_it(
    journal: Journal,
) -> None:
    event = await with_reminders(journal, nudge=SOON, later=LATER)
    assert await due(journal, SOON - timedelta(milliseconds=1)) == {}
    timer = Timer(event.conversation, event.shard, "nudge", 1, SOON)
    assert await due(journal, SOON) == {"nudge": timer}
    assert set(await due(journal, LATER)) == {"nudge", "later"}
    others = [shard for shard in EVERYWHERE if shard != event.shard]
    assert await journal.due(others, LATER, 10) == []


async def test_due_reminders_come_in_pages_in_the_order_of_conversations(journal: Journal) -> None:
    events = (await journal.ingest([arrival(f"m{n}", f"id:p{n}") for n in range(5)])).events
    reminders = (("nudge", SOON),)
    await journal.commit([msgspec.structs.replace(turn(event, 1), reminders=reminders) for event in events])
    names = sorted(event.conversation for event in events)
    assert [timer.conversation for timer in await journal.due(EVERYWHERE, SOON, 2)] == names[:2]
    assert [timer.conversation for timer in await journal.due(EVERYWHERE, SOON, 9, names[1])] == names[2:]


async def test_a_turn_replaces_and_forgets_reminders_by_name(journal: Journal) -> None:
    await with_reminders(journal, kept=SOON, replaced=SOON, forgotten=SOON)
    (second,) = (await journal.ingest([arrival("m2")])).events
    changes = {"reminders": (("replaced", LATER),), "forgotten": ("forgotten", "never set")}
    await journal.commit([msgspec.structs.replace(turn(second, 2), **changes)])
    assert set(await due(journal, SOON)) == {"kept"}
    found = await due(journal)
    assert {name: (timer.generation, timer.due_at) for name, timer in found.items()} == {
        "kept": (1, SOON),
        "replaced": (2, LATER),
    }


async def test_a_turn_that_is_fenced_changes_no_reminder(journal: Journal) -> None:
    await with_reminders(journal, nudge=SOON)
    (second,) = (await journal.ingest([arrival("m2")])).events
    before = await due(journal)
    changes = {"reminders": (("other", SOON),), "forgotten": ("nudge",)}
    fenced = msgspec.structs.replace(turn(second, 7, effects=1), **changes)
    assert await journal.commit([fenced]) == frozenset()
    assert await due(journal) == before


async def test_a_reminder_that_is_handled_is_gone_and_is_handled_once(journal: Journal) -> None:
    event = await with_reminders(journal, nudge=SOON, other=SOON)
    timer = (await due(journal))["nudge"]
    assert await journal.commit([timer_turn(timer, 2, 1)]) == {event.conversation}
    assert set(await due(journal)) == {"other"}
    (row,) = await journal.load([event.conversation])
    assert (row.version, row.done_seq, row.next_seq, row.state) == (2, 1, 2, b"t")
    assert await journal.commit([timer_turn(timer, 3, 1)]) == frozenset()


async def test_a_reminder_may_set_itself_again(journal: Journal) -> None:
    event = await with_reminders(journal, nudge=SOON)
    timer = (await due(journal))["nudge"]
    record = timer_turn(timer, 2, 1, reminders=(("nudge", LATER),))
    assert await journal.commit([record]) == {event.conversation}
    assert await due(journal, SOON) == {}
    assert (await due(journal))["nudge"] == Timer(event.conversation, event.shard, "nudge", 2, LATER)


async def test_an_event_that_waits_overtakes_a_reminder(journal: Journal) -> None:
    event = await with_reminders(journal, nudge=SOON)
    timer = (await due(journal))["nudge"]
    (second,) = (await journal.ingest([arrival("m2")])).events
    assert await journal.commit([timer_turn(timer, 2, 1)]) == frozenset()
    assert (await due(journal))["nudge"] == timer
    await journal.commit([turn(second, 2)])
    assert await journal.commit([timer_turn(timer, 3, 2)]) == {event.conversation}


async def test_a_reminder_that_was_set_again_is_fenced_under_its_old_generation(journal: Journal) -> None:
    event = await with_reminders(journal, nudge=SOON)
    old = (await due(journal))["nudge"]
    (second,) = (await journal.ingest([arrival("m2")])).events
    await journal.commit([msgspec.structs.replace(turn(second, 2), reminders=(("nudge", SOON),))])
    assert await journal.commit([timer_turn(old, 3, 2)]) == frozenset()
    new = (await due(journal))["nudge"]
    assert (old.generation, new.generation) == (1, 2)
    assert await journal.commit([timer_turn(new, 3, 2)]) == {event.conversation}


async def test_a_reminder_that_was_forgotten_cannot_be_handled(journal: Journal) -> None:
    await with_reminders(journal, nudge=SOON)
    timer = (await due(journal))["nudge"]
    (second,) = (await journal.ingest([arrival("m2")])).events
    await journal.commit([msgspec.structs.replace(turn(second, 2), forgotten=("nudge",))])
    assert await journal.commit([timer_turn(timer, 3, 2)]) == frozenset()


async def test_a_turn_of_several_events_moves_the_cursor_over_all_of_them(journal: Journal) -> None:
    first, _, third, fourth = (await journal.ingest([arrival(f"m{n}") for n in range(4)])).events
    together = msgspec.structs.replace(turn(first, 1), last_seq=third.seq)
    assert await journal.commit([together]) == {first.conversation}
    assert await letters(journal) == []
    assert await journal.commit([turn(third, 2)]) == frozenset()
    assert await journal.commit([turn(fourth, 2)]) == {first.conversation}


async def test_stale_events_are_covered_by_one_turn_and_leave_letters(journal: Journal) -> None:
    first, second, third = (await journal.ingest([arrival(f"m{n}") for n in range(3)])).events
    stale = msgspec.structs.replace(turn(first, 1), last_seq=second.seq, stale=True)
    assert await journal.commit([msgspec.structs.replace(stale, version=2)]) == frozenset()
    assert await letters(journal) == []
    assert await journal.commit([stale]) == {first.conversation}
    assert await journal.commit([turn(third, 2)]) == {first.conversation}
    assert await letters(journal) == [(1, "stale"), (2, "stale")]


async def test_replies_go_to_the_latest_address_and_none_leaves_it(journal: Journal) -> None:
    async def address(dedup: str, version: int, given: str | None) -> str:
        one = msgspec.structs.replace(arrival(dedup, "wa_id:1", "bsuid:A"), address=given)
        (event,) = (await journal.ingest([one])).events
        record = turn(event, version, effects=1)
        await journal.commit([record])
        (claim,) = await journal.claim([request(record.effects[0])], 20.0)
        return claim.address

    assert await address("m1", 1, "") == "wa_id:1"
    assert await address("m2", 2, None) == "wa_id:1"
    assert await address("m3", 3, "wa_id:2") == "wa_id:2"
    assert await address("m4", 4, None) == "wa_id:2"
    assert await address("m5", 5, "") == "wa_id:1"


async def test_an_event_for_a_conversation_by_its_id_goes_there_once_and_leaves_its_address(
    journal: Journal,
) -> None:
    (first,) = (await journal.ingest([arrival("m1")])).events
    told = Arrival(CHANNEL, (), "t|1", b"told", address=None, conversation=first.conversation)
    (event,) = (await journal.ingest([told])).events
    assert (event.conversation, event.seq, event.payload) == (first.conversation, 2, b"told")
    assert (await journal.ingest([told])).events == []
    record = turn(event, 1, effects=1)
    record = msgspec.structs.replace(record, first_seq=1)
    assert await journal.commit([record]) == {first.conversation}
    (claim,) = await journal.claim([request(record.effects[0])], 20.0)
    assert (claim.verdict, claim.address) == ("claimed", "id:ann")
