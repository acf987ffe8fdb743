"""What an operator does to conversations that stopped and to dead letters: real database, real commands."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from click.testing import CliRunner, Result

from actors.commands import majlis
from actors.messages import MessageReceived
from runtime.actor.event import encode_event
from runtime.actor.record import FailedAttempt, Timer
from runtime.journal import desk as desk_module
from runtime.journal.desk import Desk
from runtime.journal.identity import shard_of
from runtime.journal.migrations import migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.standing import Freed, Replayed, Skipped
from runtime.journal.statements import migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import PostgresPool, open_postgres_pool
from runtime.serve.unfinished import UnfinishedWatch
from tests.integration.test_journal_conformance import CHANNEL, NOW, arrival, turn
from tests.integration.world import MARK, OWN, leaks, open_world, person, until

WORDS = f"Is the {MARK} flat still free?"


@dataclass
class Office:
    """A journal, an operator's desk on it, and a way to set up what a node would have written."""

    pool: PostgresPool
    journal: PostgresJournal
    desk: Desk

    async def visit(self, who: str, events: int) -> str:
        """Let somebody send events; return the conversation."""
        said = [
            arrival(f"{who}{n}", f"wa_id:{who}", payload=encode_event(MessageReceived(id=f"{n}", text=WORDS)))
            for n in range(events)
        ]
        return (await self.journal.ingest(said)).events[0].conversation

    async def park(self, conversation: str, *, timer: str | None = None) -> None:
        """Park a conversation at its next event, or at a timer that was due an hour ago, as its owner does."""
        if timer is not None:
            await self.remind(conversation, timer, timedelta(hours=-1))
        _, _, done, version = await self.standing(conversation)
        last = FailedAttempt(
            conversation, 1, version, 5, NOW, True, done + 1, timer or "", "ValueError", "bot.py:33"
        )
        assert await self.journal.fail([last]) == {conversation}

    async def remind(self, conversation: str, timer: str, within: timedelta) -> None:
        """Set a timer, as a turn does."""
        await self.pool.execute(
            """insert into timer(conversation, name, generation, due_at, shard)
               values ($1, $2, 1, now() + $3::interval, $4)""",
            conversation, timer, within, shard_of(conversation),
        )  # fmt: skip

    async def letter(
        self, who: str, fate: str = "dead", seq: int | None = 1, timer: str | None = None
    ) -> int:
        """Make a dead letter; somebody's events need not be handled for it."""
        conversation = (
            await self.rows("select conversation from alias where identity = $1", f"wa_id:{who}")
        )[0]
        (row,) = await self.pool.fetch(
            """insert into dead_letter(conversation, channel, seq, timer, fate, reason, payload, received_at)
               values ($1, $2, $3, $4, $5, 'why', $6, now()) returning id""",
            conversation["conversation"], CHANNEL, seq, timer, fate, f"{who} {seq}".encode(),
        )  # fmt: skip
        return int(row["id"])

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch(sql, *arguments)]

    async def standing(self, conversation: str) -> tuple[bool, int, int, int]:
        """Return whether it is parked, its attempts, its cursor and its version."""
        (row,) = await self.rows(
            "select parked, attempts, done_seq, version from conversation where id = $1", conversation
        )
        return row["parked"], row["attempts"], row["done_seq"], row["version"]

    async def at_once(
        self, conversation: str, *works: Callable[[], Awaitable[Any]], change: str = "select"
    ) -> list[Any]:
        """Begin all works while another session holds the conversation, each waiting in turn; return what each says.

        `change` is what that other session does before it lets go.
        """
        results: list[Any] = [None] * len(works)

        async def one(place: int, work: Callable[[], Awaitable[Any]]) -> None:
            results[place] = await work()

        async with trio.open_nursery() as nursery, self.pool.transaction() as holder:
            await holder.execute("select from conversation where id = $1 for update", conversation)
            for place, work in enumerate(works):
                nursery.start_soon(one, place, work)
                await until(partial(self._waiting, place + 1), what="the work waits for the lock")
            await holder.execute(change)
        return results

    async def _waiting(self, number: int) -> bool:
        (row,) = await self.rows("select count(distinct pid)::int as n from pg_locks where not granted")
        return bool(row["n"] == number)


