"""Whatever is logged during a turn, a send or work carries what it is about, whoever logs it; nothing else does."""

from __future__ import annotations

import pytest
import structlog
import trio
import trio.testing
from structlog.testing import capture_logs

from runtime import Event, Refused, Turn, Verified
from runtime.actor.concern import EVENT, add_concern, concern
from runtime.actor.event import TimerDue
from runtime.testing import rehearse
from tests.unit.test_node_in_memory import Memory, Parrot, Said, World, quiet, said

log = structlog.get_logger("an actor")


class Chatty(Parrot):
    """Logs before it is named, after it, and from a task of its own; then does as the parrot."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        log.info("begins")
        turn.label(tenant="palm")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.think)
        await super().receive(turn, event)
        if isinstance(event, Said) and event.text == "remind":
            turn.remind("nudge", at=turn.now)
        if isinstance(event, TimerDue):
            log.info("nudged")

    async def think(self) -> None:
        await trio.lowlevel.checkpoint()
        log.info("thinks")


@pytest.fixture
def world() -> World:
    world = World()
    world.app = type(world.app)("chatty", Chatty(), (world.post,), (Said,))
    return world


async def test_every_line_of_a_turn_says_conversation_event_turn_and_what_the_app_has_named(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    world.app.actor.to_fail.append("2")
    with capture_logs(processors=[add_concern]) as logs:
        async with world.node() as node:
            await node.store(Verified((said(1),)))
            await quiet(world)
            await node.store(Verified((said(2),)))
            await quiet(world)
            (conversation,) = world.store.conversations
    lines = [
        (line["event"], line[EVENT], line["turn"], line.get("tenant"))
        for line in logs
        if line.get("conversation") == conversation
    ]
    first = [("begins", 1, 1, None), ("thinks", 1, 1, "palm")]
    second = [("begins", 2, 2, None), ("thinks", 2, 2, "palm")]
    assert lines == [*first, *second, ("turn failed", 2, 2, "palm"), *second]
    told = {line["event"] for line in logs if EVENT not in line and "turn" not in line}
    assert told == {"shards taken"}


async def test_a_line_of_a_reminder_names_it(world: World, autojump_clock: trio.testing.MockClock) -> None:
    with capture_logs(processors=[add_concern]) as logs:
        async with world.node() as node:
            await node.store(Verified((said("remind"),)))  # type: ignore[arg-type]
            while not any(line["event"] == "nudged" for line in logs):
                await trio.sleep(0.1)
    (line,) = [line for line in logs if line["event"] == "nudged"]
    assert (line[EVENT], line["turn"], line["tenant"]) == ("nudge", 2, "palm")


async def test_lines_of_sends_carry_their_effect_and_nothing_of_the_turn(
    world: World, autojump_clock: trio.testing.MockClock
) -> None:
    class Wordy(type(world.post)):  # type: ignore[misc]
        async def perform(self, delivery: object, http: object) -> object:
            log.info("asks the provider")
            return await super().perform(delivery, http)

    post = Wordy()
    world.post = post
    world.app = type(world.app)("chatty", Chatty(), (post,), (Said,))
    post.answers.append(Refused("1", "no"))
    with capture_logs(processors=[add_concern]) as logs:
        async with world.node() as node:
            await node.store(Verified((said(1),)))
            await quiet(world)
            (conversation,) = world.store.conversations
    asked = [line for line in logs if line["event"] in {"asks the provider", "send not accepted"}]
    assert {line["event"] for line in asked} == {"asks the provider", "send not accepted"}
    for line in asked:
        assert (line["conversation"], line["channel"]) == (conversation, "post:1")
        assert line["effect"] in post.ids
        assert not {EVENT, "turn", "tenant"} & line.keys()


async def test_what_a_line_says_itself_stays() -> None:
    class About:
        def told(self) -> dict[str, object]:
            return {"conversation": "c1", "turn": 3}

    token = concern.set(About())
    try:
        assert add_concern(None, "info", {"event": "x", "turn": 4}) == {
            "event": "x",
            "turn": 4,
            "conversation": "c1",
        }
    finally:
        concern.reset(token)


@pytest.mark.parametrize(
    "labels",
    [
        {"conversation": "mine"},
        {"event": "1"},
        {"_event": "1"},
        {"x" * 65: "1"},
        {"tenant": ""},
        {"tenant": "x" * 65},
        {"tenant": "two\nlines"},
        dict.fromkeys("abcde", "x"),
    ],
    ids=str,
)
async def test_labels_are_few_short_and_hide_nothing(labels: dict[str, str]) -> None:
    class Labelling(Parrot):
        async def receive(self, turn: Turn[Memory], event: Event) -> None:
            with pytest.raises(ValueError, match="label"):
                turn.label(**labels)
            assert not turn.labels

    await rehearse(Labelling(), Said(text="hello"))
