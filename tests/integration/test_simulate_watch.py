"""The watch over the provider's log forgets nothing, also when a look is cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
import trio

from actors.channels.fake_graph import FakeGraph
from actors.channels.fake_twilio import Answer, FakeTwilio
from actors.channels.twilio import TwilioProvider
from actors.messages import Text
from actors.simulate.door import SimulationError, Watch
from actors.simulate.meta_door import MetaDoor
from actors.simulate.twilio_door import TwilioDoor
from config import Settings, load
from runtime import Accepted, Delivery, HttpClient, Lane, TryAgain, open_http_client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path)})


@pytest.fixture
async def fake(settings: Settings, nursery: trio.Nursery) -> AsyncIterator[FakeGraph]:
    fake = FakeGraph.of(settings, "")
    await nursery.start(fake.serve, "127.0.0.1", 0)
    yield fake
    nursery.cancel_scope.cancel()


async def accept(settings: Settings, fake: FakeGraph, client: httpx.AsyncClient, to: str) -> None:
    """Let the provider accept a send."""
    channel = settings.channels[0]
    url = f"http://{fake.address}/v23.0/{channel.id}/messages"
    headers = {"authorization": f"Bearer {channel.access_token.reveal()}"}
    body = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "hello"}}
    assert (await client.post(url, json=body, headers=headers)).status_code == 200


async def cancelled_after(watch: Watch, checkpoints: int) -> int:
    """Look, but be cancelled at the checkpoint of this number; return how many sends the caller got all the same."""
    got = 0

    async def look() -> None:
        nonlocal got
        got = len(await watch.more())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    return got


@pytest.mark.parametrize("where", ["in this process", "in another process"])
async def test_what_a_cancelled_look_has_read_comes_with_the_next(
    settings: Settings, fake: FakeGraph, where: str
) -> None:
    channels = [msgspec.structs.replace(settings.channels[0], api_url=f"http://{fake.address}/v23.0")]
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        MetaDoor().watching(settings, channels, fake if where == "in this process" else None) as watch,
    ):
        for checkpoints in range(40):
            await accept(settings, fake, client, f"9990000{checkpoints:02}")
            got = await cancelled_after(watch, checkpoints)
            assert got + len(await watch.more()) == 1
            assert await watch.more() == []


@pytest.mark.parametrize("where", ["in this process", "in another process"])
async def test_what_a_fake_twilio_got_since_the_watch_began_is_seen_once(
    settings: Settings, where: str, nursery: trio.Nursery
) -> None:
    door = TwilioDoor()
    staffed = door.staffed(settings, 1, shared=True, mps=80)
    fake = FakeTwilio(staffed, "")
    address = await nursery.start(fake.serve)
    [channel] = channels = [msgspec.structs.replace(staffed.channels[0], api_url=f"http://{address}")]
    provider = TwilioProvider()
    provider.configure(msgspec.structs.replace(staffed, channels=tuple(channels)))

    async def send(http: HttpClient, number: str) -> None:
        payload = msgspec.json.encode(Text("One sentence. " * 200))  # two sends, and one reply
        wanted = Delivery("e" + number, channel.key, f"wa_id:{number}", Lane.SEND, payload)
        assert isinstance(await provider.perform(wanted, http), Accepted)

    async with open_http_client() as http:
        await send(http, "99900001")
        async with door.watching(staffed, channels, fake if where == "in this process" else None) as watch:
            assert await watch.more() == []
            await send(http, "99900002")
            fake.answer_next(Answer(429, 20429))
            await send_refused(http, provider, channel.key)
            [reply] = await watch.more()
            assert (reply.to, reply.effect, reply.channel) == ("99900002", "e99900002", channel.id)
            assert (reply.index, fake.last_index) == (4, 4)
            assert await watch.more() == []
            assert await watch.violations() == {"refused with 20429": 1}
    nursery.cancel_scope.cancel()


async def send_refused(http: HttpClient, provider: TwilioProvider, channel: str) -> None:
    wanted = Delivery("e", channel, "wa_id:99900003", Lane.SEND, msgspec.json.encode(Text("Hello")))
    assert isinstance(await provider.perform(wanted, http), TryAgain)


async def test_what_is_no_fake_twilio_is_told(settings: Settings, fake: FakeGraph) -> None:
    staffed = TwilioDoor().staffed(settings, 1, shared=True, mps=80)
    channels = [msgspec.structs.replace(staffed.channels[0], api_url=f"http://{fake.address}")]
    with pytest.raises(SimulationError, match="something that is no fake Twilio"):
        async with TwilioDoor().watching(staffed, channels, None):
            pass
    real = [msgspec.structs.replace(staffed.channels[0], api_url="https://api.twilio.com")]
    with pytest.raises(SimulationError, match="fake Twilio on loopback"):
        async with TwilioDoor().watching(staffed, real, None):
            pass