@pytest.fixture
async def office(postgres_dsn: str) -> AsyncIterator[Office]:
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="test/desk", size=6, settings=SESSION) as pool,
    ):
        await migrate(pool, {"journal": migrations()})
        yield Office(pool, PostgresJournal(pool, replica="one", salt=b"salt"), Desk(pool))


# ── parked ────────────────────────────────────────────────────────────


async def test_a_replay_lets_it_try_again_with_all_attempts_and_says_who_waits(office: Office) -> None:
    ann, bea = await office.visit("ann", 3), await office.visit("bea", 1)
    await office.park(ann)
    assert [(p.conversation, p.seq, p.waiting, p.fault) for p in await office.desk.parked(10)] == [
        (ann, 1, 2, "ValueError")
    ]
    freed = await office.desk.replay([ann, bea, "nobody"])
    assert list(freed) == sorted(
        [Freed(ann, "replayed", 2), Freed(bea, "not parked"), Freed("nobody", "unknown")],
        key=lambda one: one.conversation,
    )
    assert (await office.standing(ann))[:3] == (False, 0, 0)
    assert await office.desk.parked(10) == []
    assert await office.desk.replay([ann]) == [Freed(ann, "not parked")]


async def test_a_turn_begun_before_a_replay_is_fenced(office: Office) -> None:
    (event,) = (await office.journal.ingest([arrival("m1")])).events
    await office.park(event.conversation)
    await office.desk.replay([event.conversation])
    assert await office.journal.commit([turn(event, 1)]) == frozenset()
    assert await office.journal.commit([turn(event, 2)]) == {event.conversation}


async def test_a_skipped_event_is_kept_with_its_bytes_and_the_next_one_is_next(office: Office) -> None:
    ann = await office.visit("ann", 3)
    (stored,) = await office.rows(
        "select payload, received_at from inbox where conversation = $1 and seq = 1", ann
    )
    await office.park(ann)
    assert await office.desk.skip(ann) == Skipped(ann, "skipped", 1, seq=1, waiting=2)
    assert (await office.standing(ann))[:3] == (False, 0, 1)
    letter = await office.desk.letter(1)
    assert letter is not None
    assert (letter.conversation, letter.channel, letter.fate, letter.seq) == (ann, CHANNEL, "dead", 1)
    assert letter.reason == "ValueError at bot.py:33"
    assert letter.received_at == stored["received_at"]
    assert await office.desk.letter_payload(1) == stored["payload"]
    assert await office.desk.skip(ann) == Skipped(ann, "not parked")
    assert await office.desk.skip("nobody") == Skipped("nobody", "unknown")


async def test_a_skipped_timer_is_gone_and_skips_no_event(office: Office) -> None:
    ann = await office.visit("ann", 2)
    await office.park(ann, timer="nudge")
    (timer,) = await office.rows("select due_at from timer")
    assert await office.desk.skip(ann, seq=1) == Skipped(ann, "elsewhere", timer="nudge")
    assert await office.desk.skip(ann) == Skipped(ann, "skipped", 1, timer="nudge", waiting=2)
    assert await office.rows("select from timer") == []
    assert (await office.standing(ann))[:3] == (False, 0, 0)
    letter = await office.desk.letter(1)
    assert letter is not None
    assert (letter.seq, letter.timer, letter.received_at) == (None, "nudge", timer["due_at"])


async def test_of_two_operators_who_skip_at_the_same_moment_one_is_told(office: Office) -> None:
    ann = await office.visit("ann", 3)
    await office.park(ann)
    skip = partial(office.desk.skip, ann)
    one, two = await office.at_once(ann, skip, skip)
    assert (one.outcome, two.outcome) == ("skipped", "not parked")
    assert (await office.standing(ann))[2] == 1
    assert len(await office.desk.letters(10)) == 1


async def test_of_two_operators_who_replay_at_the_same_moment_one_is_told(office: Office) -> None:
    ann = await office.visit("ann", 3)
    await office.park(ann)
    replay = partial(office.desk.replay, [ann])
    one, two = await office.at_once(ann, replay, replay)
    assert (one, two) == ([Freed(ann, "replayed", 2)], [Freed(ann, "not parked")])


