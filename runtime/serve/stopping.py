"""From a signal to an exit code: the phases of a stop, and what further signals do to them.

SIGTERM and SIGINT stop, SIGHUP reads the settings again. A second signal (later than a second after the first, because
one stop may arrive twice) skips to giving the leases back; a third ends the process at once. So does the deadline of the
stop, for what its phases could not bound.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping
from functools import partial
from math import inf
from typing import NoReturn

import structlog
import trio

from runtime.node.shutdown import Phase, run_phases
from runtime.serve.life import DRAINED, FAULT, LEFT_DURABLE, Life
from runtime.serve.phases import (
    EFFECTS_FINISHED,
    LEASES_MOST,
    LEASES_RELEASED,
    LISTENER_CLOSED,
    READINESS_DOWN,
    STOP,
    TURNS_FINISHED,
)
from runtime.serve.process import Process

_log = structlog.get_logger(__name__)

_REPEAT = 1.0  # seconds within which a second signal counts as the same stop
_RELEASE = 1.0  # seconds to give the leases back at a second signal
_FORCED = 5.0  # seconds for all that is left to do then, the closing of pools and servers included
_LOOK = 0.05
_MARGIN = 0.2  # seconds before the deadline that the end of a process may take


async def stop_while_starting(
    signals: AsyncIterator[int],
    start: trio.CancelScope,
    over: trio.CancelScope,
    ended: trio.Event,
    life: Life,
) -> None:
    """Cancel `start` at a signal to stop, until `over` is cancelled; then set `ended`: others may take the signals.

    A SIGHUP has come too soon. A second signal to stop ends the process at once: no lease was taken yet.
    """
    first: float | None = None
    with over:
        async for number in signals:
            if number == signal.SIGHUP:
                _log.warning("still starting: the settings are not read again; send SIGHUP when it is ready")
            elif first is None:
                first = trio.current_time()
                life.report.signal = signal.Signals(number).name
                _log.info("stopping while it starts", signal=life.report.signal)
                start.cancel()
            elif trio.current_time() - first > _REPEAT:
                _at_once(life, 128 + number)
    ended.set()


async def heed_late(signals: AsyncIterator[int], over: trio.Event, life: Life) -> None:
    """After the phases are `over`, while all is being closed: what repeats the stop is ignored, a later one ends it."""
    await over.wait()
    began = trio.current_time()
    async for number in signals:
        if number != signal.SIGHUP and trio.current_time() - began > _REPEAT:
            _at_once(life, 128 + number)


async def end_in_time(life: Life) -> None:
    """End the process when its last moment has come: what is still open then, the system closes.

    The embedded servers stop by themselves when they have lost their parent; those that are frozen are killed.
    """
    await life.stopping.wait()
    while life.left() > _MARGIN:  # noqa: ASYNC110 - the moment may come nearer, and time is what this waits for
        await trio.sleep(_LOOK)
    _log.error("the deadline has passed, and not all is closed; ending at once")
    life.last_word()
    _at_once(life, life.forced or (LEFT_DURABLE if life.report.signal else FAULT))


def _at_once(life: Life, code: int) -> NoReturn:
    life.ended(code)
    os._exit(code)


async def next_stop(signals: AsyncIterator[int], process: Process) -> int:
    """Return the signal that asks to stop; a SIGHUP on the way reloads the settings."""
    async for number in signals:
        if number != signal.SIGHUP:
            return number
        process.notifier.reloading()
        try:
            await process.reload()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new settings, the old ones serve on
            _log.error("settings not reloaded; the old ones stay", reason=str(error))
            process.notifier.reloaded(fault=True)
        else:
            process.notifier.reloaded()
    raise AssertionError("signals do not end")


async def stop(process: Process, closed: trio.Event, signals: AsyncIterator[int], number: int) -> int:
    """Go through the phases up to the leases; further signals shorten them. Return the exit code.

    The phases that follow are the closing of what `run` has opened; `process.life` holds the deadline of all.
    """
    node, life = process.settings.node, process.life
    life.report.signal = signal.Signals(number).name
    life.end(finished=False)  # it may still have been looking at the states
    life.stop_within(node.ready_delay + node.shutdown_timeout)
    _log.info("stopping", signal=life.report.signal, budget=node.shutdown_timeout)
    process.notifier.stopping(node.ready_delay + node.shutdown_timeout)
    began = trio.current_time()

    def begun(phase: str) -> None:
        process.health.stop_step = phase
        life.begin(phase)

    run = partial(run_phases, begun=begun, ended=life.went)
    async with trio.open_nursery() as nursery:

        async def heed() -> None:
            async for again in signals:
                if again == signal.SIGHUP or trio.current_time() - began < _REPEAT:
                    continue
                if life.forced:
                    _at_once(life, life.forced)
                life.forced = 128 + again
                _log.warning("stopping at once", signal=signal.Signals(again).name)
                life.stop_within(_FORCED)
                phases.cancel()

        nursery.start_soon(heed)
        with trio.CancelScope() as phases:
            await run([_not_ready(process)], node.ready_delay + _REPEAT)
            await run(_phases(process, closed), node.shutdown_timeout)
        if life.forced:
            process.node.cells.cut()
            await run([Phase(LEASES_RELEASED, 1.0, process.node.release, process.node.leases.left)], _RELEASE)
        nursery.cancel_scope.cancel()
    left = [phase.name for phase in life.report.stop if not phase.finished]
    code = life.forced or (LEFT_DURABLE if left else DRAINED)
    _log.info("stopped", code=code, unfinished=left)
    return code


def _not_ready(process: Process) -> Phase:
    """The first phase, with a budget of its own."""

    async def work() -> None:
        process.health.phase, process.health.accepting = "draining", False
        await trio.sleep(process.settings.node.ready_delay)

    return Phase(READINESS_DOWN, 1.0, work, partial(_connections, process))


def _phases(process: Process, closed: trio.Event) -> list[Phase]:
    """The phases that follow, with their work; each is given its share of `node.shutdown_timeout`."""
    node = process.node

    async def close_listener() -> None:
        process.stopping.set()
        await closed.wait()

    works = (
        (LISTENER_CLOSED, close_listener, partial(_connections, process)),
        (TURNS_FINISHED, node.finish_turns, node.cells.left),
        (EFFECTS_FINISHED, node.finish_effects, node.lanes.left),
        (LEASES_RELEASED, node.release, node.leases.left),
    )
    most = {LEASES_RELEASED: LEASES_MOST}
    return [Phase(name, STOP[name], work, left, most.get(name, inf)) for name, work, left in works]


def _connections(process: Process) -> Mapping[str, int]:
    return {"connections_open": process.listening.open, "requests_cut": process.listening.cut}
