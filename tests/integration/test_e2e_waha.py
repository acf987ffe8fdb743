"""WAHA at a real `serve`, beside Meta: signed, stored once, answered; whose words are whose; files with the key alone."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import httpx
import trio

from actors.channels.fake_waha import Answer, FakeWaha, Sent
from actors.channels.fake_waha.webhooks import own_of, text_of
from actors.simulate import Plan, simulate
from tests.integration.test_e2e_files import PNG, offer
from tests.integration.world import CHANNELS, MARK, World, open_world, person, until

HMAC, KEY = "waha-hmac-key-51dd", "waha-api-key-77a0"
API = "127.88.0.8"
CHANNEL: Mapping[str, object] = {
    "provider": "waha",
    "name": "wa1",
    "id": "default",
    "hmac_key": HMAC,
    "api_key": KEY,
    "api_url": f"http://{API}:8093",
    "tenant": "palm",
    "max_mps": 1000,
}
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 40


def chat(number: int) -> str:
    return f"{person(number)}@c.us"


class Waha:
    """The stand-in, and what people write through it."""

    def __init__(self, fake: FakeWaha, world: World, client: httpx.AsyncClient) -> None:
        self.fake, self.world, self.client = fake, world, client

    async def say(self, sender: str, body: str, key: str, event: str = "message", **more: object) -> int:
        told = text_of(sender, key, body, int(time.time()), MARK, **more)
        return await self.fake.post(self.client, "default", event, told)

    async def settled(self, count: int) -> None:
        """Wait until so many effects are done and their receipts have come."""
        done = "select count(*) from outbox where status = 'done' and receipt = 2"
        await until(lambda: self.equal(done, count), what=f"{count} receipts")

    async def equal(self, query: str, number: int) -> bool:
        return await self.world.number(query) == number


@asynccontextmanager
async def open_waha(postgres: str, redis: str, **node: object) -> AsyncIterator[Waha]:
    async with (
        open_world(postgres, redis, channels=(*CHANNELS, CHANNEL), node=node) as world,
        httpx.AsyncClient(trust_env=False, timeout=15) as client,
        trio.open_nursery() as nursery,
    ):
        server = world.majlis.settings.server
        # The version of WAHA that calls its own messages an app's.
        fake = FakeWaha(world.majlis.settings, f"http://{server.host}:{server.port}", source="app")
        await nursery.start(partial(fake.serve, API, 8093))
        yield Waha(fake, world, client)
        nursery.cancel_scope.cancel()


async def test_a_message_through_waha_is_answered_once_and_a_person_at_the_phone_silences_the_bot(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_waha(postgres_dsn, redis_dsn) as waha:
        for event in ("message", "message.any", "message", "message.any"):
            assert await waha.say(chat(1), f"Good evening {MARK}", "A1", event, brandNew={"x": "سلام"}) == 200
        [welcome] = await waha.fake.wait_sent()
        assert "Palm Homes" in welcome.text
        assert (welcome.chat, welcome.session) == (chat(1), "default")
        await waha.settled(1)
        assert await waha.world.number("select count(*) from turn") == 1

        picture = waha.fake.add_file("default", "a.jpg", "image/jpeg", JPEG)
        more = {"hasMedia": True, "media": picture, "_data": {"type": "image"}}
        assert await waha.say(chat(1), "", "A2", **more) == 200
        [_, thanks] = await waha.fake.wait_sent(2)
        assert "your picture has arrived" in thanks.text
        [path] = (waha.world.majlis.settings.data_dir / "media").rglob("*.jpg")
        assert path.read_bytes() == JPEG
        await waha.settled(2)

        # Our own messages came back as an app's, and nobody took them for a person's. This one is.
        paused = "select count(*) from conversation where paused_after is not null"
        assert await waha.world.number(paused) == 0
        written = own_of(f"true_{chat(1)}_HUMAN", chat(1), f"Hello {MARK}", int(time.time()), "app")
        assert await waha.fake.post(waha.client, "default", "message.any", written) == 200
        await until(lambda: waha.equal(paused, 1), what="the pause")
        turns = await waha.world.number("select count(*) from turn")
        assert await waha.say(chat(1), "two bedrooms", "A3") == 200
        await until(lambda: waha.equal("select count(*) from turn", turns + 1), what="the turn")
        # Groups and statuses are nobody's; Meta's channels are served beside it.
        for other in ("120363000000000000@g.us", "status@broadcast", "120363000000000000@newsletter"):
            assert await waha.say(other, f"Hello {MARK}", "G1") == 200
        await waha.world.welcomed(waha.world.majlis, person(2))
        assert len(waha.fake.sent()) == 2
        assert await waha.world.number("select count(*) from conversation") == 2

        told = (await waha.world.majlis.statistics())["waha"]
        assert told == {"channels": 1, "sessions": {}, "half_sent": 0, "unsettled": 0}
        said = waha.world.majlis.log + await waha.world.majlis.page("/metrics")
        assert HMAC not in said
        assert KEY not in said
        assert 'reason="group"' in said


async def test_many_people_through_waha_and_a_kill_lose_nothing_and_keep_the_order(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_waha(postgres_dsn, redis_dsn, send_timeout=2.0, uncertain_wait=4.0) as waha:
        process = waha.world.majlis.process

        async def restart() -> None:
            await process.kill()
            await process.start()

        plan = Plan(people=40, messages=3, provider="waha", duplicates=0.2, shuffle=True, linger=0.2)
        drive = partial(simulate, fake=waha.fake, ledger=waha.world.ledger, kills=1, restart=restart)
        verdict = await drive(plan, waha.world.majlis.settings)
        assert verdict.ok, verdict.table()
        assert (verdict.kills, verdict.deliveries) == (1, 144)
        assert (verdict.acknowledged, verdict.handled, verdict.replied) == (120, 120, 120)


async def test_what_waha_did_not_sign_is_not_stored_and_a_crash_after_a_send_does_not_send_twice(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_waha(postgres_dsn, redis_dsn) as waha:
        front = waha.world.majlis.url.replace("/meta", "/waha/wa1")
        body = json.dumps({"event": "message", "session": "default", "payload": {"body": MARK}}).encode()
        forged = {"x-webhook-hmac": "0" * 128, "x-webhook-hmac-algorithm": "sha512"}
        for header in ({}, forged):
            answer = await waha.client.post(front, content=body, headers=header)
            assert answer.status_code == 401
        assert (await waha.client.post(front.replace("wa1", "wa2"), content=body)).status_code == 404
        assert await waha.world.number("select count(*) from inbox") == 0

        waha.fake.answer_next(Answer(429), Answer(500, sent=True))
        assert await waha.say(chat(3), f"Hello {MARK}", "B1") == 200
        await waha.fake.wait_sent(timeout=30)
        await waha.settled(1)
        assert len(waha.fake.sent()) == 1
        assert waha.fake.statistics().refused == {429: 1, 500: 1}
        assert await waha.world.number("select count(*) from outbox where maybe_duplicate") == 0

        waha.fake.put("default", "SCAN_QR_CODE")
        faults = "select count(*) from conversation where channel = 'waha:account:wa1'"
        await until(lambda: waha.equal(faults, 1), what="the session's fault")


async def test_a_listing_is_shown_below_its_picture_and_where_files_are_not_taken_without_it(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_waha(postgres_dsn, redis_dsn) as waha:
        await offer(waha.world)

        async def shown(number: int, *instead: Answer) -> Sent:
            """Let somebody ask for the flat; return the message that shows it."""
            asks = ("hello", "a 2 bedroom apartment in Dubai Marina", "show me")
            for place, words in enumerate(asks, 1):
                if words == asks[-1]:
                    waha.fake.answer_next(*instead)
                assert await waha.say(chat(number), words, f"{number}-{place}") == 200
                sent = await waha.fake.wait_sent(place, chat=chat(number), timeout=30)
            return sent[-1]

        with_photo = await shown(1)
        assert "A flat by the sea" in with_photo.text
        assert "1. Book a viewing" in with_photo.text
        assert with_photo.file is not None
        async with httpx.AsyncClient(base_url=f"http://{waha.fake.address}", trust_env=False) as control:
            [told] = (await control.get("/_fake/sent", params={"after": with_photo.index - 1})).json()[
                "sends"
            ]
            assert (told["file"]["kind"], told["file"]["size"]) == ("image", len(PNG))
            assert (await control.get("/_fake/file", params={"index": with_photo.index})).content == PNG
        # WAHA tells of it as of what somebody sent from an app, and nobody takes it for a person's.
        await waha.settled(3)
        assert (
            await waha.world.number("select count(*) from conversation where paused_after is not null") == 0
        )

        assert await waha.say(chat(1), "3", "1-4") == 200
        sheet = (await waha.fake.wait_sent(4, chat=chat(1), timeout=30))[-1]
        assert sheet.file is not None
        assert (sheet.file.mime, sheet.file.filename) == ("application/pdf", "PA-101.pdf")

        without = await shown(2, Answer(422))
        assert (without.file, without.text) == (None, with_photo.text)
        assert await waha.world.majlis.metric("majlis_files_total", result="uploaded") == 2
        assert await waha.world.majlis.metric("majlis_files_total", result="refused") == 1
