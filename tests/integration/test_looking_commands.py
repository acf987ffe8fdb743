"""`majlis ps` and `majlis show`: real content, real commands, beside a running server and without one."""

from __future__ import annotations

import json
import signal
import stat
from datetime import timedelta
from pathlib import Path

from runtime.journal.inspection import LOOKED_AT
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import statement
from runtime.resources.bridge import open_bridge
from runtime.resources.postgres import open_postgres_pool
from tests.integration.test_journal_conformance import CHANNEL, arrival, turn
from tests.integration.test_journal_plans import effort
from tests.integration.test_parked_commands import WORDS, Office, Terminal, office, terminal
from tests.integration.world import MARK, OWN, leaks, open_world, person, until

__all__ = ["office", "terminal"]  # the fixtures


async def furnished(office: Office) -> dict[str, str]:
    """Leave one conversation of each kind; return them by their kind."""
    parked = await office.visit(person(1), 3)
    await office.park(parked)
    waiting = await office.visit(person(2), 2)
    await office.pool.execute(
        "update inbox set received_at = now() - interval '3 hours' where conversation = $1", waiting
    )
    (came,) = (await office.journal.ingest([arrival("d", f"wa_id:{person(3)}")])).events
    await office.journal.commit([turn(came, 1, effects=2)])
    await office.pool.execute(
        """update outbox set status = 'uncertain', attempts = 1, claimed_at = now(), provider_id = $1, receipt = 2
           where ordinal = 1""",
        f"wamid.HBgLOTcxNTUwMDAwMDAxFQIAERgSMDFDNkQ3QUM5{person(3)}QzFGMzE1NTQ3",
    )
    (quiet,) = (await office.journal.ingest([arrival("q", f"wa_id:{person(4)}")])).events
    await office.journal.commit([turn(quiet, 1)])
    (late,) = (await office.journal.ingest([arrival("t", f"wa_id:{person(5)}")])).events
    await office.journal.commit([turn(late, 1)])
    await office.remind(late.conversation, "nudge", timedelta(minutes=-5))
    return {
        "parked": parked,
        "waiting": waiting,
        "doubtful": came.conversation,
        "timer": late.conversation,
        "quiet": quiet.conversation,
    }


async def test_the_most_telling_conversations_come_first_and_the_quiet_ones_only_when_asked_for(
    office: Office, terminal: Terminal
) -> None:
    assert (await terminal.type("ps")).stdout == "there are none\n"
    kinds = await furnished(office)
    told = await terminal.type("ps")
    table = [line.split() for line in told.stdout.splitlines()]
    assert [line[0] for line in table] == [
        "conversation",
        *(kinds[kind] for kind in ("parked", "waiting", "doubtful", "timer")),
    ]
    assert "no serve answers here" in told.stderr
    assert leaks(told.stdout) == []
    listed = (await terminal.facts("ps"))["conversations"]
    parked, waiting, doubtful, timer = listed
    assert (parked["state"], parked["waiting"], parked["fault"], parked["here"]) == (
        "parked",
        3,
        "ValueError",
        None,
    )
    assert (waiting["state"], waiting["waiting"], waiting["outcome"]) == ("waiting", 2, "none kept")
    assert (doubtful["queued"], doubtful["doubtful"], doubtful["turn"], doubtful["outcome"]) == (
        1,
        1,
        1,
        "committed",
    )
    assert timer["next_timer"] is not None

    async def ids(*words: str) -> list[str]:
        return [one["conversation"] for one in (await terminal.facts("ps", *words))["conversations"]]

    assert await ids("--parked") == [kinds["parked"]]
    assert await ids("--paused") == []
    assert await ids("--waiting") == [kinds["waiting"]]
    assert await ids("--all") == sorted(kinds.values())
    assert await ids("--all", "--after", sorted(kinds.values())[2]) == sorted(kinds.values())[3:]
    assert await ids("--all", "--channel", CHANNEL) == sorted(kinds.values())
    assert await ids("--channel", "meta:other") == []
    few = await terminal.facts("ps", "--limit", "2")
    assert (len(few["conversations"]), few["more"]) == (2, True)
    assert (await terminal.type("ps", "--after", "x")).exit_code == 2


