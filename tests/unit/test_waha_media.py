"""Media of WAHA: from a private network over plain http, with the key, and from no other server whatever a link says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from actors.channels.waha import WahaProvider
from actors.media.task import Download, MediaFetched
from config import Settings
from runtime import Answered, Delivery
from runtime.actor.effect import Lane
from tests.unit.waha_webhooks import API_KEY, KEY, channel

EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(600)


class Answer:
    """An answer that is read chunk by chunk."""

    def __init__(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.status_code, self.headers, self._content = status, httpx.Headers(headers), content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Server:
    """Gives what is at a URL, and keeps who asked with which key."""

    def __init__(self, **found: Answer) -> None:
        self.found = {f"http://waha:3000/api/files/{name}": answer for name, answer in found.items()}
        self.asked: list[tuple[str, str]] = []

    @asynccontextmanager
    async def stream(self, method: str, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Answer]:
        self.asked.append((f"{method} {url}", headers.get("x-api-key", "")))
        yield self.found[url]


async def fetched(tmp_path: Path, server: Server, media: str) -> MediaFetched:
    provider = WahaProvider()
    provider.configure(Settings(data_dir=tmp_path, channels=(channel(api_url="http://waha:3000"),)))
    task = msgspec.json.encode(Download(message="m", kind="image", media=media, mime="image/jpeg"))
    delivery = Delivery(EFFECT, KEY, "", Lane.WORK, task)
    outcome = await provider.perform(delivery, server)  # type: ignore[arg-type]
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.event, MediaFetched)
    return outcome.event


@pytest.mark.parametrize("host", ["http://localhost:3000", "http://waha:3000", "https://evil.example.com"])
async def test_whatever_host_the_webhook_names_our_own_server_is_asked(tmp_path: Path, host: str) -> None:
    server = Server(picture=Answer(200, JPEG))
    assert (await fetched(tmp_path, server, f"{host}/api/files/picture")).result == "stored"
    assert server.asked == [("GET http://waha:3000/api/files/picture", API_KEY)]


async def test_what_is_not_in_the_store_of_files_is_not_asked_for(tmp_path: Path) -> None:
    server = Server()
    for link in ("http://waha:3000/api/sessions", "http://169.254.169.254/latest"):
        assert (await fetched(tmp_path, server, link)).result == "failed"
    assert server.asked == []


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest", "http://waha:3001/x", "https://cdn.example.com/x"]
)
async def test_no_redirect_leads_to_another_server(tmp_path: Path, place: str) -> None:
    server = Server(picture=Answer(302, location=place))
    event = await fetched(tmp_path, server, "http://waha:3000/api/files/picture")
    assert (event.result, event.code) == ("failed", "forbidden_link")
    assert {url for url, _ in server.asked} == {"GET http://waha:3000/api/files/picture"}
