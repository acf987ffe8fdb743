"""Real `serve` processes that stop and start: what each phase takes and leaves, say their reports and the databases.

SUITE_WAITING (2,000 if absent) is how many events wait when a server is stopped under them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx
import msgspec
import pytest
import trio

from runtime.drill.process import ServeFailed
from runtime.node.shutdown import PhaseReport
from runtime.serve.life import Report
from runtime.serve.phases import (
    EFFECTS_FINISHED,
    LEASES_RELEASED,
    LISTENER_CLOSED,
    POOLS_CLOSED,
    READINESS_DOWN,
    SERVERS_STOPPED,
    START,
    STOP,
    TURNS_FINISHED,
)
from tests.integration.outages import family, postmaster
from tests.integration.test_e2e_supervision import BOT
from tests.integration.world import (
    MARK,
    OWN,
    Majlis,
    World,
    fresh_id,
    open_world,
    person,
    signature,
    text,
    until,
    webhook,
)

WAITING = int(os.environ.get("SUITE_WAITING", "2000"))
_SESSIONS = "from pg_stat_activity where datname = current_database() and application_name like 'majlis/%'"
_HELD = "select count(*) from shards where owner is not null"


def report_of(majlis: Majlis) -> Report:
    """Return the report of a server that `reporting` made."""
    return msgspec.json.decode((majlis.home / "report.json").read_bytes(), type=Report)


def reporting(majlis: Majlis, bot: str = "") -> Majlis:
    """Let a server keep a report; nothing is started."""
    options = ["--report", str(majlis.home / "report.json")]
    if bot:
        (majlis.home / "bot.py").write_text(bot)
        options += ["--app", "bot:app"]
    majlis.process = majlis.another(*options)
    return majlis


def phases_of(report: Report) -> dict[str, PhaseReport]:
    return {phase.name: phase for phase in report.stop}


async def ended(majlis: Majlis, within: float) -> int:
    """Return the exit code, which must be there in time."""

    async def look() -> bool:
        return majlis.process.exit_code is not None

    await until(look, within, f"the end of serve: {majlis.log[-2000:]}")
    code = majlis.process.exit_code
    assert code is not None
    return code


@asynccontextmanager
async def idle_connections(majlis: Majlis, number: int) -> AsyncIterator[list[trio.SocketStream]]:
    """Hold connections that have had an answer each and are kept alive."""
    streams: list[trio.SocketStream] = []
    try:
        for _ in range(number):
            stream = await majlis.connect()
            streams.append(stream)
            await stream.send_all(b"GET /nowhere HTTP/1.1\r\nHost: majlis\r\n\r\n")
            assert (await stream.receive_some(65536)).startswith(b"HTTP/1.1 404 ")
        yield streams
    finally:
        for stream in streams:
            stream.socket.close()


@pytest.mark.parametrize("idle", [0, 50])
async def test_with_nothing_in_hand_a_stop_takes_less_than_half_a_second(idle: int) -> None:
    delay, took = 0.3, 10.0
    async with open_world(start=False, node={"ready_delay": delay}) as world:
        majlis = reporting(world.majlis)
        while (
            took >= delay + 0.5 and majlis.process.lives < 4
        ):  # neighbours may keep it from its processor once
            await majlis.process.start()
            await world.welcomed(majlis, person(majlis.process.lives))
            async with idle_connections(majlis, idle) as streams:
                began = trio.current_time()
                majlis.signal(signal.SIGTERM)
                assert await ended(majlis, 10) == 0
                took = min(took, trio.current_time() - began)
                for stream in streams:
                    assert await stream.receive_some(1) == b""
        assert took < delay + 0.5
        report = report_of(majlis)
        assert (report.outcome, report.exit_code, report.signal) == ("drained", 0, "SIGTERM")
        assert [phase.name for phase in report.start] == list(START)
        assert [phase.name for phase in report.stop] == list(STOP)
        assert all(phase.finished for phase in [*report.start, *report.stop])
        told = phases_of(report)
        assert told[READINESS_DOWN].left["connections_open"] >= idle
        assert told[LISTENER_CLOSED].left["connections_open"] == 0
        assert told[LEASES_RELEASED].left == {"shards_given_back": 128, "shards_kept": 0}
        assert told[POOLS_CLOSED].left == {"connections_open": 0, "connections_cut": 0}
        assert told[SERVERS_STOPPED].left == {"servers_killed": 0, "servers_left": 0}
        assert delay <= told[READINESS_DOWN].seconds
        assert sum(phase.seconds for phase in report.stop) <= (report.stop_seconds or 0) + 0.01
        for phase in STOP:
            assert f'"phase": "{phase}", "seconds": ' in majlis.log


async def test_readiness_is_seen_down_while_webhooks_are_taken_with_goodbye_and_before_any_is_refused(
    postgres_dsn: str, redis_dsn: str
) -> None:
    node = {"ready_delay": 1.0}
    async with open_world(postgres_dsn, redis_dsn, start=False, node=node) as world:
        majlis = reporting(world.majlis)
        await majlis.process.start()
        seen: list[str] = []  # in order: "ready", "down", "refused"
        goodbyes: list[str | None] = []
        stored = 0

        async def probe() -> None:
            while True:
                with suppress(httpx.TransportError):
                    seen.append("ready" if (await majlis.readiness())[0] == 200 else "down")
                await trio.sleep(0.02)

        async def knock() -> None:
            nonlocal stored
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                while True:
                    body = webhook(OWN, text(person(stored), f"Good evening {MARK}"))
                    try:
                        answer = await client.post(
                            majlis.url, content=body, headers={"x-hub-signature-256": signature(body)}
                        )
                    except httpx.ConnectError:
                        seen.append("refused")
                        return
                    assert answer.status_code == 200
                    stored += 1
                    if "down" in seen:
                        goodbyes.append(answer.headers.get("connection"))
                    await trio.sleep(0.02)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(probe)
            nursery.start_soon(knock)

            async def warm() -> bool:
                return stored > 3 and "ready" in seen

            await until(warm)
            majlis.signal(signal.SIGTERM)

            async def refused() -> bool:
                return "refused" in seen

            await until(refused)
            nursery.cancel_scope.cancel()
        assert await ended(majlis, 10) == 0
        assert seen.index("ready") < seen.index("down") < seen.index("refused")
        assert "ready" not in seen[seen.index("down") :]
        assert len(goodbyes) > 3
        assert set(goodbyes[1:]) == {"close"}  # the first may have been on its way when readiness went down


async def test_of_many_waiting_events_each_is_handled_once_or_left_whole_for_the_next_life(
    postgres_dsn: str, redis_dsn: str
) -> None:
    each = 10
    people = WAITING // each
    node = {"send_timeout": 1.5, "uncertain_wait": 3.0}
    async with open_world(postgres_dsn, redis_dsn, start=False, node=node) as world:
        majlis = reporting(world.majlis, BOT.replace("SICK = True", "SICK = False"))
        await majlis.process.start()
        async with world.locked(
            "turn"
        ):  # no turn commits: the first of each person is in hand, the others wait
            ids: list[str] = []
            for _ in range(each):
                new = [fresh_id() for _ in range(people)]
                texts = [text(person(n), f"Good evening {MARK}", one) for n, one in enumerate(new)]
                assert await majlis.post(webhook(OWN, *texts)) == 200
                ids += new
            majlis.signal(signal.SIGTERM)
            await majlis.logged('"msg": "stopping"')
        assert await ended(majlis, 25) == 0
        report = report_of(majlis)
        done, stored = (
            await world.rows("select sum(done_seq)::int, sum(next_seq - 1)::int from conversation")
        )[0]
        assert (stored, people <= done < stored) == (len(ids), True)
        told = phases_of(report)
        assert told[TURNS_FINISHED].left == {"turns_cut": 0, "events_waiting": stored - done}
        assert told[EFFECTS_FINISHED].left["effects_unsettled"] == 0
        assert await world.number("select count(*) from outbox where status = 'sending'") == 0
        left = "select count(distinct conversation) from outbox where status not in ('done', 'failed')"
        assert await world.number(left) == told[EFFECTS_FINISHED].left["conversations_with_effects"]
        assert await world.number("select sum(last_seq - first_seq + 1)::int from turn") == done

        await majlis.process.start()
        await world.handled(len(ids), within=30 + WAITING / 500)

        async def replied() -> bool:
            return world.fake.last_index >= len(ids)

        await until(replied, 30 + WAITING / 500, "all replies")
        quoted = sorted(
            sent.content()["context"]["message_id"] for sent in world.fake.sent(limit=len(ids) + 1)
        )
        assert quoted == sorted(ids)
        assert await world.number("select count(*) from turn") == len(ids)


def living(pids: list[int]) -> list[int]:
    """Return those of some processes that have not ended; a zombie has."""
    return [pid for pid in pids if Path(f"/proc/{pid}/cwd").exists()]


@contextmanager
def frozen_postgres(world: World) -> Iterator[list[int]]:
    """Stop the embedded Postgres in the middle of whatever it does; who is left at the end goes on."""
    pids = family(postmaster(world))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield pids
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_with_postgres_paused_webhooks_are_answered_503_and_a_stop_ends_by_its_deadline_with_3() -> (
    None
):
    delay, budget = 2.0, 6.0
    node = {"ready_delay": delay, "shutdown_timeout": budget}
    async with open_world(start=False, node=node) as world:
        majlis = reporting(world.majlis)
        await majlis.process.start()
        await world.welcomed(majlis, person(1))
        with frozen_postgres(world) as pids:
            began = trio.current_time()
            majlis.signal(signal.SIGTERM)
            await majlis.logged('"msg": "stopping"')
            assert await majlis.say(OWN, person(2), f"Anybody there {MARK}") == 503
            assert trio.current_time() - began < 2.0
            assert await ended(majlis, delay + budget + 1) == 3
            assert trio.current_time() - began < delay + budget

            async def gone() -> bool:
                return not living(pids)

            await until(
                gone, 2.0, "the frozen processes of Postgres gone"
            )  # they were killed at the deadline
        report = report_of(majlis)
        assert (report.outcome, report.exit_code) == ("work left", 3)
        names = [phase.name for phase in report.stop]
        assert names == list(STOP)[: len(names)], "in order, as far as the deadline let them come"
        told = phases_of(report)
        assert not told[LEASES_RELEASED].finished
        assert told[LEASES_RELEASED].left == {"shards_given_back": 0, "shards_kept": 128}
        if SERVERS_STOPPED in told:
            assert told[SERVERS_STOPPED].left["servers_left"] == 0
            assert '"server": "postgres", "exit_code": -9' in majlis.log
        await majlis.process.start()
        await world.welcomed(majlis, person(2))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_second_signal_after_a_second_cuts_short_and_still_gives_the_leases_back(
    postgres_dsn: str, redis_dsn: str, number: signal.Signals, code: int
) -> None:
    node = {"turn_timeout": 60.0, "shutdown_timeout": 60.0}
    async with open_world(postgres_dsn, redis_dsn, start=False, node=node) as world:
        majlis = reporting(world.majlis, BOT)
        await majlis.process.start()
        assert await majlis.say(OWN, person(1), f"hang {MARK}") == 200
        await until(lambda: _busy(majlis))
        majlis.signal(number)
        majlis.signal(number)  # the same stop, twice
        with trio.move_on_after(1.2):
            assert await ended(majlis, 1.5) is None, "a signal that came at once was a second one"
        assert await world.number(_HELD) == 128
        began = trio.current_time()
        majlis.signal(number)
        assert await ended(majlis, 5) == code
        assert trio.current_time() - began < 1.5
        assert await world.number(_HELD) == 0
        assert await world.number(f"select count(*) {_SESSIONS}") == 0
        report = report_of(majlis)
        assert (report.outcome, report.exit_code, report.signal) == ("forced", code, number.name)
        told = phases_of(report)
        assert (told[TURNS_FINISHED].finished, told[TURNS_FINISHED].left["turns_cut"]) == (False, 1)
        assert told[LEASES_RELEASED].left == {"shards_given_back": 128, "shards_kept": 0}
        assert told[POOLS_CLOSED].left["connections_open"] == 0
        assert EFFECTS_FINISHED not in told
        done, attempts = (await world.rows("select done_seq, attempts from conversation"))[0]
        assert (done, attempts) == (0, 0)  # nobody is blamed for the cut


async def _busy(majlis: Majlis) -> bool:
    """Whether a turn is under way, and has come to its transaction."""
    return bool((await majlis.statistics())["postgres_turns"]["busy"])


async def test_a_turn_that_outlives_its_phase_is_cut_and_the_stop_goes_on(
    postgres_dsn: str, redis_dsn: str
) -> None:
    node = {"turn_timeout": 60.0, "shutdown_timeout": 4.0}
    async with open_world(postgres_dsn, redis_dsn, start=False, node=node) as world:
        majlis = reporting(world.majlis, BOT)
        await majlis.process.start()
        assert await majlis.say(OWN, person(1), f"hang {MARK}") == 200
        await until(lambda: _busy(majlis))
        began = trio.current_time()
        assert await majlis.process.stop(signal.SIGINT) == 3
        assert trio.current_time() - began < 4.0
        told = phases_of(report_of(majlis))
        assert (told[TURNS_FINISHED].finished, told[TURNS_FINISHED].left["turns_cut"]) == (False, 1)
        assert told[LEASES_RELEASED].left["shards_given_back"] == 128
        assert [name for name, phase in told.items() if not phase.finished] == [TURNS_FINISHED]


async def test_a_third_signal_ends_it_at_once() -> None:
    node = {"shutdown_timeout": 60.0}
    async with open_world(start=False, node=node) as world:
        majlis = reporting(world.majlis)
        await majlis.process.start()
        with frozen_postgres(world) as pids:  # nothing gets on
            majlis.signal(signal.SIGTERM)
            with trio.move_on_after(1.2):
                await ended(majlis, 5)
            majlis.signal(signal.SIGTERM)
            await majlis.logged("stopping at once")
            began = trio.current_time()
            majlis.signal(signal.SIGTERM)
            assert await ended(majlis, 5) == 143
            assert trio.current_time() - began < 0.5
            report = report_of(majlis)
            assert (report.outcome, report.exit_code) == ("forced", 143)

        async def gone() -> bool:
            return not living(pids)

        await until(gone, 10, "the end of Postgres, which has lost its parent")


async def test_a_second_signal_while_it_starts_ends_it_at_once(redis_dsn: str) -> None:
    async with open_world(redis=redis_dsn, start=False) as world:
        majlis = reporting(world.majlis)
        majlis.process.spawn()
        cluster = majlis.settings.data_dir / "postgres" / "data"

        async def starting() -> bool:
            return (cluster / "postmaster.pid").exists()

        await until(starting, 20)
        with frozen_postgres(world) as pids:  # it is waited for at the start, and at the stop
            majlis.signal(signal.SIGTERM)
            await majlis.logged("stopping while it starts")
            with trio.move_on_after(1.2):
                await ended(majlis, 5)
            began = trio.current_time()
            majlis.signal(signal.SIGTERM)
            assert await ended(majlis, 5) == 143
            assert trio.current_time() - began < 0.5
        report = report_of(majlis)
        assert (report.outcome, report.exit_code, report.ready_after) == ("forced", 143, None)

        async def gone() -> bool:
            return not living(pids)

        await until(gone, 10, "the end of Postgres, which has lost its parent")


async def test_what_no_phase_could_bound_is_over_at_the_deadline_all_the_same() -> None:
    async with open_world(start=False, node={"shutdown_timeout": 1.0}) as world:
        majlis = reporting(world.majlis)
        await majlis.process.start()
        with frozen_postgres(world):  # giving up on it takes longer than there is
            began = trio.current_time()
            assert await majlis.process.stop() == 3
            assert trio.current_time() - began < 1.0 + 0.5
        report = report_of(majlis)
        assert (report.outcome, report.exit_code) == ("work left", 3)
        assert not report.stop[-1].finished
        assert "the deadline has passed, and not all is closed" in majlis.log


async def test_a_start_that_cannot_be_says_why_in_its_report(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        second = reporting(world.beside())
        taken = {**second.facts, "server": {**second.facts["server"], "port": 8080}}
        second.write(taken)
        with pytest.raises(ServeFailed, match="ended with 1"):
            await second.process.start()
        report = report_of(second)
        assert (report.outcome, report.exit_code, report.ready_after) == ("not started", 1, None)
        assert "cannot listen on" in report.reason
        assert [phase.name for phase in report.start if not phase.finished] == ["listeners opened"]
        assert [phase.name for phase in report.stop] == list(STOP)[-3:]

        second.write({**second.facts, "node": {"ready_delai": 1}})
        with pytest.raises(ServeFailed, match="ended with 2"):
            await second.process.start()
        report = report_of(second)
        assert (report.outcome, report.exit_code) == ("not started", 2)
        assert "node.ready_delai" in report.reason

        third = world.majlis.another("--report", str(world.home / "nowhere" / "report.json"))
        with pytest.raises(ServeFailed, match="--report: cannot write"):
            await third.start()
        await world.welcomed(world.majlis, person(1))


async def test_a_stop_while_it_starts_is_in_its_report(redis_dsn: str) -> None:
    async with open_world(redis=redis_dsn, start=False) as world:
        majlis = reporting(world.majlis)
        majlis.process.spawn()

        async def making() -> bool:
            return list((majlis.settings.data_dir / "postgres").glob("*")) != []

        await until(making)
        majlis.signal(signal.SIGINT)
        assert await ended(majlis, 10) == 0
        report = report_of(majlis)
        assert (report.outcome, report.exit_code, report.signal) == ("stopped while starting", 0, "SIGINT")
        assert [(phase.name, phase.finished) for phase in report.start] == [
            (START[0], True),
            (START[1], False),
        ]
