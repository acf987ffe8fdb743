"""The history checker: what a run left behind, laid over each other, and each broken promise named. Pure.

Three views: what was sent and when (SentEvent), what the database holds (the ledger's entries, turns and sends), what
the provider accepted, in order (Accepted). None of them is trusted alone. It knows nothing of any provider, of texts or
of quotes; whoever judges those lays more rules over `Views`. A history is complete: the run has become quiet.

Explanations name events by their dedup keys, effects by their ids, and never a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from runtime.drill.evidence import Judgement, Kind, RunHistory, SentEvent, Views, Violation
from runtime.journal.entries import OPEN, LedgerEntry, LedgerSend, LedgerTurn


def judge(history: RunHistory) -> Judgement:
    """Return all that is wrong with a history, each wrong once or a few times."""
    views = Views(history)
    found = [
        *_events(history, views),
        *_numbers(history),
        *_owners(history),
        *_order(history, views),
        *_ends(history, views),
        *_silences(history, views),
        *_addressees(history, views),
    ]
    doubles = list(_doubles(views))
    return Judgement(
        [*found, *(one for one, known in doubles if not known)], [one for one, known in doubles if known]
    )


def violations(history: RunHistory) -> Sequence[Violation]:
    """Return what is wrong with a history."""
    return judge(history).violations


def _events(history: RunHistory, views: Views) -> Iterator[Violation]:
    """Each event is stored and handled once; an acknowledged one at least, any other at most."""
    for event in history.sent:
        entries = views.stored.get(event.dedup, [])
        turns = sum(entry.turns for entry in entries)
        if len(entries) > 1:
            yield Violation("stored twice", (event.dedup,), f"stored {len(entries)} times")
        elif turns > 1:
            kind: Kind = "unacknowledged, handled twice" if event.acknowledged is None else "handled twice"
            yield Violation(kind, (event.dedup,), f"handled by {turns} turns")
        if not entries and event.acknowledged is not None:
            yield Violation("lost", (event.dedup,), "acknowledged, but not stored")
    for entry in history.entries:
        sent = views.sent.get(entry.dedup)
        if entry.turns == 0 and entry.fate != "dead":
            kind = "unhandled" if sent is None or sent.acknowledged is None else "lost"
            what = f"stored as number {entry.seq} ({entry.fate}), but no turn covers it"
            yield Violation(kind, (entry.dedup,), what)
        elif sent is None and entry.turns > 1:
            yield Violation("handled twice", (entry.dedup,), f"handled by {entry.turns} turns")
        if sent is not None and not _same(sent.tenant, history.tenants.get(entry.conversation, "")):
            yield Violation("crossed tenants", (entry.dedup,), "stored in another tenant's conversation")


def _numbers(history: RunHistory) -> Iterator[Violation]:
    """Sequences and versions have no gap and no number twice, but for what an operator did."""
    seqs: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in history.entries:
        seqs[entry.conversation].append((entry.seq, entry.dedup))
    for places in seqs.values():
        places.sort()
        for (before, first), (after, second) in pairwise(places):
            if after != before + 1:
                what = f"number {after} follows number {before} of the conversation"
                yield Violation("gap", (first, second), what)
    for conversation, turns in _turns(history).items():
        versions = [turn.version for turn in turns]
        missing = versions[-1] - versions[0] + 1 - len(set(versions))
        doubled = [version for version, count in Counter(versions).items() if count > 1]
        if doubled or missing > history.interventions.get(conversation, 0):
            what = f"version {doubled[0]} twice" if doubled else f"{missing} versions missing among its turns"
            yield Violation("gap", (conversation,), what)


def _owners(history: RunHistory) -> Iterator[Violation]:
    """Turns of a conversation commit under growing epochs, one replica in each, and in the order of its events."""
    for conversation, turns in _turns(history).items():
        owners: dict[int, str] = {}
        for turn in turns:
            owner = owners.setdefault(turn.epoch, turn.replica)
            if owner != turn.replica:
                what = f"epoch {turn.epoch}: version {turn.version} is another replica's"
                yield Violation("two owners", (conversation,), what)
                break
        for before, after in pairwise(turns):
            if after.epoch < before.epoch:
                what = (
                    f"version {after.version} is of epoch {after.epoch}, the one before it of {before.epoch}"
                )
                yield Violation("zombie", (conversation,), what)
            if after.last_seq < before.first_seq <= before.last_seq and after.first_seq <= after.last_seq:
                what = (
                    f"version {after.version} handled number {after.first_seq} after number {before.last_seq}"
                )
                yield Violation("out of order", (conversation,), what)


def _order(history: RunHistory, views: Views) -> Iterator[Violation]:
    """What a person got acknowledged before sending more comes before that: stored, handled and answered."""
    people: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    seats: dict[str, SentEvent] = {}
    for event in history.sent:
        entries = views.stored.get(event.dedup, [])
        if len(entries) == 1:
            people[event.tenant, event.sender].append(entries[0])
            other = seats.setdefault(entries[0].conversation, event)
            if (other.tenant, other.sender) != (event.tenant, event.sender):
                yield Violation("mixed", (other.dedup, event.dedup), "two people in one conversation")
    for entries in people.values():
        if strays := [entry for entry in entries if entry.conversation != entries[0].conversation]:
            about = (entries[0].dedup, strays[0].dedup)
            yield Violation("mixed", about, "one person in two conversations")
            continue
        events = sorted((views.sent[entry.dedup] for entry in entries), key=lambda event: event.begun)
        handled = {entry.dedup: entry.version for entry in entries if entry.version is not None}
        answered = {
            entry.dedup: views.answered.get((entry.conversation, entry.version or 0)) for entry in entries
        }
        yield from _order_of(events, {entry.dedup: entry.seq for entry in entries}, "stored")
        yield from _order_of(events, handled, "handled")
        known = {dedup: place for dedup, place in answered.items() if place is not None}
        yield from _order_of(events, known, "answered")
    yield from _order_of_sends(history, views)


def _order_of(events: Sequence[SentEvent], places: Mapping[str, int], done: str) -> Iterator[Violation]:
    """Walk through one person's events as they began; keep the last-placed of those acknowledged before."""
    started = [event for event in events if event.dedup in places]
    acknowledged = sorted(
        (event.acknowledged, event.dedup) for event in started if event.acknowledged is not None
    )
    latest, before = "", 0
    for event in started:
        while before < len(acknowledged) and acknowledged[before][0] < event.begun:
            earlier = acknowledged[before][1]
            if not latest or places[earlier] > places[latest]:
                latest = earlier
            before += 1
        if latest and places[latest] > places[event.dedup]:
            what = f"acknowledged before the second was sent, but {done} after it"
            yield Violation("out of order", (latest, event.dedup), what)