async def test_a_replay_and_a_skip_at_the_same_moment_do_one_of_the_two(office: Office) -> None:
    ann = await office.visit("ann", 3)
    await office.park(ann)
    freed, skipped = await office.at_once(
        ann, partial(office.desk.replay, [ann]), partial(office.desk.skip, ann)
    )
    assert (freed[0].outcome, skipped.outcome) == ("replayed", "not parked")
    assert await office.desk.letters(10) == []


async def test_an_operator_never_skips_what_another_has_brought_up(office: Office) -> None:
    ann = await office.visit("ann", 3)
    await office.park(ann)
    moved = "update conversation set done_seq = 1; update parked set seq = 2"
    (told,) = await office.at_once(ann, partial(office.desk.skip, ann), change=moved)
    assert told == Skipped(ann, "elsewhere", seq=2)
    assert (await office.standing(ann))[:3] == (True, 5, 1)


async def test_what_a_turn_has_handled_meanwhile_is_not_skipped(office: Office) -> None:
    ann = await office.visit("ann", 3)
    await office.park(ann)
    handled = "update conversation set done_seq = 1, version = 1"
    (told,) = await office.at_once(ann, partial(office.desk.skip, ann), change=handled)
    assert told == Skipped(ann, "handled", seq=1)
    assert await office.desk.letters(10) == []
    assert [one.outcome for one in await office.desk.replay([ann])] == ["replayed"]


async def test_a_commit_that_waits_behind_a_skip_is_fenced(office: Office) -> None:
    (event, _) = (await office.journal.ingest([arrival("m1"), arrival("m2")])).events
    ann = event.conversation
    await office.park(ann)
    skipped, committed = await office.at_once(
        ann, partial(office.desk.skip, ann), partial(office.journal.commit, [turn(event, 1)])
    )
    assert (skipped.outcome, committed) == ("skipped", frozenset())
    assert await office.rows("select from turn") == []


async def test_a_turn_of_a_timer_that_waits_behind_its_skip_is_fenced(office: Office) -> None:
    (event,) = (await office.journal.ingest([arrival("m1")])).events
    await office.journal.commit([turn(event, 1)])
    ann = event.conversation
    await office.park(ann, timer="nudge")
    timer = Timer(ann, shard_of(ann), "nudge", 1, NOW)
    nudge = msgspec.structs.replace(turn(event, 2), first_seq=2, last_seq=1, timer=timer)
    skipped, committed = await office.at_once(
        ann, partial(office.desk.skip, ann), partial(office.journal.commit, [nudge])
    )
    assert (skipped.outcome, committed) == ("skipped", frozenset())


async def test_all_that_are_parked_are_replayed_page_by_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "PAGE", 3)
    people = [await office.visit(f"p{n}", 2) for n in range(8)]
    for conversation in people[:7]:
        await office.park(conversation)
    assert await office.desk.replay_all() == {"replayed": 7, "waiting": 7}
    assert await office.desk.parked(10) == []
    assert (await office.standing(people[7]))[3] == 0


# ── dead letters ──────────────────────────────────────────────────────


async def test_a_replayed_letter_comes_again_as_the_newest_event_and_once(office: Office) -> None:
    ann = await office.visit("ann", 3)
    letter = await office.letter("ann", "stale")
    assert await office.desk.replay_letters([letter, 99]) == [
        Replayed(letter, "replayed", ann, seq=4, waiting=3),
        Replayed(99, "unknown"),
    ]
    (came,) = await office.rows(
        "select payload, dedup, stale_at from inbox where conversation = $1 and seq = 4", ann
    )
    assert came == {"payload": b"ann 1", "dedup": f"d|{letter}", "stale_at": None}
    (second,) = await office.desk.replay_letters([letter])
    assert (second.outcome, second.replayed_at is not None) == ("replayed before", True)
    (again,) = await office.desk.replay_letters([letter], again=True)
    assert (again.outcome, again.seq) == ("replayed", 5)


async def test_of_two_operators_who_replay_a_letter_at_the_same_moment_one_is_told(office: Office) -> None:
    ann = await office.visit("ann", 1)
    replay = partial(office.desk.replay_letters, [await office.letter("ann")])
    one, two = await office.at_once(ann, replay, replay)
    assert (one[0].outcome, two[0].outcome) == ("replayed", "replayed before")
    assert len(await office.rows("select from inbox")) == 2


