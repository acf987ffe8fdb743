"""A real `serve` with a model beside it: what people speak and photograph, and what a model that is not well may do.

The service of models is the stand-in of `actors.models.fake`, in the test's process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors.models.fake import VOICES, FakeModels, recording
from tests.integration.test_e2e_media import HELLOS, answers, plain
from tests.integration.world import OWN, World, fresh_id, open_world, person, said, text, webhook

KEY = "model-key-of-the-tests-5c1d"


@asynccontextmanager
async def open_models(
    postgres: str, redis: str, **brain: object
) -> AsyncIterator[tuple[World, FakeModels]]:
    """Run a world with a service of models."""
    models = FakeModels()
    async with trio.open_nursery() as nursery:
        address = await nursery.start(models.serve, "127.0.0.1", 0)
        settings = {
            "provider": "openai",
            "base_url": f"http://{address}/v1",
            "model": "recorded",
            "api_key": KEY,
            **brain,
        }
        async with open_world(postgres, redis, brain=settings) as world:
            yield world, models
            assert KEY not in world.majlis.log
        nursery.cancel_scope.cancel()


def voice(world: World, sender: str, words: str) -> Mapping[str, Any]:
    """Return the element of a webhook that is a voice message with these words."""
    media = world.fake.add_media("audio/ogg", recording(words))
    part = {"id": media, "mime_type": "audio/ogg", "voice": True}
    return {"from": sender, "id": fresh_id(), "timestamp": "1", "type": "audio", "audio": part}


async def test_what_is_spoken_fills_slots_in_each_language_and_is_shown_back(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_models(postgres_dsn, redis_dsn) as (world, models):
        for number, (language, words) in enumerate(VOICES.items(), 1):
            sender = person(number)
            await world.majlis.post(webhook(OWN, text(sender, HELLOS[language])))
            await world.fake.wait_sent(0, to=sender)
            sent = voice(world, sender, words)
            before = world.fake.last_index
            assert await world.majlis.post(webhook(OWN, sent)) == 200
            await world.fake.wait_sent(before, to=sender)
            print(language, answers(world, sent))
            print([plain(said(s)) for s in world.fake.sent(to=sender)])
        print(models.asked)
        assert 0
