"""The bridge: the one place where asyncio drivers meet Trio.

One asyncio loop (uvloop where it installs) runs in one thread that `open_bridge` starts and joins. A call
goes over with `call_soon_threadsafe`, runs there as one task, and its outcome comes back with
`run_sync_soon`; outcomes that are ready together share one wake-up. It knows nothing of the drivers.

A call has one owner on the Trio side, which waits for it to end. When the owner is cancelled the asyncio
task is cancelled too and the owner waits on, for a bounded grace, until it is really gone: so a driver can
close what it broke before anybody continues. A call that outlives its grace is *abandoned*: its owner goes
on, the bridge counts it, and `Call.when_late` tells whoever asked when it ends after all.

Two Python threads share one interpreter lock, and a busy Trio thread starves the loop: each of its system
calls gives the lock away for a few microseconds only, too short for the other thread to wake up and too
often for the interpreter's forced switch (every wait for it begins anew). Measured with Trio saturated, on
quiet cores: p99 of an empty call 160 to 900 ms. So while calls are in flight and Trio has not slept for
`TURN_EVERY`, the bridge gives the loop a turn: p99 3 to 6 ms, and up to ten times the calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, TypeVarTuple, cast

import structlog
import trio

from runtime.resources.beside import beside
from runtime.resources.errors import ResourceUnavailable

try:
    from uvloop import new_event_loop
except ImportError:  # no wheel for this platform
    from asyncio import new_event_loop  # type: ignore[assignment]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CANCEL_GRACE = 2.0
"""Seconds a cancelled caller waits for its task on the loop to be gone."""
HEARTBEAT = 0.5
"""Seconds between two looks at the loop."""
HUNG_AFTER = 1.0
"""Seconds without an answer after which the loop is reported as hung."""

TURN_EVERY = 0.002
"""Seconds a busy Trio thread may run before the loop gets a turn."""
TURN_LENGTH = 0.002
"""Seconds at most that Trio stands still for one turn of the loop."""

_log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class BridgeStatistics:
    """One look at the bridge; times in seconds, counts since it was opened."""

    in_flight: int
    completed: int
    abandoned: int
    orphans: int
    lag: float
    """How long the loop last took to answer, or has not answered by now."""
    hung: bool
    turns: int
    """How often a busy Trio thread stood still for the loop."""


class Call(Generic[T]):
    """One coroutine on the loop and its owner in Trio, which awaits it once to get the outcome.

    What is set from `_start` on is written on the loop before the call is handed back, and read in Trio
    only after that; the rest belongs to the Trio thread.
    """

    def __init__(self, bridge: Bridge, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._bridge = bridge
        self._owner = trio.lowlevel.current_task()
        self._parked = False
        self.done = False
        self.late: Callable[[], None] | None = None
        self._start = start
        self._task: asyncio.Task[T] | None = None
        self._cancelled = False
        self._cut = False
        self._value: T | None = None
        self._error: BaseException | None = None

    def when_late(self, react: Callable[[], None]) -> None:
        """Call `react` in the Trio thread when this call ends; at once if it has ended already."""
        if self.done:
            react()
        else:
            self.late = react

    def __await__(self) -> Generator[Any, Any, T]:
        return self._wait().__await__()

    @trio.lowlevel.enable_ki_protection
    async def _wait(self) -> T:
        try:
            await self._park()
        except BaseException as interrupt:
            # Only Cancelled and KeyboardInterrupt can come out of a parked task.
            self._bridge.cancel(self)
            with trio.CancelScope(shield=True, deadline=trio.current_time() + self._bridge.cancel_grace):
                await self._park()
            if not self.done:
                self._bridge.abandon()
                raise
            # What ended before the cancellation reached it is delivered; so is a value in spite of it.
            if not isinstance(interrupt, trio.Cancelled) or (self._cut and self._error is not None):
                raise
        return self._outcome()

    async def _park(self) -> None:
        if not self.done:
            self._parked = True
            await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._parked = False
        return trio.lowlevel.Abort.SUCCEEDED

    def arrive(self) -> None:
        """Trio thread: the outcome is here."""
        self.done = True
        if self._parked:
            self._parked = False
            trio.lowlevel.reschedule(self._owner)
        if self.late is not None:
            self.late()

    def _outcome(self) -> T:
        error = self._error
        if error is None:
            return cast("T", self._value)
        self._error = None
        try:
            if isinstance(error, asyncio.CancelledError):  # not by us: the loop is being closed
                raise ResourceUnavailable("bridge", "the loop was closed during the call") from None
            raise error
        finally:
            del error, self  # no cycle through the traceback

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Loop thread: start the task; whatever goes wrong is the outcome."""
        if self._cancelled:
            self._cut = True
            self._error = asyncio.CancelledError()
            self._bridge.hand_back(self)
            return
        try:
            self._task = loop.create_task(self._start())
        except BaseException as exc:  # noqa: BLE001 (a submit error belongs to the caller, not to the loop)
            self._error = exc
            self._bridge.hand_back(self)
        else:
            self._task.add_done_callback(self._end)

    def cut(self) -> None:
        """Loop thread: cancel the task unless it has ended."""
        self._cancelled = True
        if self._task is not None and not self._task.done():
            self._cut = True
            self._task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._error = asyncio.CancelledError()
        else:
            self._error = task.exception()
            if self._error is None:
                self._value = task.result()
        self._task = None
        self._bridge.hand_back(self)


