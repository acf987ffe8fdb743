"""Receipts in every order, with duplicates, before and after the send's answer: one final state, on both journals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from random import Random

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime import Receipt
from runtime.actor.effect import Effect, Lane
from runtime.actor.record import TurnRecord
from runtime.channel import RECEIPTS
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.journal.postgres import PostgresJournal
from runtime.journal.protocol import ClaimRequest, Journal, ResultRecord
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from tests.integration.test_journal_conformance import CHANNEL, NOW, arrival, one_send, request, turn

#: A step of a history: what the provider answered, or a receipt by its status and whether it echoes the effect's id.
ANSWERS = ("accepted", "uncertain")
Step = str | tuple[str, bool]
#: status, receipt, provider's id, code
State = tuple[str, int, str, str]

_numbers = count()


def expected(steps: Sequence[Step], sent: str) -> State:
    """Return the one state that a history must lead to, whatever its order."""
    receipts = [step for step in steps if isinstance(step, tuple)]
    known = "accepted" in steps or any(echoes for _, echoes in receipts)
    ranks = [RECEIPTS[status] for status, echoes in receipts if echoes or known]
    if not known:
        return ("uncertain", 0, "", "timeout")
    return ("done", max(ranks, default=0), sent, "")


async def played(journal: Journal, steps: Sequence[Step]) -> tuple[Effect, str]:
    """Let a send of its own have this history; an earlier try of it was refused for being busy."""
    number = next(_numbers)
    (event,) = (await journal.ingest([arrival(f"r{number}", f"id:r{number}")])).events
    record = turn(event, 1, effects=1)
    await journal.commit([record])
    (effect,) = record.effects
    sent = f"wamid.{number}"
    await journal.claim([request(effect)], 20.0)
    await journal.record([ResultRecord(str(effect.id), 1, "queued", "", "130429")])
    await journal.claim([request(effect)], 20.0)
    for step in steps:
        match step:
            case "accepted":
                await journal.record([ResultRecord(str(effect.id), 1, "done", sent)])
            case "uncertain":
                await journal.record([ResultRecord(str(effect.id), 1, "uncertain", "", "timeout")])
            case (status, echoes):
                await journal.ingest([], [Receipt(CHANNEL, str(effect.id) if echoes else "", sent, status)])
    return effect, sent


def histories() -> st.SearchStrategy[list[Step]]:
    receipt = st.tuples(st.sampled_from(sorted(RECEIPTS)), st.booleans())
    return st.tuples(st.sampled_from(ANSWERS), st.lists(receipt, max_size=7)).flatmap(
        lambda made: st.permutations([made[0], *made[1]])
    )


@settings(max_examples=400, deadline=None)
@given(histories())
def test_every_order_leads_to_one_state_in_memory(steps: list[Step]) -> None:
    store = MemoryStore(lambda: 0.0)

    async def main() -> State:
        effect, _ = await played(MemoryJournal(store), steps)
        out = store.outbox[str(effect.id)]
        return out.status, out.receipt, out.provider_id, out.code

    state = trio.run(main)
    assert state == expected(steps, state[2])


async def test_every_order_leads_to_one_state_in_postgres(postgres_journal: PostgresJournal) -> None:
    dice = Random(3)
    made: list[list[Step]] = []
    for echoes in (True, False):  # each pair of receipts around each answer, in each order
        for answer in ANSWERS:
            for pair in ([("sent", echoes), ("failed", not echoes)], [("read", echoes), ("read", False)]):
                made += [list(order) for order in permutations([answer, *pair])]
    for _ in range(60):
        receipts = [(dice.choice(sorted(RECEIPTS)), dice.random() < 0.4) for _ in range(dice.randrange(7))]
        made.append([dice.choice(ANSWERS), *receipts])
        dice.shuffle(made[-1])
    wanted: dict[object, tuple[State, list[Step]]] = {}
    for steps in made:
        effect, sent = await played(postgres_journal, steps)
        wanted[effect.id] = expected(steps, sent), steps
    rows = await postgres_journal._pool.fetch("select * from outbox")
    for row in rows:
        state, steps = wanted.pop(row["id"])
        assert (row["status"], row["receipt"], row["provider_id"] or "", row["code"] or "") == state, steps
    assert not wanted


async def test_a_receipt_and_an_answer_that_did_not_see_each_other_meet_later(
    postgres_journal: PostgresJournal, postgres_dsn: str
) -> None:
    effect = await one_send(postgres_journal)
    await postgres_journal.claim([request(effect)], 20.0)
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="other", size=1) as other,
    ):
        async with other.transaction() as answer:
            await answer.fetch(statement("record"), [effect.id], [1], ["done"], ["w"], [""], [False])
            assert (await postgres_journal.ingest([], [Receipt(CHANNEL, "", "w", "read")])).settled == []
        assert [row["receipt"] for row in await other.fetch("select receipt from outbox")] == [0]
        await postgres_journal.match_receipts()
        assert [row["receipt"] for row in await other.fetch("select receipt from outbox")] == [3]


async def test_receipts_of_others_touch_nothing(postgres_journal: PostgresJournal) -> None:
    effect = await one_send(postgres_journal)
    await postgres_journal.claim([request(effect)], 20.0)
    await postgres_journal.record([ResultRecord(str(effect.id), 1, "done", "w")])
    foreign = [Receipt("post:2", "", "w", "read"), Receipt(CHANNEL, "", "elsewhere", "read")]
    await postgres_journal.ingest([], [*foreign, Receipt("post:2", str(effect.id), "w", "failed")])
    await postgres_journal.match_receipts()
    (row,) = await postgres_journal._pool.fetch("select status, receipt from outbox")
    assert (row["status"], row["receipt"]) == ("done", 0)


# ── claims, on the database's clock ───────────────────────────────────


async def test_a_database_clock_that_jumped_back_is_made_up_for(postgres_journal: PostgresJournal) -> None:
    effect = await one_send(postgres_journal)
    pool = postgres_journal._pool
    wish = request(effect, interval=6.0, burst=3)
    await postgres_journal.claim([wish], 20.0)
    await pool.fetch("update outbox set claimed_at = now() + interval '1 hour'")
    await pool.fetch("update conversation set pair_clock = now() + interval '1 hour'")
    (claim,) = await postgres_journal.claim([wish], 20.0)
    assert claim.verdict == "wait"
    assert 19 < claim.wait <= 20
    (row,) = await pool.fetch(
        """select o.claimed_at <= now() as mended, extract(epoch from c.pair_clock - now())::float8 as ahead
        from outbox o, conversation c"""
    )
    assert row["mended"]
    assert 17 < row["ahead"] <= 18


async def test_a_lost_answer_to_a_claim_is_given_again_as_it_was(postgres_journal: PostgresJournal) -> None:
    effect = await one_send(postgres_journal)
    wish = request(effect, interval=6.0, burst=1)
    again = ClaimRequest(wish.effect, wish.conversation, 1, 6.0, 1, again=True)
    (first,) = await postgres_journal.claim([wish], 20.0)
    (second,) = await postgres_journal.claim([again], 20.0)
    assert (first.verdict, first.attempts) == (second.verdict, second.attempts) == ("claimed", 1)
    other = ClaimRequest(wish.effect, wish.conversation, 2, 6.0, 1, again=True)
    (stranger,) = await postgres_journal.claim([other], 20.0)
    assert stranger.verdict == "wait"
    (row,) = await postgres_journal._pool.fetch("select maybe_duplicate from outbox")
    assert not row["maybe_duplicate"]


async def test_what_was_tried_twice_in_vain_is_unsettled_and_what_never_left_is_expired(
    postgres_journal: PostgresJournal,
) -> None:
    effect = await one_send(postgres_journal)
    name = str(effect.id)
    for verdict, attempts in (("claimed", 1), ("claimed", 2), ("unsettled", 2), ("unsettled", 2)):
        (claim,) = await postgres_journal.claim([request(effect)], 0.0)
        assert (claim.verdict, claim.attempts) == (verdict, attempts)
    (event,) = (
        await postgres_journal.record([ResultRecord(name, 1, "failed", "", "unsettled", b"f")])
    ).events
    assert event.payload == b"f"
    (settled,) = await postgres_journal.claim([request(effect)], 0.0)
    assert settled.verdict == "settled"


async def test_an_attempt_that_does_not_count_is_not_counted(postgres_journal: PostgresJournal) -> None:
    effect = await one_send(postgres_journal)
    for _ in range(3):
        (claim,) = await postgres_journal.claim([request(effect)], 20.0)
        assert (claim.verdict, claim.attempts) == ("claimed", 1)
        broken = ResultRecord(str(effect.id), 1, "queued", "", "190", uncounted=True)
        await postgres_journal.record([broken])


async def test_a_long_queue_is_read_in_parts_of_each_lane(postgres_journal: PostgresJournal) -> None:
    (event,) = (await postgres_journal.ingest([arrival("m1")])).events
    made = [
        Effect(event.conversation, CHANNEL, 1, place, Lane.ASIDE if place < 150 else Lane.SEND, b"x")
        for place in range(300)
    ]
    record = TurnRecord(
        event.conversation, 1, 1, 1, 1, NOW, b"s", made, datetime.now(UTC) + timedelta(hours=1)
    )
    await postgres_journal.commit([record])
    found = await postgres_journal.effects([event.conversation])
    assert [effect.ordinal for effect in found] == [*range(100), *range(150, 250)]
