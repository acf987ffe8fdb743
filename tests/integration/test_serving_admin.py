"""Probes read the admin listener; operators give commands over a Unix socket; both behind the real server."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
import structlog.testing
import trio

from runtime.ingress.admin import Backend, Check, Readiness, admin_endpoint
from runtime.ingress.operator import OperatorError, ServerUnreachableError, call_operator, operator_endpoint
from runtime.ingress.serving import Endpoint, serve_http


@asynccontextmanager
async def serving(endpoint: Endpoint, bind: str) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address."""
    shutdown = trio.Event()
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(partial(serve_http, endpoint, bind=[bind], shutdown=shutdown))
        yield addresses[0]
        shutdown.set()


READY = Readiness(
    phase="running",
    accepting=True,
    backends={"postgres": Backend("embedded", "18.6"), "redis": Backend("url")},
    checks={"postgres": Check("ok"), "redis": Check("degraded", "connection refused")},
)


class Node:
    """What the admin listener asks."""

    alive = True
    readiness = READY


@asynccontextmanager
async def probing(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    endpoint = admin_endpoint(
        live=lambda: node.alive, ready=lambda: node.readiness, metrics=lambda: b"majlis_up 1\n"
    )
    async with serving(endpoint, "127.0.0.1:0") as address, httpx.AsyncClient(base_url=address) as client:
        yield client


async def test_livez_is_about_the_loop_and_readyz_about_the_rest() -> None:
    node = Node()
    async with probing(node) as client:
        assert (await client.get("/livez")).status_code == 200
        node.readiness = Readiness(phase="starting", accepting=False)
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        node.alive = False
        assert (await client.get("/livez")).status_code == 503


async def test_readyz_tells_phase_backends_and_checks_and_a_degraded_one_is_ready() -> None:
    async with probing(Node()) as client:
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "ready": True,
        "phase": "running",
        "backends": {
            "postgres": {"kind": "embedded", "version": "18.6"},
            "redis": {"kind": "url", "version": ""},
        },
        "checks": {
            "postgres": {"status": "ok", "reason": ""},
            "redis": {"status": "degraded", "reason": "connection refused"},
        },
    }


@pytest.mark.parametrize(
    "readiness",
    [
        Readiness(phase="draining", accepting=False, checks={"postgres": Check("ok")}),
        Readiness(phase="running", accepting=True, checks={"postgres": Check("fail", "down")}),
    ],
)
async def test_a_leaving_node_and_a_failed_check_are_not_ready(readiness: Readiness) -> None:
    node = Node()
    node.readiness = readiness
    async with probing(node) as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (503, False)


async def test_metrics_are_prometheus_text_and_nothing_else_is_there() -> None:
    async with probing(Node()) as client:
        response = await client.get("/metrics")
        assert response.content == b"majlis_up 1\n"
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert (await client.get("/webhooks/meta")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        assert (await client.head("/livez")).status_code == 200


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a socket may be."""
    with tempfile.TemporaryDirectory(prefix="majlis-") as name:
        yield Path(name) / "operator"


async def greet(arguments: Mapping[str, str]) -> object:
    if "name" not in arguments:
        raise OperatorError("greet: say whom, name=...")
    return {"said": f"hello {arguments['name']}", "times": 1}


async def fail(arguments: Mapping[str, str]) -> object:
    raise KeyError("secret")


async def hang(arguments: Mapping[str, str]) -> object:
    await trio.sleep_forever()
    raise AssertionError


COMMANDS = operator_endpoint({"greet": greet, "fail": fail})


async def test_a_command_runs_in_the_server_and_its_result_comes_back(path: Path) -> None:
    async with serving(COMMANDS, f"unix:{path}"):
        assert await call_operator(path, "greet", {"name": "سارا"}, timeout=2) == {
            "said": "hello سارا",
            "times": 1,
        }


async def test_a_command_that_cannot_be_done_says_why(path: Path) -> None:
    async with serving(COMMANDS, f"unix:{path}"):
        with pytest.raises(OperatorError, match=r"^greet: say whom, name=\.\.\.$"):
            await call_operator(path, "greet", {}, timeout=2)
        with pytest.raises(OperatorError, match=r"^no such command; there are: fail, greet$"):
            await call_operator(path, "great", {}, timeout=2)
        with (
            structlog.testing.capture_logs() as logs,
            pytest.raises(OperatorError, match=r"^fail: the server answered 500; see its log$"),
        ):
            await call_operator(path, "fail", {}, timeout=2)
    assert "KeyError" in repr(logs)
    assert "secret" not in repr(logs)


@pytest.mark.parametrize("body", [b"[1]", b'{"a": 1}', b"{", b"\xff", b"[" * 20_000])
async def test_a_body_that_is_no_object_of_strings_is_told_so(path: Path, body: bytes) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with serving(COMMANDS, f"unix:{path}"), httpx.AsyncClient(transport=transport) as client:
        response = await client.post("http://here/greet", content=body)
        assert response.status_code == 400
        assert response.json()["error"].startswith("the body must be a JSON object of strings")
        assert (await client.get("http://here/greet")).status_code == 405


async def test_without_a_server_the_error_says_so(path: Path) -> None:
    with pytest.raises(ServerUnreachableError, match=r"no server answers at .*; is `serve` running\?"):
        await call_operator(path, "greet", {}, timeout=2)


async def test_a_command_that_takes_too_long_is_given_up(path: Path) -> None:
    shutdown = trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(
            partial(serve_http, operator_endpoint({"hang": hang}), bind=[f"unix:{path}"], shutdown=shutdown)
        )
        with pytest.raises(ServerUnreachableError, match=r"did not answer within 0\.1 s"):
            await call_operator(path, "hang", {}, timeout=0.1)
        nursery.cancel_scope.cancel()