async def test_all_of_one_conversation_is_told_in_time_without_numbers_or_words(
    office: Office, terminal: Terminal
) -> None:
    kinds = await furnished(office)
    await office.letter(person(1), "dead", 1)
    told = await terminal.type("show", kinds["parked"])
    assert told.exit_code == 0, told.stderr
    assert leaks(told.stdout) == []
    assert "971******001" in told.stdout
    kept = [line.split()[1] for line in told.stdout.splitlines() if line.startswith("20")]
    assert kept == ["event", "event", "event", "parked", "dead"]
    sent = await terminal.facts("show", kinds["doubtful"])
    assert leaks(json.dumps(sent)) == []
    whole = await terminal.facts("show", kinds["parked"], "--payload")
    assert whole["timeline"][0]["payload"]["text"] == WORDS
    assert whole["conversation"]["names"] == [f"wa_id:{person(1)}"]
    effects = [one for one in sent["timeline"] if one["kind"] == "effect"]
    assert [(one["id"], one["status"], one["receipt"]) for one in effects] == [
        ("1.0", "queued", None),
        ("1.1", "uncertain", "delivered"),
    ]
    assert effects[1]["provider_id"] == "wamid.*MzE1NTQ3"
    (handled,) = [one for one in sent["timeline"] if one["kind"] == "turn"]
    assert (handled["version"], handled["events"], handled["replica"]) == (1, 1, "one")
    timers = (await terminal.facts("show", kinds["timer"]))["timeline"]
    assert [one["kind"] for one in timers].count("timer") == 1
    few = await terminal.facts("show", kinds["parked"], "--last", "2")
    assert (len(few["timeline"]), few["more"]) == (2, True)
    missing = await terminal.type("show", "nobody")
    assert (missing.exit_code, missing.stderr) == (
        1,
        "majlis: there is no conversation nobody; majlis ps --all lists them\n",
    )


async def test_beside_a_running_server_the_state_in_memory_is_told() -> None:
    async with open_world() as world:
        terminal = Terminal(world.majlis.config)
        assert await world.majlis.say(OWN, person(1), f"Hello {MARK}") == 200
        await world.handled(1)

        async def state() -> str:
            (one,) = (await terminal.facts("ps", "--all"))["conversations"]
            return str(one["state"])

        async def idle() -> bool:
            return await state() == "idle"

        await until(idle)
        async with world.locked("turn"):
            assert await world.majlis.say(OWN, person(1), f"Again {MARK}") == 200

            async def busy() -> bool:
                found = (await terminal.facts("ps"))["conversations"]
                return [(one["state"], one["cell"]["phase"]) for one in found] == [("busy", "turning")]

            await until(busy)
            told = await terminal.type("ps")
            assert "turning" in told.stdout
            assert leaks(told.stdout + told.stderr) == []
        await world.handled(2)
        (line,) = (await terminal.facts("ps", "--all"))["conversations"]
        shown = await terminal.type("show", line["conversation"])
        assert leaks(shown.stdout) == []
        assert [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("20")].count(
            "turn"
        ) == 2


async def test_a_pause_is_marked_and_what_a_person_wrote_meanwhile_is_told_as_theirs() -> None:
    async with open_world() as world:
        terminal = Terminal(world.majlis.config)
        for number in (1, 2):
            await world.welcomed(world.majlis, person(number))
        sql = "select conversation from alias where identity = $1"
        name = str((await world.rows(sql, f"wa_id:{person(1)}"))[0][0])
        before = world.fake.last_index
        assert (await terminal.type("handoff", "pause", name, "--why", "asked")).exit_code == 0
        assert await world.majlis.say(OWN, person(1), f"Again {MARK}") == 200
        await world.handled(3)
        assert (await terminal.type("handoff", "reply", name, f"By hand {MARK}")).exit_code == 0
        assert (await terminal.type("handoff", "assign", name, "omar")).exit_code == 0
        await world.fake.wait_sent(before, to=person(1), timeout=10)

        async def sent() -> bool:
            return [one["status"] for one in await effects()] == ["done", "done"]

        async def effects() -> list[dict[str, object]]:
            told = (await terminal.facts("show", name))["timeline"]
            return [one for one in told if one["kind"] == "effect"]

        await until(sent)
        assert [one["by"] for one in await effects()] == [None, "operator"]
        (paused,) = (await terminal.facts("ps", "--paused"))["conversations"]
        assert (paused["conversation"], paused["state"]) == (name, "paused")
        assert next(iter((await terminal.facts("ps"))["conversations"]))["conversation"] == name
        told = await terminal.type("ps")
        assert "by operator: asked, taken by omar" in told.stdout
        shown = await terminal.type("show", name)
        assert "by operator  why asked  taken by omar" in shown.stdout
        assert leaks(told.stdout + shown.stdout) == []
        timeline = (await terminal.facts("show", name))["timeline"]
        assert [
            (one["kind"], one.get("paused")) for one in timeline if one["kind"] in ("turn", "paused")
        ] == [
            ("turn", None),
            ("paused", None),
            ("turn", True),
        ]

        assert (await terminal.type("handoff", "resume", name)).exit_code == 0
        await world.handled(4)
        assert (await terminal.facts("ps", "--paused"))["conversations"] == []
        timeline = (await terminal.facts("show", name))["timeline"]
        assert [one["kind"] for one in timeline].count("paused") == 0
        (resumed,) = [one for one in timeline if one.get("type") == "OperatorCommand"]
        assert (resumed["name"], resumed["by"], resumed["fate"]) == ("resumed", "operator", "done")