class _Turns:
    """A Trio instrument that gives the loop a turn when Trio is busy.

    Trio stands still until the loop has gone round, briefly and bounded; for a hung loop, not at all.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._over = threading.Lock()
        self._over.acquire()
        self._asked = False
        self.given = 0
        self._slept_at = self._waits_since = time.perf_counter()

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002
        """Note when Trio begins to wait."""
        self._waits_since = time.perf_counter()

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002
        """Give a turn when Trio did not really sleep for long."""
        now = time.perf_counter()
        if now - self._waits_since > 1e-4 or not self._bridge.busy:
            self._slept_at = now
        elif now - self._slept_at > TURN_EVERY:
            if not self._asked:
                self._bridge.post(self._round, 3)
            self.given += 1
            self._asked = not self._over.acquire(timeout=0 if self._bridge.hung else TURN_LENGTH)
            self._slept_at = time.perf_counter()

    def _round(self, left: int) -> None:
        """Loop thread: an answer of a server takes some rounds from the socket to the end of its task."""
        if left:
            self._bridge.again(self._round, left - 1)
        else:
            self._over.release()


class Bridge:
    """A running asyncio loop, seen from Trio; made by `open_bridge`."""

    def __init__(self, cancel_grace: float) -> None:
        self.cancel_grace = cancel_grace
        self._loop: asyncio.AbstractEventLoop = new_event_loop()
        self._loop.set_exception_handler(self._on_orphan)
        self._context = contextvars.Context()
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.Thread(target=self._work, name="majlis-bridge", daemon=True)
        self._stopped = trio.Event()
        self._closed = False
        self._arrived: deque[Call[Any]] = deque()
        self._woken = False
        self._started = self._completed = self._abandoned = self._orphans = 0
        self._lag = 0.0
        self._asked: float | None = None
        self.hung = False
        self.turns = _Turns(self)

    def start(self, fn: Callable[[*Ts], Coroutine[Any, Any, T]], *args: *Ts) -> Call[T]:
        """Submit `fn(*args)` to the loop and return its call, which the current task must await.

        For who must know of an abandoned call; everybody else uses `run`.
        """
        if self._closed:
            raise ResourceUnavailable("bridge", "it is closed")
        call = Call(self, lambda: fn(*args))
        # In a context of its own: what a call leaves open, a connection, would else keep its caller's turn alive.
        self._loop.call_soon_threadsafe(call.begin, self._loop, context=self._context)
        self._started += 1
        return call

    async def run(self, fn: Callable[[*Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """Run the coroutine function `fn(*args)` on the loop; return its result or raise its exception.

        Cancellation: cancels the task on the loop and waits, up to the cancel grace, until it is gone. A
        result that was there first is returned. Raises ResourceUnavailable when the bridge is closed.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        return await self.start(fn, *args)

    def statistics(self) -> BridgeStatistics:
        """Return the counters and the loop's answering time."""
        return BridgeStatistics(
            in_flight=self._started - self._completed,
            completed=self._completed,
            abandoned=self._abandoned,
            orphans=self._orphans,
            lag=max(self._lag, self._unanswered()),
            hung=self.hung,
            turns=self.turns.given,
        )

    # Trio thread

    @property
    def busy(self) -> bool:
        """Whether calls are in flight."""
        return self._started != self._completed

    def post(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run a plain function on the loop soon; nothing if the loop is closed."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(fn, *args)

    def cancel(self, call: Call[Any]) -> None:
        """Ask the loop to cancel this call."""
        if not call.done:
            self.post(call.cut)

    def abandon(self) -> None:
        """Count a call that outlived its grace."""
        self._abandoned += 1
        _log.error("bridge_call_abandoned", grace=self.cancel_grace, hung=self.hung)

    def _deliver(self) -> None:
        self._woken = False  # first: what arrives from here on asks for another wake-up
        while self._arrived:
            self._completed += 1
            self._arrived.popleft().arrive()

    async def watch(self) -> None:
        """Measure how fast the loop answers, for ever; report when it hangs and when it is back."""
        while True:
            self._asked = time.monotonic()
            self.post(self._answer, self._asked)
            await trio.sleep(HEARTBEAT)
            while (late := self._unanswered()) > 0:
                if not self.hung and late > HUNG_AFTER:
                    self.hung = True
                    _log.error("bridge_loop_hung", seconds=round(late, 2))
                await trio.sleep(HEARTBEAT / 5)
            if self.hung:
                self.hung = False
                _log.warning("bridge_loop_back", seconds=round(self._lag, 2))

    def _unanswered(self) -> float:
        asked = self._asked
        return 0.0 if asked is None else time.monotonic() - asked

    async def launch(self) -> None:
        """Start the thread and wait until its loop runs."""
        running = trio.Event()
        self._loop.call_soon(self._token.run_sync_soon, running.set)
        self._thread.start()
        await running.wait()

    async def shut(self, budget: float) -> None:
        """Cancel what still runs, stop the loop and join the thread, within `budget` seconds."""
        self._closed = True
        with trio.CancelScope(shield=True, deadline=trio.current_time() + budget) as scope:
            self._loop.call_soon_threadsafe(self._begin_stop, budget / 2)
            await self._stopped.wait()
            self._thread.join(timeout=budget / 4)
        if scope.cancelled_caught:
            _log.error("bridge_thread_left_behind", budget=budget)

    # Loop thread

    def again(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run a plain function in the loop's next round."""
        self._loop.call_soon(fn, *args)

    def hand_back(self, call: Call[Any]) -> None:
        """Give an ended call back to Trio; one wake-up serves all that end before Trio looks."""
        self._arrived.append(call)
        if not self._woken:
            self._woken = True
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._deliver)

    def _answer(self, asked: float) -> None:
        self._lag = time.monotonic() - asked
        self._asked = None

    def _on_orphan(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count and log what nobody awaits, by type only: the text of an exception may hold data."""
        self._orphans += 1
        exc = context.get("exception")
        _log.warning(
            "bridge_orphan", message=context.get("message"), error=type(exc).__name__ if exc else None
        )

    def _begin_stop(self, patience: float) -> None:
        self._stopping = self._loop.create_task(self._stop(patience))

    async def _stop(self, patience: float) -> None:
        rest = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=patience)
        await self._loop.shutdown_asyncgens()
        await asyncio.sleep(0)  # transports closed just now get their turn to close their sockets
        self._loop.stop()

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._stopped.set)


@contextlib.asynccontextmanager
async def open_bridge(
    *, cancel_grace: float = CANCEL_GRACE, close_budget: float = 2.0
) -> AsyncIterator[Bridge]:
    """Start the loop in its thread; stop and join both at the end, bounded by `close_budget` seconds."""
    bridge = Bridge(cancel_grace)
    turns = cast("trio.abc.Instrument", bridge.turns)  # Trio takes any object with the methods
    async with beside(bridge.watch):
        try:
            await bridge.launch()
            trio.lowlevel.add_instrument(turns)
            try:
                yield bridge
            finally:
                trio.lowlevel.remove_instrument(turns)
        finally:  # also when the launch is cancelled: its thread runs already
            await bridge.shut(close_budget)


def bridge_of(bridge: Bridge | None) -> contextlib.AbstractAsyncContextManager[Bridge]:
    """Return what lends `bridge` to a block, or opens one of its own for it."""
    return contextlib.nullcontext(bridge) if bridge is not None else open_bridge()
