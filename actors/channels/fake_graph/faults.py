"""What the stand-in provider is told to do wrong, and for which send or medium it does it.

Pure but for its seeded dice and its countdowns: one call decides about one send, or one look at a medium.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.channels.fake_graph.tricks import Trick

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=600)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Names = Annotated[tuple[str, ...], Meta(max_length=1000)]
Status = Literal["sent", "delivered", "read", "played", "failed"]


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sends that are answered with an error.

    `code` is the Graph code; None: an answer that is not Graph's, with HTTP `status` only. It strikes each
    `every`-th send of those to `to` and `channel` ("" means any), the next `times` of them (None: for ever).
    With `accepted` the send was taken all the same, and only the answer says otherwise. `delay`: seconds before it;
    more than the sender waits, and the channel hangs.
    """

    code: int | None = 131000
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    details: str = ""
    times: Count | None = None
    every: Annotated[int, Meta(ge=1)] = 1
    to: str = ""
    channel: str = ""
    accepted: bool = False
    delay: Seconds = 0.0


class MediaFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trick that is played with the medium `media` ("" means any), the next `times` (None: for ever).

    `seconds`: how long a slow one takes.
    """

    trick: Trick
    media: str = ""
    times: Count | None = None
    seconds: Seconds = 1.0


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All faults; without arguments, a provider in good health.

    `latency`: seconds before each answer. `hang_ups`: so many next sends are accepted and the connection is
    dropped without an answer; `hang_up_probability`: the same by chance. `statuses`: what is reported of each
    send, in this order and as often, nothing if empty; `status_code`: why one failed; `status_delay`: seconds
    before they are; without `echo` they do not name the caller's effect. `expired`: channels whose token has expired;
    `unknown`: channels whose number is gone; `unsubscribed`: business accounts without an app; `token_life`: seconds
    after which tokens say that they end, 0: never. `media`: tricks, the first that fits.
    """

    latency: Seconds = 0.0
    failures: Annotated[tuple[Failure, ...], Meta(max_length=100)] = ()
    hang_ups: Count = 0
    hang_up_probability: Probability = 0.0
    statuses: tuple[Status, ...] = ("sent", "delivered")
    status_delay: Seconds = 0.0
    status_code: int = 131026
    echo: bool = True
    expired: Names = ()
    unknown: Names = ()
    unsubscribed: Names = ()
    token_life: Annotated[int, Meta(ge=0, le=10**9)] = 0
    media: Annotated[tuple[MediaFault, ...], Meta(max_length=100)] = ()


class Dice:
    """The faults in force, with what is left of each countdown."""

    def __init__(self, faults: Faults | None = None, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - chance for rehearsals
        self.put(faults or Faults())

    def put(self, faults: Faults) -> None:
        """Replace all faults; every countdown begins anew."""
        self.faults = faults
        self._hang_ups = faults.hang_ups
        self._seen = [0] * len(faults.failures)
        self._struck = [0] * len(faults.failures)
        self._played = [0] * len(faults.media)

    def change(self, patch: bytes) -> Faults:
        """Replace the faults that a JSON object names and keep the others.

        Raises msgspec.ValidationError or DecodeError, with nothing changed.
        """
        given = msgspec.json.decode(patch, type=dict[str, object])
        self.put(msgspec.convert({**msgspec.to_builtins(self.faults), **given}, Faults))
        return self.faults

    def failure(self, channel: str, to: str) -> Failure | None:
        """Return the first failure that strikes this send."""
        for place, failure in enumerate(self.faults.failures):
            if failure.to not in ("", to) or failure.channel not in ("", channel):
                continue
            if failure.times is not None and self._struck[place] >= failure.times:
                continue
            self._seen[place] += 1
            if self._seen[place] % failure.every == 0:
                self._struck[place] += 1
                return failure
        return None

    def trick(self, media: str, among: Sequence[str]) -> MediaFault | None:
        """Return the first trick among these that is played with a medium now."""
        for place, fault in enumerate(self.faults.media):
            if fault.trick not in among or fault.media not in ("", media):
                continue
            if fault.times is None or self._played[place] < fault.times:
                self._played[place] += 1
                return fault
        return None

    def hangs_up(self) -> bool:
        """Whether the connection is dropped after this accepted send."""
        if self._hang_ups:
            self._hang_ups -= 1
            return True
        chance = self.faults.hang_up_probability
        return bool(chance) and self._random.random() < chance
