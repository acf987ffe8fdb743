"""A drill over whole servers: what it is, and how it is performed and judged.

A `ServeDrill` names its body, its stage and how soon all must be well again; `perform` puts up the stage, lets the crowd
write, runs the body, lets all settle, stops the servers and looks at what is left. A body that finds something itself
adds it to `rehearsal.found`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import msgspec
import trio

from actors.drills import judging
from actors.drills.rehearsal import NotRecovered, Rehearsal
from actors.drills.staging import open_rehearsal
from actors.drills.wishes import Wishes
from actors.simulate.people import TEXTS
from actors.simulate.verdict import judge
from actors.simulate.views import Evidence, Reply
from runtime.testing import (
    DrillResult,
    Invariant,
    ServeFailed,
    at_most,
)

_BEGINNING = 30.0
"""Seconds until the first people are answered."""
_LONGEST = 400
"""Characters of what is told of a fault."""


class CannotRun(Exception):
    """A drill cannot be run here; the message says why."""


def _anywhere() -> AbstractContextManager[Path | None]:
    return nullcontext(None)


def _nothing_beside(_rehearsal: Rehearsal) -> AbstractAsyncContextManager[object]:
    return nullcontext()


class ServeDrill(msgspec.Struct, frozen=True, kw_only=True):
    """A rehearsed failure of whole servers.

    `recovery`: seconds from the end of the fault until somebody who wrote after it is answered. `answers`: what a POST
    may come to. `place`: yields where PostgreSQL's files shall lie, None for anywhere; raises CannotRun. `owned`: it
    ends, pauses or fills the databases, so that they must be the drill's own. `beside`: what stands beside the servers
    from before the first webhook to after the last, a balancer, say.
    """

    name: str
    summary: str
    body: Callable[[Rehearsal], Awaitable[None]]
    app: str = ""
    """One of its own, which answers each text and quotes it; "": the one that is ordered."""
    recovery: float
    wishes: Wishes = Wishes()
    answers: Collection[str] = frozenset({"200", "503"})
    place: Callable[[], AbstractContextManager[Path | None]] = _anywhere
    owned: bool = False
    beside: Callable[[Rehearsal], AbstractAsyncContextManager[object]] = _nothing_beside


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How to perform drills. `app`: "module:attr"; `replies`: whether it answers each text, quoting it."""

    app: str
    replies: bool = True
    quick: bool = False
    seed: int = 1
    tell: Callable[[str], object]
    against: tuple[str, str] | None = None
    majlis: Sequence[str] = ()
    """The words of the program whose `serve` is rehearsed; none: this one."""


async def perform(drill: ServeDrill, order: Order) -> DrillResult:
    """Perform one drill and judge it. What could not be looked at is violated; what cannot run here is skipped."""
    began = trio.current_time()
    result = partial(DrillResult, drill.name, order.seed, budget=drill.recovery)
    if drill.owned and order.against:
        return result(0.0, (), {}, skipped="the databases are not the drill's own")
    rehearsal: Rehearsal | None = None
    try:
        with drill.place() as cluster:
            async with open_rehearsal(
                drill.app or order.app,
                drill.wishes,
                quick=order.quick,
                seed=order.seed,
                tell=order.tell,
                against=order.against,
                cluster=cluster,
                majlis=order.majlis,
            ) as rehearsal:
                if skipped := await _play(drill, rehearsal):
                    return result(0.0, (), {}, skipped=skipped)
                found = await _judged(drill, order, rehearsal)
    except CannotRun as reason:
        return result(0.0, (), {}, skipped=str(reason))
    return result(
        trio.current_time() - began,
        found,
        {**rehearsal.figures, **_figures(rehearsal)},
        timeline=rehearsal.timeline,
    )


