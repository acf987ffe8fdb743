"""The verdict catches each way to be wrong: a history that is right, and one mutant of it for each wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.simulate.people import Message, Number, Person
from actors.simulate.report import Finding, Verdict
from actors.simulate.verdict import judge
from actors.simulate.views import Evidence, Posted, Reply

NUMBER = Number("100200300400502", 0, "2003")
PEOPLE = [Person(n, f"999{n:012d}", "", "Sara", NUMBER) for n in range(2)]


@dataclass(frozen=True)
class Entry:
    dedup: str
    conversation: str
    seq: int
    turns: int = 1
    version: int | None = 1
    fate: str = "done"


@dataclass(frozen=True)
class Send:
    effect: str
    conversation: str
    version: int
    provider_id: str
    status: str = "done"
    maybe_duplicate: bool = False
    lane: str = "send"


@dataclass
class History:
    """Three views of one run, to be tampered with."""

    messages: list[Message] = field(default_factory=list)
    posts: list[Posted] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    violations: dict[str, int] = field(default_factory=dict)
    excused: dict[str, frozenset[str]] = field(default_factory=dict)
    quotes: bool = True

    def judge(self, expect: str = "replies") -> Verdict:
        evidence = Evidence(
            run="000001",
            messages=self.messages,
            posts=self.posts,
            replies=self.replies,
            violations=self.violations,
            seconds=2.0,
            excused=self.excused,
            quotes=self.quotes,
        )
        return judge(evidence, self, expect=expect)

    def message(self, person: int, place: int, at: float, *, took: float = 0.1) -> Message:
        """Add a text that is posted, stored, handled by a turn of its own, and answered."""
        message = Message(f"wamid.p{person}.m{place}", PEOPLE[person], place, "text")
        self.messages.append(message)
        self.posts.append(Posted((message.id,), at, at + took, took))
        conversation = f"c{person}"
        seq = 1 + sum(entry.conversation == conversation for entry in self.entries)
        self.entries.append(Entry(message.dedup, conversation, seq, version=seq))
        effect = f"effect-{person}-{seq}"
        quoted = message.id if seq > 1 else ""
        self.send(person, seq, effect, quoted)
        return message

    def send(self, person: int, version: int, effect: str, quoted: str) -> None:
        wamid = f"wamid.OUT{len(self.replies)}"
        self.replies.append(
            Reply(len(self.replies) + 1, wamid, NUMBER.id, PEOPLE[person].wa_id, effect, quoted)
        )
        self.sends.append(Send(effect, f"c{person}", version, wamid))

    def accept_again(self, place: int) -> None:
        """Let the provider accept a reply a second time, last of all."""
        reply = self.replies[place]
        self.replies.append(msgspec.structs.replace(reply, index=len(self.replies) + 1, wamid="wamid.AGAIN"))


def right() -> History:
    """Two people, three texts each, one after the other."""
    history = History()
    for place in range(3):
        for person in range(2):
            history.message(person, place, at=float(place))
    return history


def only(verdict: Verdict) -> Finding:
    assert len(verdict.findings) == 1, verdict.table()
    return verdict.findings[0]


def test_a_right_history_is_ok_and_counts_everything() -> None:
    verdict = right().judge()
    assert verdict.ok, verdict.table()
    assert verdict.complete
    assert (verdict.messages, verdict.acknowledged, verdict.handled, verdict.replied) == (6, 6, 6, 6)
    assert verdict.ack_p50_ms == pytest.approx(100)
    assert verdict.messages_per_second == 3.0


# ── mutants: each changes a right history in one place ────────────────


def lost_before_it_was_stored(history: History) -> None:
    del history.entries[4], history.sends[4], history.replies[4]


def lost_after_it_was_stored(history: History) -> None:
    history.entries[4] = replace(history.entries[4], turns=0, version=None, fate="waiting")
    del history.sends[4], history.replies[4]


def buried_as_dead(history: History) -> None:
    history.entries[4] = replace(history.entries[4], turns=0, version=None, fate="dead")
    del history.sends[4], history.replies[4]


def answered_by_nothing(history: History) -> None:
    del history.sends[4], history.replies[4]


def answered_in_the_books_only(history: History) -> None:
    del history.replies[4]


def handled_twice(history: History) -> None:
    history.entries[4] = replace(history.entries[4], turns=2)


def stored_twice(history: History) -> None:
    history.entries.append(replace(history.entries[4], seq=9, version=9))


def reply_sent_twice(history: History) -> None:
    history.accept_again(4)


def two_replies_quote_one_message(history: History) -> None:
    history.send(0, 3, "effect-extra", history.messages[4].id)


def quoted_another_message(history: History) -> None:
    history.replies[4] = msgspec.structs.replace(history.replies[4], quoted=history.messages[0].id)


def quoted_nothing(history: History) -> None:
    history.replies[4] = msgspec.structs.replace(history.replies[4], quoted="")


def stored_in_the_wrong_order(history: History) -> None:
    second, third = history.entries[2], history.entries[4]
    history.entries[2] = replace(second, seq=third.seq)
    history.entries[4] = replace(third, seq=second.seq)


def answered_in_the_wrong_order(history: History) -> None:
    second, third = history.replies[2], history.replies[4]
    history.replies[2] = msgspec.structs.replace(second, index=third.index)
    history.replies[4] = msgspec.structs.replace(third, index=second.index)


def sent_to_another_person(history: History) -> None:
    history.replies[4] = msgspec.structs.replace(history.replies[4], to=PEOPLE[1].wa_id)


def sent_from_another_channel(history: History) -> None:
    history.replies[4] = msgspec.structs.replace(history.replies[4], channel="777")


def sent_by_nobody(history: History) -> None:
    history.replies.append(Reply(99, "wamid.OUT99", NUMBER.id, PEOPLE[0].wa_id, "effect-unknown", ""))


def recorded_under_another_id(history: History) -> None:
    history.sends[4] = replace(history.sends[4], provider_id="wamid.ELSE")


def never_acknowledged(history: History) -> None:
    history.posts[4] = msgspec.structs.replace(history.posts[4], acknowledged=None)


@pytest.mark.parametrize(
    ("mutate", "count", "kind", "messages"),
    [
        (lost_before_it_was_stored, "lost", "lost", ["p0.m2"]),
        (lost_after_it_was_stored, "lost", "lost", ["p0.m2"]),
        (buried_as_dead, "lost", "lost", ["p0.m2"]),
        (answered_by_nothing, "lost", "unanswered", ["p0.m2"]),
        (answered_in_the_books_only, "lost", "unanswered", ["p0.m2"]),
        (stored_twice, "doubled", "doubled", ["p0.m2"]),
        (handled_twice, "doubled", "doubled", ["p0.m2"]),
        (reply_sent_twice, "doubled", "doubled", ["p0.m2"]),
        (two_replies_quote_one_message, "doubled", "doubled", ["p0.m2"]),
        (quoted_another_message, "misquoted", "misquoted", ["p0.m2"]),
        (quoted_nothing, "misquoted", "misquoted", ["p0.m2"]),
        (stored_in_the_wrong_order, "out_of_order", "out of order", ["p0.m1", "p0.m2"]),
        (answered_in_the_wrong_order, "out_of_order", "out of order", ["p0.m1", "p0.m2"]),
        (sent_to_another_person, "strange", "strange", ["p0.m2"]),
        (sent_from_another_channel, "strange", "strange", ["p0.m2"]),
        (recorded_under_another_id, "strange", "strange", ["p0.m2"]),
        (never_acknowledged, "unacknowledged", "unacknowledged", ["p0.m2"]),
    ],
)
def test_each_mutant_is_caught_once_and_named_by_its_messages(
    mutate: Callable[[History], None], count: str, kind: str, messages: Sequence[str]
) -> None:
    history = right()
    mutate(history)
    verdict = history.judge()
    found = only(verdict)
    assert not verdict.ok
    assert getattr(verdict, count) == 1
    assert found.kind == kind
    assert list(found.messages) == [f"wamid.{name}" for name in messages]
    assert not any(person.wa_id in verdict.table() for person in PEOPLE), (
        "a phone number is nobody's business"
    )


def test_a_send_that_no_turn_asked_for_is_named_by_its_own_id() -> None:
    history = right()
    sent_by_nobody(history)
    assert only(history.judge()).messages == ("wamid.OUT99",)


def test_broken_limits_and_sends_that_never_settle_are_wrong_too() -> None:
    history = right()
    history.violations = {"pair limit": 1}
    assert not history.judge().ok
    history = right()
    history.sends[4] = replace(history.sends[4], status="uncertain")
    verdict = history.judge()
    assert (verdict.unsettled, verdict.complete, verdict.ok) == (1, False, False)


# ── what is allowed ───────────────────────────────────────────────────


def test_a_double_that_was_recorded_as_possible_is_reported_apart() -> None:
    history = right()
    history.accept_again(4)
    history.sends[4] = replace(history.sends[4], maybe_duplicate=True, provider_id="wamid.AGAIN")
    verdict = history.judge()
    assert verdict.ok
    assert (verdict.doubled, verdict.doubled_in_flight) == (0, 1)
    assert only(verdict).kind == "doubled, in flight at a kill"


def test_messages_that_were_under_way_together_have_no_order() -> None:
    history = History()
    history.message(0, 0, at=0.0)
    history.message(0, 1, at=1.0, took=1.0)
    history.message(0, 2, at=1.9)
    stored_first, stored_second = history.entries[1:]
    history.entries[1:] = [replace(stored_first, seq=3, version=3), replace(stored_second, seq=2, version=2)]
    history.sends[1:] = [replace(history.sends[1], version=3), replace(history.sends[2], version=2)]
    assert history.judge().ok, history.judge().table()


def test_a_second_delivery_counts_from_when_its_first_post_began() -> None:
    """b may be stored by a POST that was begun before a was acknowledged, though it was acknowledged in a later one."""
    history = right()
    stored_in_the_wrong_order(history)
    assert history.judge().out_of_order == 1
    history.posts.append(Posted((history.messages[4].id,), 0.5, None))
    assert history.judge().out_of_order == 0


def test_one_turn_may_answer_several_messages_quoting_the_last() -> None:
    history = right()
    history.entries[2] = replace(history.entries[2], version=3)
    del history.sends[2], history.replies[2]
    assert history.judge().ok, history.judge().table()
    history.replies[3] = msgspec.structs.replace(history.replies[3], quoted=history.messages[2].id)
    assert only(history.judge()).messages == (history.messages[4].id,)


def test_a_silent_bot_is_judged_by_its_turns() -> None:
    history = right()
    del history.sends[4], history.replies[4]
    assert history.judge("turns").ok
    answered_in_the_books = right()
    answered_in_the_books_only(answered_in_the_books)
    assert answered_in_the_books.judge("turns").lost == 1
    twice = right()
    reply_sent_twice(twice)
    assert twice.judge("turns").doubled == 1


def test_where_sends_quote_nothing_all_else_is_judged_as_ever() -> None:
    history = right()
    history.quotes, history.replies = (
        False,
        [msgspec.structs.replace(one, quoted="") for one in history.replies],
    )
    assert history.judge().ok
    answered_by_nothing(history)
    assert only(history.judge()).kind == "unanswered"
    history = right()
    history.quotes = False
    reply_sent_twice(history)
    assert only(history.judge()).kind == "doubled"


def test_one_person_with_two_conversations_is_strange() -> None:
    history = right()
    history.entries[4] = replace(history.entries[4], conversation="c7", seq=1, version=1)
    history.sends[4] = replace(history.sends[4], conversation="c7", version=1)
    verdict = history.judge()
    assert verdict.strange == 2
    assert only(verdict).what == "one person in two conversations"


def test_findings_are_few_though_everything_is_wrong() -> None:
    history = History()
    for place in range(200):
        history.message(0, place, at=float(place))
    history.entries.clear()
    verdict = history.judge()
    assert verdict.lost == 200
    assert 0 < sum(found.kind == "lost" for found in verdict.findings) <= 20


# ── the order rule against its plain reading ──────────────────────────


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_rule_is_its_plain_reading(times: list[tuple[int, int]], random: Random) -> None:
    history = History()
    for place, (at, took) in enumerate(times):
        history.message(0, place, at=float(at), took=float(took))
    seqs = list(range(1, len(times) + 1))
    random.shuffle(seqs)
    history.entries = [replace(entry, seq=seq) for entry, seq in zip(history.entries, seqs, strict=True)]
    broken = {
        later
        for later, (begun, _) in enumerate(times)
        for earlier, (at, took) in enumerate(times)
        if at + took < begun and seqs[earlier] > seqs[later]
    }
    verdict = history.judge()
    named = {found.messages[1] for found in verdict.findings if "stored after" in found.what}
    assert named == {history.messages[place].id for place in broken}


# ── what had to be expected ───────────────────────────────────────────


def refused(status: str) -> History:
    """The third reply was never accepted, and is recorded so."""
    history = right()
    del history.replies[4]
    history.sends[4] = replace(history.sends[4], status=status, provider_id="")
    return history


def test_a_reply_that_was_to_be_refused_is_excused_and_counted() -> None:
    history = refused("failed")
    history.excused = {history.messages[4].id: frozenset({"failed"})}
    verdict = history.judge()
    assert verdict.ok, verdict.table()
    assert (verdict.excused, verdict.replied) == (1, 5)


def test_a_reply_that_may_wait_is_excused_while_it_is_open() -> None:
    history = refused("queued")
    history.excused = {history.messages[4].id: frozenset({"queued"})}
    assert history.judge().ok


@pytest.mark.parametrize("status", ["queued", "done"])
def test_no_other_end_of_it_is_excused(status: str) -> None:
    history = refused(status)
    history.excused = {history.messages[4].id: frozenset({"failed"})}
    verdict = history.judge()
    assert (verdict.lost, verdict.excused) == (1, 0)
    assert verdict.unsettled == (status == "queued")


def test_nobody_is_excused_by_another() -> None:
    history = refused("failed")
    history.excused = {history.messages[5].id: frozenset({"failed"})}
    assert history.judge().lost == 1
