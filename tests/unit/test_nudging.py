"""Follow-ups through the bot: who gets them, who does not, and that nothing between two turns changes that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio

from actors.conversation.bot import EstateBot
from actors.conversation.state import EstateState
from actors.messages import (
    INCOMING,
    Buttons,
    ChoicePicked,
    ConsentChanged,
    MediaReceived,
    Message,
    MessageReceived,
    Outgoing,
    Reacted,
    Template,
    Text,
)
from actors.wording.catalogue import Catalogue
from config import Channel, Secret, Settings, Tenant
from config import Node as NodeSettings
from runtime import (
    Accepted,
    App,
    Arrival,
    Delivery,
    EffectFailed,
    Event,
    Failure,
    HttpClient,
    Lane,
    OperatorCommand,
    Outcome,
    Pace,
    Request,
    Response,
    Stale,
    TimerDue,
    Turn,
    Verified,
    encode_event,
)
from runtime.journal.memory import MemoryJournal, MemoryStore
from runtime.node.node import Node, open_node
from runtime.testing import History, PastEvent, PastTurn, replay
from tests.unit.test_first_conversation import Recorder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXTS = Catalogue.load()
FIRST, SECOND, LAST = (TEXTS.text("en", key) for key in ("nudge-first", "nudge-second", "nudge-last"))
BEGINNING = ("hello there, how are you", "I want to rent a villa")
"""After these the bot waits for a name."""


def told(message: Outgoing) -> str:
    return message.body if isinstance(message, Text | Buttons) else type(message).__name__


def settings_of(**changes: object) -> Settings:
    given = {
        "id": 1,
        "slug": "palm",
        "name": "Palm",
        "timezone": "UTC",
        "follow_up_minutes": [1, 3, 6],
        **changes,
    }
    secret = Secret("secret-of-tests")
    channel = Channel(
        provider="meta", id="1", tenant="palm", app_secret=(secret,), verify_token=secret, access_token=secret
    )
    return Settings(data_dir=Path("unused"), tenants=(msgspec.convert(given, Tenant),), channels=(channel,))


class Talked:
    """One conversation with the bot, a turn after the other, and the clock of its timers."""

    def __init__(self, **changes: object) -> None:
        self.bot, self.now, self.state, self.turns = EstateBot(), NOON, EstateState(), 0
        self.bot.configure(settings_of(**changes))
        self.timers: dict[str, datetime] = {}
        self.paused = False

    async def hear(self, event: Event) -> list[Outgoing]:
        turn = Turn(
            conversation="c",
            channel="meta:1",
            version=self.turns,
            state=self.state,
            now=self.now,
            resources=Recorder(),
            paused=self.paused,
        )
        await self.bot.receive(turn, event)
        self.turns += 1
        self.state = msgspec.json.decode(msgspec.json.encode(turn.state), type=EstateState)
        for name, at in turn.reminders.items():
            self.timers.pop(name, None)
            if at is not None:
                self.timers[name] = at
        sent = [effect.payload for effect in turn.effects if effect.lane is Lane.SEND]
        return [msgspec.json.decode(payload, type=Outgoing) for payload in sent]

    async def writes(self, *texts: str) -> None:
        for text in texts:
            await self.hear(MessageReceived(id=f"m{self.turns}", text=text))

    async def waits(self, **span: float) -> list[str]:
        """Let time go by; return what timers say."""
        until, said = self.now + timedelta(**span), list[str]()
        while (due := min(self.timers.items(), key=lambda one: one[1], default=None)) and due[1] <= until:
            name, self.now = due
            del self.timers[name]
            said += [told(one) for one in await self.hear(TimerDue(name=name, due_at=self.now))]
        self.now = until
        return said


async def test_a_ladder_is_climbed_to_its_end_and_no_further() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    assert await talk.waits(minutes=2) == [FIRST]
    assert await talk.waits(minutes=2) == [SECOND]
    assert await talk.waits(days=9) == [LAST]
    assert talk.timers == {}


@pytest.mark.parametrize(("steps", "said"), [([], []), ([1], [FIRST]), ([1, 3], [FIRST, LAST])])
async def test_a_ladder_has_as_many_steps_as_the_agency_wants(steps: list[int], said: list[str]) -> None:
    talk = Talked(follow_up_minutes=steps)
    await talk.writes(*BEGINNING)
    assert await talk.waits(days=1) == said


async def test_a_menu_is_no_question_and_nobody_is_asked_to_go_on_from_it() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING, "menu")
    assert talk.timers == {}


@pytest.mark.parametrize(
    "ended",
    [
        MessageReceived(id="m", text="STOP"),
        MessageReceived(id="m", text="/stop"),
        MessageReceived(id="m", text="لغو اشتراک"),
        MessageReceived(id="m", text="إلغاء الاشتراك"),
        MessageReceived(id="m", text="стоп"),
        ConsentChanged(category="marketing_messages", allowed=False),
        EffectFailed(effect="e", code="131050", kind=Failure.OPTED_OUT),
    ],
    ids=lambda event: getattr(event, "text", type(event).__name__),
)
async def test_an_opt_out_of_whatever_kind_ends_follow_ups_until_it_is_taken_back(ended: Event) -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    await talk.hear(ended)
    assert talk.timers == {}
    await talk.writes("I want to rent a villa")
    assert talk.timers == {}
    assert await talk.waits(days=2) == []
    await talk.writes("START", "I want to rent a villa")
    assert await talk.waits(minutes=2) == [FIRST]


async def test_an_opt_out_that_a_timer_outran_is_obeyed_by_the_timer() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    talk.state.opted_out = True
    assert await talk.waits(days=1) == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_nobody_is_followed_up_while_a_person_answers_them(when: str) -> None:
    talk = Talked()
    await talk.writes(BEGINNING[0])
    talk.paused = when == "before"
    await talk.writes(BEGINNING[1])
    talk.paused = True
    assert ("nudge" in talk.timers) is (when == "after")
    assert await talk.waits(minutes=2) == []
    assert talk.timers == {}


async def test_a_conversation_that_is_given_back_is_not_followed_up_for_what_was_open_before() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    await talk.hear(OperatorCommand(name="resumed", data={"by": "sara"}))
    assert talk.timers == {}


async def test_a_medium_restarts_the_ladder_and_a_reaction_leaves_it_as_it_is() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    due = dict(talk.timers)
    talk.now += timedelta(seconds=30)
    await talk.hear(Reacted(id="r", target="m", emoji="👍"))
    assert talk.timers == due
    await talk.hear(MediaReceived(id="p", kind="image", media="1"))
    assert talk.timers == {name: at + timedelta(seconds=30) for name, at in due.items()}


async def test_there_is_one_ladder_a_day() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    assert await talk.waits(minutes=2) == [FIRST]
    await talk.writes("Sara")
    assert await talk.waits(hours=23) == []
    talk.now = NOON + timedelta(days=1)
    await talk.writes("to live in")
    assert await talk.waits(minutes=2) == [FIRST]


async def test_a_step_in_quiet_hours_comes_after_them_and_the_next_no_sooner_than_it_was_to_follow() -> None:
    talk = Talked(quiet_from="12:01", quiet_to="18:00")
    await talk.writes(*BEGINNING)
    assert await talk.waits(hours=6) == [FIRST]
    assert talk.timers == {"nudge": NOON + timedelta(hours=6, minutes=2)}


async def test_a_step_that_an_outage_moved_into_quiet_hours_waits_for_their_end() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    del talk.timers["nudge"]
    talk.now = NOON.replace(hour=22)
    assert await talk.hear(TimerDue(name="nudge", due_at=NOON)) == []
    assert talk.timers == {"nudge": NOON.replace(day=3, hour=9)}
    assert talk.bot.statistics()["unsent"]["nudge"]["quiet_hours"] == 1  # type: ignore[index]


async def test_beyond_the_window_one_template_is_sent_or_what_is_not_is_counted() -> None:
    templates = {"template-continue": "continue_search"}
    for given, said in ((templates, ["Template"]), ({}, [])):
        talk = Talked(follow_up_minutes=[1440, 1500], templates=given)
        await talk.writes(*BEGINNING)
        assert await talk.waits(days=3) == said
        assert talk.timers == {}
        assert ("unsent:nudge" in talk.state.noted) is not bool(given)
        way = "template" if given else "nothing"
        counted = talk.bot.statistics()
        assert counted["unasked"] == {f"nudge:{way}": 1}
        assert counted["unsent"]["nudge"] == {  # type: ignore[index]
            **dict.fromkeys(("opted_out", "quiet_hours", "too_soon", "paused"), 0),
            "window_closed": 0 if given else 1,
        }


async def test_a_template_names_the_agency_in_the_persons_language() -> None:
    talk = Talked(follow_up_minutes=[1440], templates={"template-continue": "continue_search"})
    await talk.writes("Здравствуйте", "хочу купить")
    ((_, due),) = talk.timers.items()
    talk.now = due
    (said,) = await talk.hear(TimerDue(name="nudge", due_at=due))
    assert isinstance(said, Template)
    assert (said.name, said.language) == ("continue_search", "ru")
    assert [one.strip("\u2068\u2069") for one in said.parameters] == ["Palm"]


async def test_a_provider_that_says_the_window_is_closed_is_believed() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    await talk.hear(EffectFailed(effect="e", code="131047", kind=Failure.TEMPLATE))
    assert await talk.waits(minutes=2) == []


async def test_not_now_is_thanked_for_with_silence_and_what_was_offered_can_still_be_picked() -> None:
    talk = Talked()
    await talk.writes(*BEGINNING)
    before = talk.state.part(1).offered
    await talk.waits(minutes=2)
    ids = [choice for choice, _ in talk.state.part(1).offered]
    assert ids == [*(choice for choice, _ in before), "nudge:continue", "nudge:later"]
    await talk.hear(ChoicePicked(id="p", choice="nudge:later", title="Not now"))
    assert (talk.state.part(1).asked, talk.state.part(1).offered) == ("name", before)
    assert talk.timers == {}
    await talk.writes("skip")
    assert talk.state.part(1).asked == "goal"


# ── after an outage ───────────────────────────────────────────────────


def missed(talk: Talked, *, hours: float) -> Stale:
    return Stale(count=2, newest=talk.now - timedelta(hours=hours))


async def test_what_went_stale_is_apologized_for_once_within_the_window_with_the_open_question() -> None:
    talk = Talked()
    talk.bot.configure(msgspec.structs.replace(settings_of(), node=NodeSettings(stale_after=3600.0)))
    await talk.writes(*BEGINNING)
    talk.now += timedelta(hours=3)
    (said,) = await talk.hear(missed(talk, hours=2))
    assert told(said) == "\n\n".join((TEXTS.text("en", "apology"), TEXTS.text("en", "ask-name")))
    assert await talk.hear(missed(talk, hours=1)) == []
    assert talk.timers == {}


@pytest.mark.parametrize("hours", [1, 24, 100])
async def test_after_the_window_nobody_is_apologized_to(hours: float) -> None:
    """What came an hour ago and is stale all the same was written a day before: its window is closed as well."""
    talk = Talked()
    await talk.writes(*BEGINNING)
    talk.now += timedelta(hours=hours + 24)
    assert await talk.hear(missed(talk, hours=hours)) == []
    assert talk.state.noted["unsent:apology"].times == 1


@pytest.mark.parametrize(
    "event", [MessageReceived(id="m", text="STOP"), ConsentChanged(category="m", allowed=False)]
)
async def test_who_opted_out_is_not_apologized_to(event: Event) -> None:
    talk = Talked()
    talk.bot.configure(msgspec.structs.replace(settings_of(), node=NodeSettings(stale_after=60.0)))
    await talk.writes(*BEGINNING)
    await talk.hear(event)
    assert await talk.hear(missed(talk, hours=1)) == []


async def test_opting_out_of_marketing_alone_is_remembered_as_that() -> None:
    talk = Talked()
    await talk.hear(ConsentChanged(category="marketing_messages", allowed=False))
    assert (talk.state.opted_out, talk.state.silenced) == (True, False)
    await talk.writes(*BEGINNING, "STOP")
    assert (talk.state.opted_out, talk.state.silenced) == (True, True)
    await talk.hear(ConsentChanged(category="marketing_messages", allowed=False))
    assert talk.state.silenced
    await talk.writes("START")
    assert (talk.state.opted_out, talk.state.silenced) == (False, False)


# ── on a node ─────────────────────────────────────────────────────────


class Post:
    """A provider in memory, which takes everything."""

    name = "meta"

    def __init__(self) -> None:
        self.got: list[str] = []

    def configure(self, settings: Settings) -> None: ...

    def channels(self) -> Sequence[str]:
        return ["meta:1"]

    def receive(self, request: Request) -> Verified | Response:
        return Verified()

    def pace(self, channel: str) -> Pace:
        return Pace(80, 6.0, 45)

    async def perform(self, delivery: Delivery, http: HttpClient) -> Outcome:
        await trio.lowlevel.checkpoint()
        self.got.append(told(msgspec.json.decode(delivery.payload, type=Outgoing)))
        return Accepted(f"p-{len(self.got)}")


class World:
    """The bot on a node over the journal in memory, in virtual time that begins at noon."""

    def __init__(self) -> None:
        began = trio.current_time()
        self.wall: Callable[[], datetime] = lambda: NOON + timedelta(seconds=trio.current_time() - began)
        self.store = MemoryStore(lambda: self.wall().timestamp())
        bot = EstateBot()
        bot.configure(settings_of())
        self.post = Post()
        self.app = App("estate", bot, (self.post,), INCOMING)
        self.said = 0

    @asynccontextmanager
    async def node(self, **settings: float) -> AsyncIterator[Node]:
        journal = MemoryJournal(self.store, replica="one")
        begin = Recorder().transaction
        async with open_node(
            self.app,
            NodeSettings(**settings),
            journal=journal,
            http=None,
            begin=begin,
            now=self.wall,  # type: ignore[arg-type]
        ) as node:
            await node.leases.settled.wait()
            yield node

    def arrival(self, text: str) -> Arrival:
        self.said += 1
        message: Message = MessageReceived(id=f"m{self.said}", text=text)
        return Arrival("meta:1", ("wa_id:971500000001",), f"m|{self.said}", encode_event(message))

    async def until(self, answers: int) -> None:
        with trio.fail_after(600):
            while len(self.post.got) < answers:
                await trio.sleep(0.05)

    def due_in(self) -> float:
        (timer,) = self.store.timers.values()
        return (timer.due_at - self.wall()).total_seconds()


async def begun(world: World, node: Node) -> None:
    for number, text in enumerate(BEGINNING, 1):
        await node.store(Verified((world.arrival(text),)))
        await world.until(number)


async def test_a_ladder_goes_on_through_passivation_and_restarts(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node(passivate_after=1.0) as node:
        await begun(world, node)
        await world.until(3)
    async with world.node():
        await world.until(4)
    async with world.node(passivate_after=1.0) as node:
        await world.until(5)
        await trio.sleep(600)
    assert world.post.got[2:] == [FIRST, SECOND, LAST]


@pytest.mark.parametrize("lead", [0.0, 0.001, 0.9])
async def test_an_answer_at_the_very_instant_of_its_nudge_wins(
    lead: float, autojump_clock: trio.testing.MockClock
) -> None:
    world = World()
    async with world.node(passivate_after=1.0) as node:
        await begun(world, node)
        await trio.sleep(world.due_in() - lead)
        await node.store(Verified((world.arrival("Sara"),)))
        await trio.sleep(55)
        assert len(world.post.got) == 3
        assert FIRST not in world.post.got
        await trio.sleep(600)
    assert world.post.got[3:] == [FIRST, SECOND, LAST]


async def test_an_answer_that_came_while_nothing_ran_beats_the_nudge_that_is_overdue(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    async with world.node() as node:
        await begun(world, node)
    await trio.sleep(300)
    await MemoryJournal(world.store, replica="ingress only").ingest([world.arrival("Sara")])
    async with world.node():
        await world.until(3)
        await trio.sleep(30)
    assert len(world.post.got) == 3
    assert FIRST not in world.post.got


async def test_turns_of_messages_and_timers_run_again_give_the_same_effects_byte_for_byte() -> None:
    bot = EstateBot()
    bot.configure(settings_of())
    app = App("estate", bot, (Post(),), INCOMING)
    times = [NOON + timedelta(minutes=minutes) for minutes in (0, 1, 2, 4, 7)]
    events = [
        (PastEvent(encode_event(MessageReceived(id=f"m{number}", text=text)), at),)
        for number, (text, at) in enumerate(zip(BEGINNING, times, strict=False))
    ]
    turns = [
        *(PastTurn(number, events[number][0].received_at, events[number]) for number in range(2)),
        *(PastTurn(number, times[number], timer="nudge") for number in (2, 3, 4)),
    ]
    history = History("c", "meta:1", turns)
    once, again = [await replay(app, history, begin=Recorder().transaction) for _ in range(2)]
    assert once == again
    said = [
        told(msgspec.json.decode(effect.payload, type=Outgoing)) for turn in once for effect in turn.effects
    ]
    assert said[2:] == [FIRST, SECOND, LAST]
