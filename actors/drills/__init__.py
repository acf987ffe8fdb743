"""Rehearsed failures of the whole product: real servers, people who write, a provider that remembers, a verdict.

The door for drills of one's own: a `ServeDrill` with a body that makes trouble on the `Rehearsal` it is given.
"""

from actors.drills.drill import CannotRun, Order, ServeDrill, perform
from actors.drills.rehearsal import NotRecovered, Rehearsal
from actors.drills.wishes import Wishes

__all__ = ["CannotRun", "NotRecovered", "Order", "Rehearsal", "ServeDrill", "Wishes", "perform"]
