"""Run a scenario once for each of its checkpoints, with a fault at exactly that one.

A cancellation and an exception may come out of any `await`; code that holds handles must be right at each of them. A
Trio instrument counts the steps of the scenario's task and of all tasks descended from it, and strikes at step k; the
scenario is run for k = 1, 2, 3, ... until a run ends without having been struck. Trio's dice, which order the tasks that
are ready together, fall alike in each run: without real I/O all runs take the same steps. With it their number varies a
little, which moves the faults and does no harm.

It knows nothing of what the scenario does, and judges it only by the exceptions that leave it: what must hold
afterwards is said by the scenario and by `after`.
"""

# ruff: noqa: SLF001 - a wait is made to fail as Trio itself does it for KeyboardInterrupt: there is no public way, and
# Trio is pinned; the tests of this module say when another version differs.

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import outcome
import trio
from trio._core._run import CancelStatus
from trio._core._run import _r as dice
from trio.lowlevel import Task
from typing_extensions import override

Scenario = Callable[[], Awaitable[object]]
After = Callable[[int], Awaitable[object]]

_TRIO = str(Path(trio.__file__).parent)
_CHECKPOINT = trio.lowlevel.checkpoint.__code__


class InjectedFault(Exception):
    """What `raise_at_every_checkpoint` raises, unless it is told to raise something else."""


class TooManyCheckpoints(AssertionError):
    """The scenario was not through after `most` faults."""


class CheckpointsTried(msgspec.Struct, frozen=True):
    """What a sweep over the checkpoints did."""

    tried: int
    """Runs with a fault."""
    survived: int
    """Those of them whose scenario returned in spite of its fault: it came too late, or was mended inside."""
    checkpoints: int
    """Checkpoints of the last run, which had no fault."""


async def cancel_at_every_checkpoint(
    fn: Scenario,
    *,
    expected: tuple[type[Exception], ...] = (),
    after: After | None = None,
    every: int = 1,
    most: int = 10_000,
    within: float = 30.0,
) -> CheckpointsTried:
    """Run `fn` again and again, each time cancelled one checkpoint later, until it is through.

    The first cancellation comes before the first instruction. After that a checkpoint is each step of the scenario's task
    or of a task descended from it, wherever it began; inside of a shield, a cancellation waits for its end. `every` tries
    only each n-th one. `after(k)` is awaited after each run, the undisturbed last one included, beyond the reach of the
    fault. `within` bounds one run, in seconds.

    An exception that leaves the scenario or `after` leaves this too, with a note that names the checkpoint; so does
    trio.TooSlowError. A scenario that is cancelled may raise the types in `expected`. Raises TooManyCheckpoints after
    `most` runs. Cancelled from outside, it ends as `fn` does.
    """

    def is_expected(exc: BaseException) -> bool:
        return isinstance(exc, expected)

    return await _sweep(fn, _Cancellation, is_expected, after, every, most, within)


async def raise_at_every_checkpoint(
    fn: Scenario,
    *,
    fault: Callable[[], Exception] = InjectedFault,
    expected: tuple[type[Exception], ...] = (),
    shielded: bool = False,
    after: After | None = None,
    every: int = 1,
    most: int = 10_000,
    within: float = 30.0,
) -> CheckpointsTried:
    """Run `fn` again and again, with the wait at one checkpoint later failing each time, until it is through.

    `fault` makes the exception; it is raised in the very task that waits. It may leave the scenario, alone or in a group,
    and so may the types in `expected`, which the scenario makes of it. Any other exception leaves this, with a note that
    names the checkpoint. A checkpoint here is a wait that can fail: no first step of a task, no wait that ignores
    cancellation and, unless `shielded`, none inside of a shield (there a scenario cleans up, and no code can clean up
    when every part of its cleaning may fail). The rest is as with `cancel_at_every_checkpoint`.
    """
    injected: list[Exception] = []

    def strike(k: int) -> _Strike:
        injected[:] = [fault()]
        return _Failure(k, injected[0], shielded)

    def is_expected(exc: BaseException) -> bool:
        return exc in injected or isinstance(exc, expected)

    return await _sweep(fn, strike, is_expected, after, every, most, within)


def descends(task: Task, nursery: trio.Nursery | None) -> bool:
    """Return whether a task runs in a nursery, or in one that was opened below it."""
    while (parent := task.parent_nursery) is not None:
        if parent is nursery:
            return True
        task = parent.parent_task
    return False


class _Strike(trio.abc.Instrument):
    """Counts the checkpoints of the scenario and strikes at the k-th."""

    verb = ""

    def __init__(self, k: int) -> None:
        self.k = k
        self.scope = trio.CancelScope()
        self.nursery: trio.Nursery | None = None
        self.seen = 0
        self.place: str | None = None
        self.broken: Exception | None = None

    @override
    def after_task_step(self, task: Task) -> None:
        if self.place is None and descends(task, self.nursery):
            self._reached(task)

    def _reached(self, task: Task) -> None:
        # Trio drops an instrument that raises and goes on, so a fault of ours is kept for the sweep.
        try:
            if self._counts(task):
                self.seen += 1
                if self.seen == self.k:
                    self.place = f"task {task.name}, {_line(task)}"
                    self._strike(task)
        except Exception as exc:  # noqa: BLE001 (raised by the sweep)
            self.broken = exc

    def _counts(self, task: Task) -> bool:
        raise NotImplementedError

    def _strike(self, task: Task) -> None:
        raise NotImplementedError


