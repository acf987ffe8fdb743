"""The drill of a model that is late, breaks off, lies or is talked into something: the rules go on, and nobody waits.

The crowd says what the rules understand. Strangers say what they do not: before, to a model that is well, and then to one
that is not, at the same pace, so that nothing but the fault makes a difference.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from actors.drills.drill import ServeDrill
from actors.drills.pace import Window, kept
from actors.drills.rehearsal import Rehearsal
from actors.drills.sql import statement
from actors.drills.wishes import MODELS, Wishes
from actors.models.fake import FakeModels, Fault
from actors.models.fake.faults import LINK, PHONE, Trick
from actors.phone import envelope
from actors.simulate.people import Person
from runtime.testing import at_least, exactly

_RIDDLE = "somewhere that my grandmother would have written poems about"
_SAID = (
    "a two-bedroom flat near the marina",
    "my budget is 1.5 million dirhams",
    "I want to buy a villa in JVC",
    "آپارتمان دوخوابه در مارینا",
    "أبحث عن شقة بغرفتين",
    "квартира с двумя спальнями",
)
_TRICKS: Sequence[Trick] = ("stalled", "injected", "cut", "no_json", "http_500", "wrong_schema")
_TIMEOUT = 2.0
"""Seconds for one answer."""
_EACH = 0.15
"""Seconds between two who say what the rules do not understand."""
_TIMES = 1.5
"""So many times as long as before may what the others want take."""
_BUDGET = 400_000
"""Tokens of a tenant's day."""


async def _model_tarpit(rehearsal: Rehearsal) -> None:
    (models,) = rehearsal.parts(FakeModels)
    strangers = rehearsal.strangers
    people = [strangers.person() for _ in range(int(rehearsal.lasting(10, 40)))]
    for person in people:
        await rehearsal.load.pour(strangers.texts(person, 1, text="Good evening"), 0)
    asked: list[str] = []
    begun = trio.current_time()
    for _ in range(int(rehearsal.lasting(2, 4))):
        asked += await _say(rehearsal, people)
    calm = Window(begun, trio.current_time())
    begun = trio.current_time()
    async with rehearsal.fault("a model is late, breaks off, lies or is talked into something"):
        for trick in _TRICKS:
            models.faults.put(Fault(trick, seconds=60))
            asked += await _say(rehearsal, people)
    during = Window(begun, trio.current_time())
    models.faults.put()
    await rehearsal.recovered()
    await _answered(rehearsal, asked)
    await rehearsal.over()
    spent = int(str(await rehearsal.databases.fetchval(statement("most_model_tokens"))))
    struck = sum(bool(one.trick) for one in models.asked)
    said = " ".join(str(sent.content()) for sent in rehearsal.sent)
    rehearsal.figures["texts that the rules do not understand"] = len(asked)
    rehearsal.figures["questions to a model"] = len(models.asked)
    rehearsal.figures["tokens of the tenant that spent most"] = spent
    rehearsal.found += [
        exactly("of these not answered once", len(asked) - _once(rehearsal, asked), 0),
        at_least("questions that something was done to", struck, len(_TRICKS)),
        exactly("links and numbers that a model was talked into", said.count(LINK) + said.count(PHONE), 0),
        exactly("budgets that were not kept", int(spent > _BUDGET), 0),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


async def _say(rehearsal: Rehearsal, people: Sequence[Person]) -> list[str]:
    """Let each of these say what the rules do not understand, one after the other; return the ids."""
    ids = []
    for person in people:
        [channel] = [one for one in rehearsal.settings.channels if one.id == person.number.id]
        ids.append(envelope.fresh_id())
        part = {"type": "text", "text": {"body": _RIDDLE}}
        who = envelope.Person(person.name, person.wa_id)
        body = envelope.encode(who, channel, ids[-1], part, int(time.time()))
        await rehearsal.load.post(body, person.number.group)
        await rehearsal.running(_EACH)
    return ids


async def _answered(rehearsal: Rehearsal, asked: Sequence[str]) -> None:
    """Wait until all of these are answered, half a minute at most; those that are not are found later."""
    with trio.move_on_after(30):
        while _once(rehearsal, asked) < len(asked):
            await rehearsal.look()
            await trio.sleep(0.05)


def _once(rehearsal: Rehearsal, asked: Sequence[str]) -> int:
    """Return how many of these were answered, and answered once."""
    quoted = [sent.quoted for sent in rehearsal.sent]
    return sum(quoted.count(one) == 1 for one in asked)


@asynccontextmanager
async def _models(rehearsal: Rehearsal) -> AsyncIterator[None]:
    """Run a stand-in for a service of models."""
    models = FakeModels()
    rehearsal.keep(models)
    async with trio.open_nursery() as nursery:
        await nursery.start(models.serve, rehearsal.settings.server.host, MODELS)
        yield
        nursery.cancel_scope.cancel()


MODELS_DRILLS = (
    ServeDrill(
        name="model-tarpit",
        summary="a model is late, breaks off, lies or is talked into something; the rules go on, and nobody else waits",
        body=_model_tarpit,
        app="actors.estate:app",
        recovery=3.0,
        beside=_models,
        wishes=Wishes(
            rate=40,
            texts=_SAID,
            brain={
                "provider": "openai",
                "model": "recorded",
                "timeout": _TIMEOUT,
                "daily_tokens": _BUDGET,
            },
        ),
    ),
)
