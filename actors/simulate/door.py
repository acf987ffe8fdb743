"""What a simulation must know of a provider: how people's words reach Majlis through it, and what it was sent.

A run believes three views: what it posted, what the provider got, what the database holds. The database is the same
whoever the provider is; a `Door` stands for the other two. Everything else of a run, and its verdict, knows no provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Protocol

import msgspec

from actors.simulate.people import Number, Parcel
from actors.simulate.views import Reply
from actors.stage import StandIn
from config import Channel, Settings


class SimulationError(Exception):
    """The simulation cannot be run or judged as asked; the message says why and what to do."""


class Post(msgspec.Struct, frozen=True):
    """A signed webhook."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Page(msgspec.Struct, frozen=True):
    """A part of the provider's log: from the send `first` to `last`, of which not each is a reply; 0 for none.

    `newest` is the index of the newest send there is. A message of several sends is one reply, the last.
    """

    newest: int
    first: int = 0
    last: int = 0
    replies: tuple[Reply, ...] = ()


class Log(Protocol):
    """What a stand-in remembers, in this process or behind its control API. Raises SimulationError where it is away."""

    async def run(self) -> str:
        """Return the name of its life: another one has forgotten everything."""

    async def page(self, after: int) -> Page:
        """Return the sends after an index; a negative one asks for `newest` alone."""

    async def violations(self) -> Mapping[str, int]:
        """Return how often a limit or the format was broken, by name."""


class Watch(Protocol):
    """What the provider got since the watch began."""

    async def more(self) -> Sequence[Reply]:
        """Return the replies accepted since the last call. Raises SimulationError when the log is not whole.

        What a cancelled call has read is returned by the next one.
        """

    async def violations(self) -> Mapping[str, int]:
        """Return how often a limit or the format was broken since the watch began, by name."""


class Door(Protocol):
    """One provider. It holds nothing: the same one serves every run."""

    provider: ClassVar[str]
    batches: ClassVar[bool]
    """Whether one webhook may bring several messages."""
    quotes: ClassVar[bool]
    """Whether a send says which message it answers."""

    def numbers(self, channels: Sequence[Channel]) -> Sequence[Number]:
        """Return the channels as the script needs them."""

    def poster(
        self, settings: Settings, channels: Sequence[Channel], url: str
    ) -> Callable[[Parcel, int], Post]:
        """Return what makes a parcel a webhook, given the time in seconds; `url` "": where these settings listen."""

    def stand_in(self, settings: Settings) -> StandIn:
        """Return a stand-in for these settings' channels, which is not served yet."""

    def place(self, channels: Sequence[Channel]) -> tuple[str, int]:
        """Return where the stand-in of these channels is to be. Raises NoStandIn where that is not on loopback."""

    def watching(
        self, settings: Settings, channels: Sequence[Channel], fake: StandIn | None
    ) -> AbstractAsyncContextManager[Watch]:
        """Watch `fake`, or the stand-in to which the channels send, hosting it for as long where none listens.

        Raises SimulationError where they send elsewhere.
        """

    def staffed(self, settings: Settings, wanted: int, *, shared: bool, mps: int) -> Settings:
        """Return settings with `wanted` channels of the provider that tenants share, or own, each with `mps`.

        Those that are missing are made up, for a stage. Raises CommandFailed where they cannot be.
        """
