"""The command `majlis simulate`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import msgspec
import trio

from actors.simulate.door import SimulationError
from actors.simulate.doors import DOORS
from actors.simulate.people import Plan
from actors.simulate.report import Verdict
from actors.simulate.run import Progress, door_of, simulate
from actors.simulate.sampling import picture_beside, recording
from actors.stage import open_stage
from config import Settings
from runtime.cli import PLAIN_FAULTS, fail, json_option, read_settings, settings_options
from runtime.testing import Ledger

#: Reads the database of these settings, attaching to the servers of a running Majlis.
ReadLedger = Callable[[Settings], Awaitable[Ledger]]

_COUNT = click.IntRange(min=1)
#: Sends a second of a channel that is made up.
_USUAL_PACE = 80


def simulate_command(read_ledger: ReadLedger, default_app: str) -> click.Command:
    """Return the command, reading the database with `read_ledger`. It exits 1 when the verdict is not ok."""

    @click.command("simulate")
    @click.option("--people", default=100, show_default=True, type=_COUNT, help="How many people write.")
    @click.option(
        "--messages", default=10, show_default=True, type=_COUNT, help="How many texts each writes."
    )
    @click.option("--channels", default=1, show_default=True, type=_COUNT, help="Over how many channels.")
    @click.option("--duplicates", default=0.0, type=click.FloatRange(0, 1), help="Fraction delivered twice.")
    @click.option("--shuffle", is_flag=True, help="Messages and POSTs leave in random order.")
    @click.option("--batch", default=1, show_default=True, type=_COUNT, help="Messages in a POST.")
    @click.option(
        "--concurrency", default=8, show_default=True, type=_COUNT, help="POSTs under way at a time."
    )
    @click.option("--seed", default=0, show_default=True, help="Same seed, same texts and order.")
    @click.option(
        "--provider",
        default="meta",
        show_default=True,
        type=click.Choice(tuple(DOORS)),
        help="Whose webhooks they are. With --demo others than Meta's are made up, and so is a server for the run.",
    )
    @click.option(
        "--channel",
        "channel_keys",
        multiple=True,
        metavar="KEY",
        help="A channel, meta:<id> or <provider>:<name>; repeatable.",
    )
    @click.option(
        "--link", default="", metavar="TEXT", help="First text of everybody, on shared channels: TENANT_2."
    )
    @click.option(
        "--deep-links", is_flag=True, help="The same, with the deep link of each active tenant by turns."
    )
    @click.option(
        "--first", default="", metavar="TEXT", help="First text of everybody, on tenants' own channels."
    )
    @click.option(
        "--text", "texts", multiple=True, metavar="TEXT", help="Instead of the built-in texts; repeatable."
    )
    @click.option("--deadline", default=300.0, show_default=True, help="Seconds until all is acknowledged.")
    @click.option(
        "--app", "app", metavar="MODULE:ATTR", help="Another bot is running: its turns may stay silent."
    )
    @click.option(
        "--spawn", is_flag=True, help="Start a server for the run, instead of driving a running one."
    )
    @click.option(
        "--kills",
        default=0,
        type=click.IntRange(0, 100),
        help="Start a server for the run, and kill -9 and restart it so often on the way.",
    )
    @click.option(
        "--mps",
        default=0,
        type=click.IntRange(0, 100_000),
        help="Start a server for the run, with as many channels as are asked for, that may send so much a second each.",
    )
    @click.option(
        "--connections",
        "record",
        metavar="FILE.json",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="Look at the databases' connections every 50 ms, judge them too; numbers to FILE.json, a picture beside it.",
    )
    @settings_options
    @json_option
    def command(
        *,
        link: str,
        deep_links: bool,
        first: str,
        app: str | None,
        spawn: bool,
        kills: int,
        mps: int,
        record: Path | None,
        config: Path | None,
        demo: bool,
        data_dir: Path | None,
        as_json: bool,
        **numbers: object,
    ) -> None:
        """Drive a Majlis with signed webhooks and judge it from outside."""
        if record and kills:
            raise click.UsageError("--connections: a server that is killed opens all of them anew")
        if record and (record.suffix != ".json" or not record.parent.is_dir()):
            raise click.UsageError(f"--connections: {record} is not a place for a file *.json")
        try:
            settings = read_settings(config, demo, data_dir)
            links = [link] if link else _links(settings) if deep_links else []
            wishes = {
                "first": links or [first] * bool(first),
                "shared": bool(links),
                "expect": "turns" if app else "replies",
            }
            plan = msgspec.convert({**numbers, **wishes}, Plan)
            door = door_of(plan)
            made_up = demo and not any(one.provider == plan.provider for one in settings.channels)
            own = (app or default_app) if spawn or kills or mps or made_up else None
            if mps or made_up:
                pace = mps or _USUAL_PACE
                settings = door.staffed(settings, plan.channels, shared=plan.shared, mps=pace)
            verdict = _run(_Order(plan, settings, partial(read_ledger, settings), own, kills, record))
        except (*PLAIN_FAULTS, SimulationError, msgspec.ValidationError, OSError) as fault:
            fail(fault)
        click.echo(
            msgspec.json.encode({"ok": verdict.ok, **msgspec.to_builtins(verdict)})
            if as_json
            else verdict.table()
        )
        if not verdict.ok:
            raise SystemExit(1)

    return command


def _links(settings: Settings) -> list[str]:
    """Return the deep link of each active tenant."""
    links = [f"TENANT_{tenant.id}" for tenant in settings.tenants if tenant.status == "active"]
    if not links:
        raise SimulationError("the settings have no active tenant to link to (try --demo)")
    return links


@dataclass(frozen=True)
class _Order:
    """What to run, how to read the database, and the app of a server of the run's own, if it is to have one.

    `record`: where to keep what is seen of connections, if they are to be looked at.
    """

    plan: Plan
    settings: Settings
    ledger: Callable[[], Awaitable[Ledger]]
    own: str | None
    kills: int
    record: Path | None


def _run(order: _Order) -> Verdict:
    shown = _Shown()
    try:
        return trio.run(_on_a_stage if order.own else _beside, order, shown)
    except BaseExceptionGroup as faults:
        if faults.subgroup(KeyboardInterrupt):
            raise click.Abort from faults
        raise
    finally:
        shown.end()


async def _beside(order: _Order, shown: _Shown) -> Verdict:
    """Drive the server that runs."""
    try:
        await order.ledger()  # a run whose end could not be judged is not begun
    except Exception as fault:
        raise SimulationError(f"the database cannot be read: {fault}") from fault
    drive = partial(simulate, order.plan, order.settings, ledger=order.ledger)
    return await _recorded(order, order.settings, shown, drive)


async def _on_a_stage(order: _Order, shown: _Shown) -> Verdict:
    """Drive a server of the run's own, which may be killed."""
    door = DOORS[order.plan.provider]
    async with open_stage(order.settings, order.own or "", door.place, door.stand_in) as stage:

        async def restart() -> None:
            seconds = await stage.restart()
            shown.say(f"the server was killed (kill -9) and serves again after {seconds:.1f} s")

        drive = partial(
            simulate,
            order.plan,
            stage.settings,
            fake=stage.fake,
            ledger=order.ledger,
            kills=order.kills,
            restart=restart,
        )
        return await _recorded(order, stage.settings, shown, drive)


