"""A mailbox is a contiguous run of the inbox, whatever order the hints come in."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from runtime.actor.event import StoredEvent
from runtime.actor.mailbox import Mailbox

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def event(seq: int) -> StoredEvent:
    return StoredEvent("c", 0, seq, b"", NOW, "post:1")


def drain(mailbox: Mailbox, inbox: list[StoredEvent], page: int) -> list[int]:
    """Take everything as a cell does: what is here first, then what the journal has after it."""
    seen = []
    while not mailbox.idle:
        head = mailbox.peek()
        if head is not None:
            seen.append(head.seq)
            mailbox.done()
        else:
            tail = mailbox.tail
            found = inbox[tail : tail + page]
            mailbox.refill(found, more=len(found) == page)
    return seen


@given(
    total=st.integers(1, 40),
    done=st.integers(0, 40),
    limit=st.integers(1, 50),
    page=st.integers(1, 10),
    data=st.data(),
)
def test_each_event_is_taken_once_and_in_order(
    total: int, done: int, limit: int, page: int, data: st.DataObject
) -> None:
    done = min(done, total)
    inbox = [event(seq) for seq in range(1, total + 1)]
    hints = data.draw(st.lists(st.integers(1, total), max_size=60))
    early = data.draw(st.integers(0, len(hints)))
    mailbox = Mailbox(limit)
    for seq in hints[:early]:
        mailbox.offer(event(seq))
    mailbox.start(done)
    mailbox.behind = True
    for seq in hints[early:]:
        mailbox.offer(event(seq))
    assert drain(mailbox, inbox, page) == list(range(done + 1, total + 1))
    assert len(mailbox) == 0


@given(st.lists(st.integers(1, 1000), max_size=300))
def test_it_never_holds_more_than_its_bound(hints: list[int]) -> None:
    mailbox = Mailbox(16)
    for seq in hints:
        mailbox.offer(event(seq))
        assert len(mailbox) <= 16


def test_what_is_offered_while_the_journal_is_read_is_read_next() -> None:
    mailbox = Mailbox(10)
    mailbox.start(5)
    mailbox.behind = True
    mailbox.offer(event(9))
    mailbox.refill([event(6), event(7), event(8)], more=False)
    assert mailbox.behind
    for _ in range(3):
        mailbox.done()
    mailbox.refill([event(9)], more=False)
    assert not mailbox.behind
