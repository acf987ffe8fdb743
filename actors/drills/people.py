"""Drills about people: one whose text breaks the bot, one who writes hundreds at once, a channel with all the load."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import trio

from actors.drills.clients import CLIENTS
from actors.drills.drill import ServeDrill
from actors.drills.ending import GONE
from actors.drills.fragile import POISON
from actors.drills.pace import Window, kept
from actors.drills.rehearsal import Rehearsal
from actors.drills.servers import Program
from actors.drills.wishes import Wishes
from actors.simulate.people import Message, Person
from runtime.testing import OPEN, ServeFailed, at_least, at_most, exactly

_TIMES = 8.0
"""So many times as long as before may what the others want take: half of a machine's work here is the drill's own."""
_PAIR_BURST, _PAIR_INTERVAL = 45, 6.0
"""The provider's pair limit: so many to one person at once, then one each so many seconds."""
_APP = "actors.drills.fragile:"


class _Parked(msgspec.Struct):
    """What is told of a conversation that is parked."""

    conversation: str
    fault: str
    waiting: int


class _Told(msgspec.Struct):
    """What `majlis parked list` tells."""

    parked: list[_Parked]


async def _poison(rehearsal: Rehearsal) -> None:
    strangers = rehearsal.strangers
    victims = [strangers.person() for _ in range(int(rehearsal.lasting(2, 10)))]
    await _say(rehearsal, victims, 1)
    calm = await rehearsal.stretch(rehearsal.lasting(1.5, 6))
    async with rehearsal.fault("texts at which the bot always fails"):
        begun = trio.current_time()
        await _say(rehearsal, victims, 1, POISON)
        await _say(rehearsal, victims, 2)
        await rehearsal.running(rehearsal.lasting(1, 10))
        during = Window(begun, trio.current_time())
        parked = await _parked(rehearsal, len(victims))
        await rehearsal.look()
        silent = [message.id for message in _of(rehearsal, victims) if message.place > 0]
        spoken = len(rehearsal.replied().keys() & set(silent))
        await rehearsal.server.stop()
        rehearsal.server.give(Program(_APP + "mended", rehearsal.program.majlis))
        await rehearsal.server.start()
    await rehearsal.recovered()
    told = await rehearsal.server.ask("parked", "replay", "--all")
    replayed = msgspec.convert(told, dict[str, int])["replayed"]
    rehearsal.mark("replayed")
    await rehearsal.over()
    log = rehearsal.server.log.read_text("utf-8", "replace")
    rehearsal.found += [
        exactly("parked", len(parked), len(victims), "; ".join(sorted({one.fault for one in parked}))),
        exactly("parked for another reason", sum(one.fault != "ValueError" for one in parked), 0),
        exactly("waiting behind the parks", sum(one.waiting for one in parked), 2 * len(victims)),
        exactly("answered past a park", spoken, 0),
        exactly("still parked after a restart, and replayed", replayed, len(victims)),
        exactly("answered after the replay", len(rehearsal.replied().keys() & set(silent)), len(silent)),
        exactly("poison in the log", log.count(POISON), 0),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


async def _parked(rehearsal: Rehearsal, count: int) -> Sequence[_Parked]:
    """Ask, for some seconds, until so many conversations are parked; return those that are. Raises ServeFailed."""
    found: Sequence[_Parked] = ()
    with trio.move_on_after(30):
        while len(found) < count:
            told = await rehearsal.server.ask("parked", "list")
            found = msgspec.convert(told, _Told).parked
    if len(found) < count:
        raise ServeFailed(f"{len(found)} conversations are parked, not {count}")
    return found


async def _hot_conversation(rehearsal: Rehearsal) -> None:
    person, count = rehearsal.strangers.person(), int(rehearsal.lasting(300, 1500))
    rehearsal.excused[person.wa_id] = OPEN
    calm = await rehearsal.stretch(rehearsal.lasting(2, 6))
    begun = trio.current_time()
    async with rehearsal.fault(f"one person writes {count} texts at once"):
        await rehearsal.load.pour(rehearsal.strangers.texts(person, count, together=10), 0)
        await rehearsal.running(rehearsal.lasting(1, 20))
        during = Window(begun, trio.current_time())
    await rehearsal.recovered()
    await rehearsal.over()
    seconds = trio.current_time() - begun
    order = {message.id: message.place for message in _of(rehearsal, [person])}
    places = [order[sent.quoted] for sent in rehearsal.sent if sent.quoted in order]
    ledger = await rehearsal.ledger()
    hot = {entry.conversation for entry in ledger.entries if entry.dedup.rpartition("|")[2] in order}
    asked = [send for send in ledger.sends if send.conversation in hot]
    rehearsal.figures |= {"replies that left": len(places), "replies that wait": count - len(places)}
    rehearsal.found += [
        exactly("replies asked for", len(asked), count),
        exactly("replies that left or wait", sum(one.status in {*OPEN, "done"} for one in asked), count),
        exactly("replies out of order", sum(place != at for at, place in enumerate(places)), 0),
        at_least("replies that left", len(places), min(count, _PAIR_BURST - 1)),
        at_most("replies that left, at most", len(places), _PAIR_BURST + seconds / _PAIR_INTERVAL),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


async def _noisy_tenant(rehearsal: Rehearsal) -> None:
    strangers = rehearsal.strangers
    noisy = strangers.numbers[0]
    count, rate = int(rehearsal.lasting(240, 2400)), 10 * rehearsal.load.rate
    people = [strangers.person(noisy) for _ in range(60)]
    parcels = [
        parcel for _ in range(count // len(people)) for one in people for parcel in strangers.texts(one, 1)
    ]

    def elsewhere(message: Message) -> bool:
        return message.person.number != noisy

    calm = await rehearsal.stretch(rehearsal.lasting(2.5, 8))
    begun = trio.current_time()
    async with rehearsal.fault(f"one channel gets ten times the load of all others, {rate:g} a second"):
        await rehearsal.load.pour(parcels, rate)
        during = Window(begun, trio.current_time())
    await rehearsal.recovered()
    await rehearsal.over()
    rehearsal.figures["texts of the noisy one"] = len(parcels)
    before, after = rehearsal.pace(calm, elsewhere), rehearsal.pace(during, elsewhere)
    rehearsal.found += kept(before, after, times=_TIMES, whose="other tenants")


def _of(rehearsal: Rehearsal, people: Sequence[Person]) -> Sequence[Message]:
    """Return what these said."""
    return [message for message in rehearsal.load.messages if message.person in people]


async def _say(rehearsal: Rehearsal, people: Sequence[Person], count: int, text: str = "") -> None:
    """Let each of them say so much, one thing after the other, and wait until it is acknowledged."""
    for person in people:
        await rehearsal.load.pour(rehearsal.strangers.texts(person, count, text=text), 0)


PEOPLE = (
    ServeDrill(
        name="poison",
        summary="texts at which the bot always fails: parked alone, and complete after the fix and a replay",
        body=_poison,
        app=_APP + "app",
        recovery=3.0,
        wishes=Wishes(rate=60, node={"max_attempts": 2}),
        answers=GONE,
    ),
    ServeDrill(
        name="hot-conversation",
        summary="one person writes hundreds of texts at once: in order, within the pair limit, and nobody else waits",
        body=_hot_conversation,
        recovery=3.0,
        wishes=Wishes(rate=60),
    ),
    ServeDrill(
        name="noisy-tenant",
        summary="one channel gets ten times the load of all others, which keep their pace",
        body=_noisy_tenant,
        recovery=3.0,
        wishes=Wishes(rate=12),
    ),
    *CLIENTS,
)
