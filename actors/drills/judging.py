"""From what a drill left to its invariants: whether the promises were kept, seen from outside. Pure.

The simulator's ledger and the provider's log are judged by the simulator's own verdict; here stand the rules about
processes, connections and what was written where nobody may write it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from actors.drills.load import Answered
from actors.drills.servers import Stop
from actors.simulate.report import Verdict
from runtime.testing import Invariant, Remains, at_least, at_most, exactly

DRAIN_SLACK = 1.5
"""Seconds beyond its budget for a process to be gone: pools, files and the interpreter close after the phases."""
PROMPT = 2.0
"""Seconds within which a webhook is answered: `ingest_timeout`, and what the way and a busy machine add."""
STARVED = 0.4
"""The part of the time without a core beyond which nothing is said of an answer's seconds."""
_PHONES = re.compile(r"(?<![\d.])999\d{12}(?!\d)")  # no part of a float, which may end in many nines


def of_messages(verdict: Verdict) -> list[Invariant]:
    """Every event that was acknowledged is handled once, in order, and answered once."""
    about: dict[str, list[str]] = {}
    for one in verdict.findings:
        about.setdefault(one.kind, []).append(f"{' '.join(one.messages)}: {one.what}")

    def none(name: str, count: int, *kinds: str) -> Invariant:
        notes = [note for kind in kinds for note in about.get(kind, ())]
        return exactly(name, count, 0, "; ".join(notes[:3]))

    return [
        none("acknowledged messages lost", verdict.lost, "lost", "unanswered"),
        none("handled or answered twice", verdict.doubled, "doubled"),
        none("out of order", verdict.out_of_order, "out of order"),
        none("misquoted", verdict.misquoted, "misquoted"),
        none("strange", verdict.strange, "strange"),
        none("never acknowledged", verdict.unacknowledged, "unacknowledged"),
        exactly("sends not settled", verdict.unsettled, 0),
        *(exactly(f"provider: {name}", count, 0) for name, count in verdict.violations.items()),
    ]


def of_answers(answers: Mapping[str, int], allowed: Collection[str]) -> Invariant:
    """No webhook is answered otherwise than is allowed in this drill."""
    others = {name: count for name, count in answers.items() if name not in allowed}
    note = ", ".join(f"{name}: {count}" for name, count in others.items())
    return exactly(f"answers other than {', '.join(sorted(allowed))}", sum(others.values()), 0, note)


def of_promptness(attempts: Iterable[Answered], starved: float, limit: float = PROMPT) -> Invariant:
    """A POST is answered in time whatever happens behind it, be it only with 503.

    `starved`: the part of the time that this process wanted a core in which it had none; where that is most of it, a
    slow answer is told and not judged.
    """
    slowest = round(max((one.ended - one.began for one in attempts), default=0.0), 3)
    name = "slowest answer meanwhile"
    if slowest > limit and starved > STARVED:
        note = f"no core for {starved:.0%} of the time that one was wanted: this machine is busy with other things"
        return Invariant(name, "skipped", slowest, limit, unit="s", note=note)
    return at_most(name, slowest, limit, "s")


def of_refusals(attempts: Iterable[Answered]) -> Invariant:
    """The fault was felt: a drill whose fault nobody noticed shows nothing."""
    return at_least("answered 503 meanwhile", sum(one.answer == "503" for one in attempts), 1)


def of_stops(stops: Sequence[Stop]) -> list[Invariant]:
    """Processes end in time, with the right exit code, and say that they are not ready before they refuse."""
    if not stops:
        return []
    slowest = max(stops, key=lambda one: one.seconds - one.budget)
    wrong = [
        f"{one.signal}: {one.code} instead of {one.expected}" for one in stops if one.code != one.expected
    ]
    return [
        at_most("drain", round(slowest.seconds, 3), slowest.budget + DRAIN_SLACK, "s"),
        exactly("wrong exit codes", len(wrong), 0, "; ".join(wrong)),
        exactly("refused before not ready", sum(not one.in_order for one in stops), 0),
    ]


def of_remains(remains: Remains, left: Sequence[str]) -> list[Invariant]:
    """Nothing is left when all processes are gone: neither at the servers nor in the system."""
    named = "; ".join(f"{one.name} {one.told}" for one in (*remains.sessions, *remains.clients)[:3])
    return [
        exactly("connections left", remains.connections, 0, named),
        exactly("transactions left open", remains.open_transactions, 0),
        exactly("advisory locks left", remains.advisory_locks, 0),
        exactly("blocked clients left", remains.blocked, 0),
        exactly("processes, files, listeners left", len(left), 0, "; ".join(left[:3])),
    ]


def of_outputs(
    logs: str, pages: Sequence[str], secrets: Collection[str], texts: Collection[str]
) -> list[Invariant]:
    """No unhandled exception stands in a log, and nowhere a secret, a number or a text of anybody."""
    told = [what for what in (logs, *pages) for _ in _PHONES.finditer(what)]
    told += [word for word in (*secrets, *texts) for what in (logs, *pages) if word in what]
    return [
        exactly("unhandled exceptions in logs", logs.count("Traceback (most recent call last)"), 0),
        exactly("secrets, numbers, texts in outputs", len(told), 0),
    ]
