"""Turns without a node: a rehearsal of one that has never been, and those of the past run again."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from runtime import Actor, App, Burst, Event, Stale, TimerDue, Transaction, Turn, encode_event
from runtime.actor.effect import Lane
from runtime.actor.state import StateUnreadable
from runtime.drill.nowhere import nowhere
from runtime.testing import History, NoStandIn, PastEvent, PastTurn, rehearse, replay

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Said(Event, frozen=True, kw_only=True):
    text: str


class Line(msgspec.Struct, frozen=True, tag=True):
    body: str


class Notes(msgspec.Struct):
    heard: list[str] = []


class Scribe(Actor[Notes]):
    async def receive(self, turn: Turn[Notes], event: Event) -> None:
        match event:
            case Said(text="poison"):
                raise ValueError
            case Said(text="rows"):
                async with turn.postgres() as tx:
                    await tx.execute("select 1")
            case Said(text="spoil"):
                turn.state.heard = 5  # type: ignore[assignment]
                return
            case Said(text=text):
                turn.remind("nudge", after=timedelta(minutes=15))
                turn.forget("other")
                turn.aside(Line("typing"))
                heard = text
            case TimerDue(name=name, due_at=due_at):
                heard = f"{name} of {due_at.isoformat()}"
            case Stale(count=count, newest=newest):
                heard = f"{count} to {newest.isoformat()}"
            case Burst(events=events):
                heard = "+".join(each.text for each in events if isinstance(each, Said))
        if not isinstance(event, Said) or event.text != "rows":
            turn.state.heard.append(heard)
            turn.reply(Line(f"{heard} at {turn.now.isoformat()} {turn.random.random()}"))


BOT = App("scribe", Scribe(), (), (Said,))


def past(version: int, *texts: str, timer: str = "", stale: bool = False) -> PastTurn:
    now = NOON + timedelta(hours=version)
    return PastTurn(version, now, [PastEvent(encode_event(Said(text=t)), now) for t in texts], timer, stale)


# ── rehearsals ────────────────────────────────────────────────────────


async def test_a_rehearsal_tells_all_that_a_turn_gave() -> None:
    done = await rehearse(Scribe(), Said(text="hi"))
    assert done.state == Notes(["hi"])
    assert [type(reply) for reply in done.replies] == [Line]
    assert done.asides == [Line("typing")]
    assert done.reminders == {"nudge": NOON + timedelta(minutes=15), "other": None}


async def test_a_rehearsal_goes_on_from_a_state_and_leaves_it_alone() -> None:
    before = Notes(["hi"])
    after = await rehearse(Scribe(), Said(text="you"), state=before)
    assert (before.heard, after.state.heard) == (["hi"], ["hi", "you"])


async def test_dice_are_the_versions_and_the_clock_is_given() -> None:
    first, again = [(await rehearse(Scribe(), Said(text="hi"))).replies for _ in range(2)]
    other = (await rehearse(Scribe(), Said(text="hi"), version=2)).replies
    later = (await rehearse(Scribe(), Said(text="hi"), now=NOON + timedelta(days=1))).replies
    assert first == again
    assert first not in (other, later)


async def test_what_could_not_be_stored_fails_in_a_rehearsal_too() -> None:
    with pytest.raises(msgspec.ValidationError):
        await rehearse(Scribe(), Said(text="spoil"))


async def test_a_transaction_needs_a_stand_in() -> None:
    with pytest.raises(NoStandIn, match="begin="):
        await rehearse(Scribe(), Said(text="rows"))
    begun: list[AbstractAsyncContextManager[Transaction]] = []

    def begin() -> AbstractAsyncContextManager[Transaction]:
        begun.append(nowhere())
        return begun[-1]

    await rehearse(Scribe(), Said(text="rows"), begin=begin)
    assert len(begun) == 1


# ── the past ──────────────────────────────────────────────────────────


async def test_each_kind_of_turn_is_handed_what_it_was_handed() -> None:
    turns = [past(1, "hi"), past(2, "a", "b"), past(4, timer="nudge"), past(5, "c", "d", "e", stale=True)]
    done = await replay(BOT, History("c", "post:1", turns))
    due = NOON + timedelta(hours=1, minutes=15)
    stale = NOON + timedelta(hours=5)
    heard = ["hi", "a+b", f"nudge of {due.isoformat()}", f"3 to {stale.isoformat()}"]
    assert msgspec.json.decode(done[-1].state, type=Notes).heard == heard
    assert [turn.version for turn in done] == [1, 2, 4, 5]
    assert [(e.version, e.ordinal, e.lane) for e in done[0].effects] == [
        (1, 0, Lane.ASIDE),
        (1, 1, Lane.SEND),
    ]


async def test_a_replay_is_the_same_each_time_and_another_conversations_is_not() -> None:
    turns = [past(1, "hi"), past(2, "you")]
    first, again, other = [await replay(BOT, History(name, "post:1", turns)) for name in ("c", "c", "d")]
    assert first == again
    assert first[0].effects[1].payload != other[0].effects[1].payload


async def test_a_replay_begins_with_the_state_that_is_given() -> None:
    (only,) = await replay(BOT, History("c", "post:1", [past(7, "you")], b'{"heard":["hi"]}'))
    assert only.state == b'{"heard":["hi","you"]}'


async def test_a_replay_says_where_it_failed() -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the actor's own, without words
        await replay(BOT, History("c", "post:1", [past(1, "hi"), past(2, "poison")]))
    assert raised.value.__notes__ == ["at version 2 of c"]
    with pytest.raises(StateUnreadable):
        await replay(BOT, History("c", "post:1", [past(1, "hi")], b'{"heard":5}'))


async def test_a_timer_that_nobody_has_set_needs_its_time() -> None:
    turn = past(3, timer="nudge")
    with pytest.raises(ValueError, match="due_at"):
        await replay(BOT, History("c", "post:1", [turn]))
    known = msgspec.structs.replace(turn, due_at=NOON)
    (only,) = await replay(BOT, History("c", "post:1", [known]))
    assert NOON.isoformat().encode() in only.state
