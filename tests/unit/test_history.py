"""The history checker accuses no right history, and catches each fault of one under its own name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runtime.drill.evidence import Accepted, RunHistory, SentEvent, Silence
from runtime.drill.history import judge
from runtime.journal.entries import LedgerEntry, LedgerSend, LedgerTurn

Draw = Callable[[st.SearchStrategy[int]], int]
change = msgspec.structs.replace


@dataclass
class Books:
    """A right history in the making; then a mutant in the making."""

    sent: list[SentEvent] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    turns: list[LedgerTurn] = field(default_factory=list)
    effects: list[LedgerSend] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    tenants: dict[str, str] = field(default_factory=dict)
    interventions: dict[str, int] = field(default_factory=dict)
    silences: list[Silence] = field(default_factory=list)

    def history(self) -> RunHistory:
        return RunHistory(**vars(self))

    def index(self, rows: list, draw: Draw, which: Callable[..., bool]) -> int:
        """Draw the place of a row of which `which` is true."""
        places = [place for place, row in enumerate(rows) if which(row)]
        assume(places)
        return places[draw(st.integers(0, len(places) - 1))]

    def simple(self, draw: Draw) -> int:
        """Draw the place of an acknowledged event of a person, handled by one turn."""
        acknowledged = {event.dedup for event in self.sent if event.acknowledged is not None}
        return self.index(self.entries, draw, lambda e: e.dedup in acknowledged and e.turns == 1)

    def pair(self, draw: Draw, rows: list, key: Callable[..., object]) -> tuple[int, int]:
        """Draw the places of two rows in a row of one key."""
        found = [
            (a, b)
            for a in range(len(rows))
            for b in range(a + 1, len(rows))
            if key(rows[a]) == key(rows[b]) and not any(key(rows[c]) == key(rows[a]) for c in range(a + 1, b))
        ]
        assume(found)
        return found[draw(st.integers(0, len(found) - 1))]


@st.composite
def right(draw: Callable[..., int]) -> Books:
    """People at two tenants; events come one by one or together, are handled so, answered, never stored, or skipped."""
    books = Books()
    number = now = 0
    for conversation in range(draw(st.integers(1, 3))):
        tenant, sender, name = f"t{conversation % 2}", f"p{conversation // 2}", f"c{conversation}"
        books.tenants[name] = tenant
        seq, version, epoch = 0, 0, 1
        for _ in range(draw(st.integers(1, 6))):
            kind = draw(st.sampled_from(["turn"] * 6 + ["timer", "skip", "owner", "never"]))
            size = draw(st.integers(1, 2)) if kind == "turn" else int(kind in {"skip", "never"})
            epoch += kind == "owner"
            first, dedups = seq + 1, []
            together = size == 2 and draw(
                st.booleans()
            )  # under way together: they may be stored in any order
            for _ in range(size):
                number, now = number + 1, now + 2
                silent = kind == "never" or draw(st.integers(0, 5)) == 0
                acknowledged = None if silent else now + (3.0 if together else 1.0)
                books.sent.append(SentEvent(f"m{number}", sender, float(now), acknowledged, tenant))
                dedups.append(f"m{number}")
            dedups = dedups[::-1] if together else dedups
            now += 2 * together
            if kind in {"never", "owner"}:
                continue
            seq, version = seq + size, version + 1
            handled = kind != "skip"
            for place, dedup in enumerate(dedups):
                fate = "done" if handled else "dead"
                row = (dedup, name, first + place, int(handled), version if handled else None, fate)
                books.entries.append(LedgerEntry(*row))
            if not handled:
                books.interventions[name] = books.interventions.get(name, 0) + 1
                continue
            books.turns.append(LedgerTurn(name, version, first, seq, epoch, f"r{epoch % 2}", float(now)))
            for ordinal in range(draw(st.integers(0, 2))):
                effect, became = f"{name}.{version}.{ordinal}", draw(st.integers(0, 5))
                ids = [f"{effect}.{n}" for n in range({0: 0, 1: 2}.get(became, 1))]
                books.effects.append(
                    LedgerSend(
                        effect,
                        name,
                        version,
                        ids[-1] if ids else "",
                        "done" if ids else "failed",
                        maybe_duplicate=len(ids) == 2,
                    )
                )
                books.accepted += [Accepted(effect, sender, one, tenant) for one in ids]
    return books


@settings(max_examples=300, deadline=None)
@given(right())
def test_no_right_history_is_accused(books: Books) -> None:
    judgement = judge(books.history())
    assert not judgement.violations, "\n".join(map(str, judgement.violations))
    assert len(judgement.tolerated) == sum(effect.maybe_duplicate for effect in books.effects)


@pytest.mark.parametrize(
    "how", ["an operator's", "begun before", "before it", "another's", "cancelled in time"]
)
@settings(max_examples=60, deadline=None)
@given(right(), st.data())
def test_what_a_pause_lets_pass_is_not_accused(how: str, books: Books, data: st.DataObject) -> None:
    if how == "cancelled in time":
        at = books.index(books.effects, data.draw, lambda effect: effect.status == "failed")
        books.effects[at] = change(books.effects[at], status="cancelled")
    else:
        said_while_paused(books, data.draw)
        (silence,) = books.silences
        effect = books.accepted[silence.first].effect
        at = next(n for n, one in enumerate(books.effects) if one.effect == effect)
        match how:
            case "an operator's":
                books.effects[at] = change(books.effects[at], operator=True)
            case "begun before":
                books.silences = [change(silence, passing={effect: 0})]
            case "before it":
                books.silences = [change(silence, first=silence.last)]
            case _:
                books.silences = [change(silence, conversation="another")]
    assert judge(books.history()).violations == []


# ── mutants: each is a right history with one fault ───────────────────


def lost_before_it_was_stored(books: Books, draw: Draw) -> None:
    last = {entry.conversation: entry for entry in books.entries}
    at = books.simple(draw)
    assume(books.entries[at] is last[books.entries[at].conversation])
    del books.entries[at]


def lost_after_it_was_stored(books: Books, draw: Draw) -> None:
    at = books.simple(draw)
    books.entries[at] = change(books.entries[at], turns=0, version=None, fate="waiting")


def an_unacknowledged_one_left_lying(books: Books, draw: Draw) -> None:
    silent = {event.dedup for event in books.sent if event.acknowledged is None}
    at = books.index(books.entries, draw, lambda e: e.dedup in silent and e.turns == 1)
    books.entries[at] = change(books.entries[at], turns=0, version=None, fate="done")


def stored_twice(books: Books, draw: Draw) -> None:
    entry = books.entries[books.simple(draw)]
    last = max(one.seq for one in books.entries if one.conversation == entry.conversation)
    books.entries.append(change(entry, seq=last + 1))


def handled_twice(books: Books, draw: Draw) -> None:
    at = books.simple(draw)
    books.entries[at] = change(books.entries[at], turns=2)


def unacknowledged_and_handled_twice(books: Books, draw: Draw) -> None:
    silent = {event.dedup for event in books.sent if event.acknowledged is None}
    at = books.index(books.entries, draw, lambda e: e.dedup in silent and e.turns == 1)
    books.entries[at] = change(books.entries[at], turns=2)


def stored_in_another_order(books: Books, draw: Draw) -> None:
    a, b = books.pair(draw, books.entries, lambda e: e.conversation)
    first, second = books.entries[a], books.entries[b]
    events = {event.dedup: event for event in books.sent}
    known = events[first.dedup].acknowledged
    assume(known is not None and known < events[second.dedup].begun)
    books.entries[a], books.entries[b] = change(first, seq=second.seq), change(second, seq=first.seq)


def handled_in_another_order(books: Books, draw: Draw) -> None:
    a, b = books.pair(draw, books.turns, lambda t: t.conversation)
    first, second = books.turns[a], books.turns[b]
    assume(first.first_seq <= first.last_seq and second.first_seq <= second.last_seq)
    assume(first.epoch == second.epoch)
    books.turns[a], books.turns[b] = (
        change(first, version=second.version),
        change(second, version=first.version),
    )


def answered_in_another_order(books: Books, draw: Draw) -> None:
    owner = {effect.effect: effect.conversation for effect in books.effects}
    a, b = books.pair(draw, books.accepted, lambda r: owner[r.effect])
    assume(books.accepted[a].effect != books.accepted[b].effect)
    assume(sum(reply.effect == books.accepted[a].effect for reply in books.accepted) == 1)
    books.accepted[a], books.accepted[b] = books.accepted[b], books.accepted[a]


def a_gap_in_sequences(books: Books, draw: Draw) -> None:
    _a, b = books.pair(draw, books.entries, lambda e: e.conversation)
    name, seq = books.entries[b].conversation, books.entries[b].seq
    for at, entry in enumerate(books.entries):
        if entry.conversation == name and entry.seq >= seq:
            books.entries[at] = change(entry, seq=entry.seq + 1)


def a_gap_in_versions(books: Books, draw: Draw) -> None:
    _a, b = books.pair(draw, books.turns, lambda t: t.conversation)
    name, version = books.turns[b].conversation, books.turns[b].version
    assume(not books.interventions.get(name))
    for at, turn in enumerate(books.turns):
        if turn.conversation == name and turn.version >= version:
            books.turns[at] = change(turn, version=turn.version + 1)


def a_version_twice(books: Books, draw: Draw) -> None:
    at = books.index(books.turns, draw, lambda _: True)
    books.turns.append(change(books.turns[at], first_seq=1, last_seq=0))


def late_fenced(books: Books, draw: Draw) -> None:
    a, b = books.pair(draw, books.turns, lambda t: t.conversation)
    before = books.turns[a]
    books.turns[b] = change(books.turns[b], epoch=before.epoch - 1, replica="late")


def two_owners(books: Books, draw: Draw) -> None:
    _a, b = books.pair(draw, books.turns, lambda t: (t.conversation, t.epoch))
    books.turns[b] = change(books.turns[b], replica="another")


def sent_twice(books: Books, draw: Draw) -> None:
    certain = {effect.effect for effect in books.effects if not effect.maybe_duplicate}
    at = books.index(books.accepted, draw, lambda r: r.effect in certain)
    books.accepted.append(change(books.accepted[at], provider_id="again"))


def sent_three_times(books: Books, draw: Draw) -> None:
    doubtful = {effect.effect for effect in books.effects if effect.maybe_duplicate}
    at = books.index(books.accepted, draw, lambda r: r.effect in doubtful)
    books.accepted.append(change(books.accepted[at], provider_id="again"))


def never_sent(books: Books, draw: Draw) -> None:
    certain = {effect.effect for effect in books.effects if not effect.maybe_duplicate}
    del books.accepted[books.index(books.accepted, draw, lambda r: r.effect in certain)]


def orphan_reply(books: Books, draw: Draw) -> None:
    books.accepted.append(Accepted("nobody's", "p0", "x", "t0"))


def recorded_under_another_id(books: Books, draw: Draw) -> None:
    at = books.index(books.effects, draw, lambda e: e.status == "done")
    books.effects[at] = change(books.effects[at], provider_id="else")


def to_another_person(books: Books, draw: Draw) -> None:
    at = books.index(books.accepted, draw, lambda _: bool(books.sent))
    owner = {effect.effect: effect.conversation for effect in books.effects}[books.accepted[at].effect]
    assume(any(entry.conversation == owner for entry in books.entries))
    books.accepted[at] = change(books.accepted[at], to="somebody else")


def by_another_tenant(books: Books, draw: Draw) -> None:
    to_another_person(books, draw)
    at = books.index(books.accepted, draw, lambda r: r.to == "somebody else")
    books.accepted[at] = change(books.accepted[at], tenant="another")


def into_another_tenants_conversation(books: Books, draw: Draw) -> None:
    entry = books.entries[books.simple(draw)]
    books.tenants[entry.conversation] = "another"


def one_person_in_two_conversations(books: Books, draw: Draw) -> None:
    _a, b = books.pair(draw, books.entries, lambda e: e.conversation)
    assume(
        books.entries[b] is [e for e in books.entries if e.conversation == books.entries[b].conversation][-1]
    )
    books.entries[b] = change(books.entries[b], conversation="elsewhere", seq=1)


def two_people_in_one_conversation(books: Books, draw: Draw) -> None:
    _a, b = books.pair(draw, books.entries, lambda e: e.conversation)
    events = {event.dedup: at for at, event in enumerate(books.sent)}
    at = events[books.entries[b].dedup]
    books.sent[at] = change(books.sent[at], sender="somebody else")


def left_open(books: Books, draw: Draw) -> None:
    at = books.index(books.effects, draw, lambda _: True)
    books.effects[at] = change(books.effects[at], status="uncertain")


def said_while_paused(books: Books, draw: Draw) -> None:
    sends = {effect.effect: effect for effect in books.effects}
    at = books.index(books.accepted, draw, lambda reply: sends[reply.effect].lane == "send")
    effect = sends[books.accepted[at].effect]
    books.silences.append(Silence(effect.conversation, at, at + 1))


def cancelled_but_sent(books: Books, draw: Draw) -> None:
    at = books.index(books.effects, draw, lambda effect: effect.status == "done")
    books.effects[at] = change(books.effects[at], status="cancelled")


def tried_again_though_cancelled(books: Books, draw: Draw) -> None:
    at = books.index(books.effects, draw, lambda effect: effect.lane == "send")
    books.effects[at] = change(books.effects[at], attempts=2)
    books.silences.append(Silence(books.effects[at].conversation, 0, 0, {books.effects[at].effect: 1}))


@pytest.mark.parametrize(
    ("mutate", "kind", "beside"),
    [
        (lost_before_it_was_stored, "lost", set()),
        (lost_after_it_was_stored, "lost", set()),
        (an_unacknowledged_one_left_lying, "unhandled", set()),
        (stored_twice, "stored twice", set()),
        (handled_twice, "handled twice", set()),
        (unacknowledged_and_handled_twice, "unacknowledged, handled twice", set()),
        (stored_in_another_order, "out of order", set()),
        (handled_in_another_order, "out of order", set()),
        (answered_in_another_order, "out of order", set()),
        (a_gap_in_sequences, "gap", set()),
        (a_gap_in_versions, "gap", set()),
        (a_version_twice, "gap", set()),
        (late_fenced, "zombie", {"two owners"}),
        (two_owners, "two owners", set()),
        (sent_twice, "sent twice", set()),
        (sent_three_times, "sent twice", set()),
        (never_sent, "unsent", set()),
        (orphan_reply, "orphan reply", set()),
        (recorded_under_another_id, "misrecorded", set()),
        (to_another_person, "wrong person", set()),
        (by_another_tenant, "crossed tenants", set()),
        (into_another_tenants_conversation, "crossed tenants", set()),
        (one_person_in_two_conversations, "mixed", {"crossed tenants", "wrong person"}),
        (two_people_in_one_conversation, "mixed", {"crossed tenants", "wrong person"}),
        (left_open, "left open", set()),
        (said_while_paused, "said while paused", set()),
        (cancelled_but_sent, "said while paused", set()),
        (tried_again_though_cancelled, "said while paused", set()),
    ],
)
def test_each_mutant_is_caught_under_its_name(
    mutate: Callable[[Books, Draw], None], kind: str, beside: set[str]
) -> None:
    @settings(max_examples=60, deadline=None)
    @given(right(), st.data())
    def catch(books: Books, data: st.DataObject) -> None:
        mutate(books, data.draw)
        found = {one.kind for one in judge(books.history()).violations}
        assert kind in found
        assert found <= {kind, *beside}

    catch()