async def test_letters_keep_their_order_and_sequences_no_gap_while_events_arrive(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "PAGE", 7)
    for who in ("ann", "bea"):
        await office.visit(who, 1)
        for seq in range(1, 31):
            await office.letter(who, "stale", seq)

    async def arrive(task: int) -> None:
        for n in range(40):
            await office.journal.ingest(
                [arrival(f"{task}.{n}.{who}", f"wa_id:{who}") for who in ("bea", "ann")]
            )

    async with trio.open_nursery() as nursery:
        for task in range(3):
            nursery.start_soon(arrive, task)
        nursery.start_soon(office.desk.replay_all_letters)
        nursery.start_soon(office.desk.replay_all_letters, "stale")
    for who in ("ann", "bea"):
        found = await office.rows(
            """select seq, payload, dedup from inbox join alias using (conversation)
               where identity = $1 order by seq""",
            f"wa_id:{who}",
        )
        assert [row["seq"] for row in found] == list(range(1, 1 + 120 + 30 + 1))
        letters = [row["payload"] for row in found if row["dedup"].startswith("d|")]
        assert letters == [f"{who} {seq}".encode() for seq in range(1, 31)]
    assert await office.rows("select from conversation where next_seq <> 152") == []


async def test_all_letters_of_one_fate_are_replayed_and_the_others_stay(office: Office) -> None:
    await office.visit("ann", 1)
    dead = await office.letter("ann", "dead", 1)
    await office.letter("ann", "stale", 2)
    assert await office.desk.replay_all_letters("stale") == {"replayed": 1}
    assert await office.desk.replay_all_letters("stale") == {"replayed": 0}
    assert [one.id for one in await office.desk.letters(10) if one.replayed_at is None] == [dead]


async def test_a_timer_is_due_again_unless_the_actor_has_set_it_since(office: Office) -> None:
    ann = await office.visit("ann", 1)
    letters = [await office.letter("ann", seq=None, timer="nudge") for _ in range(2)]
    one, two = await office.desk.replay_letters(letters)
    assert (one.outcome, two.outcome) == ("due", "timer set")
    (timer,) = await office.rows("select *, due_at <= now() as due from timer")
    version = (await office.standing(ann))[3]
    assert (timer["name"], timer["generation"], timer["shard"], timer["due"]) == (
        "nudge",
        version,
        shard_of(ann),
        True,
    )
    assert await office.rows("select from inbox where seq > 1") == []
    assert [one.id for one in await office.desk.letters(10) if one.replayed_at is None] == [two.id]


async def test_what_waits_for_an_operator_is_counted(office: Office) -> None:
    await office.visit("ann", 1)
    await office.park(await office.visit("bea", 1))
    await office.letter("ann", "dead", 1)
    await office.desk.replay_letters([await office.letter("ann", "stale", 2)])
    await office.letter("ann", "stale", 3)
    found = await office.desk.unfinished()
    assert (found.parked, found.dead_letters) == (1, {"dead": 1, "stale": 1})
    watch = UnfinishedWatch(office.desk)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        await until(partial(_says, watch, {"parked": 1, "dead_letters": {"dead": 1, "stale": 1}}))
        nursery.cancel_scope.cancel()


async def _says(watch: UnfinishedWatch, figures: Mapping[str, object]) -> bool:
    return figures.items() <= watch.statistics().items() and float(str(watch.statistics()["look_age"])) < 1


# ── the commands ──────────────────────────────────────────────────────


@dataclass
class Terminal:
    """Where an operator types."""

    config: Path

    async def type(self, *words: str) -> Result:
        given = [*words, "--config", str(self.config)]
        return await trio.to_thread.run_sync(CliRunner().invoke, majlis, given)

    async def facts(self, *words: str) -> Any:
        return json.loads((await self.type(*words, "--json")).stdout)


@pytest.fixture
def terminal(postgres_dsn: str, tmp_path: Path) -> Terminal:
    config = tmp_path / "majlis.toml"
    config.write_text(f'data_dir = "{tmp_path}/data"\n[postgres]\nurl = "{postgres_dsn}"\n')
    config.chmod(0o600)
    return Terminal(config)


