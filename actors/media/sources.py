"""What a download needs of a provider: where its API is, what proves who we are, and where a medium is to be had."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from runtime import HttpClient


class Link(msgspec.Struct, frozen=True):
    """Where a medium is to be had for some minutes, and what it is declared as; `size` in bytes, 0 if not said."""

    url: str
    mime: str = ""
    sha256: str = ""
    size: int = 0


class Gone(msgspec.Struct, frozen=True):
    """The provider has no such medium any more."""

    code: str


class Busy(msgspec.Struct, frozen=True):
    """It may go better in a moment."""

    code: str


class Denied(msgspec.Struct, frozen=True):
    """The provider says no, and will say so again: the token is broken, say."""

    code: str


Resolved = Link | Gone | Busy | Denied


@dataclass(frozen=True)
class Source:
    """One channel's way to its media. `headers` go to the API, and to the hosts that the API names, and nowhere else.

    `beside`: the API is a server of ours, maybe on a private network; media are there and nowhere else.
    """

    api: str
    headers: Mapping[str, str] = field(repr=False)
    resolve: Callable[[HttpClient, str], Awaitable[Resolved]] = field(repr=False)
    beside: bool = False
