"""The watch over the provider's log forgets nothing, also when a look is cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
import trio

from actors.channels.fake_graph import FakeGraph
from actors.simulate.door import Watch
from actors.simulate.meta_door import MetaDoor
from config import Settings, load


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
