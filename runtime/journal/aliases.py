"""Aliases that were seen, in memory: they never move, so what is known of one is true for ever.

Kept small, for it is all that a passivated conversation costs: one dictionary a channel, and conversations' ids as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runtime.journal.identity import Alias


class AliasCache:
    """At most `most` aliases; when they are more, it begins anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._channels: dict[str, dict[str, bytes]] = {}

    def known(self, wanted: Iterable[Alias]) -> dict[Alias, str]:
        """Return those that are here, with their conversations."""
        found: dict[Alias, str] = {}
        for alias in wanted:
            channel, identity = alias
            conversation = self._channels.get(channel, {}).get(identity)
            if conversation is not None:
                found[alias] = conversation.decode()
        return found

    def add(self, aliases: Mapping[Alias, str]) -> None:
        """Take what was read or written."""
        for (channel, identity), conversation in aliases.items():
            held = self._channels.setdefault(channel, {})
            if identity not in held:
                self._size += 1
                held[identity] = conversation.encode()
        if self._size > self._most:
            self._channels.clear()
            self._size = 0

    def __len__(self) -> int:
        return self._size
