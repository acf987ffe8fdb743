"""Drills about a provider that errs: it answers with errors, drops what it took, and hands out media drop by drop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import trio

from actors.channels.fake_graph import Failure, Faults
from actors.drills.drill import ServeDrill
from actors.drills.rehearsal import Rehearsal
from actors.drills.tarpit import MEDIA_TARPIT
from actors.drills.wishes import Wishes
from actors.simulate.people import Person
from runtime.testing import at_least, at_most, exactly

_BUSY = 133004
"""The code that one person's sends get all the time; nobody else's."""
_TRIES = 10
"""Of one send while its provider is busy for up to a quarter of a minute: pauses double from half a second."""
_FINAL: Sequence[tuple[int | None, int | None]] = (
    (131026, None),
    (131047, None),
    (131049, None),
    (100, None),
    (None, 404),
)
"""Refusals for good, code and HTTP status, a person each."""
_PASSING: Sequence[tuple[int | None, int | None, int]] = (
    (130429, None, 17),
    (80007, None, 13),
    (131056, None, 31),
    (131016, None, 7),
    (None, 503, 11),
    (None, 429, 23),
)
"""What passes: code and HTTP status, at each so many-th send. Without a code the answer is a page for people."""
_UNKNOWN: Sequence[tuple[int | None, int | None, int]] = (
    (131000, None, 5),
    (None, 500, 7),
    (None, 502, 9),
    (None, 200, 11),
)
"""What leaves it open whether it was taken. Such a send is tried once more and no third time; so these strike `_STRIKES`
times each at the beginning of a round, and nobody meets two of them."""
_STRIKES = 3
_ROUND = 3.5
"""Seconds of a round; longer than until the second try of what is unknown."""
_DROPS = 30
"""Sends in a row; so few that no channel is thought to be broken."""
_IMPATIENT = Wishes(node={"send_timeout": 1.0, "uncertain_wait": 1.5})


async def _graph_errors(rehearsal: Rehearsal) -> None:
    await rehearsal.running(rehearsal.lasting(0.5, 3))
    strangers = rehearsal.strangers
    refused = [strangers.person() for _ in _FINAL]
    kept_waiting = strangers.person()
    await _say(rehearsal, [*refused, kept_waiting])  # so that all of them are known
    rehearsal.excused |= {person.wa_id: frozenset({"failed"}) for person in refused}
    faults = _errors(refused, kept_waiting)
    before = rehearsal.fake.last_index
    async with rehearsal.fault("errors of every class"):
        rehearsal.fake.put_faults(faults)
        await _say(rehearsal, [*refused, kept_waiting])
        for _ in range(int(rehearsal.lasting(1, 4))):
            rehearsal.fake.put_faults(faults)
            await rehearsal.running(_ROUND)
        told = rehearsal.fake.statistics().provider.refused
        reached = sum(len(rehearsal.fake.sent(before, to=person.wa_id)) for person in refused)
    rehearsal.fake.put_faults(Faults())
    await rehearsal.recovered()
    await _say(rehearsal, [*refused, kept_waiting])
    await rehearsal.over()
    counted = sum(send.status == "failed" for send in (await rehearsal.ledger()).sends)
    unstruck = [
        str(code) for code, _, _ in (*_PASSING, *_UNKNOWN) if code is not None and not told.get(str(code))
    ]
    rehearsal.figures["errors answered"] = sum(told.values())
    rehearsal.found += [
        exactly("refused for good, and recorded so", counted, len(refused)),
        exactly("accepted although refused for good", reached, 0),
        exactly(
            "refused for good, tried again", sum(told.get(str(code), 0) - 1 for code, _ in _FINAL if code), 0
        ),
        at_least("tries while the provider was busy", told.get(str(_BUSY), 0), 2),
        at_most("tries while the provider was busy, at most", told.get(str(_BUSY), 0), _TRIES),
        exactly("classes of errors that struck nobody", len(unstruck), 0, ", ".join(unstruck)),
    ]


def _errors(refused: Sequence[Person], kept_waiting: Person) -> Faults:
    """Return a provider that refuses each of some people for good, has one wait all the time, and others by chance."""
    final = [
        Failure(code=code, status=status, to=person.wa_id)
        for (code, status), person in zip(_FINAL, refused, strict=True)
    ]
    unknown = [
        Failure(code=code, status=status, every=every, times=_STRIKES) for code, status, every in _UNKNOWN
    ]
    passing = [Failure(code=code, status=status, every=every) for code, status, every in _PASSING]
    return Faults(failures=(*final, Failure(code=_BUSY, to=kept_waiting.wa_id), *unknown, *passing))


async def _graph_drops_after_accept(rehearsal: Rehearsal) -> None:
    await rehearsal.running(rehearsal.lasting(0.5, 3))
    told: set[str] = set()
    untold: set[str] = set()
    for _ in range(int(rehearsal.lasting(1, 6))):
        told |= await _dropping(rehearsal, "receipts tell", Faults(hang_ups=_DROPS))
        untold |= await _dropping(rehearsal, "nothing tells", Faults(hang_ups=_DROPS, statuses=()))
        await rehearsal.running(rehearsal.lasting(0, 2.5))  # second tries are over before the next round
    await rehearsal.over()
    told -= untold  # a second try that was dropped, too: its first one was not told of
    twice = {effect for effect, count in Counter(one.effect for one in rehearsal.sent).items() if count > 1}
    rehearsal.figures |= {"dropped, told": len(told), "dropped, untold": len(untold)}
    rehearsal.found += [
        exactly("sent twice although a receipt told", len(told & twice), 0),
        exactly("sent once more where nothing told", len(untold & twice), len(untold)),
        exactly("sent twice and never dropped", len(twice - told - untold), 0),
    ]


async def _dropping(rehearsal: Rehearsal, name: str, faults: Faults) -> set[str]:
    """Let the provider take sends and drop their connections, then be well; return the effects that it dropped."""
    before = rehearsal.fake.statistics().provider.hang_ups
    begun = rehearsal.fake.last_index
    async with rehearsal.fault(f"sends are accepted and dropped, {name}"):
        rehearsal.fake.put_faults(faults)
        await _dropped(rehearsal, before + _DROPS)
    ended = rehearsal.fake.last_index
    rehearsal.fake.put_faults(Faults())
    await rehearsal.recovered()
    return {one.effect for one in rehearsal.sent if not one.answered and begun < one.index <= ended}


async def _dropped(rehearsal: Rehearsal, count: int) -> None:
    """Wait until so many sends in all were dropped, a quarter of a minute at most: the verdict tells of the rest."""
    with trio.move_on_after(15):
        while rehearsal.fake.statistics().provider.hang_ups < count:  # noqa: ASYNC110 - it counts, and tells nobody
            await trio.sleep(0.02)


async def _say(rehearsal: Rehearsal, people: Sequence[Person]) -> None:
    """Let each of them say one thing, and wait until it is acknowledged."""
    for person in people:
        await rehearsal.load.pour(rehearsal.strangers.texts(person, 1), 0)


PROVIDER = (
    ServeDrill(
        name="graph-errors",
        summary="the provider answers with errors of every class; all that can be delivered is, once",
        body=_graph_errors,
        recovery=5.0,
        wishes=_IMPATIENT,
    ),
    ServeDrill(
        name="graph-drops-after-accept",
        summary="the provider takes sends and drops the connection: doubled only where nothing told, and recorded so",
        body=_graph_drops_after_accept,
        recovery=5.0,
        wishes=_IMPATIENT,
    ),
    MEDIA_TARPIT,
)
