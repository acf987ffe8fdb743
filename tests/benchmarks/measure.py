"""What the benchmarks share: their options, how they are timed and told, and real servers to run against.

A result is one line of JSON on stdout. `value` is the median of the rounds; where there is a comparator, `against` is
its median in the same run, round by round in turn with ours, and `ratio` the median of the rounds' ratios: both sides of
a ratio have met the same noise. `target` says what `met` is about; without a target the figure is only reported.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
import structlog
import uvloop

from config import Node as NodeSettings
from runtime import Actor, App, Event, Turn
from runtime.journal.migrations import installation_salt, migrate
from runtime.journal.postgres import SESSION, PostgresJournal
from runtime.journal.statements import migrations
from runtime.node.node import Node, open_node
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import embedded_servers
from runtime.resources.http import open_http_client
from runtime.resources.postgres import open_postgres_pool


class Said(Event, frozen=True, kw_only=True):
    """Somebody said something."""

    text: str


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What is said back."""

    body: str


class Memory(msgspec.Struct):
    """What the actor keeps: about as much as a bot knows of a person."""

    said: int = 0
    language: str = "en"
    name: str = "Somebody from Somewhere"
    seeks: dict[str, str] = {}


class Counting(Actor[Memory]):
    """Changes its state and answers each text."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        if isinstance(event, Said):
            turn.state.said += 1
            turn.state.seeks = {"city": "Dubai", "rooms": "2", "budget": "120000"}
            turn.reply(Answer(f"ok: {event.text}"))


app = App(name="benchmark", actor=Counting(), events=(Said,))


def options(about: str | None, **sizes: int) -> argparse.Namespace:
    """Read the command line. `sizes` are options with their defaults; `--quick` runs with less and proves little."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: to see that it runs")
    parser.add_argument(
        "--postgres", default="", metavar="URL", help="a server to use instead of one of its own"
    )
    for name, default in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=None, help=f"default {default}")
    given = parser.parse_args()
    for name, default in sizes.items():
        if getattr(given, name) is None:
            reduced = 1 if name == "rounds" else max(1, default // 10)
            setattr(given, name, reduced if given.quick else default)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    return given


def tell(
    benchmark: str,
    measure: str,
    values: Sequence[float],
    unit: str,
    *,
    comparator: str | None = None,
    against: Sequence[float] = (),
    bound: tuple[Literal["value", "ratio"], Literal["<=", ">="], float] | None = None,
    **more: object,
) -> None:
    """Print one result; `bound` is its target, as in ("ratio", ">=", 0.9)."""
    value = statistics.median(values)
    ratio = statistics.median(a / b for a, b in zip(values, against, strict=True)) if against else None
    met = None
    if bound is not None:
        figure = value if bound[0] == "value" else ratio
        assert figure is not None
        met = figure >= bound[2] if bound[1] == ">=" else figure <= bound[2]
    line = {
        "benchmark": benchmark,
        "measure": measure,
        "value": _short(value),
        "unit": unit,
        "comparator": comparator,
        "against": _short(statistics.median(against)) if against else None,
        "ratio": _short(ratio),
        "target": None if bound is None else f"{bound[0]} {bound[1]} {bound[2]:g}",
        "met": met,
        "rounds": len(values),
        **more,
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _short(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.4g}")


def take_turns(rounds: int, sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run each side once a round, in a direction that alternates, and return their figures by name."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(sides):
            gc.collect()
            found[name].append(sides[name]())
    return found


class Databases(dict[str, str]):
    """DSNs by name, and the server's process where it is on this machine, else 0."""

    pid = 0


@contextmanager
def databases(url: str, *names: str) -> Iterator[Databases]:
    """Yield an empty database per name, on the server at `url`; if that is "", on one that is started as by `serve`."""
    with ExitStack() as stack:
        if not url:
            data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="majlis-bench-")))
            data_dir.chmod(0o711)  # its servers run under another user when we are root
            servers = embedded_servers(
                data_dir, environ=dict(os.environ), postgres_bindir="", redis_bindir=""
            )
            url = stack.enter_context(servers)[0].dsn
        parts = urlsplit(url)
        own = {name: f"majlis_bench_{os.getpid()}_{name}" for name in names}
        found = Databases({name: urlunsplit(parts._replace(path=f"/{own[name]}")) for name in names})
        found.pid = uvloop.run(_server_process(url))
        run_sql(url, *(f"create database {name}" for name in own.values()))
        try:
            yield found
        finally:
            run_sql(url, *(f"drop database {name} with (force)" for name in own.values()))


def _server_of(backend: int) -> int:
    """Return the process that started this backend; 0 if the backend is on another machine."""
    stat = Path(f"/proc/{backend}/stat")
    name, _, fields = stat.read_text().rpartition(")") if stat.exists() else ("", "", "")
    return int(fields.split()[1]) if "postgres" in name else 0


async def _server_process(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return _server_of(await connection.fetchval("select pg_backend_pid()"))
    finally:
        await connection.close()


async def _statements(dsn: str, statements: Iterable[str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def run_sql(dsn: str, *statements: str) -> None:
    """Run statements, each by itself."""
    uvloop.run(_statements(dsn, statements))


@asynccontextmanager
async def open_journal(dsn: str) -> AsyncIterator[PostgresJournal]:
    """Open a journal as `serve` does: bridge, a pool of eight, both schemas up to date."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(dsn, bridge=bridge, name="benchmark", size=8, settings=SESSION) as pool,
    ):
        await migrate(pool, {"journal": migrations()})
        yield PostgresJournal(pool, replica="one", salt=await installation_salt(pool))


@asynccontextmanager
async def open_benched_node(
    dsn: str, of: App = app, settings: NodeSettings | None = None, *, sending: bool = False
) -> AsyncIterator[Node]:
    """Open a node over a database: it holds all shards; without `sending` its effects are committed and stay."""
    async with (
        open_bridge() as bridge,
        open_postgres_pool(dsn, bridge=bridge, name="benchmark", size=8, settings=SESSION) as pool,
        open_postgres_pool(dsn, bridge=bridge, name="benchmark/turns", size=4) as turns,
        open_http_client() as http,
    ):
        await migrate(pool, {"journal": migrations()})
        journal = PostgresJournal(pool, replica="one", salt=await installation_salt(pool))
        async with open_node(
            of, settings or NodeSettings(), journal=journal, http=http, begin=turns.transaction
        ) as node:
            if not sending:
                node.sending.stop()
            await node.leases.settled.wait()
            yield node


def collect_seldom() -> None:
    """Tune the garbage collector as `serve` does; what an earlier round left is collected first."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def processor_time(*pids: int) -> float:
    """Return the seconds of processor time that these processes and their children, ended ones too, have used."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it is no process, or has just ended
            continue
        if entry.name.isdecimal() and int(entry.name) in pids:
            ticks += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) in pids:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
