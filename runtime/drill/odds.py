"""How much happens in a simulation, and how much of it goes wrong."""

from __future__ import annotations

import msgspec


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """How likely faults are: parts of all calls of the journal, of all sends, of all webhooks."""

    journal: float = 0.02
    sends: float = 0.25
    repeated: float = 0.3
    """Webhooks that come again though they were acknowledged."""
    given_up: float = 0.1
    """Tries of a webhook after which it is not sent again though nobody has acknowledged it."""
    replicas: float = 0.8
    """Faults of a replica, or outages of the journal, in one virtual second."""
    operators: float = 0.8
    """Acts of operators in one virtual second: pauses, their ends, sends, commands."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """People at each of two channels, webhooks, replicas; and how many virtual seconds it lasts before it calms down."""

    people: int = 2
    webhooks: int = 12
    replicas: int = 2
    seconds: float = 6.0


ALL = Odds()
NONE = Odds(journal=0.0, sends=0.0, repeated=0.0, given_up=0.0, replicas=0.0, operators=0.0)
SOME = Size()
