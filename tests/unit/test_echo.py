"""The smallest bot answers each text with itself, quoting it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import msgspec

from actors.echo import EchoState, app
from actors.messages import LocationShared, MessageReceived, Text
from runtime import Event, Transaction, Turn


class NoDatabase:
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        raise AssertionError("the echo has no tables")


async def test_each_text_comes_back_once_with_its_quote() -> None:
    turn = Turn(
        conversation="c1",
        channel="meta:1",
        version=1,
        state=EchoState(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        resources=NoDatabase(),
    )
    events: tuple[Event, ...] = (
        MessageReceived(id="m1", text="سلام"),
        LocationShared(id="m2", latitude=25.1, longitude=55.2),
        MessageReceived(id="m3", text="again"),
    )
    for event in events:
        await app.actor.receive(turn, event)
    said = [msgspec.json.decode(effect.payload, type=Text) for effect in turn.effects]
    assert said == [Text("سلام", quote="m1"), Text("again", quote="m3")]
    assert turn.state.seen == 2


def test_the_app_is_complete() -> None:
    assert app.name == "echo"
    assert [provider.name for provider in app.providers] == ["meta"]
    assert isinstance(app.codec.decode(b'{"type":"MessageReceived","id":"m","text":"x"}'), MessageReceived)
