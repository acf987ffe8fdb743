"""The contract between the runtime and a messaging provider: what a provider is asked, and what it answers.

A provider stands for all channels (business numbers) that it serves. Everything about signatures, formats, limits and
error codes is its business; the runtime sees arrivals, receipts, deliveries and outcomes. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec

from config import Settings
from runtime.actor.effect import Lane
from runtime.actor.event import Event, Failure
from runtime.actor.resources import HttpClient


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, read whole. Header names are lower-case; of a repeated name the last value counts.

    `raw_query` is the query as it was sent, for those who sign it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_query: str = ""


class Response(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A verified event on its way into the journal.

    `channel` is "<provider>:<id>". `identities` are the person's names at that channel, "kind:value", the strongest
    first (a phone before a scoped id). `dedup` is equal for the same event delivered again. `payload` is the encoded
    event. `stamped` is the provider's time, seconds since 1970, 0 if unknown: what is old is recorded, not answered,
    unless it is not `perishable`. `address` is where replies go from now on: "" to the first identity, None where they
    went before. `conversation` is whose it is where that is known, and there are no identities then; providers leave
    it "".
    """

    channel: str
    identities: tuple[str, ...]
    dedup: str
    payload: bytes
    stamped: int = 0
    perishable: bool = True
    address: str | None = ""
    conversation: str = ""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a provider says became of a send: `effect` is the id it echoes ("" if none), `status` one of RECEIPTS."""

    channel: str
    effect: str
    provider_id: str
    status: str


#: Receipts in the order of finality: a later one never gives way to an earlier one.
RECEIPTS: Mapping[str, int] = {"sent": 1, "delivered": 2, "read": 3, "played": 4, "failed": 5}


class Verified(msgspec.Struct, frozen=True):
    """The content of a webhook whose signature was right. `dropped` counts, by reason, what is not to be stored."""

    arrivals: tuple[Arrival, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    dropped: Mapping[str, int] = {}


class Delivery(msgspec.Struct, frozen=True):
    """An effect whose turn it is. `id` is what the provider is to echo; `address` the person's strongest identity.

    `attempt` counts all tries, from 1; `told_to_wait` the answers so far that said for how long, by this node's memory.
    """

    id: str
    channel: str
    address: str
    lane: Lane
    payload: bytes
    attempt: int = 1
    told_to_wait: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """The provider has taken it, under `provider_id`."""

    provider_id: str = ""


class TryAgain(msgspec.Struct, frozen=True):
    """Certainly not sent, and worth another try: after `after` seconds, or after the usual backoff if None.

    `unreachable` says that nobody was there to take it; several of these in a row, and the channel's sends wait.
    """

    code: str
    reason: str = ""
    after: float | None = None
    unreachable: bool = False


class Uncertain(msgspec.Struct, frozen=True):
    """It may have been sent: time-out after the request was written, a 500, an answer without an id."""

    code: str
    reason: str = ""


class Refused(msgspec.Struct, frozen=True):
    """It will never be sent; `kind` says what may help."""

    code: str
    reason: str = ""
    kind: Failure = Failure.NEVER


class Broken(msgspec.Struct, frozen=True):
    """It was not sent because the channel itself does not work (its credentials, say): its sends wait until it does."""

    code: str
    reason: str = ""


class Answered(msgspec.Struct, frozen=True):
    """Work is done, and this is the event that its actor waits for."""

    event: Event


Outcome = Accepted | Answered | TryAgain | Uncertain | Refused | Broken


class Pace(msgspec.Struct, frozen=True):
    """What a channel bears: sends a second, and per person a burst and then one each `pair_interval` seconds."""

    per_second: float
    pair_interval: float = 0.0
    pair_burst: int = 1


class Provider(Protocol):
    """One provider with all its channels. The same object serves ingress (synchronous) and effects."""

    name: str

    def configure(self, settings: Settings) -> None:
        """Take the channels of these settings, all or nothing; called at start and at each reload."""

    def channels(self) -> Sequence[str]:
        """Return the channels that are configured, as "<provider>:<id>"."""

    def receive(self, request: Request) -> Verified | Response:
        """Verify and parse a webhook; a `Response` is the final answer (challenge, 400, 401, 404). Never raises."""

    def pace(self, channel: str) -> Pace:
        """Return the limits of a channel."""

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        """Do what an effect asks. Every fault of the provider is an outcome; the caller sets the deadline.

        The deadline of a send or an aside is `node.send_timeout`. Work keeps one of its own, from here on; the caller's
        is only there for work that forgets it. Work may be begun again after a crash or a stop, with the same delivery.
        """


@runtime_checkable
class PerChannel(Provider, Protocol):
    """A provider whose channels have a webhook each, `/webhooks/<provider>/<name>`; others have one for all."""

    def serves(self, name: str) -> bool:
        """Tell whether a channel of this name is configured; any other path is answered 404."""


class Finding(msgspec.Struct, frozen=True):
    """What `majlis doctor` found out about one thing: what was seen, and what to do where it is not well.

    It is shown to operators and pasted into tickets: no secret, no phone number and no text of a person.
    """

    name: str
    status: Literal["ok", "warn", "fail", "skipped"]
    seen: str
    advice: str = ""


@runtime_checkable
class Examinable(Protocol):
    """A provider that can look its channels over for `majlis doctor`; not every provider need."""

    async def examine(
        self, settings: Settings, http: HttpClient | None, tell: Callable[[Finding], None]
    ) -> None:
        """Tell what there is to say of these settings' channels, at once as it is found: the caller sets the deadline.

        With `http` the provider is asked, too; nothing is changed there.
        """
