"""A real `serve` under a supervisor: its reports, sockets that are held for it, and its end while it starts."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

import httpx
import trio

from tests.integration.supervisor import environment_of, held_socket, supervising
from tests.integration.world import MARK, OWN, open_world, person, text, until, webhook


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_life_is_reported_from_the_start_to_the_end() -> None:
    node = {"ready_delay": 0.5, "shutdown_timeout": 5.0}
    async with open_world(start=False, node=node) as world, supervising(world.majlis) as supervisor:
        supervisor.start(WATCHDOG_USEC="1000000")
        await supervisor.heard(READY="1")
        assert (await world.majlis.readiness())[0] == 200
        first = supervisor.reports[0]
        assert first == {"STATUS": "starting"}
        await world.welcomed(world.majlis, person(1))
        for child in children_of(supervisor.process.pid):
            assert not environment_of(child).keys() & {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID"}

        supervisor.reports.clear()
        await until(lambda: _count(supervisor.reports, "WATCHDOG"), 5)
        supervisor.signal(signal.SIGHUP)
        reloading = await supervisor.heard(RELOADING="1")
        assert int(reloading["MONOTONIC_USEC"]) > 0
        await supervisor.heard(READY="1", STATUS="serving")

        supervisor.reports.clear()
        assert await supervisor.stop() == 0
        stopping = await supervisor.heard(STOPPING="1", STATUS="draining")
        assert int(stopping["EXTEND_TIMEOUT_USEC"]) <= 15_000_000
        after = supervisor.reports[supervisor.reports.index(stopping) + 1 :]
        assert [report for report in after if "EXTEND_TIMEOUT_USEC" in report]
        assert [report for report in after if "WATCHDOG" in report]
        assert not [report for report in after if "READY" in report]


async def _count(reports: list[dict[str, str]], name: str) -> bool:
    return len([report for report in reports if name in report]) >= 2


async def test_a_frozen_loop_gives_no_sign_of_life_and_a_supervisor_that_is_away_harms_nobody(
    postgres_dsn: str, redis_dsn: str
) -> None:
    name = f"majlis-test-{os.getpid()}"
    async with (
        open_world(postgres_dsn, redis_dsn, start=False) as world,
        supervising(world.majlis, abstract=name) as supervisor,
    ):
        supervisor.start(WATCHDOG_USEC="600000")
        await supervisor.heard(READY="1")
        supervisor.signal(signal.SIGSTOP)
        await trio.testing.wait_all_tasks_blocked()
        supervisor.reports.clear()
        with trio.move_on_after(0.8):
            await supervisor.heard(WATCHDOG="1", within=5)
        assert not supervisor.reports
        supervisor.signal(signal.SIGCONT)
        await supervisor.heard(WATCHDOG="1")
        supervisor.deafen()
        await world.welcomed(world.majlis, person(1))
        assert await supervisor.stop() == 0


async def test_with_a_socket_unit_a_restart_refuses_nobody(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        server = world.majlis.settings.server
        with held_socket(server.host, server.port) as public, held_socket(server.host, 9090) as admin:
            async with supervising(world.majlis) as supervisor:
                supervisor.start([public, admin], "public:admin")
                await supervisor.heard(READY="1")
                await world.welcomed(world.majlis, person(1))
                status = await world.majlis.operate("status")
                assert status["addresses"]["admin"] == [f"http://{server.host}:9090"]
                assert await supervisor.stop() == 0

                statuses: list[int] = []

                async def knock(guest: int) -> None:
                    statuses.append(await world.majlis.say(OWN, person(guest), f"Anybody there {MARK}"))

                async with trio.open_nursery() as nursery:
                    for guest in range(2, 12):
                        nursery.start_soon(knock, guest)
                    await trio.testing.wait_all_tasks_blocked(0.1)
                    assert statuses == []
                    supervisor.start([public, admin], "public:admin")
                assert statuses == [200] * 10
                await world.handled(11)
                assert await supervisor.stop() == 0


async def test_under_load_a_restart_with_held_sockets_fails_no_request(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, start=False, node={"ready_delay": 0.3}) as world:
        majlis, server = world.majlis, world.majlis.settings.server
        answers: list[int] = []
        faults: list[str] = []
        over = trio.Event()

        async def knock_often(first: int) -> None:
            """Write again and again, by turns on a connection of its own and on one that is kept."""
            guests = itertools.count(first)
            while not over.is_set():
                body = webhook(OWN, text(person(next(guests)), f"Anybody there {MARK}"))
                try:
                    answers.append(await majlis.post(body))
                    answers.extend(await majlis.post_at_once([body]))  # the same once more: a duplicate
                except* (OSError, httpx.TransportError, trio.BrokenResourceError) as fault:
                    faults.extend(type(one).__name__ for one in fault.exceptions)
                await trio.sleep(0.01)

        with held_socket(server.host, server.port) as public:
            async with supervising(majlis) as supervisor:
                supervisor.start([public], "public")
                await supervisor.heard(READY="1")
                async with trio.open_nursery() as nursery:
                    for worker in range(8):
                        nursery.start_soon(knock_often, worker * 1000)
                    for _ in range(2):
                        await _more(answers, 100)
                        assert await supervisor.stop() == 0
                        supervisor.start([public], "public")
                        await supervisor.heard(READY="1")
                    await _more(answers, 100)
                    over.set()
                assert (faults, set(answers)) == ([], {200})
                await world.handled(len(answers) // 2)
                assert await supervisor.stop() == 0


async def _more(answers: list[int], number: int) -> None:
    """Wait for so many answers more."""
    wanted = len(answers) + number

    async def look() -> bool:
        return len(answers) >= wanted

    await until(look, 15, "answers")


async def test_sockets_that_are_wrong_end_the_start_with_a_plain_word(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        server = world.majlis.settings.server
        with held_socket(server.host, server.port) as public:
            async with supervising(world.majlis) as supervisor:
                supervisor.start([public], "webhooks")
                assert await supervisor.ended() == 2
                assert "majlis: LISTEN_FDNAMES: 'webhooks' is no listener" in world.majlis.log
                public.close()
                with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as datagrams:
                    supervisor.start([datagrams._sock], "public")
                    assert await supervisor.ended() == 1
                assert "descriptor 3 is not a socket that listens" in world.majlis.log


async def test_a_stop_while_it_starts_is_a_stop(redis_dsn: str) -> None:
    async with open_world(redis=redis_dsn, start=False) as world, supervising(world.majlis) as supervisor:
        supervisor.start()
        # Its Postgres is being made: the longest step of a first start.
        cluster = world.majlis.settings.data_dir / "postgres" / "data"

        async def making() -> bool:
            return cluster.exists() or bool(list(cluster.parent.glob("*")))

        await until(making, 10)
        assert await supervisor.stop() == 0
        assert "stopping while it starts" in world.majlis.log
        supervisor.start()
        await supervisor.heard(READY="1")
        assert await supervisor.stop() == 0
