"""The class that developers subclass: how a conversation answers. Holds no conversation's data itself."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from runtime.actor.event import Event
from runtime.actor.turn import Turn

S = TypeVar("S", bound=msgspec.Struct)


class Actor(Generic[S]):
    """The behaviour of every conversation of an app; one instance serves them all.

    Name the state in the base, `class Echo(Actor[EchoState])`: a msgspec struct in which every field has a default,
    because the first turn starts from `EchoState()`. Keep nothing of a conversation on `self`: what is not in
    `turn.state` is gone after a restart.
    """

    state_type: ClassVar[type[msgspec.Struct]]

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
