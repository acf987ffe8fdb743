"""Where a fake Graph is, and what is told of a place where none is."""

from __future__ import annotations

import pytest
import trio

from actors.channels.fake_graph.place import NoFakeGraph, fake_graph_at


async def test_one_that_breaks_off_because_it_ends_is_no_longer_there(nursery: trio.Nursery) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]

    async def end_in_the_middle() -> None:
        async with listener:
            for _ in range(2):
                async with await listener.accept() as stream:
                    await stream.receive_some(1)

    nursery.start_soon(end_in_the_middle)
    assert await fake_graph_at("127.0.0.1", port) is None


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"]
)
async def test_what_never_answers_as_one_is_none(nursery: trio.Nursery, answer: bytes) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(65536)
            await stream.send_all(answer)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    with pytest.raises(NoFakeGraph, match=str(port)):
        await fake_graph_at("127.0.0.1", port)
    nursery.cancel_scope.cancel()
