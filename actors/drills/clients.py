"""Drills about clients of the public listener: they hang up, dawdle, or flood it with what nobody signed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import repeat

import msgspec
import trio

from actors.drills import rude
from actors.drills.drill import ServeDrill
from actors.drills.pace import Window, kept
from actors.drills.rehearsal import Rehearsal
from actors.drills.wishes import Wishes
from actors.simulate.people import Parcel, encode_parcel
from runtime.testing import at_most, exactly

_TIMES = 8.0
"""So many times as long as before may what the others want take: half of a machine's work here is the drill's own."""
_SLACK = 12
"""Descriptors more than before, at most: the pools of the databases may have grown."""
_AT_ONCE = 20
_LEAVING = 150.0
"""Clients a second that hang up: who need not wait for an answer would fill the queue of the listener, where all wait."""
_HEADER_TIMEOUT, _BODY_TIMEOUT = 2.0, 1.5
_CUT_SLACK = 4.0
"""Seconds beyond its time until a client that dawdles is cut off, on a machine that is busy."""
_LOG_LIMIT = 65536
"""Bytes by which the log may grow during a flood, however long it is: lines of one kind are held back."""


async def _client_disconnect(rehearsal: Rehearsal) -> None:
    await rehearsal.running(rehearsal.lasting(1, 5))
    descriptors = rehearsal.server.descriptors_at_home()
    count = int(rehearsal.lasting(240, 3000))
    said = [
        parcel for _ in range(count) for parcel in rehearsal.strangers.texts(rehearsal.strangers.person(), 1)
    ]
    whole, halves = said[: count * 2 // 3], said[count * 2 // 3 :]
    async with rehearsal.fault(f"{count} clients hang up"):
        await _leave(rehearsal, whole, 1.0)
        await _leave(rehearsal, halves, 0.5)
        repeated = whole[::2]
        await rehearsal.load.pour(repeated, 100)
    await rehearsal.recovered()
    await rehearsal.over()
    forgotten = await _forgotten(rehearsal)
    stored: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    for entry in (await rehearsal.ledger()).entries:
        stored[entry.dedup] += 1
        turns[entry.dedup] += entry.turns
    once, never = _keys(whole[1::2]), _keys(halves)
    back = await rehearsal.server.descriptors_back(descriptors + _SLACK)
    rehearsal.figures["stored though nobody waited"] = sum(stored[key] for key in once)
    rehearsal.found += [
        at_most("whole texts stored, times", max(stored[key] for key in once), 1),
        exactly("stored and not handled once", sum(turns[key] != stored[key] for key in once), 0),
        exactly("half texts stored", sum(stored[key] for key in never), 0),
        exactly("transactions open at rest", forgotten, 0),
        at_most("descriptors afterwards", back, descriptors + _SLACK),
    ]


async def _forgotten(rehearsal: Rehearsal) -> int:
    """Return the fewest open transactions in some looks: a lease may be renewed in one, a leak shows in all."""
    fewest = (await rehearsal.databases.remains()).open_transactions
    for _ in range(20):
        if not fewest:
            break
        await trio.sleep(0.1)
        fewest = min(fewest, (await rehearsal.databases.remains()).open_transactions)
    return fewest


async def _leave(rehearsal: Rehearsal, parcels: Sequence[Parcel], part: float) -> None:
    """Let each of these be sent by a client that hangs up after a part of the body; every third one with a reset."""
    server = rehearsal.settings.server
    room = trio.Semaphore(_AT_ONCE)

    async def one(place: int, parcel: Parcel) -> None:
        body = encode_parcel(parcel, int(time.time()))
        content = rude.request(body, rehearsal.load.signed(body, parcel.group))
        end = len(content) - round(len(body) * (1 - part))
        async with room:
            await rude.leave(server.host, server.port, content[:end], reset=place % 3 == 2)

    async with trio.open_nursery() as nursery:
        for place, parcel in enumerate(parcels):
            nursery.start_soon(one, place, parcel)
            await trio.sleep(1 / _LEAVING)


def _keys(parcels: Sequence[Parcel]) -> Sequence[str]:
    return [message.dedup for parcel in parcels for message in parcel.messages]


async def _slowloris(rehearsal: Rehearsal) -> None:
    server, count = rehearsal.settings.server, 100
    calm = await rehearsal.stretch(rehearsal.lasting(2, 6))
    descriptors = rehearsal.server.descriptors_at_home()
    heads: list[rude.Heard] = []
    bodies: list[rude.Heard] = []

    async def head() -> None:
        first, drops = b"POST /webhooks/meta HTTP/1.1\r\nhost: drill\r\n", repeat(b"x-slow: 1\r\n")
        heads.append(await rude.drip(server.host, server.port, first, drops, 0.3))

    async def body() -> None:
        headers = {"content-type": "application/json", "x-hub-signature-256": "sha256=" + "0" * 64}
        first = rude.request(b"{", headers, length=100_000)
        bodies.append(await rude.drip(server.host, server.port, first, repeat(b" "), 0.3))

    begun, most = trio.current_time(), 0
    async with rehearsal.fault(f"{2 * count} clients send drop by drop"):
        for _ in range(int(rehearsal.lasting(1, 5))):
            async with trio.open_nursery() as nursery:
                for _ in range(count):
                    nursery.start_soon(head)
                    nursery.start_soon(body)
                await rehearsal.running(1.0)
                most = max(most, rehearsal.server.descriptors_at_home())
        during = Window(begun, trio.current_time())
    await rehearsal.recovered()
    await rehearsal.over()
    back = await rehearsal.server.descriptors_back(descriptors + _SLACK)
    longest_head = max(one.seconds or 99.0 for one in heads)
    longest_body = max(one.seconds or 99.0 for one in bodies)
    rehearsal.figures |= {"descriptors before": descriptors, "descriptors at most": most}
    rehearsal.found += [
        at_most("heads cut off", round(longest_head, 2), _HEADER_TIMEOUT + _CUT_SLACK, "s"),
        at_most("bodies cut off", round(longest_body, 2), _BODY_TIMEOUT + _CUT_SLACK, "s"),
        exactly("slow bodies not answered 408", sum(one.status != 408 for one in bodies), 0),
        at_most("descriptors afterwards", back, descriptors + _SLACK),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


class _Bad(msgspec.Struct, frozen=True):
    """A request that is to be refused, and how."""

    content: bytes
    status: int


async def _bad_signature_flood(rehearsal: Rehearsal) -> None:
    server, count = rehearsal.settings.server, int(rehearsal.lasting(1500, 15000))
    calm = await rehearsal.stretch(rehearsal.lasting(2, 6))
    bad = _refusable(rehearsal)
    heard: Counter[tuple[int, int]] = Counter()

    async def ask(each: Sequence[_Bad]) -> None:
        for one in each:
            heard[one.status, (await rude.ask(server.host, server.port, one.content)).status] += 1

    log, begun = _log_size(rehearsal), trio.current_time()
    async with rehearsal.fault(f"{count} requests that nobody signed, or nobody can read"):
        requests = [bad[place % len(bad)] for place in range(count)]
        async with trio.open_nursery() as nursery:
            for place in range(_AT_ONCE // 5):
                nursery.start_soon(ask, requests[place :: _AT_ONCE // 5])
        during = Window(begun, trio.current_time())
    grown = _log_size(rehearsal) - log
    await rehearsal.recovered()
    await rehearsal.over()
    ours = {message.dedup for message in rehearsal.load.messages}
    strange = sum(entry.dedup not in ours for entry in (await rehearsal.ledger()).entries)
    wrong = {pair: many for pair, many in heard.items() if pair[0] != pair[1]}
    note = ", ".join(f"{given} instead of {right}: {many}" for (right, given), many in wrong.items())
    rehearsal.figures |= {"refused a second": count / (during.ended - begun), "log grew bytes": grown}
    rehearsal.found += [
        exactly("answered otherwise than was right", sum(wrong.values()), 0, note),
        exactly("stored though nobody signed it", strange, 0),
        at_most("log grew", grown, _LOG_LIMIT, "bytes"),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


def _refusable(rehearsal: Rehearsal) -> Sequence[_Bad]:
    """Return one request of each kind."""
    close = {"content-type": "application/json", "connection": "close"}
    [parcel] = rehearsal.strangers.texts(rehearsal.strangers.person(), 1)
    body = encode_parcel(parcel, int(time.time()))
    signed = dict(rehearsal.load.signed(body, parcel.group))
    garbage = b'{"object": "whatsapp_business_account", "entry": [{'
    forged = {**close, "x-hub-signature-256": "sha256=" + "0" * 64}
    return [
        _Bad(rude.request(body, forged), 401),
        _Bad(rude.request(body + b" ", {**signed, **close}), 401),
        _Bad(rude.request(body, close), 401),
        _Bad(rude.request(garbage, {**rehearsal.load.signed(garbage, parcel.group), **close}), 400),
        _Bad(rude.request(b"{", forged, length=rehearsal.settings.server.body_limit + 1), 413),
        _Bad(b"\x16\x03\x01 what is this\r\n\r\n", 400),
    ]


def _log_size(rehearsal: Rehearsal) -> int:
    files = (rehearsal.server.log, *(rehearsal.settings.data_dir / "log").glob("*"))
    return sum(file.stat().st_size for file in files)


CLIENTS = (
    ServeDrill(
        name="client-disconnect",
        summary="clients hang up after the body or in its middle: stored once or not at all, and nothing leaks",
        body=_client_disconnect,
        recovery=3.0,
        wishes=Wishes(rate=60),
    ),
    ServeDrill(
        name="slowloris",
        summary="200 clients send heads and bodies drop by drop: cut off in time, and nobody else waits",
        body=_slowloris,
        recovery=3.0,
        wishes=Wishes(rate=60, server={"header_timeout": _HEADER_TIMEOUT, "body_timeout": _BODY_TIMEOUT}),
    ),
    ServeDrill(
        name="bad-signature-flood",
        summary="thousands of forged, unreadable and oversized requests: refused, none stored, and nobody else waits",
        body=_bad_signature_flood,
        recovery=3.0,
        wishes=Wishes(rate=60),
    ),
)
