"""What no provider should send, on a real `serve`: a clear answer, and nobody else notices."""

from __future__ import annotations

import json
from contextlib import suppress

import trio

from tests.integration.world import (
    MARK,
    ONE,
    OWN,
    TWO,
    Majlis,
    World,
    answer_of,
    channel,
    envelope,
    open_world,
    person,
    signature,
    status_of,
    text,
    webhook,
)

MB = 1024 * 1024
QUICK = {"body_timeout": 1.0, "header_timeout": 1.0, "keep_alive": 3.0}


async def test_malformed_forged_and_oversized_webhooks_are_refused_with_their_reason(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        majlis = world.majlis
        good = webhook(OWN, text(person(1), f"hello {MARK}"))
        for body in (
            b"",
            b"{",
            b"[]",
            b"\xff\xfe",
            good[:-1],
            b'{"object":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        ):
            assert await majlis.post(body) == 400
        assert await majlis.post(good, secret="of somebody else") == 401
        assert await majlis.post(good, x_hub_signature_256="sha256=") == 401
        assert await majlis.post(good, x_hub_signature_256=signature(good)[:-1]) == 401
        assert await majlis.post(good + b" ", x_hub_signature_256=signature(good)) == 401
        async with await majlis.connect() as stream:  # no signature at all
            await stream.send_all(
                b"POST /webhooks/meta HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                % (len(good), good)
            )
            assert status_of(await answer_of(stream)) == 401
        assert await majlis.post(b" " * (4 * MB + 1)) == 413
        assert (await majlis.get("/")).status_code == 404
        assert await world.number("select count(*) from inbox") == 0
        await world.welcomed(majlis, person(2))


async def test_odd_texts_and_large_batches_are_stored_and_answered_once(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        majlis = world.majlis
        odd = [f"nul \0 {MARK}", f"half a pair \ud800 {MARK}", f"\udfff\ud83d {MARK}", f"\u202e\ufeff {MARK}"]
        assert await majlis.post(webhook(OWN, *(text(person(i), body) for i, body in enumerate(odd)))) == 200
        await world.handled(4)

        large = [text(person(10 + i), f"{MARK} {i} " + "ل" * 1700) for i in range(300)]
        body = webhook(OWN, *large)
        assert 2.9 * MB < len(body) < 4 * MB
        assert await majlis.post(body) == 200
        await world.handled(304)

        # A thousand updates of which each stands twice, and none of whose people is introduced.
        many = [text(person(1000 + i), f"{MARK} {i}") for i in range(500)]
        assert await majlis.post(webhook(OWN, *many, *many, contacts=[])) == 200
        assert await majlis.post(webhook(OWN, *many[:50])) == 200
        await world.handled(804, within=20)
        await world.fake.wait_sent(count=804, timeout=20)
        assert world.fake.last_index == 804
        assert len({sent.to for sent in world.fake.sent()}) == 804


async def test_clients_that_stall_idle_or_want_another_protocol_keep_nobody_waiting(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, server=QUICK) as world:
        majlis = world.majlis
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stalls, majlis)
            nursery.start_soon(dribbles, majlis)
            nursery.start_soon(never_ends, majlis)
            nursery.start_soon(upgrades, majlis)
            await crowds(world)
        await world.welcomed(majlis, person(99))
        assert world.majlis.process.lives == 1
        assert await majlis.metric("majlis_http_faults_total", where="connection") == 0
        assert await majlis.metric("majlis_http_faults_total", where="endpoint") == 0


async def stalls(majlis: Majlis) -> None:
    """Promise a body and send a part of it."""
    async with await majlis.connect() as stream:
        await stream.send_all(b"POST /webhooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert status_of(await answer_of(stream, 5)) == 408


async def dribbles(majlis: Majlis) -> None:
    """Send a head slowly, for ever."""
    async with await majlis.connect() as stream, trio.open_nursery() as nursery:

        async def drip() -> None:
            await stream.send_all(b"GET / HTTP/1.1\r\n")
            try:
                while True:
                    await stream.send_all(b"X-More: and more\r\n")
                    await trio.sleep(0.1)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

        nursery.start_soon(drip)
        with suppress(trio.BrokenResourceError):  # cut while we were still talking
            assert status_of(await answer_of(stream, 5)) in {0, 400, 408, 431}
        nursery.cancel_scope.cancel()


async def never_ends(majlis: Majlis) -> None:
    """Send one header as fast as it goes, for ever."""
    async with await majlis.connect() as stream, trio.open_nursery() as nursery:

        async def pour() -> None:
            try:
                await stream.send_all(b"GET / HTTP/1.1\r\nX-Long: ")
                while True:
                    await stream.send_all(b"a" * 65536)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

        nursery.start_soon(pour)
        with suppress(trio.BrokenResourceError):
            assert status_of(await answer_of(stream, 5)) in {0, 400, 431}
        nursery.cancel_scope.cancel()


async def upgrades(majlis: Majlis) -> None:
    """Ask for a websocket and go on talking."""
    async with await majlis.connect() as stream:
        await stream.send_all(
            b"GET /webhooks/meta HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            b"\x81\x85trailing bytes that are no part of any request"
        )
        assert status_of(await answer_of(stream, 5)) == 400


async def crowds(world: World) -> None:
    """Hold five hundred connections that say nothing; somebody else is served at once, and then they are closed."""
    streams = [await world.majlis.connect() for _ in range(500)]
    try:
        for guest in range(200, 205):
            began = trio.current_time()
            await world.welcomed(world.majlis, person(guest))
            assert trio.current_time() - began < 1.0
        for stream in streams:
            assert await answer_of(stream, 6) == b""
    finally:
        for stream in streams:
            await trio.aclose_forcefully(stream)


async def test_a_webhook_speaks_only_for_the_channels_of_its_own_secret(
    postgres_dsn: str, redis_dsn: str
) -> None:
    rotating, foreign = "100200300400011", "100200300400012"
    channels = [
        channel(rotating, "palm", app_secret=[ONE, "the-secret-before-it"]),
        channel(foreign, app_secret=TWO),
    ]
    async with open_world(postgres_dsn, redis_dsn, channels=channels) as world:
        majlis = world.majlis

        right = await majlis.get("/webhooks/meta", **_handshake("verify-token-77a0"))
        assert (right.status_code, right.text) == (200, "1158201444")
        assert (await majlis.get("/webhooks/meta", **_handshake("guessed"))).status_code == 403

        assert await majlis.post(webhook(rotating, text(person(1), f"new {MARK}"))) == 200
        old = webhook(rotating, text(person(2), f"old {MARK}"))
        assert await majlis.post(old, secret="the-secret-before-it") == 200
        await world.handled(2)

        assert await majlis.post(webhook(foreign, text(person(3), f"not mine {MARK}"))) == 200
        assert await majlis.post(webhook("555", text(person(4), f"nobody's {MARK}"))) == 200
        both = json.loads(webhook(foreign, text(person(5), f"smuggled {MARK}")))
        both["entry"] += json.loads(webhook(rotating, text(person(6), f"mine {MARK}")))["entry"]
        assert await majlis.post(json.dumps(both).encode()) == 200
        await world.handled(3)
        assert await majlis.metric("majlis_webhook_dropped_total", reason="foreign_channel") == 2
        assert await majlis.metric("majlis_webhook_dropped_total", reason="unknown_channel") == 1
        await world.fake.wait_sent(count=3)
        assert {sent.to for sent in world.fake.sent()} == {person(1), person(2), person(6)}


async def test_news_of_an_account_go_to_a_conversation_of_its_own_and_are_not_answered(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        review = {"event": "APPROVED", "message_template_id": 594425479261596, "message_template_name": MARK}
        change = {"field": "message_template_status_update", "value": review}
        assert await world.majlis.post(envelope(change, account="102290129340398")) == 200
        assert await world.majlis.post(envelope(change, account="102290129340398")) == 200
        await world.handled(1)
        [row] = await world.rows("select channel, address, version, state from conversation")
        assert (row["channel"], row["version"]) == ("meta:account:102290129340398", 1)
        assert b"notice:message_template_status_update" in row["state"]
        await world.welcomed(world.majlis, person(1))
        assert world.fake.last_index == 1


def _handshake(token: str) -> dict[str, str]:
    return {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
