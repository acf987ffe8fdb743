"""The verdict: three views from outside laid over each other, and each disagreement named. Pure.

What was sent (the messages, and when each POST began and was acknowledged), what the provider got (its log of
accepted sends), what the database holds (the ledger). Nothing here trusts one view alone: a message counts as
handled when exactly one turn row covers it, as replied when the provider accepted what that turn asked to
send.

The rules:

- lost: acknowledged, but not handled by a turn; or handled, but a send of its turn was never accepted. -
doubled: handled or stored twice, or a reply accepted twice. A reply that was recorded as `maybe_duplicate`
before its second try was in flight when a process died: it is reported apart. - out of order: a and b of one
person, a's first acknowledgement before b's first POST began, but b comes before a in the sequence, in the
turns or in the replies. Nothing is said of messages that were under way together. - misquoted: a reply covers
the messages of its turn and quotes the last of them. The turn of a conversation's first message may answer
without a quote (a welcome), no other may. - strange: the provider got what no turn asked for, or under
another id than the ledger says.

Explanations name message ids, never people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from actors.simulate.people import Message
from actors.simulate.report import Finding, Kind, Verdict
from actors.simulate.views import OPEN, Evidence, Ledger, LedgerEntry, LedgerSend, Posted, Reply

#: Findings kept for each kind; the counts are always whole.
_KEPT = 20


class _Handled(msgspec.Struct):
    """A message that exactly one turn covers, and where its reply stands at the provider (None: nowhere)."""

    message: Message
    conversation: str
    seq: int
    version: int
    reply: int | None = None


def judge(evidence: Evidence, ledger: Ledger, *, expect: str = "replies") -> Verdict:
    """Lay the views over each other. `expect` "replies": each turn answers and quotes; "turns": it may stay silent."""
    return _Judge(evidence, ledger, quoting=expect == "replies").verdict()


class _Judge:
    def __init__(self, evidence: Evidence, ledger: Ledger, *, quoting: bool) -> None:
        self._evidence = evidence
        self._quoting = quoting
        self._findings: list[Finding] = []
        self._wrong: dict[Kind, set[str]] = {}
        self._begun, self._acknowledged = _times(evidence.posts)
        self._replies: dict[str, list[Reply]] = {}
        for reply in sorted(evidence.replies, key=lambda reply: reply.index):
            self._replies.setdefault(reply.effect, []).append(reply)
        ours = {message.dedup for message in evidence.messages}
        self._entries: dict[str, list[LedgerEntry]] = {}
        for entry in ledger.entries:
            if entry.dedup in ours:
                self._entries.setdefault(entry.dedup, []).append(entry)
        conversations = {entry.conversation for entries in self._entries.values() for entry in entries}
        self._sends = [send for send in ledger.sends if send.conversation in conversations]

    def verdict(self) -> Verdict:
        evidence = self._evidence
        handled = self._handled()
        turns: dict[tuple[str, int], list[_Handled]] = {}
        for one in handled:
            turns.setdefault((one.conversation, one.version), []).append(one)
        replied = self._turns(turns)
        self._sent_once(turns)
        self._order(handled)
        for message in evidence.messages:
            if message.id not in self._acknowledged:
                self._find("unacknowledged", [message.id], "no POST with it was answered 200 in time")
        latencies = sorted(post.latency for post in evidence.posts if post.acknowledged is not None)
        return Verdict(
            run=evidence.run,
            people=len({message.person.index for message in evidence.messages}),
            messages=len(evidence.messages),
            deliveries=sum(len(post.messages) for post in evidence.posts),
            acknowledged=len(self._acknowledged),
            handled=len(handled),
            replied=replied,
            unacknowledged=self._count("unacknowledged"),
            lost=self._count("lost", "unanswered"),
            doubled=self._count("doubled"),
            doubled_in_flight=self._count("doubled, in flight at a kill"),
            out_of_order=self._count("out of order"),
            misquoted=self._count("misquoted"),
            strange=self._count("strange"),
            unsettled=sum(send.status in OPEN for send in self._sends),
            violations=evidence.violations,
            ack_p50_ms=_percentile(latencies, 0.50) * 1000,
            ack_p99_ms=_percentile(latencies, 0.99) * 1000,
            seconds=evidence.seconds,
            messages_per_second=len(handled) / evidence.seconds if evidence.seconds else 0.0,
            answers=evidence.answers,
            findings=self._findings,
        )

    def _handled(self) -> list[_Handled]:
        """Return the messages that exactly one turn covers; find those that none or several do."""
        handled: list[_Handled] = []
        for message in self._evidence.messages:
            entries = self._entries.get(message.dedup, [])
            turns = sum(entry.turns for entry in entries)
            if len(entries) > 1:
                self._find("doubled", [message.id], f"stored {len(entries)} times")
            elif turns > 1:
                self._find("doubled", [message.id], f"handled by {turns} turns")
            if turns == 0 and message.id in self._acknowledged:
                what = "acknowledged, but not stored"
                if entries:
                    what = f"stored as number {entries[0].seq} ({entries[0].fate}), but no turn covers it"
                self._find("lost", [message.id], what)
            if len(entries) == 1 and turns == 1:
                entry = entries[0]
                if entry.version is None:
                    self._find("strange", [message.id], "covered by a turn that has no version")
                else:
                    handled.append(_Handled(message, entry.conversation, entry.seq, entry.version))
        return handled

    def _turns(self, turns: Mapping[tuple[str, int], list[_Handled]]) -> int:
        """Check what each turn sent; return how many messages are covered by what the provider accepted."""
        sends: dict[tuple[str, int], list[LedgerSend]] = {}
        for send in self._sends:
            sends.setdefault((send.conversation, send.version), []).append(send)
        opening: dict[str, int] = {}
        for (conversation, _), covered in turns.items():
            first = min(one.seq for one in covered)
            opening[conversation] = min(first, opening.get(conversation, first))
        quotes: dict[str, int] = {}
        for reply in self._evidence.replies:
            quotes[reply.quoted] = min(reply.index, quotes.get(reply.quoted, reply.index))
        replied = 0
        for key, covered in turns.items():
            covered.sort(key=lambda one: one.seq)
            ids = [one.message.id for one in covered]
            asked = sends.get(key, [])
            accepted = [self._replies[send.effect][0] for send in asked if send.effect in self._replies]
            missing = [send for send in asked if send.effect not in self._replies]
            if missing:
                what = f"the provider never accepted its turn's reply ({missing[0].status})"
                self._find("unanswered", ids, what)
            elif not asked and self._quoting:
                self._find("unanswered", ids, "its turn asked for no reply")
            else:
                replied += len(ids)
            answers = [reply.index for reply in accepted]
            for one in covered:
                quoted = quotes.get(one.message.id)
                one.reply = min(answers if quoted is None else [*answers, quoted], default=None)
            self._addressed(covered[0].message, accepted)
            if self._quoting:
                self._quotes(ids, accepted, welcome=covered[0].seq == opening[key[0]])
        return replied

    def _addressed(self, message: Message, accepted: Sequence[Reply]) -> None:
        for reply in accepted:
            if reply.to != message.person.wa_id:
                self._find("strange", [message.id], "its turn's reply went to another person")
            elif reply.channel != message.person.number.id:
                self._find("strange", [message.id], "its turn's reply came from another channel")

    def _quotes(self, ids: Sequence[str], accepted: Sequence[Reply], *, welcome: bool) -> None:
        for reply in accepted:
            if reply.quoted not in ("", ids[-1]):
                self._find("misquoted", [ids[-1]], f"its turn's reply quotes {reply.quoted}")
            elif not reply.quoted and not welcome:
                self._find("misquoted", [ids[-1]], "its turn's reply quotes nothing")

    def _sent_once(self, turns: Mapping[tuple[str, int], list[_Handled]]) -> None:
        """Find sends that the provider accepted twice, and those that nobody asked for."""
        asked = {send.effect: send for send in self._sends}
        quoted: dict[str, set[str]] = {}
        for effect, replies in self._replies.items():
            send = asked.get(effect)
            wamids = [reply.wamid for reply in replies]
            if send is None:
                self._find("strange", wamids, "accepted by the provider, but no turn asked for it")
                continue
            covered = turns.get((send.conversation, send.version), [])
            ids = [one.message.id for one in covered[-1:]] or wamids[:1]
            if len(replies) > 1:
                kind: Kind = "doubled, in flight at a kill" if send.maybe_duplicate else "doubled"
                self._find(
                    kind, ids, f"its turn's reply was accepted {len(replies)} times: {' '.join(wamids)}"
                )
            if send.provider_id and send.provider_id not in wamids:
                self._find(
                    "strange", ids, f"its reply is recorded as {send.provider_id}, accepted as {wamids[0]}"
                )
            for reply in replies:
                if reply.quoted:
                    quoted.setdefault(reply.quoted, set()).add(effect)
        if self._quoting:
            for message, effects in quoted.items():
                if len(effects) > 1:
                    self._find("doubled", [message], f"quoted by {len(effects)} different replies")

    def _order(self, handled: Iterable[_Handled]) -> None:
        people: dict[int, list[_Handled]] = {}
        seats: dict[str, _Handled] = {}
        for one in handled:
            people.setdefault(one.message.person.index, []).append(one)
            other = seats.setdefault(one.conversation, one)
            if other.message.person.index != one.message.person.index:
                self._find("strange", [other.message.id, one.message.id], "two people in one conversation")
        for messages in people.values():
            if strays := [one for one in messages if one.conversation != messages[0].conversation]:
                ids = [messages[0].message.id, strays[0].message.id]
                self._find("strange", ids, "one person in two conversations")
                continue
            self._order_of(messages, {one.message.id: one.seq for one in messages}, "stored")
            self._order_of(messages, {one.message.id: one.version for one in messages}, "handled")
            replies = {one.message.id: one.reply for one in messages if one.reply is not None}
            self._order_of(messages, replies, "answered")

    def _order_of(self, messages: Sequence[_Handled], places: Mapping[str, int], done: str) -> None:
        """Walk through one person's messages as they began; keep the last-placed of those acknowledged before."""
        ids = [one.message.id for one in messages if one.message.id in places]
        starting = sorted(ids, key=self._begun.__getitem__)
        acknowledged = sorted((self._acknowledged[i], i) for i in ids if i in self._acknowledged)
        latest = ""
        before = 0
        for later in starting:
            while before < len(acknowledged) and acknowledged[before][0] < self._begun[later]:
                earlier = acknowledged[before][1]
                if not latest or places[earlier] > places[latest]:
                    latest = earlier
                before += 1
            if latest and places[latest] > places[later]:
                what = f"acknowledged before the second was sent, but {done} after it"
                self._find("out of order", [latest, later], what, about=later)

    def _find(self, kind: Kind, messages: Sequence[str], what: str, *, about: str = "") -> None:
        known = self._wrong.setdefault(kind, set())
        new = {about} if about else set(messages)
        if len(known) < _KEPT and not new <= known:
            self._findings.append(Finding(kind, tuple(messages), what))
        known |= new

    def _count(self, *kinds: Kind) -> int:
        return len(set[str]().union(*(self._wrong.get(kind, set()) for kind in kinds)))


def _times(posts: Iterable[Posted]) -> tuple[dict[str, float], dict[str, float]]:
    """Return, by message, when its first POST began, and when one with it was first acknowledged (if one was)."""
    begun: dict[str, float] = {}
    acknowledged: dict[str, float] = {}
    for post in posts:
        for message in post.messages:
            begun[message] = min(post.begun, begun.get(message, post.begun))
            if post.acknowledged is not None:
                known = acknowledged.get(message, post.acknowledged)
                acknowledged[message] = min(post.acknowledged, known)
    return begun, acknowledged


def _percentile(ordered: Sequence[float], fraction: float) -> float:
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0
