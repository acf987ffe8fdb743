"""The event x effect table of actors/README.md: every event has a row, and every row is what the bot does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from actors.media.task import MediaFetched
from actors.messages import (
    INCOMING,
    AccountNotice,
    ChannelFault,
    ChoicePicked,
    ConsentChanged,
    ContactsShared,
    FormFilled,
    HumanAnswered,
    IdentityChanged,
    LocationShared,
    MediaReceived,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    NumberChanged,
    OrderPlaced,
    Reacted,
    Unsupported,
)
from actors.models.task import Thought
from runtime import (
    Burst,
    EffectFailed,
    Event,
    Failure,
    OperatorCommand,
    Stale,
    TimerDue,
    UnreadableEvent,
)
from tests.unit.bot_stage import Stage

ROOT = Path(__file__).parents[2]
RUNTIME = (MediaFetched, Thought, EffectFailed, TimerDue, UnreadableEvent, OperatorCommand, Burst, Stale)
HI = MessageReceived(id="m", text="hi")


def lost(stage: Stage) -> Event:
    task = msgspec.json.encode(stage.asked[-1]).decode()
    return EffectFailed(effect="e", code="expired", kind=Failure.STALE, task=task)


ROWS: dict[tuple[str, str], Event | Callable[[Stage], Event]] = {
    ("MessageReceived", "a text"): MessageReceived(id="m", text="I want to buy a villa"),
    ("MessageReceived", "the first text"): HI,
    ("MessageReceived", "a link on a shared number"): MessageReceived(id="m", text="TENANT_2"),
    ("MessageReceived", "no link yet on a shared number"): HI,
    ("MessageReceived", "an opt-out"): MessageReceived(id="m", text="STOP"),
    ("MediaReceived", "a picture"): MediaReceived(id="m", kind="image", media="1", mime="image/jpeg"),
    ("MediaReceived", "a voice message, or another sound"): MediaReceived(id="m", kind="voice", media="1"),
    ("MediaReceived", "a video"): MediaReceived(id="m", kind="video", media="1", mime="video/mp4"),
    ("MediaReceived", "a document"): MediaReceived(
        id="m", kind="document", media="1", mime="application/pdf"
    ),
    ("MediaReceived", "a sticker"): MediaReceived(id="m", kind="sticker", media="1", mime="image/webp"),
    ("MediaFetched", "it was stored"): lambda stage: stage.fetched("stored"),
    ("ChoicePicked", "a choice that was offered"): ChoicePicked(id="m", choice="menu:realty"),
    ("ChoicePicked", "a choice that is no more"): ChoicePicked(id="m", choice="some:thing"),
    ("FormFilled", "a form"): FormFilled(id="m", form="f", response="{}"),
    ("LocationShared", "a place"): LocationShared(id="m", latitude=25.1, longitude=55.1),
    ("ContactsShared", "cards"): ContactsShared(id="m", cards=()),
    ("OrderPlaced", "an order"): OrderPlaced(id="m", items=()),
    ("Unsupported", "an unknown kind of message"): Unsupported(id="m", kind="hologram"),
    ("Unsupported", "no message, in an odd shape"): Unsupported(id="m", kind="reaction"),
    ("Reacted", "an emoji"): Reacted(id="m", target="w", emoji="👍"),
    ("MessageEdited", "a text reads otherwise now"): MessageEdited(id="m", original="w", message=HI),
    ("MessageRevoked", "a text was taken back"): MessageRevoked(id="m", original="w"),
    ("NumberChanged", "a new number"): NumberChanged(id="m", new="97150"),
    ("IdentityChanged", "a new device"): IdentityChanged(id="m", hash="x"),
    ("HumanAnswered", "a person answered by phone"): HumanAnswered(id="m", message=HI),
    ("ConsentChanged", "messages are refused"): ConsentChanged(category="marketing_messages", allowed=False),
    ("ConsentChanged", "messages are allowed"): ConsentChanged(category="marketing_messages", allowed=True),
    ("AccountNotice", "news of the account"): AccountNotice(account="1", field="account_update"),
    ("ChannelFault", "a fault of the channel"): ChannelFault(account="1", channel="meta:1", code="131000"),
    ("EffectFailed", "a send"): EffectFailed(effect="e", code="131026"),
    ("EffectFailed", "a send that the person refused"): EffectFailed(
        effect="e", code="131050", kind=Failure.OPTED_OUT
    ),
    ("EffectFailed", "a download"): lost,
    ("TimerDue", "of a tenant that is gone"): lambda stage: TimerDue(
        name="77:viewing:1:first", due_at=stage.now
    ),
    ("UnreadableEvent", "a version did not know it"): UnreadableEvent(reason="odd"),
    ("OperatorCommand", "of any name"): OperatorCommand(name="note"),
    ("Burst", "the bot has no burst policy"): Burst(events=(HI, HI)),
    ("Stale", "an outage is over"): lambda stage: Stale(count=2, newest=stage.now - timedelta(hours=1)),
}
"""What is played for each row; a viewing's reminder needs an agency's books and is in a transcript."""
IN_A_TRANSCRIPT = {
    ("TimerDue", "a viewing is near"): ("viewing-en.txt", "bot: A reminder of your viewing."),
    ("EffectFailed", "a photo or a sheet that could not be delivered"): (
        "photo-lost-fa.txt",
        "undelivered 131053",
    ),
    ("MediaFetched", "a picture, with a model"): (
        "photo-en.txt",
        "bot: <photo>\n    In your picture we see: A white villa",
    ),
    ("MediaFetched", "a voice message, with a model"): ("voice-en.txt", "bot: We heard: a two-bedroom flat"),
    ("MessageReceived", "beyond the rules, with a model"): (
        "model-en.txt",
        "along with us\nme: to buy\nbot: We cannot",
    ),
    ("Thought", "a model has answered"): ("model-en.txt", "bot: Parents of residents may stay for a year"),
    ("Thought", "a model has not"): ("voice-en.txt", "bot: Thank you, your voice message has arrived."),
    ("Thought", "the rules have answered already"): ("model-en.txt", "model answers\nmodel waits"),
    ("TimerDue", "a model is too late"): ("model-en.txt", "wait 2 min\nbot: We did not quite understand."),
    ("EffectFailed", "a question to a model"): (
        "model-en.txt",
        "model lost\nme: my grandmother sings\nbot: We did not",
    ),
}
OPTS_OUT = {"an opt-out", "messages are refused", "a send that the person refused"}


def table() -> dict[tuple[str, str], tuple[str, str]]:
    """Return the table: the answers and the tally of each row."""
    lines = (ROOT / "actors" / "README.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]
    assert all(len(row) == 5 for row in cells)
    return {
        (event.strip("`"), when): (answers, counted.strip("`")) for event, when, answers, counted, _ in cells
    }


TABLE = table()


def test_every_event_has_a_row_and_every_row_is_played() -> None:
    assert {event for event, _ in TABLE} == {kind.__name__ for kind in (*INCOMING, *RUNTIME)}
    assert set(TABLE) == set(ROWS) | set(IN_A_TRANSCRIPT)


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
async def test_the_bot_does_what_its_row_says(row: tuple[str, str]) -> None:
    kind, when = row
    answers, counted = TABLE[row]
    stage = Stage("shared" if "shared number" in when else "marina")
    if stage.channel == "meta:marina" and when != "the first text":
        await stage.says("hi")
        await stage.says("english")
    if when in ("it was stored", "a download"):
        await stage.play(MediaReceived(id="picture", kind="image", media="1", mime="image/jpeg"))
    downloads = len(stage.asked)
    given = ROWS[row]
    event = given if isinstance(given, Event) else given(stage)
    assert type(event).__name__ == kind
    said = await stage.play(event)
    assert len(said) == (answers == "one")
    assert len(stage.asked) - downloads == (answers == "later")
    if said:
        quoted = "picture" if when in ("it was stored", "a download") else "" if kind == "Stale" else "m"
        assert getattr(said[0], "quote", None) == quoted
    assert set(stage.state.noted) == ({counted} if counted else set())
    assert stage.state.opted_out == (when in OPTS_OUT)


@pytest.mark.parametrize("row", IN_A_TRANSCRIPT, ids=" ".join)
def test_what_needs_the_agencys_books_is_in_a_transcript(row: tuple[str, str]) -> None:
    name, line = IN_A_TRANSCRIPT[row]
    assert TABLE[row][0] in ("one", "later", "none")
    assert line in (ROOT / "tests" / "transcripts" / name).read_text("utf-8")
