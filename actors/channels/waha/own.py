"""What this process has sent lately: which effect a message is of that WAHA tells of, for it echoes no id of ours.

A message is known by its key, and while the key is not known yet, for the news may be there before the answer to our
request, by its text and to whom it went. So an echo settles a send of unknown outcome. What another replica sent, or this
one in another life, is not known here. Memory is bounded: the oldest is forgotten first.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from hashlib import sha256

_MOST = 10_000


class OwnSends:
    """The sends of all channels: those under way by their text, those taken by their key, each with its effect."""

    def __init__(self) -> None:
        self._under_way: OrderedDict[tuple[str, bytes, str], str] = OrderedDict()
        self._texts: Counter[tuple[str, bytes]] = Counter()
        self._taken: OrderedDict[tuple[str, str], str] = OrderedDict()

    def begin(self, channel: str, address: str, text: str, effect: str) -> None:
        """Note a text that is about to be sent; `effect` is "" where the text is not the end of its effect."""
        self._forget((channel, _print(text), address))
        if len(self._under_way) >= _MOST:
            self._forget(next(iter(self._under_way)))
        self._under_way[channel, _print(text), address] = effect
        self._texts[channel, _print(text)] += 1

    def end(self, channel: str, address: str, text: str, key: str = "") -> None:
        """Note that a text was taken under `key`, or was surely not sent. In doubt there is no end."""
        effect = self._forget((channel, _print(text), address)) or ""
        if key:
            self._note(channel, key, effect or self.effect_of(channel, key))

    def echoed(self, channel: str, addresses: Iterable[str], key: str, text: str) -> str | None:
        """Return the effect of a message that the provider tells of, "" if it has none; None if it is not ours.

        `addresses` are the names of the person that it went to. The same words to somebody else are ours, too, for the
        engine may name the person in another way than we did; but whose they are is not known then.
        """
        if (channel, key) in self._taken:
            return self._taken[channel, key]
        for address in addresses:
            effect = self._forget((channel, _print(text), address))
            if effect is not None:
                self._note(channel, key, effect)
                return effect
        return "" if self._texts[channel, _print(text)] else None

    def effect_of(self, channel: str, key: str) -> str:
        """Return the effect of a message that was taken; "" if it is not known."""
        return self._taken.get((channel, key), "")

    def __len__(self) -> int:
        """Return how many texts are under way or in doubt."""
        return len(self._under_way)

    def _note(self, channel: str, key: str, effect: str) -> None:
        self._taken[channel, key] = effect
        if len(self._taken) > _MOST:
            self._taken.popitem(last=False)

    def _forget(self, send: tuple[str, bytes, str]) -> str | None:
        effect = self._under_way.pop(send, None)
        if effect is not None:
            self._texts[send[:2]] -= 1
            if not self._texts[send[:2]]:
                del self._texts[send[:2]]
        return effect


def _print(text: str) -> bytes:
    """Return a fingerprint of a text: texts themselves are kept nowhere."""
    return sha256(text.strip().encode("utf-8", "surrogatepass")).digest()[:16]
