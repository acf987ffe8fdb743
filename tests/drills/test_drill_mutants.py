"""A drill that cannot fail shows nothing: what is switched off, and each broken promise, is found by its invariant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from actors.drills import Order, Rehearsal, ServeDrill, Wishes, perform
from actors.drills.ending import ENDING
from runtime.resources import postgres
from runtime.resources.postgres import open_postgres_pool
from runtime.testing import STORM, DrillResult, Orders

ROOT = Path(__file__).parents[2]
BY_NAME = {drill.name: drill for drill in ENDING}


def order(switched_off: str = "") -> Order:
    program: Sequence[str] = (sys.executable, "-m", "tests.drills.unprotected", switched_off)
    plain = (str(Path(sys.executable).with_name("majlis")),)
    return Order(
        app="actors.estate:app", quick=True, tell=lambda _: None, majlis=program if switched_off else plain
    )


def violated(result: DrillResult) -> set[str]:
    return {one.name for one in result.invariants if one.status == "violated"}


async def test_a_listener_that_closes_before_readiness_is_down_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = await perform(BY_NAME["idle-keepalives"], order("readiness"))
    assert "refused before not ready" in violated(result), result.invariants


@pytest.mark.parametrize(
    ("constant", "without", "found"),
    [
        ("COMMIT_TIMEOUT", 0.0, "direct: commits cut by a cancellation"),
        ("CLOSE_TIMEOUT", 6.0, "paused: closing the pools"),
    ],
    ids=["shielded commit", "bounded close"],
)
async def test_without_what_surrounds_a_connection_the_storm_finds_it(
    monkeypatch: pytest.MonkeyPatch, constant: str, without: float, found: str
) -> None:
    monkeypatch.setattr(postgres, constant, without)
    result = await STORM.run(Orders(300, 1, lambda _: None))
    assert found in violated(result), result.invariants


async def test_whatever_breaks_a_promise_is_found_by_its_name(nursery: trio.Nursery) -> None:
    async def stay(dsn: str, task_status: trio.TaskStatus[None]) -> None:
        """Leave a session of the server's name behind, with a lock."""
        async with (
            open_postgres_pool(dsn, name="majlis/left/over", size=1) as pool,
            pool.connection() as held,
        ):
            await held.execute("select pg_advisory_lock(4711)")
            task_status.started()
            await trio.sleep_forever()

    async def breaks(rehearsal: Rehearsal) -> None:
        """Lose events, answer others again, leave a session, and say in the log to whom something was sent."""
        await rehearsal.quiet()
        await rehearsal.settled()
        first = "select conversation from inbox where seq = 1 order by conversation limit 3"
        await rehearsal.databases.execute(
            f"update outbox set status = 'queued', attempts = 0 where version = 1 and conversation not in ({first})"  # noqa: S608
        )
        await rehearsal.databases.execute(f"delete from inbox where seq = 1 and conversation in ({first})")  # noqa: S608
        await rehearsal.server.kill()
        await rehearsal.server.start()
        await rehearsal.settled()
        await nursery.start(stay, rehearsal.databases.postgres.dsn)
        with rehearsal.server.log.open("a") as log:
            number = rehearsal.load.messages[0].person.wa_id
            log.write(f"sent to {number}\nTraceback (most recent call last)\n")

    result = await perform(
        ServeDrill(name="broken", summary="breaks promises", body=breaks, recovery=5.0), order()
    )
    nursery.cancel_scope.cancel()
    assert result.verdict == "FAILED"
    assert {
        "acknowledged messages lost",
        "handled or answered twice",
        "connections left",
        "advisory locks left",
        "secrets, numbers, texts in outputs",
        "unhandled exceptions in logs",
    } <= violated(result), result.invariants


async def test_a_drill_that_fails_to_recover_says_so_and_still_leaves_nothing() -> None:
    async def nobody_answers(rehearsal: Rehearsal) -> None:
        await rehearsal.server.kill()
        await rehearsal.answered(within=0.5)

    stuck = ServeDrill(
        name="stuck", summary="stays down", body=nobody_answers, recovery=1.0, wishes=Wishes(patience=2.0)
    )
    result = await perform(stuck, order())
    assert "goes on" in violated(result)
    assert "connections left" not in violated(result)
