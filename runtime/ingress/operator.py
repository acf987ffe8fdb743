"""Commands to a running server, over a Unix socket that only its owner can open: the endpoint and its client.

POST /<command> with a JSON object of strings; the answer is the command's result as JSON, or {"error": "..."}.
Knows nothing of what the commands do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx
import msgspec
import trio

from runtime.channel import Request, Response

JSON = "application/json"

Command = Callable[[Mapping[str, str]], Awaitable[object]]


class OperatorError(Exception):
    """A command could not be done. The message is for the person who gave it; a command raises it to say why."""


class ServerUnreachableError(OperatorError):
    """No server answers at the socket."""


class _Failure(msgspec.Struct, frozen=True):
    error: str


def operator_endpoint(commands: Mapping[str, Command]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that runs `commands` by name; serve it on a Unix socket, never on a port.

    A result is anything msgspec encodes. `OperatorError` becomes 422 with its message, other exceptions propagate.
    """

    async def answer(request: Request) -> Response:
        command = commands.get(request.path.removeprefix("/"))
        if command is None:
            return _failure(404, f"no such command; there are: {', '.join(sorted(commands))}")
        if request.method != "POST":
            return _failure(405, "only POST", ("Allow", "POST"))
        try:
            arguments = msgspec.json.decode(request.body or b"{}", type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _failure(400, f"the body must be a JSON object of strings: {error}")
        try:
            result = await command(arguments)
        except OperatorError as error:
            return _failure(422, str(error))
        return Response(200, msgspec.json.encode(result), content_type=JSON)

    return answer


def _failure(status: int, error: str, *headers: tuple[str, str]) -> Response:
    return Response(status, msgspec.json.encode(_Failure(error)), content_type=JSON, headers=headers)


async def call_operator(socket: Path, command: str, arguments: Mapping[str, str], timeout: float) -> object:
    """Run `command` in the server that listens at `socket` and return its result, within `timeout` seconds.

    Raises `ServerUnreachableError` if nobody answers there in time, `OperatorError` with the server's own words if
    it refuses. Cancellation closes the connection; the server may still carry the command out.
    """
    try:
        with trio.fail_after(timeout):
            async with httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(uds=str(socket)), timeout=timeout, trust_env=False
            ) as client:
                url = httpx.URL("http://operator/").copy_with(path=f"/{command}")
                response = await client.post(url, content=msgspec.json.encode(arguments))
    except (httpx.TransportError, OSError) as error:
        raise ServerUnreachableError(f"no server answers at {socket}; is `serve` running?") from error
    except trio.TooSlowError as error:
        raise ServerUnreachableError(f"the server at {socket} did not answer within {timeout:g} s") from error
    if response.status_code == 200:
        result: object = msgspec.json.decode(response.content)
        return result
    try:
        raise OperatorError(msgspec.json.decode(response.content, type=_Failure).error)
    except msgspec.DecodeError:
        raise OperatorError(f"{command}: the server answered {response.status_code}; see its log") from None
