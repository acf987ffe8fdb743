"""The class that developers subclass: how a conversation answers. Holds no conversation's data itself."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from runtime.actor.event import Event
from runtime.actor.gathering import BurstPolicy
from runtime.actor.turn import Turn

S = TypeVar("S", bound=msgspec.Struct)


class Actor(Generic[S]):
    """The behaviour of every conversation of an app; one instance serves them all.

    Name the state in the base, `class Echo(Actor[EchoState])`: a msgspec struct in which every field has a default,
    because the first turn starts from `EchoState()`. Keep nothing of a conversation on `self`: what is not in
    `turn.state` is gone after a restart.
    """

    state_type: ClassVar[type[msgspec.Struct]]
    version: ClassVar[int] = 1
    """Of the state: raise it by one when a change needs `upgrade`. Fields with defaults that come or go do not."""
    burst: ClassVar[BurstPolicy | None] = None
    """Events that belong together; None: each is a turn of its own."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Actor:
                (state,) = get_args(base)
                if isinstance(state, type) and issubclass(state, msgspec.Struct):
                    cls.state_type = state
                    return
        if not hasattr(cls, "state_type"):
            raise TypeError(
                f"{cls.__name__} does not name its state: write class {cls.__name__}(Actor[MyState])"
            )

    async def receive(self, turn: Turn[S], event: Event) -> None:
        """Handle one event: change `turn.state`, record effects. Nothing leaves before the turn has committed.

        An exception undoes the whole turn; it is tried again after a backoff. Cancellation (the turn's deadline, a
        shutdown) undoes it too.
        """
        raise NotImplementedError(f"{type(self).__name__} has no receive")

    def upgrade(self, old: dict[str, object], version: int) -> dict[str, object]:  # noqa: ARG002 - for those who override it
        """Return a state that code of an earlier `version` wrote, as JSON, in the form of this one.

        It runs again over the same state after a roll-back, when the earlier code has written to it: add what is missing
        and leave alone what is there. Leave the old fields too, which are carried along: the earlier code finds them when
        it comes back. A fault here leaves the conversation waiting and, at start, the process not ready.
        """
        return old
