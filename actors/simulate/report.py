"""What a verdict says: its numbers, its findings, and the table that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from actors.simulate.usage import Usage

Kind = Literal[
    "unacknowledged",
    "lost",
    "unanswered",
    "doubled",
    "doubled, in flight at a kill",
    "out of order",
    "misquoted",
    "strange",
]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, and the messages it is about."""

    kind: Kind
    messages: tuple[str, ...]
    what: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a run, and what is wrong with it.

    Counts are messages, but for `violations` (broken limits and refused bodies), `strange` and `unsettled`
    (sends). `kills`: how often the server was killed meanwhile; `connections`: those of the databases, if they were
    looked at. `excused`: messages whose reply was not accepted, as had to be expected.
    """

    run: str
    people: int
    messages: int
    deliveries: int
    acknowledged: int
    handled: int
    replied: int
    unacknowledged: int
    lost: int
    doubled: int
    doubled_in_flight: int
    out_of_order: int
    misquoted: int
    strange: int
    unsettled: int
    violations: Mapping[str, int]
    ack_p50_ms: float
    ack_p99_ms: float
    seconds: float
    messages_per_second: float
    answers: Mapping[str, int]
    findings: Sequence[Finding]
    kills: int = 0
    excused: int = 0
    connections: Usage | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is outstanding that could still arrive."""
        return not (self.lost or self.unsettled)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what was doubled in flight at a kill is allowed and shown."""
        wrong = (
            self.unacknowledged,
            self.lost,
            self.doubled,
            self.out_of_order,
            self.misquoted,
            self.strange,
        )
        used = self.connections is None or self.connections.ok
        return used and not any(wrong) and not self.unsettled and not any(self.violations.values())

    def table(self) -> str:
        """Return the verdict for people."""
        rows: list[tuple[str, object]] = [
            ("messages (deliveries)", f"{self.messages:,} ({self.deliveries:,}) of {self.people:,} people"),
            ("acknowledged", f"{self.acknowledged:,}"),
            ("handled", f"{self.handled:,}"),
            ("replied", f"{self.replied:,}"),
            ("unacknowledged", self.unacknowledged),
            ("lost", self.lost),
            ("doubled", self.doubled),
            ("doubled, in flight at a kill", self.doubled_in_flight),
            ("out of order", self.out_of_order),
            ("misquoted", self.misquoted),
            ("strange", self.strange),
            ("sends not settled", self.unsettled),
            *((f"provider: {name}", count) for name, count in self.violations.items()),
            ("answers", ", ".join(f"{name}: {count:,}" for name, count in self.answers.items()) or "none"),
            *([("kill -9 of the server", f"{self.kills} times")] if self.kills else []),
            ("ack p50 / p99", f"{self.ack_p50_ms:.1f} / {self.ack_p99_ms:.1f} ms"),
            ("until the last reply", f"{self.seconds:.1f} s, {self.messages_per_second:,.0f} messages/s"),
            *(self.connections.rows() if self.connections else []),
            ("verdict", "ok" if self.ok else "WRONG"),
        ]
        lines = [f"{name:<32}{value}" for name, value in rows]
        lines += [f"  {found.kind}: {' '.join(found.messages)}: {found.what}" for found in self.findings]
        return "\n".join(lines)
