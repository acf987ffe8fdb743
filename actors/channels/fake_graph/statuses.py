"""Reports what became of sends: signed webhooks in batches, each repeated until it is answered 200.

A batch holds statuses of channels that share an app secret, for one body has one signature. Several are on
their way at the same time, as the provider's are. Knows nothing of why a status is due.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import httpx
import msgspec
import trio

from actors.channels.fake_graph.accounts import Account
from actors.channels.fake_graph.contract import status_error
from actors.channels.fake_graph.state import StatusUpdate

#: Seconds a POST may take, and the longest wait before it is repeated.
_TIMEOUT = 10.0
_LONGEST_BACKOFF = 2.0


class SenderStatistics(msgspec.Struct, frozen=True):
    """`waiting` statuses are queued or on their way; `dropped` found the queue full."""

    waiting: int
    reported: int
    posts: int
    failed_posts: int
    dropped: int


class _Group:
    """The statuses of the channels that share one secret, each with the time at which it is due."""

    def __init__(self, secret: str) -> None:
        self.secret = secret.encode()
        self.queue: deque[tuple[float, StatusUpdate]] = deque()
        self.news = trio.Event()


class StatusSender:
    """Queues statuses and posts them while `run` runs.

    `linger` seconds may pass before a batch leaves that is not full (`batch` statuses). With more than
    `limit` waiting, new ones are dropped and counted.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        webhook_url: str,
        *,
        batch: int = 50,
        linger: float = 0.05,
        limit: int = 200_000,
        lanes: int = 2,
    ) -> None:
        self._accounts = accounts
        self._url = webhook_url
        self._batch = batch
        self._linger = linger
        self._limit = limit
        self._lanes = lanes
        self._groups = {account.secret: _Group(account.secret) for account in accounts.values()}
        self._waiting = self._reported = self._posts = self._failed = self._dropped = 0

    def put(self, updates: Iterable[StatusUpdate], now: float, delay: float) -> None:
        """Queue statuses that are due in `delay` seconds (or a little later, to fill a batch)."""
        if not self._url:
            return
        for update in updates:
            group = self._groups[self._accounts[update.channel].secret]
            if self._waiting >= self._limit:
                self._dropped += 1
                continue
            self._waiting += 1
            group.queue.append((now + delay + self._linger, update))
            if len(group.queue) == 1 or len(group.queue) % self._batch == 0:
                group.news.set()

    def clear(self) -> None:
        """Forget what is queued; what is on its way arrives."""
        for group in self._groups.values():
            self._waiting -= len(group.queue)
            group.queue.clear()

    def statistics(self) -> SenderStatistics:
        """Return the counters."""
        return SenderStatistics(self._waiting, self._reported, self._posts, self._failed, self._dropped)

    async def run(self) -> None:
        """Post until cancelled; what was not yet reported is then forgotten."""
        if not self._url:
            await trio.sleep_forever()
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            trio.open_nursery() as nursery,
        ):
            for group in self._groups.values():
                for _ in range(self._lanes):
                    nursery.start_soon(self._report, client, group)

    async def _report(self, client: httpx.AsyncClient, group: _Group) -> None:
        while True:
            updates = await self._next(group)
            body = encode_statuses(self._accounts, updates)
            digest = hmac.new(group.secret, body, hashlib.sha256).hexdigest()
            headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
            backoff = 0.05
            while not await self._post(client, body, headers):
                await trio.sleep(backoff)
                backoff = min(_LONGEST_BACKOFF, backoff * 2)
            self._waiting -= len(updates)
            self._reported += len(updates)

    async def _next(self, group: _Group) -> Sequence[StatusUpdate]:
        """Wait for the oldest status to be due, or for a full batch that nearly is; take a batch."""
        while True:
            now = trio.current_time()
            due = group.queue[0][0] if group.queue else float("inf")
            ripe = due - self._linger <= now
            if due <= now or (ripe and len(group.queue) >= self._batch):
                break
            group.news = trio.Event() if group.news.is_set() else group.news
            with trio.move_on_at(due if ripe else due - self._linger):
                await group.news.wait()
        taken: list[StatusUpdate] = []
        while group.queue and len(taken) < self._batch and group.queue[0][0] - self._linger <= now:
            taken.append(group.queue.popleft()[1])
        return taken

    async def _post(self, client: httpx.AsyncClient, body: bytes, headers: Mapping[str, str]) -> bool:
        self._posts += 1
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError:
            self._failed += 1
            return False
        if answer.status_code != 200:
            self._failed += 1
            return False
        return True


def encode_statuses(accounts: Mapping[str, Account], updates: Sequence[StatusUpdate]) -> bytes:
    """Return the webhook body for these statuses: one entry for each channel, each in its order."""
    channels: dict[str, list[StatusUpdate]] = {}
    for update in updates:
        channels.setdefault(update.channel, []).append(update)
    entries = [
        {
            "id": accounts[channel].business,
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": channel, "phone_number_id": channel},
                        "statuses": [_status(update) for update in of_channel],
                    },
                }
            ],
        }
        for channel, of_channel in channels.items()
    ]
    # Escaped as the provider escapes: a receiver that re-serialises before it verifies is found out.
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).replace("/", "\\/").encode()


def _status(update: StatusUpdate) -> dict[str, object]:
    element: dict[str, object] = {
        "id": update.wamid,
        "status": update.status,
        "timestamp": str(update.stamp),
        "recipient_id": update.to,
    }
    if update.effect:
        element["biz_opaque_callback_data"] = update.effect
    if update.status == "failed":
        element["errors"] = [status_error(update.code)]
    else:
        element["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "category": "service",
            "type": "free_customer_service",
        }
    return element
