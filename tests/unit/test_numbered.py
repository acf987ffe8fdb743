"""Where there are no buttons, the number that stands before a line is what the line's button would have been."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.numbered import has_buttons, lines_of, read, written
from actors.conversation.bot import EstateBot
from actors.conversation.state import EstateState
from actors.messages import Buttons, Choice, ChoicePicked, Choices, MessageReceived, Referral, Text
from config import Settings
from runtime.testing import rehearse
from tests.unit import twilio_webhooks as twilio
from tests.unit.bot_stage import Recorder
from tests.unit.bot_stage import settings as estate

BEDROOMS = Choices(
    "How many?",
    "Options",
    tuple(Choice(f"b:{n}", title) for n, title in enumerate(("Studio", "1 bed", "2 beds"))),
)


def said(text: str) -> MessageReceived:
    return MessageReceived(id="SM1", text=text, name="Sara", quoted="SM0", referral=Referral(source="ad"))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2",
            " 2 ",
            "۲",
            "٢",
            "2.",
            "2)",
            "۲.",
            "02",
            "(2)",
            "#2",
            "2!",
            "2،",
            "2\ufe0f\u20e3",
            "\u200f۲\u200f",
            "２",
        ),
        *("1 bed", "1  BED", "1 bed.", "«1 bed»", "\u202a1 bed\u202c", "2. 1 bed", "۲. ۱ bed", "2 - 1 bed"),
    ],
)
def test_a_number_in_any_digits_and_the_title_are_the_choice(text: str) -> None:
    picked = read(said(text), lines_of(BEDROOMS))
    assert picked == ChoicePicked(
        id="SM1", name="Sara", quoted="SM0", referral=Referral(source="ad"), choice="b:1", title="1 bed"
    )


@pytest.mark.parametrize(
    "text", ["", "0", "4", "99", "100", "2 3", "-2", "2.5", "two", "bed", "1 bed please", "3. 1 bed", "."]
)
def test_what_is_no_line_is_a_text_like_any_other(text: str) -> None:
    assert read(said(text), lines_of(BEDROOMS)) == said(text)
    assert read(said("2"), lines_of(Text("How many?"))) == said("2")


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("نیم‌طبقه", "نيم طبقه"),
        ("آپارتمان یک خوابه", "آپارتمان يك خوابه"),
        ("مَسْكَن", "مسكن"),
        ("Ещё", "еще"),
        ("Résumé", "Re\u0301sume\u0301"),
        ("Two beds 🏠", "two beds"),
        ("🏠", "🏠"),
    ],
)
def test_a_title_is_known_however_a_keyboard_writes_it(title: str, typed: str) -> None:
    lines = lines_of(Buttons("?", (Choice("other", "Villa"), Choice("it", title))))
    picked = read(said(typed), lines)
    assert isinstance(picked, ChoicePicked)
    assert (picked.choice, picked.title) == ("it", title)


def test_titles_that_only_signs_tell_apart_are_told_apart() -> None:
    lines = lines_of(Buttons("?", (Choice("a", "1 bed"), Choice("b", "1 bed+"))))
    picked = [read(said(text), lines) for text in ("1 bed", "1 bed+")]
    assert [one.choice for one in picked if isinstance(one, ChoicePicked)] == ["a", "b"]
    assert read(said("1 bed?"), lines) == said("1 bed?")


def test_a_title_of_two_lines_or_one_that_is_known_stays_words() -> None:
    twice = lines_of(Buttons("?", (Choice("a", "Marina"), Choice("b", "marina"))))
    assert read(said("Marina"), twice) == said("Marina")
    assert read(said("1 bed"), lines_of(BEDROOMS), {"1 bed"}) == said("1 bed")
    assert isinstance(read(said("2"), lines_of(BEDROOMS), {"1 bed"}), ChoicePicked)
    plus = lines_of(Buttons("?", (Choice("a", "Villa"), Choice("b", "1 bed+"))))
    assert read(said("1 bed"), plus, {"1 bed"}) == said("1 bed")
    assert read(said("1 bed!"), plus, {"1 bed"}) == said("1 bed!")
    assert isinstance(read(said("1 bed+"), plus, {"1 bed"}), ChoicePicked)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=99))
def test_the_number_that_is_shown_before_a_line_picks_that_line(titles: list[str]) -> None:
    message = Choices("?", "", tuple(Choice(f"c:{n}", title) for n, title in enumerate(titles)))
    shown = written(message).splitlines()[2:]
    for place, title in enumerate(titles):
        picked = read(said(str(place + 1)), lines_of(message))
        assert isinstance(picked, ChoicePicked)
        assert (picked.choice, picked.title) == (f"c:{place}", title)
        assert any(line.startswith(f"{place + 1}. ") for line in shown)


async def hears(state: EstateState, text: str, channel: str, settings: Settings) -> EstateState:
    bot = EstateBot()
    bot.configure(settings)
    begin = Recorder().transaction
    done = await rehearse(bot, MessageReceived(id="m1", text=text), state=state, channel=channel, begin=begin)
    return done.state


@pytest.mark.parametrize("text", ["2", "۲"])
async def test_the_lines_are_the_conversations_so_a_restart_does_not_forget_them(text: str) -> None:
    own, settings = twilio.channel(tenant="marina"), estate()
    settings = msgspec.structs.replace(settings, channels=(*settings.channels, own))
    welcomed = await hears(EstateState(), "hi", own.key, settings)
    assert [title for _, title in welcomed.lines] == ["English", "فارسی", "العربية", "Русский"]
    again = await hears(welcomed, text, own.key, settings)  # another bot, which has the state alone
    assert again.chosen == "fa"
    assert has_buttons("meta:marina")
    assert (await hears(EstateState(), "hi", "meta:marina", settings)).lines == ()
