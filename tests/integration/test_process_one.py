"""`serve` as process 1 of a container, and under the restrictions of its unit: it starts, answers, reaps and ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from runtime.serve.orphans import Orphans, zombies_of
from tests.integration.supervisor import supervising
from tests.integration.world import Majlis, majlis_command, open_world, person, until

#: As process 1: starts a child that starts a grandchild and dies, so that the grandchild ends in our arms; then serves.
_LEAVES_AN_ORPHAN = """
import os, subprocess, sys
subprocess.run(["/bin/sh", "-c", "sleep 1 & exit 0"])
os.execv(sys.argv[1], sys.argv[1:])
"""
#: Refuses what MemoryDenyWriteExecute= refuses, and new privileges.
_RESTRICTED = """
import ctypes, os, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(65, 1, 0, 0, 0) or prctl(38, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def unshare() -> list[str]:
    """The words that make what follows process 1 of a namespace of its own."""
    words = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if os.geteuid():
        words.insert(1, "--map-root-user")
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here (Debian: util-linux)")
    done = subprocess.run([*words, "true"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    if done.returncode:
        pytest.skip(f"no namespace of processes here: {done.stderr.strip()}")
    return words


def inside(outer: int) -> int:
    """Return the process that is number 1 in the namespace that `unshare` made."""
    (child,) = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
    return int(child)


async def test_as_process_1_it_starts_answers_reaps_orphans_and_ends_with_zero(unshare: list[str]) -> None:
    async with open_world(start=False) as world:
        majlis = world.majlis
        process = _spawn(majlis, [*unshare, sys.executable, "-c", _LEAVES_AN_ORPHAN])
        try:

            async def ready() -> bool:
                return '"msg": "ready"' in majlis.log

            await until(ready, 20, "process 1 to be ready")
            one = inside(process.pid)
            assert _numbers(one)[-1] == "1"
            await world.welcomed(majlis, person(1))

            # A postmaster that is killed leaves its own children behind.
            cluster = majlis.settings.data_dir / "postgres" / "data" / "postmaster.pid"
            known = cluster.read_text().split()[0]
            (postmaster,) = [pid for pid in _below(one) if _numbers(pid)[-1] == known]
            os.kill(postmaster, signal.SIGKILL)

            async def again() -> bool:
                return cluster.exists() and cluster.read_text().split()[:1] not in ([], [known])

            await until(again, 15, "a new Postgres")

            async def none() -> bool:
                return not zombies_of(one)

            await until(none, 10, "no zombies")
            assert (await _status(majlis))["statistics"]["orphans"]["reaped"] >= 1
            await until(lambda: _is_ready(majlis), 15)
            family = _below(one)
            os.kill(one, signal.SIGTERM)
            assert await trio.to_thread.run_sync(process.wait, 20) == 0
            assert not [pid for pid in family if _lives(pid)]
            majlis.check_logs()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(5)


def _spawn(majlis: Majlis, wrapper: list[str]) -> subprocess.Popen[bytes]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(majlis.home), "LANG": "C.UTF-8"}
    with majlis.log_path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own words
            [*wrapper, *majlis_command(), "serve", "--config", str(majlis.config)],
            env=environ,
            cwd=majlis.home,
            stdout=log,
            stderr=log,
        )


def _numbers(pid: int) -> list[str]:
    """Return the numbers of a process, from our namespace to its innermost."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))


def _below(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += _below(int(child))
    return found


async def _status(majlis: Majlis) -> dict[str, dict[str, dict[str, int]]]:
    status: dict[str, dict[str, dict[str, int]]] = await majlis.operate("status")
    return status


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _is_ready(majlis: Majlis) -> bool:
    return (await majlis.readiness())[0] == 200


async def test_a_stop_of_process_1_while_it_starts_is_heard(unshare: list[str]) -> None:
    async with open_world(start=False) as world:
        process = _spawn(world.majlis, unshare)
        cluster = world.majlis.settings.data_dir / "postgres"

        async def making() -> bool:
            return cluster.exists() and any(cluster.iterdir())

        try:
            await until(making, 15, "the making of the cluster")
            os.kill(inside(process.pid), signal.SIGTERM)
            assert await trio.to_thread.run_sync(process.wait, 20) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(5)


async def test_it_lives_without_writable_code_and_new_privileges() -> None:
    async with open_world(start=False) as world, supervising(world.majlis) as supervisor:
        supervisor.start(wrapper=[sys.executable, "-c", _RESTRICTED])
        process = supervisor.process
        assert process is not None

        async def decided() -> bool:
            return process.poll() is not None or any("READY" in report for report in supervisor.reports)

        await until(decided, 20)
        if process.poll() == 77:
            pytest.skip("this kernel cannot refuse writable code (Linux 6.3)")
        await world.welcomed(world.majlis, person(1))
        assert await supervisor.stop() == 0


def test_an_orphan_is_reaped_at_the_second_look_and_a_child_that_is_waited_for_is_left_alone() -> None:
    orphans = Orphans()
    child = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert child.pid in zombies_of(os.getpid())
    orphans.look()
    assert orphans.statistics().reaped == 0
    assert child.wait(5) == 0
    second = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, second.pid, os.WEXITED | os.WNOWAIT)
    orphans.look()
    orphans.look()
    assert orphans.statistics().reaped >= 1
    assert second.pid not in zombies_of(os.getpid())
    second.wait(5)