async def test_an_operator_finds_looks_replays_and_skips_without_a_server(
    office: Office, terminal: Terminal
) -> None:
    assert (await terminal.type("parked", "list")).stdout == "there are none\n"
    ann, bea = await office.visit(person(1), 3), await office.visit(person(2), 2)
    await office.park(ann)
    await office.park(bea, timer="nudge")
    listed = await terminal.type("parked", "list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["conversation", ann, bea]
    assert "event 1" in listed.stdout
    assert "timer nudge" in listed.stdout
    assert "bot.py:33" in listed.stdout
    few = await terminal.facts("parked", "list", "--limit", "1")
    assert ([one["conversation"] for one in few["parked"]], few["more"]) == ([ann], True)
    shown = await terminal.type("parked", "show", ann)
    assert "type = MessageReceived\n" in shown.stdout
    assert leaks(listed.stdout + shown.stdout) == []
    assert (await terminal.facts("parked", "show", ann, "--payload"))["payload"]["text"] == WORDS
    assert WORDS in (await terminal.type("parked", "show", ann, "--payload")).stdout
    skipped = await terminal.type("parked", "skip", ann)
    assert skipped.stdout == f"{ann}: event 1 is skipped and kept as dead letter 1; 2 events wait behind it\n"
    twice = await terminal.type("parked", "skip", ann)
    assert (twice.exit_code, twice.stdout) == (1, f"{ann}: it is not parked\n")
    gone = await terminal.type("parked", "show", ann)
    assert (gone.exit_code, gone.stderr) == (1, f"majlis: {ann} is not parked\n")
    replayed = await terminal.type("parked", "replay", bea, "nobody")
    assert replayed.exit_code == 1
    assert f"{bea}: replayed; 2 events wait behind it\n" in replayed.stdout
    assert "nobody: there is no such conversation\n" in replayed.stdout
    assert await terminal.facts("parked", "replay", "--all") == {"replayed": 0, "waiting": 0}

    letters = await terminal.type("dead-letters", "list", "--fate", "dead", "--conversation", ann)
    assert letters.stdout.splitlines()[1].split()[:3] == ["1", "dead", ann]
    letter = await terminal.type("dead-letters", "show", "1")
    assert "type = MessageReceived\n" in letter.stdout
    assert leaks(letters.stdout + letter.stdout) == []
    assert (await terminal.facts("dead-letters", "show", "1", "--payload"))["payload"]["text"] == WORDS
    came = await terminal.type("dead-letters", "replay", "1")
    assert (came.exit_code, came.stdout) == (0, f"1: comes again as event 4 of {ann}, behind 2 others\n")
    assert (await terminal.type("dead-letters", "replay", "1")).exit_code == 1
    assert (await terminal.facts("dead-letters", "replay", "1", "--again"))["dead_letters"][0]["seq"] == 5
    assert (await terminal.type("dead-letters", "replay", "--all")).stdout == "0 replayed\n"
    missing = await terminal.type("dead-letters", "show", "7")
    assert (missing.exit_code, missing.stderr) == (1, "majlis: there is no dead letter 7\n")


async def test_letters_are_listed_newest_first(office: Office, terminal: Terminal) -> None:
    await office.visit("ann", 1)
    for seq in (1, 2, 3):
        await office.letter("ann", "stale", seq)
    found = await terminal.facts("dead-letters", "list", "--limit", "2")
    assert ([one["id"] for one in found["dead_letters"]], found["more"]) == ([3, 2], True)


async def test_a_database_without_tables_is_told_in_one_line(terminal: Terminal) -> None:
    told = await terminal.type("parked", "list")
    assert told.exit_code == 1
    assert told.stderr.startswith("majlis: the database has no tables of this version: `majlis serve`")


async def test_a_letter_is_replayed_beside_a_running_server_which_answers_it() -> None:
    async with open_world() as world:
        await world.majlis.say(OWN, person(1), f"Hello {MARK}")
        await world.handled(1)
        await world.rows(
            """insert into dead_letter(conversation, channel, seq, fate, reason, payload, received_at)
               select i.conversation, c.channel, i.seq, 'stale', 'why', i.payload, i.received_at
               from inbox i join conversation c on c.id = i.conversation"""
        )
        terminal = Terminal(world.majlis.config)
        assert "majlis_parked 0.0" in await world.majlis.page("/metrics")
        before = world.fake.last_index
        came = await terminal.type("dead-letters", "replay", "--all")
        assert (came.exit_code, came.stdout) == (0, "1 replayed\n")
        await world.handled(2)
        assert await world.fake.wait_sent(before, to=person(1), timeout=15)
