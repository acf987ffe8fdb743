"""The phone's line: webhooks to a running Majlis, signed; and what the stand-in provider was asked to send.

A message is posted until it is answered 200, with the same id, as the provider does.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import msgspec
import trio

from actors.channels.fake_graph import SentPage
from actors.channels.fake_graph.place import fake_graph_at, place_of
from actors.phone.envelope import Person, encode, fresh_id
from config import Channel, Settings
from runtime.cli import CommandFailed
from runtime.testing import read_ledger

_BACKOFF = 0.1  # seconds between two attempts
_ATTEMPT = 5.0  # seconds an attempt may take
_POLL = 20.0  # seconds for which the provider holds a question without an answer


class NoConnection(CommandFailed):
    """The server or the provider did not answer in time."""


class Message(msgspec.Struct, frozen=True):
    """A message that was stored."""

    id: str
    person: Person
    channel: Channel


class Line:
    """A line to the Majlis at `server` and to the provider that these settings' channels have."""

    def __init__(self, settings: Settings, server: str, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._server = server
        self._client = client
        host, port = place_of(settings.channels)
        self._provider = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def files(self) -> str:
        """Where the provider shows an upload: its id comes behind this."""
        return f"{self._provider}/_fake/media/"

    async def post(
        self,
        person: Person,
        channel: Channel,
        part: Mapping[str, object],
        *,
        message: str = "",
        within: float,
    ) -> Message:
        """Deliver what a person did; it is stored when this returns. Raises NoConnection after `within` seconds."""
        message = message or fresh_id()
        body = encode(person, channel, message, part, int(time.time()))
        digest = hmac.new(channel.app_secret[0].reveal().encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
        answer = "no answer"
        with trio.move_on_after(within):
            while True:
                try:
                    response = await self._client.post(
                        f"{self._server}/webhooks/meta", content=body, headers=headers, timeout=_ATTEMPT
                    )
                    if response.status_code == 200:
                        return Message(message, person, channel)
                    answer = str(response.status_code)
                except httpx.HTTPError as fault:
                    answer = type(fault).__name__
                await trio.sleep(_BACKOFF)
        raise NoConnection(
            f"the server at {self._server} did not take the message within {within:g} s: {answer}"
        )

    async def last(self) -> int:
        """Return the index of the provider's newest send. Raises NoConnection."""
        return (await self._sent({"limit": "1"})).last

    async def heard(self, after: int, *, to: str = "", channel: str = "", wait: float = _POLL) -> SentPage:
        """Return the sends after an index, waiting up to `wait` seconds for the first. Raises NoConnection."""
        return await self._sent({"after": str(after), "to": to, "channel": channel, "wait": f"{wait:.3f}"})

    async def sends_for(self, message: Message) -> Mapping[str, str] | None:
        """Return what the database holds of the answer: the effect ids of the message's turn, each with its status.

        None: it was not handled yet, or the database does not answer.
        """
        try:
            ledger = await read_ledger(self._settings)
        except Exception:  # noqa: BLE001 - a server that is starting has no database yet; the caller asks again
            return None
        dedup = f"m|{message.channel.key}|{message.id}"
        entry = next((entry for entry in ledger.entries if entry.dedup == dedup), None)
        if entry is None or not entry.turns:
            return None
        turn = (entry.conversation, entry.version)
        return {
            send.effect: send.status for send in ledger.sends if (send.conversation, send.version) == turn
        }

    async def _sent(self, query: Mapping[str, str]) -> SentPage:
        try:
            answer = await self._client.get(
                f"{self._provider}/_fake/sent", params=query, timeout=_POLL + _ATTEMPT
            )
            return msgspec.json.decode(answer.content, type=SentPage)
        except (httpx.HTTPError, msgspec.MsgspecError) as fault:
            raise NoConnection(f"the fake Graph at {self._provider} does not answer") from fault


@asynccontextmanager
async def open_line(settings: Settings, server: str) -> AsyncIterator[Line]:
    """Connect a phone. Raises NoFakeGraph where the channels' provider is none, NoConnection where it is away."""
    host, port = place_of(settings.channels)
    if await fake_graph_at(host, port) is None:
        raise NoConnection(f"no fake Graph listens on {host}:{port}; is the server a demo?")
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Line(settings, server, client)