async def _recorded(
    order: _Order, settings: Settings, shown: _Shown, drive: Callable[..., Awaitable[Verdict]]
) -> Verdict:
    """Drive, and look at the connections meanwhile if that is asked for."""
    if order.record is None:
        return await drive(progress=shown)
    async with recording(settings, lambda: shown.acknowledged) as record:
        verdict = await drive(progress=shown)
        record.write(order.record)
        shown.say(f"connections: {order.record}, {picture_beside(order.record)}")
        return msgspec.structs.replace(verdict, connections=record.usage())


class _Shown:
    """Progress on stderr: one line that changes on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._due = 0.0
        self._terminal = sys.stderr.isatty()

    def end(self) -> None:
        """Leave the line."""
        if self._terminal:
            click.echo(err=True)

    def say(self, line: str) -> None:
        """Show a line that stays."""
        click.echo(f"\r\x1b[K{line}" if self._terminal else line, err=True)

    def __call__(self, progress: Progress) -> None:
        self.acknowledged = progress.acknowledged
        now = trio.current_time()
        if not self._terminal and now < self._due:
            return
        self._due = now + 5.0
        line = (
            f"{progress.phase}: {progress.acknowledged:,} of {progress.messages:,} acknowledged, "
            f"{progress.replies:,} replies, {progress.failed_posts:,} POSTs repeated"
        )
        click.echo(f"\r\x1b[K{line}" if self._terminal else line, err=True, nl=not self._terminal)
