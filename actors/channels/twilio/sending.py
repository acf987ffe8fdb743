"""One message through Twilio, which may be several requests under one effect, each part taken once.

Theory of operation: only the callbacks of the last part speak for the effect, for a receipt proves the whole of it; of
the others only a failure is of interest. Which parts were taken is remembered, so that a second try goes on where the
first one stopped. Another process does not remember: it asks Twilio what was sent to the person last. The sends of a
conversation leave in order, so if a part was taken nothing else can have come after it. The last part alone is not
believed: it may end an earlier message of the same words, and a whole message twice is better than one that never comes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import httpx

from actors.channels.errors import answer_of, judge_fault
from actors.channels.twilio.errors import judge
from actors.channels.twilio.line import Line
from actors.channels.wire import items, members
from runtime import Accepted, Delivery, HttpClient, Outcome, Refused

#: Long messages that were begun and not ended; the oldest is forgotten first.
_HALF_SENT = 10_000
_FORM = {"content-type": "application/x-www-form-urlencoded"}
#: What became of a message that nobody gets.
_LOST = frozenset({"failed", "undelivered", "canceled"})


class Sending:
    """Sends parts in their order, and remembers how far each message came."""

    def __init__(self) -> None:
        self._taken: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        """Return how many messages were begun and not ended."""
        return len(self._taken)

    async def send(
        self, delivery: Delivery, line: Line, to: str, parts: Sequence[Mapping[str, str]], http: HttpClient
    ) -> Outcome:
        """Send the parts that were not taken yet; the outcome is that of the last one asked for.

        Cancelled, a part may have been sent.
        """
        outcome: Outcome = Accepted()
        for place in range(await self._begun(delivery, line, to, parts, http), len(parts)):
            told = {"effect": delivery.id}
            if place + 1 < len(parts):
                told["part"] = str(place + 1)
            callback = f"{line.callback}?{urlencode(told)}"
            form = {"From": line.owner.number, "To": to, **parts[place], "StatusCallback": callback}
            try:
                answer = await http.request(
                    "POST",
                    line.messages,
                    headers={**line.authorization, **_FORM},
                    content=urlencode(form).encode(),
                )
            except httpx.HTTPError as fault:
                return judge_fault(fault)
            outcome = judge(answer.status_code, answer.content, delivery.attempt, delivery.told_to_wait)
            if not isinstance(outcome, Accepted):
                if isinstance(outcome, Refused):
                    self._taken.pop(delivery.id, None)
                return outcome
            if len(parts) > 1:
                self._taken[delivery.id] = place + 1
        self._taken.pop(delivery.id, None)
        return outcome

    async def _begun(
        self, delivery: Delivery, line: Line, to: str, parts: Sequence[Mapping[str, str]], http: HttpClient
    ) -> int:
        """Return how many parts were taken, from the first."""
        if len(parts) == 1:
            return 0
        if delivery.id not in self._taken:
            again = delivery.attempt > 1
            self._taken[delivery.id] = await _asked(line, to, parts, http) if again else 0
            if len(self._taken) > _HALF_SENT:
                self._taken.popitem(last=False)
        return self._taken[delivery.id]


async def _asked(line: Line, to: str, parts: Sequence[Mapping[str, str]], http: HttpClient) -> int:
    """Ask Twilio how many parts were taken; 0 where it does not say."""
    query = urlencode({"From": line.owner.number, "To": to, "PageSize": str(len(parts))})
    try:
        answer = await http.request("GET", f"{line.messages}?{query}", headers=line.authorization)
    except httpx.HTTPError:
        return 0
    if answer.status_code != 200:
        return 0
    listed = [members(one) for one in items(answer_of(answer.content).get("messages"))]
    return taken_of([str(one.get("body")) for one in listed if one.get("status") not in _LOST], parts)


def taken_of(newest: Sequence[str], parts: Sequence[Mapping[str, str]]) -> int:
    """Return how many parts, from the first, are what was sent last; `newest` are bodies, the newest first."""
    bodies = [part.get("Body", "") for part in parts]
    return max(
        (count for count in range(1, len(bodies)) if list(newest[:count]) == bodies[:count][::-1]), default=0
    )