async def test_the_tree_of_tasks_is_told_over_the_socket_and_at_a_signal_while_work_goes_on() -> None:
    async with open_world() as world:
        terminal = Terminal(world.majlis.config)
        assert await world.majlis.say(OWN, person(1), f"Hello {MARK}") == 200
        await world.handled(1)
        async with world.locked("turn"):
            for number in range(2, 6):
                assert await world.majlis.say(OWN, person(number), f"Hello {MARK}") == 200

            async def all_busy() -> bool:
                return "4 x cell c" in (await terminal.type("tasks")).stdout

            await until(all_busy)
            told = (await terminal.type("tasks")).stdout
            for words in (
                "leases",
                "poll",
                "wakeups",
                "nursery of",
                "asyncio",
                "thread majlis-bridge",
                "s left",
            ):
                assert words in told, words
            path = world.majlis.settings.data_dir / "log" / "tasks.txt"
            for times in (1, 2):
                world.majlis.signal(signal.SIGUSR1)
                await world.majlis.logged("tasks written", times)
            assert "4 x cell c" in path.read_text()
            assert path.with_name("tasks.txt.1").exists()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert leaks(told + path.read_text()) == []
        await world.handled(5)
        assert (await terminal.facts("tasks"))["tasks"] > 10


async def test_a_signal_during_the_start_is_answered_too() -> None:
    async with open_world(start=False) as world:
        world.majlis.process.spawn()
        await world.majlis.logged("server binary")
        world.majlis.signal(signal.SIGUSR1)
        await world.majlis.logged("tasks written", within=30)
        await world.majlis.process.ready()


async def test_no_look_goes_through_all_conversations(
    postgres_journal: PostgresJournal, postgres_dsn: str, tmp_path: Path
) -> None:
    """Twenty thousand conversations, of which ten are parked, ten wait, ten have sends and ten have timers."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(postgres_dsn, bridge=bridge, name="plans", size=1, settings=SESSION) as pool,
        pool.transaction() as session,
    ):
        await session.execute(
            """insert into conversation(id, shard, channel, address, next_seq, done_seq, version)
               select 'c' || lpad(n::text, 6, '0'), n % 128, 'meta:1', 'x', 2, case when n <= 10 then 0 else 1 end, 1
               from generate_series(1, 20000) as n;
               insert into inbox(conversation, seq, dedup, payload) select id, 1, id, '' from conversation;
               insert into turn(conversation, version, first_seq, last_seq, now, epoch, replica)
               select id, 1, 1, 1, now(), 1, 'one' from conversation where done_seq = 1;
               update conversation set parked = true where id between 'c000011' and 'c000020';
               insert into parked(conversation, shard, attempts, fault, origin)
               select id, shard, 5, 'f', 'o' from conversation where parked;
               insert into outbox(conversation, version, ordinal, id, shard, lane, payload, status, expires_at)
               select id, 1, 0, gen_random_uuid(), shard, 'send', '',
                 case when id < 'c000031' then 'queued' else 'done' end, now() from conversation where id > 'c000020';
               insert into timer(conversation, name, generation, due_at, shard)
               select id, 'nudge', 1,
                 now() + case when id < 'c000041' then interval '-1 s' else interval '1 day' end, shard
               from conversation where id > 'c000030'"""
        )
        for analyzed in (False, True):
            if analyzed:
                await session.execute("analyze")
            looks = {
                "overview_parked": "null, 51",
                "overview_paused": "null, 51",
                "overview_waiting": f"null, {LOOKED_AT}, 51",
                "overview_sends": f"null, {LOOKED_AT}, 51",
                "overview_timers": "null, 51",
                "overview_page": "'c010000', 51",
                "overview_rows": f"'{{{','.join(f'c{n:06d}' for n in range(51))}}}', {LOOKED_AT}",
                "timeline_conversation": "'c000100'",
                "timeline_events": "'c000100', 50",
                "timeline_turns": "'c000100', 50",
                "timeline_effects": "'c000100', 50",
                "timeline_timers": "'c000100', 50",
            }
            for name, arguments in looks.items():
                await session.execute(f"prepare look as {statement(name)}")
                (row,) = await session.fetch(f"explain (analyze, format json) execute look({arguments})")
                await session.execute("deallocate look")
                seen = effort(json.loads(row[0])[0]["Plan"])
                assert seen <= 500, f"{name}, analyzed {analyzed}: {seen}"