class _Cancellation(_Strike):
    verb = "cancelled"

    @override
    def task_spawned(self, task: Task) -> None:
        """Count the time before the scenario's first instruction; that of its children is in their parents' steps."""
        if self.place is None and task.parent_nursery is self.nursery is not None:
            self._reached(task)

    @override
    def _counts(self, task: Task) -> bool:
        return True

    @override
    def _strike(self, task: Task) -> None:
        # The step's trap is processed by now, so the abort is delivered here and not at the next checkpoint.
        self.scope.cancel(f"checkpoint {self.k}")


class _Failure(_Strike):
    verb = "with a fault raised"

    def __init__(self, k: int, exc: Exception, shielded: bool) -> None:
        super().__init__(k)
        self._exc = exc
        self._shielded = shielded

    @override
    def _counts(self, task: Task) -> bool:
        if task._abort_func is None and not _in_checkpoint(task):
            return False
        return not task._cancel_status.effectively_cancelled and (self._shielded or not self._in_shield(task))

    @override
    def _strike(self, task: Task) -> None:
        if task._abort_func is not None:
            task._attempt_abort(self._raise)
        else:
            task._next_send = outcome.Error(self._exc)

    def _raise(self) -> None:
        raise self._exc

    def _in_shield(self, task: Task) -> bool:
        status: CancelStatus | None = task._cancel_status
        while status is not None and status._scope is not self.scope:
            if status._scope.shield:
                return True
            status = status._parent
        return False


def _in_checkpoint(task: Task) -> bool:
    """Whether a task that is scheduled already may still fail: in `checkpoint()`, not after what cannot be undone."""
    return task._next_send is not None and any(f.f_code is _CHECKPOINT for f, _ in task.iter_await_frames())


def _line(task: Task) -> str:
    """Return file:line of the innermost frame that is not Trio's own."""
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in task.iter_await_frames()
        if not frame.f_code.co_filename.startswith(_TRIO)
    ]
    return lines[-1] if lines else "at its end"


async def _sweep(
    fn: Scenario,
    strike: Callable[[int], _Strike],
    is_expected: Callable[[BaseException], bool],
    after: After | None,
    every: int,
    most: int,
    within: float,
) -> CheckpointsTried:
    survived = 0
    for tried in range(most + 1):
        blow = strike(1 + tried * every)
        try:
            if await _run(fn, blow, is_expected, within) and blow.place is not None:
                survived += 1
            if after is not None:
                await after(blow.k)
        except Exception as exc:
            struck = f"{blow.verb} at checkpoint {blow.k} ({blow.place})"
            exc.add_note(struck if blow.place else f"without a fault, after {blow.seen} checkpoints")
            raise
        if blow.place is None:
            return CheckpointsTried(tried, survived, blow.seen)
    raise TooManyCheckpoints(
        f"not through after {most} faults: sample with a larger `every`, or raise `most`"
    )


async def _run(
    fn: Scenario, blow: _Strike, is_expected: Callable[[BaseException], bool], within: float
) -> bool:
    """Run the scenario once; return whether it returned, raise what it should not have raised."""
    returned = False
    failures: list[Exception] = []

    async def scenario() -> None:
        nonlocal returned
        try:
            with blow.scope:
                await fn()
                returned = True
        except Exception as exc:  # noqa: BLE001 (judged below, outside of the nursery)
            failures.append(exc)

    before = dice.getstate()
    trio.lowlevel.add_instrument(blow)
    dice.seed(0)
    try:
        with trio.fail_after(within):
            async with trio.open_nursery() as nursery:
                blow.nursery = nursery
                nursery.start_soon(scenario, name=getattr(fn, "__qualname__", "scenario"))
    finally:
        dice.setstate(before)
        trio.lowlevel.remove_instrument(blow)
    if blow.broken is not None:
        raise blow.broken
    for failure in failures:
        for unexpected in _rest(failure, is_expected if blow.place is not None else _nothing):
            try:
                raise unexpected
            finally:
                failures.clear()  # no cycle through the traceback
    return returned


def _nothing(_: BaseException) -> bool:
    """Nothing is expected of a run without a fault."""
    return False


def _rest(exc: Exception, is_expected: Callable[[BaseException], bool]) -> Iterator[Exception]:
    """Yield what remains of an exception or a group of them without what is expected, if anything does."""
    if not isinstance(exc, ExceptionGroup):
        if not is_expected(exc):
            yield exc
    elif (rest := exc.split(is_expected)[1]) is not None:
        yield rest
