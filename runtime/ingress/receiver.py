"""The webhook receiver: which provider a request is for, when it counts as stored, and what is answered.

An object from `Request` to `Response` that any server could call. It knows nothing of HTTP servers, of signatures
and formats (the provider does), or of the journal (`store` does). 200 says that all of it is durable; what cannot
be stored in time is answered 503, so that the provider sends it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec
import structlog
import trio

from runtime.actor.metric import Distribution, Histogram
from runtime.channel import PerChannel, Provider, Request, Response, Verified
from runtime.ingress.serving import describe
from runtime.resources.errors import ResourceUnavailable

PREFIX = "/webhooks/"
#: Upper bounds of the buckets of answers, in seconds.
ANSWER_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0)

WebhookOutcome = Literal[
    "stored", "empty", "challenged", "rejected", "unavailable", "timeout", "fault", "not_found", "bad_method"
]

log = structlog.get_logger(__name__)

OK = Response(200, b"ok\n")


class ReceiverStatistics(msgspec.Struct, frozen=True):
    """What was received so far. Providers are named only if they exist; other paths count under ""."""

    requests: Mapping[tuple[str, WebhookOutcome], int]
    dropped: Mapping[tuple[str, str], int]
    arrivals: Mapping[str, int]
    receipts: Mapping[str, int]
    #: From the whole request to its answer, by class of the status: "2xx", "4xx", "5xx".
    answers: Mapping[str, Distribution]


class Receiver:
    """The endpoint of the public listener."""

    def __init__(
        self,
        providers: Sequence[Provider],
        store: Callable[[Verified], Awaitable[None]],
        *,
        timeout: float = 1.5,
    ) -> None:
        """Receive for `providers`; `store` returns when all of its argument is durable, within `timeout` seconds.

        `store` must give up promptly when it is cancelled: the answer waits for it. What it stores although it was
        cancelled is stored again when the provider repeats it, and deduplicated.
        """
        self._providers = {provider.name: provider for provider in providers}
        self._store = store
        self._timeout = timeout
        self._requests: Counter[tuple[str, WebhookOutcome]] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()
        self._arrivals: Counter[str] = Counter()
        self._receipts: Counter[str] = Counter()
        self._answers = {status: Histogram(ANSWER_BOUNDS) for status in ("2xx", "4xx", "5xx")}

    async def __call__(self, request: Request) -> Response:
        """Answer one request. Cancellation cancels the store and propagates."""
        began = trio.current_time()
        response = await self._answer(request)
        self._answers[_class(response.status)].observe(trio.current_time() - began)
        return response

    async def _answer(self, request: Request) -> Response:
        provider = self._provider(request.path)
        if provider is None:
            return self._count("", "not_found", Response(404, b"nothing here\n"))
        if request.method not in {"GET", "POST"}:
            refusal = Response(405, b"only GET and POST\n", headers=(("Allow", "GET, POST"),))
            return self._count(provider.name, "bad_method", refusal)
        verified = provider.receive(request)
        if isinstance(verified, Response):
            return self._count(provider.name, "challenged" if verified.status < 400 else "rejected", verified)
        outcome = await self._stored(provider.name, verified)
        return self._count(provider.name, outcome, OK if outcome in {"stored", "empty"} else _LATER[outcome])

    def _provider(self, path: str) -> Provider | None:
        """Return whose webhook a path is, None of a path that is nobody's."""
        if not path.startswith(PREFIX):
            return None
        named, slash, channel = path.removeprefix(PREFIX).partition("/")
        provider = self._providers.get(named)
        if isinstance(provider, PerChannel):
            return provider if provider.serves(channel) else None
        return None if slash else provider

    async def _stored(self, provider: str, verified: Verified) -> WebhookOutcome:
        """Store it and say how that went."""
        outcome: WebhookOutcome = "timeout"
        if verified.arrivals or verified.receipts:
            with trio.move_on_after(self._timeout):
                try:
                    await self._store(verified)
                    outcome = "stored"
                except* ResourceUnavailable as group:
                    outcome = "unavailable"
                    log.warning("webhook not stored", provider=provider, resources=_resources(group))
                except* Exception as group:  # noqa: BLE001 (whatever the store's fault, the provider tries again)
                    outcome = "fault"
                    log.error("webhook not stored", provider=provider, faults=describe(group))  # noqa: TRY400
        else:
            outcome = "empty"
        if outcome in {"stored", "empty"}:
            self._arrivals[provider] += len(verified.arrivals)
            self._receipts[provider] += len(verified.receipts)
            for reason, count in verified.dropped.items():
                self._dropped[provider, reason] += count
        return outcome

    def _count(self, provider: str, outcome: WebhookOutcome, response: Response) -> Response:
        self._requests[provider, outcome] += 1
        return response

    def statistics(self) -> ReceiverStatistics:
        """Return a copy of the counters."""
        return ReceiverStatistics(
            requests=dict(self._requests),
            dropped=dict(self._dropped),
            arrivals=dict(self._arrivals),
            receipts=dict(self._receipts),
            answers={status: answers.read() for status, answers in self._answers.items()},
        )


def _class(status: int) -> str:
    """Return the class of a status: taken, refused for good, or to be sent again."""
    return "2xx" if status < 400 else "4xx" if status < 500 else "5xx"


def _later(reason: str) -> Response:
    return Response(503, f"not stored: {reason}; send it again\n".encode(), headers=(("Retry-After", "1"),))


_LATER: Mapping[WebhookOutcome, Response] = {
    "unavailable": _later("the database is unavailable"),
    "timeout": _later("the database did not answer in time"),
    "fault": _later("an internal error"),
}


def _resources(group: BaseExceptionGroup[BaseException]) -> list[str]:
    """Name the resources that were unavailable."""
    names: list[str] = []
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            names += _resources(error)
        elif isinstance(error, ResourceUnavailable):
            names.append(f"{error.resource}: {error.reason}")
    return names
