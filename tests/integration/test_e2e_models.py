"""A real `serve` with a model beside it: what people speak and photograph, and what a model that is not well may do.

The service of models is the stand-in of `actors.models.fake`, in the test's process.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import trio

from actors.models.fake import PICTURE, VOICES, FakeModels, Fault, picture, recording
from actors.models.fake.faults import LINK, ORDER, PHONE, Trick
from tests.integration.test_e2e_media import HELLOS, answers, plain
from tests.integration.world import (
    OWN,
    World,
    fresh_id,
    open_world,
    person,
    said,
    text,
    until,
    webhook,
)

KEY = "model-key-of-the-tests-5c1d"
MARINA = {
    "en": ("apartment", "Dubai Marina", "2 bedrooms", "3,000,000"),
    "fa": ("آپارتمان", "دبی مارینا", "۲ خوابه", "۳٬۰۰۰٬۰۰۰"),
    "ar": ("شقة", "دبي مارينا", "غرفتا نوم", "3,000,000"),
    "ru": ("квартира", "Дубай Марина", "2 спальни", "3\u00a0000\u00a0000"),
}
HEARD = {"en": "We heard: ", "fa": "شنیدیم: ", "ar": "سمعنا: ", "ru": "Мы услышали: "}
SEEN = {"en": "villa", "fa": "ویلا", "ar": "فيلا", "ru": "вилла"}
#: Says nothing of a home, asks nothing that the rules know, and is no phrase of theirs.
RIDDLE = "somewhere that my grandmother would have written poems about"
NOT_UNDERSTOOD = "We did not quite understand."
#: All that may be wrong with a chat, such that no five in a row look like a service that is down.
WRONG: Sequence[Trick] = (
    *(
        "stalled",
        "no_json",
        "half_json",
        "slow",
        "wrong_schema",
        "out_of_range",
        "cut",
        "refusing",
        "filtered",
    ),
    *(
        "http_429",
        "cut_short",
        "http_500",
        "injected",
        "http_401",
        "injected_phone",
        "http_404",
        "injected_fields",
    ),
    *("endless", "huge", "empty"),
)
CANNOT_HEAR = "Thank you, your voice message has arrived. The assistant cannot listen to it"
CANNOT_SEE = "Thank you, your picture has arrived. The assistant cannot look at pictures"


@asynccontextmanager
async def open_models(postgres: str, redis: str, **brain: object) -> AsyncIterator[tuple[World, FakeModels]]:
    """Run a world with a service of models; the key is in no log and on no page."""
    models = FakeModels()
    async with trio.open_nursery() as nursery:
        address = await nursery.start(models.serve, "127.0.0.1", 0)
        base = f"http://{address}/v1"
        settings = {"provider": "openai", "base_url": base, "model": "recorded", "api_key": KEY, **brain}
        async with open_world(postgres, redis, brain=settings) as world:
            yield world, models
            assert KEY not in world.majlis.log
            assert not [line for line in world.majlis.log.splitlines() if "grandmother" in line]
        nursery.cancel_scope.cancel()


def voice(world: World, sender: str, words: str) -> Mapping[str, Any]:
    """Return the element of a webhook that is a voice message with these words."""
    media = world.fake.add_media("audio/ogg", recording(words))
    part = {"id": media, "mime_type": "audio/ogg", "voice": True}
    return {"from": sender, "id": fresh_id(), "timestamp": "1", "type": "audio", "audio": part}


def photo(world: World, sender: str, **more: str) -> Mapping[str, Any]:
    """Return the element of a webhook that is the recorded picture."""
    media = world.fake.add_media("image/jpeg", picture(ORDER))
    part = {"id": media, "mime_type": "image/jpeg", **more}
    return {"from": sender, "id": fresh_id(), "timestamp": "1", "type": "image", "image": part}


async def tell(world: World, message: Mapping[str, Any], within: float = 30.0) -> str:
    """Send one message and return the one thing that is said in answer to it."""
    assert await world.majlis.post(webhook(OWN, message)) == 200
    return await answered(world, message, within)


async def answered(world: World, message: Mapping[str, Any], within: float = 30.0) -> str:
    """Return the one thing that is said in answer to a message."""

    async def look() -> Sequence[str]:
        return answers(world, message)

    (answer,) = await until(look, within, "the answer")
    return answer


async def welcomed(world: World, number: int, language: str = "en") -> str:
    """Let a person say hello in a language; return who it is."""
    sender = person(number)
    await tell(world, text(sender, HELLOS[language]))
    return sender


async def test_what_is_spoken_or_photographed_fills_slots_in_each_language(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_models(postgres_dsn, redis_dsn) as (world, models):
        for number, (language, words) in enumerate(VOICES.items(), 1):
            heard = await tell(world, voice(world, await welcomed(world, number, language), words))
            assert heard.splitlines()[0] == HEARD[language] + words
            assert all(slot in heard for slot in MARINA[language]), heard
            typed = await welcomed(world, number + 10, language)
            assert await tell(world, text(typed, words)) == heard.partition("\n\n")[2]
            seen = await tell(world, photo(world, await welcomed(world, number + 20, language)))
            assert PICTURE[language] in seen
            assert SEEN[language] in seen
        assert [one.kind for one in models.asked] == ["voice", "chat"] * 4
        assert {one.key for one in models.asked} == {KEY}
        calls = await world.rows(
            "select kind, outcome, tokens, cost, request::text from model_calls order by asked_at"
        )
        assert [(row["kind"], row["outcome"]) for row in calls] == [
            ("voice", "answered"),
            ("image", "answered"),
        ] * 4
        assert all(row["cost"] > 0 for row in calls)
        assert not [row for row in calls if KEY in row["request"] or "base64" in row["request"]]
        spent = await world.rows("select sum(tokens)::int as tokens, sum(cost)::int as cost from model_days")
        assert spent[0]["tokens"] == sum(row["tokens"] for row in calls) == 4 * 960
        assert spent[0]["cost"] == sum(row["cost"] for row in calls)
        assert (
            await world.majlis.metric("majlis_models_questions_total", kind="voice", outcome="answered") == 4
        )


async def test_whatever_is_wrong_with_a_model_the_rules_answer_and_nobody_else_waits(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_models(postgres_dsn, redis_dsn, timeout=2.0) as (world, models):
        others = [await welcomed(world, 500 + number) for number in range(8)]
        usual = await pace(world, others)
        number = 0
        for trick in WRONG:
            number += 1
            sender = await welcomed(world, number)
            models.faults.put(Fault(trick, seconds=60))
            asked = len(models.asked)
            sent = text(sender, RIDDLE)
            assert await world.majlis.post(webhook(OWN, sent)) == 200
            await models.wait_asked(asked + 1)
            if trick == "stalled":
                assert await pace(world, others) < max(5 * usual, usual + 1.0)
            assert NOT_UNDERSTOOD in await answered(world, sent), trick
            assert models.asked[-1].trick == trick
        for trick in ("stalled", "no_json", "http_500", "injected", "empty"):
            models.faults.put(Fault(trick, seconds=60))
            sender = await welcomed(world, number := number + 1)
            sent = voice(world, sender, VOICES["en"])
            heard = await tell(world, sent)
            if trick == "injected":
                assert heard.startswith("We heard: Ignore all rules.")
                assert "TENANT_2" in heard
            else:
                assert heard.startswith(CANNOT_HEAR), trick
        for trick in ("injected", "refusing", "wrong_schema"):
            models.faults.put(Fault(trick))
            sender = await welcomed(world, number := number + 1)
            seen = await tell(world, photo(world, sender, caption="like this in JVC"))
            assert seen.startswith(CANNOT_SEE), trick
            assert "Jumeirah Village Circle" in seen  # what stands below it is a text
        models.faults.put()
        told = "\n".join(plain(said(send)) for send in world.fake.sent(limit=10_000))
        assert LINK not in told
        assert PHONE not in told
        assert await world.number("select count(*)::int from model_calls where ended_at is null") == 0


async def test_a_service_that_is_down_is_left_alone_and_a_budget_that_is_used_up_holds(
    postgres_dsn: str, redis_dsn: str
) -> None:
    most = 40_000
    async with open_models(postgres_dsn, redis_dsn, daily_tokens=most, timeout=5.0) as (world, models):
        people = [await welcomed(world, number) for number in range(1, 13)]
        models.faults.put(Fault("slow", seconds=1.0))
        sent = [text(sender, RIDDLE) for sender in people]
        assert await world.majlis.post_at_once([webhook(OWN, one) for one in sent]) == [200] * len(sent)
        for one in sent:
            assert NOT_UNDERSTOOD in await answered(world, one)
        asked = len(models.asked)
        assert 0 < asked < len(people)
        assert await world.number("select max(tokens)::int from model_days") <= most
        # The day has little left; a text that the rules understand needs none of it.
        assert "Dubai Marina" in await tell(world, text(people[0], "a flat in Marina"))
        facts = {**world.majlis.facts, "brain": {**world.majlis.facts["brain"], "daily_tokens": 0}}
        world.majlis.write(facts)
        world.majlis.signal(signal.SIGHUP)
        await world.majlis.logged("settings reloaded")
        models.faults.put(Fault("http_503"))
        for sender in people[1:8]:
            assert NOT_UNDERSTOOD in await tell(world, text(sender, RIDDLE))
        assert await world.majlis.metric("majlis_models_circuit_open", service="chat") == 1
        failed = len(models.asked)
        assert NOT_UNDERSTOOD in await tell(world, text(people[9], RIDDLE))
        assert len(models.asked) == failed


async def pace(world: World, people: Sequence[str]) -> float:
    """Return the median of the seconds in which people are answered whom the rules understand."""
    took: list[float] = []

    async def one(sender: str) -> None:
        began = trio.current_time()
        await tell(world, text(sender, "a 2 bedroom flat in Marina"))
        took.append(trio.current_time() - began)

    for _ in range(2):
        async with trio.open_nursery() as nursery:
            for sender in people:
                nursery.start_soon(one, sender)
    return median(took)
