"""Which conversation an arrival belongs to: a pure resolution of identities, and the opaque ids of conversations.

Theory of operation: a person may be known at a channel by several identities (a phone, a scoped id). Every identity that
an event carries is an alias of one conversation, and an alias never moves. Events are resolved in their order: the
strongest identity that is known decides; unknown ones of the same event become aliases of that conversation. Where two
known identities disagree neither moves: the stronger wins for this event and the conflict is recorded. A new
conversation's id is a keyed hash of (channel, first identity), so that two replicas that meet a person at the same moment
agree, and nobody can compute a phone number back from an id without the installation's salt.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from zlib import crc32

import msgspec

from runtime.channel import Arrival

#: Hash buckets of conversations; fixed for the life of an installation.
SHARDS = 128

Alias = tuple[str, str]


class Conflict(msgspec.Struct, frozen=True):
    """An identity that points elsewhere than the event's stronger one."""

    channel: str
    identity: str
    conversation: str
    chosen: str


class Resolution(msgspec.Struct, frozen=True):
    """`conversations` per arrival, in order; aliases that are new; conflicts that were met."""

    conversations: Sequence[str]
    added: Mapping[Alias, str]
    conflicts: Sequence[Conflict]


def conversation_id(salt: bytes, channel: str, identity: str) -> str:
    """Return the opaque id of the conversation that this identity opens at this channel."""
    digest = hashlib.blake2b(f"{channel}|{identity}".encode(), key=salt[:64], digest_size=15).digest()
    return "c" + base64.b32encode(digest).decode().lower()


def shard_of(conversation: str) -> int:
    """Return the bucket of a conversation."""
    return crc32(conversation.encode()) % SHARDS


def unknown_aliases(arrivals: Sequence[Arrival], known: Mapping[Alias, str]) -> list[Alias]:
    """Return the aliases of these arrivals that `known` lacks, without repeats, in key order."""
    return sorted({(a.channel, i) for a in arrivals for i in a.identities} - known.keys())


def resolve(arrivals: Sequence[Arrival], known: Mapping[Alias, str], salt: bytes) -> Resolution:
    """Give each arrival its conversation. `known` holds every alias of these arrivals that exists already."""
    added: MutableMapping[Alias, str] = {}
    conflicts: list[Conflict] = []
    chosen: list[str] = []
    for arrival in arrivals:
        if arrival.conversation:
            chosen.append(arrival.conversation)
            continue
        found: list[tuple[str, str]] = []
        for identity in arrival.identities:
            alias = (arrival.channel, identity)
            owner = known.get(alias) or added.get(alias)
            if owner is not None:
                found.append((identity, owner))
        winner = found[0][1] if found else conversation_id(salt, arrival.channel, arrival.identities[0])
        for identity, owner in found[1:]:
            if owner != winner:
                conflicts.append(Conflict(arrival.channel, identity, owner, winner))
        for identity in arrival.identities:
            alias = (arrival.channel, identity)
            if alias not in known:
                added.setdefault(alias, winner)
        chosen.append(winner)
    return Resolution(chosen, added, conflicts)
