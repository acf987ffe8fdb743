"""The two outer views of a run, as values: what was sent, and what the provider got."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from actors.simulate.people import Message


class Posted(msgspec.Struct, frozen=True):
    """One POST: times in seconds on one clock, `acknowledged` None if it never was; `latency` of the last attempt."""

    messages: tuple[str, ...]
    begun: float
    acknowledged: float | None
    latency: float = 0.0


class Reply(msgspec.Struct, frozen=True):
    """One send that the provider accepted, `index` in the order of arrival."""

    index: int
    wamid: str
    channel: str
    to: str
    effect: str
    quoted: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the two outer views hold. `seconds`: from the first POST to the last reply that was seen.

    `excused`: by message id, the states in which a send of its turn may end the run without having been accepted, such as
    "failed" where the provider refuses a person for good. `quotes`: whether sends say at all which message they answer.
    """

    run: str
    messages: Sequence[Message]
    posts: Sequence[Posted]
    replies: Sequence[Reply]
    violations: Mapping[str, int] = {}
    answers: Mapping[str, int] = {}
    seconds: float = 0.0
    excused: Mapping[str, Collection[str]] = {}
    quotes: bool = True
