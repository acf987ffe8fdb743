"""People beside the crowd, whom a drill's body lets write what and when it likes. Pure.

What they say is judged as the crowd's. They have numbers of their own, above those of any crowd.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.simulate.people import TEXTS, Message, Number, Parcel, Person

_FIRST = 900_000
"""Their places begin here; a crowd is smaller."""


class Strangers:
    """Makes people of one run and what they say; nobody has written yet."""

    def __init__(self, run: str, numbers: Sequence[Number]) -> None:
        """`numbers`: the channels, which they take in turn."""
        self.numbers = numbers
        self._run = run
        self._count = 0
        self._said: dict[int, int] = {}

    def person(self, number: Number | None = None) -> Person:
        """Return somebody new, who writes to this channel."""
        index = _FIRST + self._count
        number = number or self.numbers[self._count % len(self.numbers)]
        self._count += 1
        return Person(index, f"999{self._run}{index:06d}", "", "Noor", number)

    def texts(self, person: Person, count: int, *, text: str = "", together: int = 1) -> Sequence[Parcel]:
        """Return somebody's next texts, so many `together` in one webhook. `text` "": what people say."""
        first = self._said.get(person.index, 0)
        self._said[person.index] = first + count
        messages = [
            Message(
                f"wamid.SIM{self._run}.p{person.index}.m{place}",
                person,
                place,
                text or f"{TEXTS['en'][place % len(TEXTS['en'])]} ({place + 1})",
            )
            for place in range(first, first + count)
        ]
        group = person.number.group
        return [
            Parcel(group, tuple(messages[start : start + together])) for start in range(0, count, together)
        ]

    def knows(self, message: Message) -> bool:
        """Whether a message is of one of these."""
        return message.person.index >= _FIRST

    def statistics(self) -> Mapping[str, int]:
        """Return how many people there are, and what they said in all."""
        return {"people": self._count, "texts": sum(self._said.values())}
