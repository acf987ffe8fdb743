"""What an API offers, as values: a table of routes, and what one call of a route brings. Pure; `ingress` serves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from runtime.actor.resources import Transaction


class RouteFault(Exception):
    """A call could not be done; `status` is the answer's, the message is for the caller and holds nothing of a person."""

    def __init__(self, status: Literal[404, 409, 422], reason: str) -> None:
        super().__init__(reason)
        self.status = status


class NotThere(RouteFault):
    """There is no such thing, or it is another tenant's: the caller is told no difference."""

    def __init__(self) -> None:
        super().__init__(404, "not found")


class Nothing(msgspec.Struct, frozen=True):
    """The body of a request, or an answer, that says nothing."""


class File(msgspec.Struct, frozen=True):
    """An answer that is a file, whole in memory, and no JSON; `name` is what it may be saved as, of ASCII."""

    content: bytes
    name: str


@dataclass(frozen=True)
class Call:
    """One call of a route. `tenant` is the only one that it may see or change; None: it may with all.

    `by` is the label of the caller's token. `path` holds what stood in the braces of the route's path, `query` what stood
    behind its question mark, `body` the request's body as the route's type. `postgres()` opens one transaction on the
    tables of the app, which commits at the end of its block.
    """

    tenant: str | None
    by: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    postgres: Callable[[], AbstractAsyncContextManager[Transaction]]


@dataclass(frozen=True)
class Route:
    """One thing that an API can do. `scope` is what a token must have; `path` is below /api/v1, with names in braces.

    `handle` gets the call, with a body of type `request`, and returns a value of type `response`; at its deadline it is
    cancelled. It must see to it that a call with a tenant meets nothing of another one. `query` names what it
    reads of the query, each with what it is. `produces` is the content type of a route whose response is a `File`.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    scope: str
    summary: str
    handle: Callable[[Call], Awaitable[msgspec.Struct]]
    response: type[msgspec.Struct]
    request: type[msgspec.Struct] = Nothing
    query: Mapping[str, str] | None = None
    produces: str = ""

    def __post_init__(self) -> None:
        if bool(self.produces) != (self.response is File):
            raise ValueError(
                f"a route that answers with a File, and no other, says what it produces: {self.path!r}"
            )
        if not self.path.startswith("/") or self.path.endswith("/"):
            raise ValueError(f"a route's path begins with a slash and does not end with one: {self.path!r}")

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return what stands in the braces of this route's path, None if the path is another one's."""
        wanted, given = self.path.split("/"), path.split("/")
        if len(wanted) != len(given):
            return None
        found: dict[str, str] = {}
        for want, give in zip(wanted, given, strict=True):
            if want.startswith("{") and give:
                found[want[1:-1]] = give
            elif want != give:
                return None
        return found

    @property
    def names(self) -> Sequence[str]:
        """What stands in braces in its path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


class Tenancy(Protocol):
    """What an app knows of tenants, and how it says something; with it `App` has the API of conversations."""

    async def owners(self, transaction: Transaction, conversations: Sequence[str]) -> Mapping[str, str]:
        """Return the tenant of each of these conversations that has one now."""

    async def conversations(
        self, transaction: Transaction, tenant: str | None, after: str, limit: int
    ) -> Sequence[str]:
        """Return ids of a tenant's conversations (None: of any tenant) behind `after`, in key order."""

    def text(self, body: str) -> msgspec.Struct:
        """Return what `turn.reply` would take to say this."""
