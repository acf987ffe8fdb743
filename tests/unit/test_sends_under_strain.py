"""Sends when something stays broken for long: one message, one channel, many conversations. In virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
import trio

from actors.messages import MarkRead
from runtime import Actor, App, Event, Turn, Verified
from tests.unit.test_error_classes import Graph, Memory, Said, World, error, people, said, taken, until


class Choosy(Graph):
    """Answers as it is told to where the body holds a word, else takes what comes."""

    def __init__(self, word: str, answer: Callable[[], httpx.Response]) -> None:
        super().__init__()
        self.word, self.answer = word.encode(), answer
        self.tries: list[float] = []

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        if self.word in (content or b""):
            self.tries.append(trio.current_time())
            return self.answer()
        return await super().request(method, url, headers=headers, content=content)


async def test_one_message_that_alone_finds_the_channel_broken_does_not_shut_it_again_and_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph = graph = Choosy("poison", lambda: error(10, 403))
    async with world.node() as node:
        await node.store(Verified((said("poison", "971500000001"), said("behind", "971500000001"))))
        for n in range(200):
            await node.store(Verified((said(f"m{n}", f"9716{n:08d}"),)))
            await trio.sleep(2)
        await until(lambda: len(world.graph.taken) == 200)
        asked = {text: at for at, _, text in world.graph.asked}
        late = [n for n in range(200) if asked[f"m{n}"] - 2 * n > 1]
        assert len(late) <= 10  # those that came before the first probe
        assert 8 < len(graph.tries) < 40  # it is tried itself, at growing intervals
        assert not node.lanes.statistics().open_circuits["meta:1"]
        graph.word = b"nothing"
        await until(lambda: world.settled, 35)
    assert world.graph.taken[-2:] == ["poison", "behind"]


async def test_a_token_that_breaks_twice_shuts_the_channel_twice_and_nothing_is_lost_or_out_of_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    texts = tuple(f"{n}.{k}" for k in range(3) for n in range(100))
    async with world.node(reply_expires=86400.0) as node:
        await node.store(Verified(tuple(said(text, f"9715{int(text.split('.')[0]):08d}") for text in texts)))
        for _ in range(2):
            await trio.sleep(0.7)
            world.graph.always["1"] = error(190, 401)
            await trio.sleep(1800)
            assert node.lanes.statistics().open_circuits == {"meta:1": 1}
            world.graph.always.clear()
            node.sending.adjust()
        await until(lambda: world.settled, 60)
    assert len(world.graph.taken) == 300
    for person in range(100):
        mine = [text for text in world.graph.taken if text.startswith(f"{person}.")]
        assert mine == [f"{person}.{k}" for k in range(3)]
    assert world.failures == []


async def test_a_stop_while_the_channel_is_shut_is_over_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.graph.always["1"] = error(190)
    async with world.node() as node:
        await node.store(people(500))
        await trio.sleep(100)
        before = trio.current_time()
        await node.finish_effects()
        assert trio.current_time() - before < 0.01
        await trio.sleep(1)
        assert node.lanes.statistics().lanes == 0


class Reader(Actor[Memory]):
    """Says that it has read what it hears."""

    async def receive(self, turn: Turn[Memory], event: Event) -> None:
        turn.aside(MarkRead("wamid.1"))


class Marked(Graph):
    """Takes read marks, but lets those of channel 1 hang."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        await trio.sleep(0.1)
        channel = url.split("/")[-2]
        self.taken.append(channel)
        if channel == "1":
            await trio.sleep_forever()
        return taken(1)


async def test_read_marks_of_a_channel_that_hangs_hold_no_other_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    world.app = App("reader", Reader(), world.app.providers, (Said,))
    world.graph = Marked()
    async with world.node() as node:
        await node.store(people(200))
        await trio.sleep(1)
        await node.store(people(20, "2"))
        await until(lambda: world.graph.taken.count("2") == 20, 3)
