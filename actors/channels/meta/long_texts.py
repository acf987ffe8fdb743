"""A text that is longer than one message may be: several under one effect, each taken once.

Theory of operation: only the last of them bears the effect's id, for a receipt proves the whole. How far a text came is
remembered, so that a second try goes on where the first one stopped; another process does not know that, and begins anew.
Memory is bounded: the oldest is forgotten first. Knows no channel and no token.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from actors.channels.limits import units
from actors.channels.meta.rendering import TEXT_BODY
from actors.channels.numbered import parts_of, written
from actors.messages import Text
from runtime import Accepted, Outcome, Refused

#: Messages of one text; what goes beyond them is left out.
PARTS = 10
_HALF_SENT = 10_000


def pieces(message: Text) -> Sequence[Text]:
    """Return a text as the messages that say it, in order: itself, if it is not too long. The first one quotes."""
    if units(message.body) <= TEXT_BODY:
        return (message,)
    first, *rest = parts_of(written(message), TEXT_BODY, PARTS)
    return (Text(first, quote=message.quote), *(Text(part) for part in rest))


class LongTexts:
    """Sends the pieces of texts in their order, and remembers how far each text came."""

    def __init__(self) -> None:
        self._taken: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        """Return how many texts were begun and not ended."""
        return len(self._taken)

    async def send(
        self, effect: str, parts: Sequence[Text], post: Callable[[Text, str], Awaitable[Outcome]]
    ) -> Outcome:
        """Send the parts that were not taken yet; the outcome is that of the last one asked for.

        `post` is given a part and what its receipts are to echo. Cancelled, a part may have been sent.
        """
        outcome: Outcome = Accepted()
        for place in range(self._taken.get(effect, 0), len(parts)):
            is_last = place + 1 == len(parts)
            outcome = await post(parts[place], effect if is_last else "")
            if not isinstance(outcome, Accepted):
                if isinstance(outcome, Refused):
                    self._taken.pop(effect, None)
                return outcome
            if not is_last:
                self._taken[effect] = place + 1
                if len(self._taken) > _HALF_SENT:
                    self._taken.popitem(last=False)
        self._taken.pop(effect, None)
        return outcome
