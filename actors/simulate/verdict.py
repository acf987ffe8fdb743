"""The verdict: three views from outside laid over each other, and each disagreement named. Pure.

What was sent (the messages, and when each POST began and was acknowledged), what the provider got (its log of
accepted sends), what the database holds (the ledger). The rules of every history are the history checker's
(`runtime.drill.history`); here they get the names that people read, and those are added that are WhatsApp's or
the simulator's own:

- lost: also what an operator gave up, and a message whose turn asked for a send that was never accepted, or for
none where each text is to be answered. - doubled: also one message quoted by two replies. A reply that was
recorded as `maybe_duplicate` before its second try was in flight when a process died: it is reported apart.
- misquoted: a reply covers the messages of its turn and quotes the last of them. The turn of a conversation's
first message may answer without a quote (a welcome), no other may. - Gaps are not judged: what is not of this
run stands between.

Explanations name message ids, never people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from actors.simulate.people import Message
from actors.simulate.report import Finding, Kind, Verdict
from actors.simulate.views import Evidence, Posted, Reply
from runtime.testing import (
    OPEN,
    Accepted,
    Ledger,
    LedgerEntry,
    LedgerSend,
    RunHistory,
    SentEvent,
    Views,
    Violation,
    judge_history,
)

#: Findings kept for each kind; the counts are always whole.
_KEPT = 20

_KINDS: Mapping[str, Kind] = {
    "lost": "lost",
    "stored twice": "doubled",
    "handled twice": "doubled",
    "unacknowledged, handled twice": "doubled",
    "sent twice": "doubled",
    "out of order": "out of order",
    "mixed": "strange",
    "crossed tenants": "strange",
    "wrong person": "strange",
    "orphan reply": "strange",
    "misrecorded": "strange",
}


def judge(evidence: Evidence, ledger: Ledger, *, expect: str = "replies") -> Verdict:
    """Lay the views over each other. `expect` "replies": each turn answers and quotes; "turns": it may stay silent.

    Quotes are looked at where the provider's sends have them.
    """
    return _Judge(evidence, ledger, answering=expect == "replies").verdict()


class _Judge:
    def __init__(self, evidence: Evidence, ledger: Ledger, *, answering: bool) -> None:
        self._evidence = evidence
        self._answering = answering
        self._quoting = answering and evidence.quotes
        self._findings: list[Finding] = []
        self._wrong: dict[Kind, set[str]] = {}
        self._without = 0
        self._messages = {message.dedup: message for message in evidence.messages}
        self._history = _history(evidence, ledger, self._messages)
        self._views = Views(self._history)
        self._replies: dict[str, list[Reply]] = {}
        for reply in sorted(evidence.replies, key=lambda reply: reply.index):
            self._replies.setdefault(reply.effect, []).append(reply)

    def verdict(self) -> Verdict:
        evidence = self._evidence
        judgement = judge_history(self._history)
        for violation in judgement.violations:
            if violation.kind in _KINDS:
                self._take(_KINDS[violation.kind], violation)
        for violation in judgement.tolerated:
            self._take("doubled, in flight at a kill", violation)
        turns = self._handled()
        replied = self._turns(turns)
        if self._quoting:
            self._quoted_once()
        acknowledged = [event for event in self._history.sent if event.acknowledged is not None]
        for event in self._history.sent:
            if event.acknowledged is None:
                about = [self._messages[event.dedup].id]
                self._find("unacknowledged", about, "no POST with it was answered 200 in time")
        latencies = sorted(post.latency for post in evidence.posts if post.acknowledged is not None)
        handled = sum(map(len, turns.values()))
        return Verdict(
            run=evidence.run,
            people=len({message.person.index for message in evidence.messages}),
            messages=len(evidence.messages),
            deliveries=sum(len(post.messages) for post in evidence.posts),
            acknowledged=len(acknowledged),
            handled=handled,
            replied=replied,
            unacknowledged=self._count("unacknowledged"),
            lost=self._count("lost", "unanswered"),
            doubled=self._count("doubled"),
            doubled_in_flight=self._count("doubled, in flight at a kill"),
            out_of_order=self._count("out of order"),
            misquoted=self._count("misquoted"),
            strange=self._count("strange"),
            unsettled=sum(
                send.status in OPEN
                and not self._excused(turns.get((send.conversation, send.version), []), send)
                for send in self._history.effects
            ),
            excused=self._without,
            violations=evidence.violations,
            ack_p50_ms=_percentile(latencies, 0.50) * 1000,
            ack_p99_ms=_percentile(latencies, 0.99) * 1000,
            seconds=evidence.seconds,
            messages_per_second=handled / evidence.seconds if evidence.seconds else 0.0,
            answers=evidence.answers,
            findings=self._findings,
        )

    def _take(self, kind: Kind, violation: Violation) -> None:
        """Give a broken promise the name that people read, and the ids of messages."""
        messages = [self._messages[dedup].id for dedup in violation.events]
        if not messages:
            messages = [reply.wamid for reply in self._replies.get(violation.effect, ())]
        self._find(kind, messages, violation.what, about=messages[-1] if kind == "out of order" else "")

    def _handled(self) -> Mapping[tuple[str, int], list[LedgerEntry]]:
        """Return, by turn, the messages that exactly one turn covers; what was given up is lost."""
        turns: dict[tuple[str, int], list[LedgerEntry]] = {}
        for message in self._evidence.messages:
            entries = self._views.stored.get(message.dedup, [])
            for entry in entries:
                if entry.fate == "dead" and not entry.turns:
                    self._find("lost", [message.id], f"stored as number {entry.seq}, and given up")
            if len(entries) == 1 and entries[0].turns == 1 and entries[0].version is not None:
                turns.setdefault((entries[0].conversation, entries[0].version), []).append(entries[0])
        return turns

    def _turns(self, turns: Mapping[tuple[str, int], list[LedgerEntry]]) -> int:
        """Check what each turn sent; return how many messages are covered by what the provider accepted."""
        sends: dict[tuple[str, int], list[LedgerSend]] = {}
        for send in self._history.effects:
            sends.setdefault((send.conversation, send.version), []).append(send)
        opening: dict[str, int] = {}
        for (conversation, _), covered in turns.items():
            covered.sort(key=lambda entry: entry.seq)
            opening[conversation] = min(covered[0].seq, opening.get(conversation, covered[0].seq))
        replied = 0
        for key, covered in turns.items():
            ids = [self._messages[entry.dedup].id for entry in covered]
            asked = sends.get(key, [])
            missing = [send for send in asked if send.effect not in self._replies]
            if missing and all(self._excused(covered, send) for send in missing):
                self._without += len(ids)
            elif missing:
                what = f"the provider never accepted its turn's reply ({missing[0].status})"
                self._find("unanswered", ids, what)
            elif not asked and self._answering:
                self._find("unanswered", ids, "its turn asked for no reply")
            else:
                replied += len(ids)
            if self._quoting:
                accepted = [self._replies[send.effect][0] for send in asked if send.effect in self._replies]
                self._quotes(ids, accepted, welcome=covered[0].seq == opening[key[0]])
        return replied

    def _excused(self, covered: Sequence[LedgerEntry], send: LedgerSend) -> bool:
        """Whether a send may be as it is without having been accepted, for each message that its turn covers."""
        ids = [self._messages[entry.dedup].id for entry in covered]
        return bool(ids) and all(send.status in self._evidence.excused.get(one, ()) for one in ids)

    def _quotes(self, ids: Sequence[str], accepted: Sequence[Reply], *, welcome: bool) -> None:
        for reply in accepted:
            if reply.quoted not in ("", ids[-1]):
                self._find("misquoted", [ids[-1]], f"its turn's reply quotes {reply.quoted}")
            elif not reply.quoted and not welcome:
                self._find("misquoted", [ids[-1]], "its turn's reply quotes nothing")

    def _quoted_once(self) -> None:
        quoted: dict[str, set[str]] = {}
        for effect, replies in self._replies.items():
            for reply in replies:
                if reply.quoted and effect in self._views.effects:
                    quoted.setdefault(reply.quoted, set()).add(effect)
        for message, effects in quoted.items():
            if len(effects) > 1:
                self._find("doubled", [message], f"quoted by {len(effects)} different replies")

    def _find(self, kind: Kind, messages: Sequence[str], what: str, *, about: str = "") -> None:
        known = self._wrong.setdefault(kind, set())
        new = {about} if about else set(messages)
        if len(known) < _KEPT and not new <= known:
            self._findings.append(Finding(kind, tuple(messages), what))
        known |= new

    def _count(self, *kinds: Kind) -> int:
        return len(set[str]().union(*(self._wrong.get(kind, set()) for kind in kinds)))


def _history(evidence: Evidence, ledger: Ledger, messages: Mapping[str, Message]) -> RunHistory:
    """Return the run as the checker takes it: its own messages, their conversations, and what came of these."""
    begun, acknowledged = _times(evidence.posts)
    sent = [
        SentEvent(
            dedup, one.person.wa_id, begun.get(one.id, 0.0), acknowledged.get(one.id), one.person.number.id
        )
        for dedup, one in messages.items()
    ]
    entries = [entry for entry in ledger.entries if entry.dedup in messages]
    ours = {entry.conversation for entry in entries}
    accepted = [
        Accepted(reply.effect, reply.to, reply.wamid, reply.channel)
        for reply in sorted(evidence.replies, key=lambda reply: reply.index)
    ]
    effects = [send for send in ledger.sends if send.conversation in ours]
    return RunHistory(sent=sent, entries=entries, effects=effects, accepted=accepted)


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