async def _play(drill: ServeDrill, rehearsal: Rehearsal) -> str:
    """Start, let the body make its trouble, settle, stop. A fault of ours or of a server ends up in what was found.

    Returns why the body says that it cannot be run here, if it does.
    """
    try:
        for replica in rehearsal.replicas:
            rehearsal.figures["start s"] = await replica.start()
    except ServeFailed as fault:
        rehearsal.found.append(Invariant("starts", "violated", note=_in_a_line(fault)))
        return ""
    async with drill.beside(rehearsal), trio.open_nursery() as nursery:
        nursery.start_soon(rehearsal.keep_looking)
        nursery.start_soon(rehearsal.write)
        try:
            await rehearsal.answered(within=_BEGINNING)
            await drill.body(rehearsal)
        except CannotRun as reason:
            nursery.cancel_scope.cancel()
            return str(reason)
        except (NotRecovered, ServeFailed) as fault:
            rehearsal.found.append(Invariant("goes on", "violated", note=_in_a_line(fault)))
        await rehearsal.quiet()
        if any(replica.process.exit_code is None for replica in rehearsal.replicas):
            await rehearsal.settled()
        for replica in rehearsal.replicas:
            if replica.process.exit_code is None:
                for page in ("/metrics", "/readyz"):
                    await rehearsal.page(page, replica)
                await replica.stop()
        nursery.cancel_scope.cancel()
    return ""


async def _judged(drill: ServeDrill, order: Order, rehearsal: Rehearsal) -> list[Invariant]:
    """Lay all views over each other."""
    load, settings = rehearsal.load, rehearsal.settings
    await rehearsal.look()
    people = {message.person.wa_id for message in load.messages}
    provider = rehearsal.fake.statistics().provider
    evidence = Evidence(
        run=load.run_id,
        messages=load.messages,
        posts=load.posts,
        replies=[
            Reply(sent.index, sent.wamid, sent.channel, sent.to, sent.effect, sent.quoted)
            for sent in rehearsal.sent
            if sent.to in people
        ],
        violations={
            "throughput": provider.throughput_violations,
            "pair limit": provider.pair_violations,
            "invalid bodies": provider.invalid,
        },
        answers=load.answers,
        seconds=rehearsal.now,
        excused={
            message.id: rehearsal.excused[message.person.wa_id]
            for message in load.messages
            if message.person.wa_id in rehearsal.excused
        },
    )
    replies = order.replies or bool(drill.app)
    verdict = judge(evidence, await rehearsal.ledger(), expect="replies" if replies else "turns")
    rehearsal.figures |= {
        "messages": verdict.messages,
        "doubled in flight": verdict.doubled_in_flight,
        "ack p50 ms": round(verdict.ack_p50_ms, 1),
        "ack p99 ms": round(verdict.ack_p99_ms, 1),
    }
    logs = "".join(
        path.read_text("utf-8", "replace")
        for replica in rehearsal.replicas
        for path in (replica.log, *sorted(replica.settings.data_dir.glob("log/*")))
    )
    secrets = {secret.reveal() for channel in settings.channels for secret in channel.secrets}
    texts = [text for texts in TEXTS.values() for text in texts]
    left = [what for replica in rehearsal.replicas for what in replica.left()]
    recovery = rehearsal.figures.get("recovery s")
    return [
        *rehearsal.found,
        *judging.of_messages(verdict),
        judging.of_answers(load.answers, drill.answers),
        *([] if recovery is None else [at_most("recovery", round(recovery, 3), drill.recovery, "s")]),
        *judging.of_stops([stop for replica in rehearsal.replicas for stop in replica.stops]),
        *judging.of_remains(await rehearsal.databases.gone(), left),
        *judging.of_outputs(logs, rehearsal.pages, secrets, texts),
    ]


def _figures(rehearsal: Rehearsal) -> dict[str, float]:
    stops = [stop.seconds for replica in rehearsal.replicas for stop in replica.stops]
    samples = rehearsal.timeline.samples
    waiting = [one.waiting for one in samples if one.waiting is not None]
    return {
        "drain s": round(max(stops, default=0.0), 3),
        "waiting at most": max(waiting, default=0),
        "posts held back": rehearsal.load.held_back,
    }


def _in_a_line(fault: Exception) -> str:
    """Return what a fault says, on one line: the log of a server that did not start is long, and its end tells most."""
    words = " ".join(str(fault).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST // 2]} ... {words[-_LONGEST // 2 :]}"