def _order_of_sends(history: RunHistory, views: Views) -> Iterator[Violation]:
    """Sends of one conversation are first accepted in the order in which its turns asked for them."""
    asked = {effect.effect: place for place, effect in enumerate(history.effects) if effect.lane == "send"}
    latest: dict[str, LedgerSend] = {}
    for effect_id in dict.fromkeys(reply.effect for reply in history.accepted):
        if effect_id not in asked:
            continue
        effect = views.effects[effect_id]
        last = latest.get(effect.conversation)
        if last is not None and asked[last.effect] > asked[effect_id]:
            about = (*views.about(effect), *views.about(last))
            yield Violation("out of order", about, "answered after what was to be sent later", effect_id)
        else:
            latest[effect.conversation] = effect


def _ends(history: RunHistory, views: Views) -> Iterator[Violation]:
    """What was asked for came to an end, which is recorded as it was; what was accepted was asked for."""
    for effect in history.effects:
        known = [reply.provider_id for reply in views.accepted.get(effect.effect, ())]
        about = views.about(effect)
        if effect.status in OPEN:
            yield Violation("left open", about, f"its effect is {effect.status} at the end", effect.effect)
        if effect.status == "done" and not known:
            yield Violation("unsent", about, "recorded as sent, but never accepted", effect.effect)
        if effect.status == "cancelled" and known and not effect.attempts:
            yield Violation("said while paused", about, "recorded as cancelled, but accepted", effect.effect)
        if effect.provider_id and known and effect.provider_id not in known:
            what = f"its reply is recorded as {effect.provider_id}, accepted as {known[0]}"
            yield Violation("misrecorded", about, what, effect.effect)
    for effect_id in views.accepted:
        if effect_id not in views.effects:
            yield Violation(
                "orphan reply", (), "accepted by the provider, but no turn asked for it", effect_id
            )


def _silences(history: RunHistory, views: Views) -> Iterator[Violation]:
    """While a bot is paused nothing of it leaves that was not on its way before."""
    for silence in history.silences:
        for reply in history.accepted[silence.first : silence.last]:
            effect = views.effects.get(reply.effect)
            if effect is None or effect.conversation != silence.conversation or effect.lane != "send":
                continue
            if not effect.operator and effect.effect not in silence.passing:
                what = "accepted after a pause had been declared to hold"
                yield Violation("said while paused", views.about(effect), what, effect.effect)
        for name, tries in silence.passing.items():
            if (effect := views.effects.get(name)) is not None and effect.attempts > tries:
                what = f"tried {effect.attempts} times, of which {tries} before it was cancelled by a pause"
                yield Violation("said while paused", views.about(effect), what, name)


def _addressees(history: RunHistory, views: Views) -> Iterator[Violation]:
    """What was accepted went to the person of its conversation, from that one's tenant."""
    people: dict[str, SentEvent] = {}
    for event in history.sent:
        for entry in views.stored.get(event.dedup, ()):
            people.setdefault(entry.conversation, event)
    for reply in history.accepted:
        effect = views.effects.get(reply.effect)
        person = people.get(effect.conversation) if effect is not None else None
        if effect is None or person is None:
            continue
        about = views.about(effect)
        if not _same(reply.tenant, history.tenants.get(effect.conversation, "") or person.tenant):
            yield Violation("crossed tenants", about, "its reply left by another tenant", effect.effect)
        elif reply.to != person.sender:
            yield Violation("wrong person", about, "its reply went to another person", effect.effect)


def _doubles(views: Views) -> Iterator[tuple[Violation, bool]]:
    """Yield what was accepted more than once, and whether it is recorded that it may have been. Work may be repeated."""
    for effect_id, replies in views.accepted.items():
        effect = views.effects.get(effect_id)
        if effect is None or effect.lane == "work" or len(replies) < 2:
            continue
        names = " ".join(reply.provider_id for reply in replies)
        what = f"its turn's reply was accepted {len(replies)} times: {names}"
        known = effect.maybe_duplicate and len(replies) == 2
        yield Violation("sent twice", views.about(effect), what, effect_id), known


def _turns(history: RunHistory) -> Mapping[str, list[LedgerTurn]]:
    """Return the turns of each conversation, in the order of their versions."""
    found: dict[str, list[LedgerTurn]] = defaultdict(list)
    for turn in sorted(history.turns, key=lambda turn: turn.version):
        found[turn.conversation].append(turn)
    return found


def _same(one: str, other: str) -> bool:
    """Whether two tenants are the same, or one of them is not known."""
    return not one or not other or one == other
