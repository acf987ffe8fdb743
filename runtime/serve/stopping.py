"""From a signal to an exit code: the phases of a stop, and what further signals do to them.

SIGTERM and SIGINT stop, SIGHUP reads the settings again. A second signal (later than a second after the first, because
one stop may arrive twice) skips to giving the leases back; a third ends the process at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Sequence
from functools import partial

import structlog
import trio

from runtime.node.shutdown import Phase, PhaseReport, run_phases
from runtime.serve.health import STOP_STEPS
from runtime.serve.process import Process

_log = structlog.get_logger(__name__)

_REPEAT = 1.0  # seconds within which a second signal counts as the same stop
DRAINED, LEFT_DURABLE = 0, 3


async def stop_while_starting(
    signals: AsyncIterator[int], start: trio.CancelScope, over: trio.CancelScope, ended: trio.Event
) -> None:
    """Cancel `start` at a signal to stop, until `over` is cancelled; then set `ended`: others may take the signals.

    A SIGHUP has come too soon.
    """
    with over:
        async for number in signals:
            if number == signal.SIGHUP:
                _log.warning("still starting: the settings are not read again; send SIGHUP when it is ready")
                continue
            _log.info("stopping while it starts", signal=signal.Signals(number).name)
            start.cancel()
    ended.set()


async def heed_late(signals: AsyncIterator[int], over: trio.Event) -> None:
    """After the phases are `over`, while all is being closed: what repeats the stop is ignored, a later one ends it."""
    await over.wait()
    began = trio.current_time()
    async for number in signals:
        if number != signal.SIGHUP and trio.current_time() - began > _REPEAT:
            os._exit(128 + number)


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
    """Go through the phases; further signals shorten them."""
    node = process.settings.node
    _log.info("stopping", signal=signal.Signals(number).name, budget=node.shutdown_timeout)
    process.notifier.stopping(node.ready_delay + node.shutdown_timeout)
    reports: Sequence[PhaseReport] = ()
    forced = 0
    began = trio.current_time()
    async with trio.open_nursery() as nursery:

        async def heed() -> None:
            nonlocal forced
            async for again in signals:
                if again == signal.SIGHUP or trio.current_time() - began < _REPEAT:
                    continue
                if forced:
                    os._exit(128 + again)
                forced = 128 + again
                _log.warning("stopping at once", signal=signal.Signals(again).name)
                phases.cancel()

        nursery.start_soon(heed)
        with trio.CancelScope() as phases:
            begun = partial(setattr, process.health, "stop_step")
            reports = [
                *await run_phases([_not_ready(process)], node.ready_delay + _REPEAT, begun),
                *await run_phases(_phases(process, closed), node.shutdown_timeout, begun),
            ]
        if forced:
            await run_phases([Phase("release leases", 1.0, process.node.release)], 1.0)
        nursery.cancel_scope.cancel()
    left = [report.name for report in reports if not report.finished]
    code = forced or (LEFT_DURABLE if left else DRAINED)
    _log.info("stopped", code=code, unfinished=left)
    return code


def _not_ready(process: Process) -> Phase:
    """The first phase, with a budget of its own: what it does not use must not be lent to those that wait for others."""

    async def work() -> None:
        process.health.phase, process.health.accepting = "draining", False
        await trio.sleep(process.settings.node.ready_delay)

    return Phase(STOP_STEPS[0], 1.0, work)


def _phases(process: Process, closed: trio.Event) -> Sequence[Phase]:
    """The table of what follows. Shares are of `node.shutdown_timeout`; the last one is always left for the leases."""

    async def close_listener() -> None:
        process.stopping.set()
        await closed.wait()

    works = (
        (0.2, close_listener),
        (0.4, process.node.finish_turns),
        (0.3, process.node.finish_effects),
        (0.1, process.node.release),
    )
    return [Phase(name, share, work) for name, (share, work) in zip(STOP_STEPS[1:], works, strict=True)]
