"""Twilio at a real `serve`, beside Meta: signed, stored, answered, accepted, and the callback is the receipt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import httpx
import pytest
import trio

from actors.channels.fake_twilio import Answer, FakeTwilio
from actors.simulate import Plan, SimulationError, simulate
from tests.integration.world import CHANNELS, MARK, World, open_world, person, until

ACCOUNT, TOKEN = "AC" + "0a" * 16, "twilio-token-51dd"
NUMBER, PUBLIC = "whatsapp:+14155238886", "https://bot.example.com"
API = "127.88.0.7"
CHANNEL: Mapping[str, object] = {
    "provider": "twilio",
    "name": "tw1",
    "id": NUMBER,
    "account_sid": ACCOUNT,
    "auth_token": TOKEN,
    "tenant": "palm",
    "max_mps": 1000,
}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 40
HOOK = f"{PUBLIC}/webhooks/twilio/tw1"


class Twilio:
    """The stand-in, and what people write through it."""

    def __init__(self, fake: FakeTwilio, world: World, client: httpx.AsyncClient) -> None:
        self.fake, self.world, self.client = fake, world, client

    async def say(self, sender: str, body: str, sid: str, **more: str) -> int:
        fields = {"SmsStatus": "received", "MessageType": "text", "NumMedia": "0", "ProfileName": MARK}
        fields |= {"MessageSid": sid, "AccountSid": ACCOUNT, "To": NUMBER, "From": f"whatsapp:+{sender}"}
        return await self.fake.post(self.client, HOOK, fields | {"Body": body} | more)


@asynccontextmanager
async def open_twilio(
    postgres: str, redis: str, node: Mapping[str, object] | None = None
) -> AsyncIterator[Twilio]:
    channels = (*CHANNELS, {**CHANNEL, "api_url": f"http://{API}:8092"})
    server = {"public_url": PUBLIC}
    async with (
        open_world(postgres, redis, channels=channels, server=server, node=node) as world,
        httpx.AsyncClient(trust_env=False, timeout=15) as client,
        trio.open_nursery() as nursery,
    ):
        fake = FakeTwilio.of(world.majlis.settings)
        await nursery.start(partial(fake.serve, API, 8092))
        yield Twilio(fake, world, client)
        nursery.cancel_scope.cancel()


async def test_a_message_through_twilio_is_answered_once_and_its_callback_is_the_receipt(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_twilio(postgres_dsn, redis_dsn) as twilio:
        for _ in range(3):  # the same message, as a proxy or a fallback may bring it again
            assert await twilio.say(person(1), f"Good evening {MARK}", "SM01", NewField="سلام") == 200
        [welcome] = await twilio.fake.wait_sent(to=f"whatsapp:+{person(1)}")
        assert "Palm Homes" in welcome.body
        assert welcome.callback.startswith(f"{HOOK}?effect=")
        delivered = "select count(*) from outbox where provider_id = $1 and receipt = 2"
        await until(lambda: twilio.world.number(delivered, welcome.sid), what="the receipt")
        assert await twilio.world.number("select count(*) from conversation") == 1
        assert await twilio.world.number("select count(*) from turn") == 1
        assert len(twilio.fake.sent()) == 1
        # Meta's channels are served beside it.
        await twilio.world.welcomed(twilio.world.majlis, person(2))
        assert (await twilio.world.majlis.statistics())["twilio"] == {"channels": 1, "half_sent": 0}
        said = twilio.world.majlis.log + await twilio.world.majlis.page("/metrics")
        assert TOKEN not in said
        assert NUMBER.removeprefix("whatsapp:+") not in said


async def test_many_people_through_twilio_and_a_kill_lose_nothing_and_keep_the_order(
    postgres_dsn: str, redis_dsn: str
) -> None:
    node = {"send_timeout": 2.0, "uncertain_wait": 4.0}
    async with open_twilio(postgres_dsn, redis_dsn, node) as twilio:
        process = twilio.world.majlis.process

        async def restart() -> None:
            await process.kill()
            await process.start()

        plan = Plan(people=40, messages=3, provider="twilio", duplicates=0.2, shuffle=True, linger=0.2)
        drive = partial(simulate, fake=twilio.fake, ledger=twilio.world.ledger, kills=1, restart=restart)
        verdict = await drive(plan, twilio.world.majlis.settings)
        assert verdict.ok, verdict.table()
        assert (verdict.kills, verdict.deliveries) == (1, 144)
        assert (verdict.acknowledged, verdict.handled, verdict.replied) == (120, 120, 120)
        assert twilio.fake.last_index >= 120
        with pytest.raises(SimulationError, match="brings one message"):
            await drive(replace(plan, batch=2), twilio.world.majlis.settings)


async def test_what_twilio_did_not_sign_is_not_stored(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_twilio(postgres_dsn, redis_dsn) as twilio:
        front = twilio.world.majlis.url.replace("/meta", "/twilio/tw1")
        for header in ({}, {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}):
            answer = await twilio.client.post(front, data={"Body": MARK, "MessageSid": "SM1"}, headers=header)
            assert answer.status_code == 401
        assert await twilio.world.number("select count(*) from inbox") == 0
        answer = await twilio.client.post(front.replace("tw1", "tw2"), content=b"")
        assert answer.status_code == 404


async def test_a_picture_is_fetched_with_the_token_and_the_storage_never_sees_it(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_twilio(postgres_dsn, redis_dsn) as twilio:
        assert await twilio.say(person(4), f"Good evening {MARK}", "SM03") == 200
        await twilio.fake.wait_sent()
        picture = twilio.fake.add_media(ACCOUNT, "image/jpeg", JPEG)
        more = {"MessageType": "image", "NumMedia": "1", "MediaUrl0": picture}
        assert await twilio.say(person(4), "", "MM1", MediaContentType0="image/jpeg", **more) == 200
        sends = await twilio.fake.wait_sent(2)
        assert "your picture has arrived" in sends[1].body
        [path] = (twilio.world.majlis.settings.data_dir / "media").rglob("*.jpg")
        assert path.read_bytes() == JPEG
        told = twilio.fake.statistics()
        assert (told.fetched, told.leaked) == (1, 0)


async def test_twilio_hears_200_only_when_its_message_is_stored(postgres_dsn: str, redis_dsn: str) -> None:
    async with open_twilio(postgres_dsn, redis_dsn) as twilio:
        stored = "select count(*) from inbox"
        async with twilio.world.locked("inbox"):
            assert await twilio.say(person(5), f"Good evening {MARK}", "SM04") == 503
        assert await twilio.say(person(5), f"Good evening {MARK}", "SM04") == 200  # to the fallback URL, say
        assert await twilio.world.number(stored) == 1
        await twilio.fake.wait_sent()
        assert await twilio.say(person(5), f"Good evening {MARK}", "SM04") == 200
        assert await twilio.world.number(stored) == 1


async def test_a_rate_limit_of_twilio_delays_the_answer_and_loses_nothing(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_twilio(postgres_dsn, redis_dsn) as twilio:
        twilio.fake.answer_next(Answer(429, 20429), Answer(400, 63018))
        assert await twilio.say(person(3), f"Hello {MARK}", "SM02") == 200
        [welcome] = await twilio.fake.wait_sent(timeout=20)
        assert "Palm Homes" in welcome.body
        assert twilio.fake.statistics().refused == {20429: 1, 63018: 1}
