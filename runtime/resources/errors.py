"""What can go wrong with a resource, in the words of the floors above.

It knows the driver's codes so that nobody else must; it does not know what to do about a fault.
"""

from __future__ import annotations

import enum
from typing import Literal

import asyncpg

Resource = Literal["postgres", "redis", "http", "bridge"]


class ResourceUnavailable(Exception):
    """A resource cannot be used now; trying again later is right and no fault of the caller.

    Raised for time-outs of connect and acquire, lost connections, an open circuit, a full queue, and a server
    that refuses work (starting, stopping, out of connections, disk or memory).
    """

    def __init__(self, resource: Resource, reason: str) -> None:
        super().__init__(f"{resource} is unavailable: {reason}")
        self.resource: Resource = resource
        self.reason = reason


class UnusableUrl(Exception):
    """The driver cannot read a URL, so no try will reach a server; the message names the setting, not its value."""

    def __init__(self, setting: str) -> None:
        super().__init__(
            f"{setting}: the driver cannot read this URL: look at its port and its options after the ?, and "
            "percent-encode the special characters of its password"
        )


class TransactionAborted(Exception):
    """The server rolled back at COMMIT: a statement of the transaction had failed and the block hid that."""


class PostgresFault(enum.Enum):
    """What an exception of a Postgres call asks of its caller."""

    UNAVAILABLE = "unavailable"
    """The server or the way to it: wait and retry, uncounted."""
    RETRY = "retry"
    """Serialization failure, deadlock or lock time-out: run the transaction again."""
    DATA = "data"
    """The values are wrong (classes 22, 23, 54): the same statement fails again."""
    OTHER = "other"
    """Anything else, a fault of the program included."""


# Classes of SQLSTATE, then single codes: 25006 is a primary that became a standby under us.
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "58"})
_UNAVAILABLE_CODES = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25006"})
_DATA_CLASSES = frozenset({"22", "23", "54"})
# What asyncpg says, without a SQLSTATE, when the connection went away between or during two calls.
_LOST_PHRASES = ("connection is closed", "underlying connection is closed", "connection was closed")


def postgres_fault(exc: BaseException) -> PostgresFault:
    """Classify an exception of a Postgres call by its type, its SQLSTATE and, last, its words."""
    if isinstance(exc, ResourceUnavailable | OSError | TimeoutError):
        return PostgresFault.UNAVAILABLE
    if isinstance(exc, asyncpg.PostgresError):
        return _by_code(exc.sqlstate or "")
    if isinstance(
        exc, asyncpg.DataError
    ):  # the client's encoder refused an argument before the server saw it
        return PostgresFault.DATA
    # InternalClientError is what a call gets between the server's FATAL message and its end of the socket.
    lost = isinstance(exc, asyncpg.InternalClientError) or (
        isinstance(exc, asyncpg.InterfaceError) and any(phrase in str(exc) for phrase in _LOST_PHRASES)
    )
    return PostgresFault.UNAVAILABLE if lost else PostgresFault.OTHER


def _by_code(code: str) -> PostgresFault:
    if code[:2] in _UNAVAILABLE_CLASSES or code in _UNAVAILABLE_CODES:
        return PostgresFault.UNAVAILABLE
    if code[:2] == "40" or code == "55P03":
        return PostgresFault.RETRY
    return PostgresFault.DATA if code[:2] in _DATA_CLASSES else PostgresFault.OTHER
