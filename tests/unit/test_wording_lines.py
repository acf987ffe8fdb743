"""Every line that the bot can write, with nasty values in it: its direction, its isolates, its length, its titles."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Amenity, Kind, Span, Wish
from actors.brain.language import LANGUAGES, Language
from actors.channels.limits import units
from actors.channels.meta.rendering import render
from actors.messages import Buttons, Choice, Choices, Text
from actors.wording.cards import EventFacts, ListingFacts, event_card, listing_card, wish_summary
from actors.wording.direction import FSI, LRI, LRM, PDI, RLM
from actors.wording.keys import Key
from actors.wording.offers import OFFERS, Offer, answer, span_of
from actors.wording.values import Code, Label, Link, Moment, Money, Name, Phone, Prose, Value
from tests.unit.wording_samples import (
    ALL_TEXTS,
    CODE,
    LINK,
    NASTY_NAMES,
    NEEDS,
    PERMIT,
    PHONE,
    WORDING,
    text,
    values,
)

CONTROLS = "\u061c\u202a\u202b\u202c\u202d\u202e\u2067"
RTL: tuple[Language, ...] = ("fa", "ar")
BUTTON, ROW, DESCRIPTION = 20, 24, 72
INTERACTIVE, TEXT = 1024, 4096

#: Titles that are not in an offer: they stand on a list's button, or among choices of the agency.
LONE_TITLES: tuple[Key, ...] = (
    "language-button",
    "language-name",
    "menu-button",
    "choose",
    "more",
    "done",
    "back",
    "cancel",
    "skip",
    "person",
    "viewing-button",
    "place-any",
)
IDS = """
amenity:any amenity:balcony amenity:furnished amenity:garden amenity:gym amenity:maid_room amenity:parking
amenity:pets amenity:pool amenity:sea_view answer:no answer:skip answer:yes bedrooms:0 bedrooms:1 bedrooms:2
bedrooms:3 bedrooms:4 bedrooms:5- bedrooms:any budget:-1000000 budget:-60000 budget:100000-200000
budget:1000000-2000000 budget:200000- budget:2000000-5000000 budget:5000000- budget:60000-100000 budget:any
category:commercial category:residential deal:buy deal:rent expo:meet goal:investment goal:living
goal:residency kind:any kind:apartment kind:land kind:office kind:penthouse kind:shop kind:townhouse
kind:villa kind:warehouse listing:more listing:sheet listing:similar
listing:viewing menu:expo menu:main menu:realty menu:support
nudge:continue nudge:later period:month period:year person:call place:any
relax:anywhere relax:bedrooms relax:budget relax:floor relax:kind
relax:place search:change support:new support:status urgency:half_year urgency:later urgency:now
urgency:quarter viewing:cancel viewing:cancel-now viewing:keep viewing:other
"""
LATIN = st.text(alphabet="abcXYZ éß-'.", min_size=1, max_size=400)
ANYTHING = st.text(max_size=300)


def strong(line: str, *, skip_isolates: bool) -> str:
    """The class of the first strong character, as UAX 9 has it (P2) or as one reads that knows no isolates."""
    depth = 0
    for char in line:
        kind = unicodedata.bidirectional(char)
        depth += (kind in ("FSI", "LRI", "RLI")) - (kind == "PDI")
        if kind in ("L", "R", "AL") and (depth == 0 or not skip_isolates):
            return kind
    return ""


def depth_at(line: str, place: int) -> int:
    before = line[:place]
    return before.count(FSI) + before.count(LRI) - before.count(PDI)


def check_lines(language: Language, written: str) -> None:
    for line in written.split("\n"):
        assert len(line.splitlines()) <= 1
        assert not set(line) & set(CONTROLS)
        depths = [depth_at(line, place) for place in range(len(line) + 1)]
        assert min(depths) == 0
        assert depths[-1] == 0, "an isolate is open at the end of the line"
        assert RLM not in line[1:]
        if language in RTL:
            for skip in (True, False):
                assert not line.strip() or strong(line, skip_isolates=skip) in ("R", "AL")
        else:
            assert strong(line, skip_isolates=False) in ("", "L")
            assert RLM not in line
            assert LRM not in line[1:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_every_text_is_led_and_its_isolates_are_closed(language: Language) -> None:
    assert len(ALL_TEXTS[language]) > 1_500
    for _, written in ALL_TEXTS[language]:
        check_lines(language, written)
        assert "{" not in written.replace("{ $name }", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_body_fits_an_interactive_message_with_a_question_beside_it(language: Language) -> None:
    longest = max(ALL_TEXTS[language], key=lambda found: units(found[1]))
    assert units(longest[1]) <= INTERACTIVE - 130, longest
    questions = [units(written) for key, written in ALL_TEXTS[language] if key.startswith("ask-")]
    answers = [units(written) for key, written in ALL_TEXTS[language] if key.startswith("answer-")]
    back = units(WORDING.text(language, "back-to-question"))
    assert max(answers) + back + max(questions) + 3 <= INTERACTIVE


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_in_all_languages_fit_a_text(language: Language) -> None:
    assert units(WORDING.in_all("help")) <= TEXT
    assert WORDING.text(language, "help") in WORDING.in_all("help")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_one_line(language: Language) -> None:
    for key, written in ALL_TEXTS[language]:
        if key.startswith("template-"):
            assert "\n" not in written
            assert "    " not in written


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_and_codes_are_ascii_and_stand_outside_of_isolates(language: Language) -> None:
    found = 0
    for key, written in ALL_TEXTS[language]:
        for variable, ascii_only in (("link", LINK), ("number", CODE), ("permit", PERMIT)):
            if variable in NEEDS[key]:
                (line,) = [line for line in written.split("\n") if ascii_only in line]
                place = line.index(ascii_only)
                assert depth_at(line, place) == 0
                after = line[place + len(ascii_only) :][:1]
                assert after in ("", " ", ".", "\n")
                found += 1
    assert found


@pytest.mark.parametrize("language", LANGUAGES)
def test_phones_names_prices_and_times_are_isolated(language: Language) -> None:
    given_values = values("Marina Homes", 3_000_000)
    assert f"{LRI}{PHONE}{PDI}" in text(language, "phone-noted", given_values)
    assert f"{FSI}Marina Homes{PDI}" in text(language, "welcome", given_values)
    money = WORDING.value(language, Money(3_000_000)).lstrip(RLM)
    assert money.startswith(FSI)
    assert money in text(language, "confirm-amount", given_values)
    assert f": {FSI}" in text(language, "viewing-booked", given_values).splitlines()[2]


@pytest.mark.parametrize(
    ("value", "ascii_only"),
    [
        (Phone("+۹۷۱ ۵۰ ۱۲۳ ۴۵۶۷"), "+971 50 123 4567"),
        (Phone("\u2066+٩٧١٥٠١٢٣٤٥٦٧\u2069"), "+971501234567"),
        (Code("۷۱۲۳–۴۵۶"), "7123-456"),
        (Code(" REQ\u2011٤٢\n"), "REQ-42"),
        (
            Link("https://majlis.example/سلام?a=1&b=%20"),
            "https://majlis.example/%D8%B3%D9%84%D8%A7%D9%85?a=1&b=%20",
        ),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_phones_codes_and_links_are_ascii_in_every_language(
    language: Language, value: Value, ascii_only: str
) -> None:
    written = WORDING.value(language, value).strip(RLM + LRM + LRI + PDI)
    assert written == ascii_only
    assert WORDING.title(language, value, 60).strip(RLM + LRM) == ascii_only


@given(name=LATIN | ANYTHING, number=st.integers(0, 10**10))
def test_no_name_breaks_a_line(name: str, number: int) -> None:
    for language in LANGUAGES:
        for key in (
            "welcome",
            "name-noted",
            "viewing-booked",
            "template-handover",
            "noted",
            "confirm-amount",
        ):
            written = text(language, key, values(name, number))
            check_lines(language, written)
            assert units(written) <= INTERACTIVE


# ── titles ────────────────────────────────────────────────────────────


def check_title(language: Language, title: str, limit: int) -> None:
    assert title.strip()
    assert units(title) <= limit
    assert title == " ".join(title.split())
    assert not set(title) & {FSI, LRI, PDI, *CONTROLS}
    if language in RTL:
        assert strong(title, skip_isolates=False) != "L"
    else:
        assert strong(title, skip_isolates=False) in ("", "L")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("offer", get_args(Offer))
def test_every_title_of_every_offer_fits_whole(language: Language, offer: Offer) -> None:
    choices = WORDING.offer(language, offer)
    limit = BUTTON if len(choices) <= 3 else ROW
    for choice in choices:
        check_title(language, choice.title, limit)
        assert "…" not in choice.title
    assert 1 <= len(choices) <= 10
    assert len({choice.title.casefold() for choice in choices}) == len(choices)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", LONE_TITLES)
def test_every_other_title_fits_a_button(language: Language, key: Key) -> None:
    assert WORDING.title(language, Label(key)) == WORDING.text(language, key)
    check_title(language, WORDING.text(language, key), BUTTON)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in NASTY_NAMES if name.strip()])
def test_a_name_as_a_title_is_cut_and_holds_no_isolates(language: Language, name: str) -> None:
    check_title(language, WORDING.title(language, Name(name)), BUTTON)
    choice = WORDING.choice(language, "place:x", Name(name), name)
    check_title(language, choice.title, ROW)
    if choice.description:
        check_title(language, choice.description, DESCRIPTION)


def test_a_name_as_a_title_keeps_the_list_in_its_direction() -> None:
    assert WORDING.title("fa", Name("JBR")) == f"{RLM}JBR"
    assert WORDING.title("ar", Name("iZone")) == f"{RLM}iZone"
    assert WORDING.title("en", Name("iZone")) == "iZone"
    assert WORDING.title("ru", Name("الدار")) == f"{LRM}الدار"
    assert WORDING.title("ar", Name("الدار")) == "الدار"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("zone", ["Asia/Dubai", "Europe/Moscow", "America/St_Johns"])
def test_every_slot_of_a_year_fits_a_button_and_a_row(language: Language, zone: str) -> None:
    start = datetime(2026, 1, 1, 5, 30, tzinfo=UTC)
    for day in range(366):
        slot = WORDING.slot(language, f"slot:{day}", start + timedelta(days=day), zone)
        check_title(language, slot.title, BUTTON)
        check_title(language, slot.description, DESCRIPTION)
        assert "…" not in slot.title + slot.description


# ── offers ────────────────────────────────────────────────────────────


def test_ids_are_ascii_and_each_is_offered_once() -> None:
    for offer, choices in OFFERS.items():
        ids = [choice for choice, _ in choices]
        assert len(set(ids)) == len(ids), offer
        assert all(choice.isascii() and ":" in choice and len(choice) < 60 for choice in ids)


def test_ids_stay_as_they_are() -> None:
    """An id may come back from a button that was sent long ago: names go, none changes its meaning."""
    assert sorted({choice for choices in OFFERS.values() for choice, _ in choices}) == IDS.split()


@pytest.mark.parametrize(
    ("choice", "span"),
    [
        ("budget:-1000000", Span(None, 1_000_000)),
        ("budget:1000000-2000000", Span(1_000_000, 2_000_000)),
        ("budget:200000-", Span(200_000, None)),
        ("bedrooms:0", Span(0, 0)),
        ("bedrooms:5-", Span(5, None)),
        ("bedrooms:any", None),
        ("budget:-", None),
        ("budget:", None),
        ("kind:villa", None),
        ("budget:۱۰", None),
        ("bedrooms:2 ", None),
    ],
)
def test_the_range_of_an_id_is_read_back(choice: str, span: Span | None) -> None:
    assert span_of(choice) == span


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_choices_are_buttons_and_many_a_list_with_a_button_of_its_own(language: Language) -> None:
    body = WORDING.text(language, "ask-goal")
    assert isinstance(asked := WORDING.ask(language, body, WORDING.offer(language, "goal")), Buttons)
    assert [choice.id for choice in asked.choices] == ["goal:investment", "goal:living", "goal:residency"]
    listed = WORDING.ask(language, body, WORDING.offer(language, "amenities"), quote="m1")
    assert isinstance(listed, Choices)
    assert (listed.button, listed.quote) == (WORDING.text(language, "choose"), "m1")
    assert WORDING.ask(language, body, (), quote="m1") == Text(body, quote="m1")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("offer", get_args(Offer))
def test_what_the_provider_is_sent_has_the_titles_and_the_body_unchanged(
    language: Language, offer: Offer
) -> None:
    choices = WORDING.offer(language, offer)
    body = text(language, "viewing-booked", values(NASTY_NAMES[1], 3))
    sent = json.loads(render(WORDING.ask(language, body, choices), {"to": "1"}, "tracker"))["interactive"]
    assert sent["body"]["text"] == body
    if len(choices) <= 3:
        titles = [button["reply"]["title"] for button in sent["action"]["buttons"]]
    else:
        (section,) = sent["action"]["sections"]
        titles = [row["title"] for row in section["rows"]]
        assert sent["action"]["button"] == WORDING.text(language, "choose")
    assert titles == [choice.title for choice in choices]


def test_a_choice_that_does_not_fit_a_button_makes_a_list() -> None:
    long = WORDING.choice("en", "place:x", Name("Jumeirah Village Circle"))
    assert isinstance(WORDING.ask("en", "Which?", [long]), Choices)
    assert isinstance(WORDING.ask("en", "Which?", [Choice("a:b", "Short", "but described")]), Choices)


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        ("service_charge", "answer-service-charge"),
        ("residency", "answer-residency"),
        ("yield", "answer-yield"),
        ("the weather", "answer-unknown"),
    ],
)
def test_a_topic_has_an_answer_or_an_honest_one(topic: str, key: Key) -> None:
    assert answer(topic) == key


def test_some_of_an_offer_can_be_offered() -> None:
    some = WORDING.offer("en", "relax", only={"relax:place", "person:call"})
    assert [choice.id for choice in some] == ["relax:place", "person:call"]


# ── cards ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NASTY_NAMES)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_full_card_fits_and_every_line_of_it_is_led(language: Language, name: str, kind: Kind) -> None:
    facts = ListingFacts(
        title=name,
        deal="rent",
        kind=kind,
        price=999_999_999,
        place=name,
        bedrooms=11,
        square_metres=92.9,
        amenities=frozenset(get_args(Amenity)),
        rental_yield=7.25,
        visa_years=10,
        permit=PERMIT,
        reference=name,
    )
    card = listing_card(WORDING, language, facts)
    check_lines(language, card)
    assert units(card) <= INTERACTIVE
    assert PERMIT in card.splitlines()[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_says_only_what_is_known(language: Language) -> None:
    facts = ListingFacts(title="Marina Gate", deal="buy", kind="land", price=3_000_000)
    assert len(listing_card(WORDING, language, facts).splitlines()) == 3
    assert wish_summary(WORDING, language, Wish()) == ""
    assert len(event_card(WORDING, language, EventFacts(name="Expo", zone="Asia/Dubai")).splitlines()) == 1


def test_a_card_in_english() -> None:
    facts = ListingFacts(
        title="Marina Gate 2",
        deal="rent",
        kind="apartment",
        price=120_000,
        place="Dubai Marina",
        bedrooms=2,
        bathrooms=3,
        square_metres=92.9,
        amenities=frozenset({"sea_view", "pool"}),
        rental_yield=7.5,
        visa_years=10,
        permit="7123456",
        reference="MG-2",
    )
    plain = listing_card(WORDING, "en", facts).translate({ord(mark): None for mark in (FSI, PDI)})
    assert plain.splitlines() == [
        "Marina Gate 2",
        "Apartment · 2 bedrooms · 3 bathrooms · 93 sq m (1,000 sq ft)",
        "Location: Dubai Marina",
        "Rent: AED 120,000 a year",
        "Expected rental yield: 7.5% a year",
        "Can qualify for a residency visa of 10 years; the authorities decide.",
        "Amenities: pool, sea view",
        "Reference: MG-2",
        "Permit number: 7123456",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_wish_and_a_whole_event_are_led_and_fit(language: Language) -> None:
    wish = Wish(
        goal="residency",
        deal="buy",
        category="residential",
        kind="villa",
        budget=Span(2_000_000, 3_000_000),
        bedrooms=Span(2, 4),
        amenities=frozenset(get_args(Amenity)),
        urgency="half_year",
    )
    summary = wish_summary(WORDING, language, wish, ("Dubai Marina", "نخلة جميرا"))
    check_lines(language, summary)
    assert len(summary.splitlines()) == 9
    flat = wish_summary(WORDING, language, wish, ("Dubai Marina",), between=" · ")
    template = WORDING.text(
        language, "template-handover", name=Name("رضا"), text=Prose(flat), link=Link(LINK)
    )
    check_lines(language, template)
    assert template.count(" · ") == 8
    assert units(summary) <= INTERACTIVE
    opens = datetime(2026, 12, 5, 6, tzinfo=UTC)
    event = EventFacts(
        name="Cityscape",
        zone="Asia/Dubai",
        starts=opens,
        ends=opens + timedelta(days=2),
        place="Dubai World Trade Centre",
        stand="B12",
        link=LINK,
    )
    card = event_card(WORDING, language, event)
    check_lines(language, card)
    assert len(card.splitlines()) == 6
    assert card.endswith(LINK)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_others_wrote_keeps_its_lines_and_each_runs_its_own_way(language: Language) -> None:
    quoted = WORDING.quoted(language, "First: 12 sq m\r\n\n  دوم\u202e \nТретья")
    check_lines(language, quoted)
    assert [line.strip(RLM + LRM + FSI + PDI) for line in quoted.split("\n")] == [
        "First: 12 sq m",
        "دوم",
        "Третья",
    ]


def test_a_moment_as_a_title_is_the_short_one() -> None:
    at = Moment(datetime(2026, 12, 5, 11, tzinfo=UTC), "Asia/Dubai")
    assert WORDING.title("en", at) == "Sat 5 Dec, 15:00"
