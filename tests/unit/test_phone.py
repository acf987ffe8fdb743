"""The phone without a terminal: what appears, what a typed line means, and which webhook it becomes."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from actors.channels.meta import MetaProvider
from actors.messages import INCOMING, ChoicePicked, MessageReceived
from actors.phone import envelope
from actors.phone.numbers import NoSuchNumber, called, choose
from actors.phone.screen import Option, Order, Pick, Say, Shown, show, understand
from config import Channel, Secret, Settings, Tenant
from runtime import Event, Request, Verified
from runtime.actor.event import EventCodec

SARA = envelope.person_named("Sara")


def interactive(kind: str, body: str, **more: object) -> dict[str, object]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, **more}}


def buttons(*titles: str) -> dict[str, object]:
    replies = [{"type": "reply", "reply": {"id": f"id-{title}", "title": title}} for title in titles]
    return interactive("button", "Which?", action={"buttons": replies})


def listed(*sections: list[dict[str, str]]) -> dict[str, object]:
    action = {"button": "Open", "sections": [{"title": "S", "rows": rows} for rows in sections]}
    return interactive("list", "Which?", action=action)


def rows(first: int, last: int) -> list[dict[str, str]]:
    return [{"id": f"r{n}", "title": f"Row {n}"} for n in range(first, last + 1)]


# ── what appears ──────────────────────────────────────────────────────


def test_a_text_appears_as_it_is_whatever_its_direction() -> None:
    body = "سلام، می\u200cخواهم خانه ببینم\n\nשלום"
    assert show({"type": "text", "text": {"body": body}}).text() == body


def test_nothing_in_a_text_steers_the_terminal() -> None:
    shown = show({"type": "text", "text": {"body": "a\x1b[2Jb\x9bc\rd\te\x07"}}).text()
    assert not any(ord(letter) < 32 and letter != "\n" for letter in shown)
    assert "\x9b" not in shown


def test_buttons_have_numbers_before_them() -> None:
    shown = show(buttons("Yes", "خیر"))
    assert shown.text() == "Which?\n  1  Yes\n  2  خیر"
    assert [option.shape for option in shown.options] == ["button_reply", "button_reply"]


def test_a_list_shows_header_footer_opener_and_descriptions_and_numbers_go_on_through_its_sections() -> None:
    content = listed(rows(1, 6), rows(7, 11))
    part = content["interactive"]
    assert isinstance(part, dict)
    part |= {"header": {"type": "text", "text": "Head"}, "footer": {"text": "Foot"}}
    part["action"]["sections"][1]["rows"][4]["description"] = "the last"
    shown = show(content)
    lines = shown.text().split("\n")
    assert lines[:4] == ["Head", "Which?", "Foot", "[Open]"]
    assert lines[4] == "  1  Row 1"
    assert lines[-2:] == [" 10  Row 10", " 11  Row 11 - the last"]
    assert shown.options[10] == Option("list_reply", "r11", "Row 11", "the last")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"type": "image", "image": {"id": "1", "caption": "The view"}}, "[photo]\nThe view"),
        ({"type": "document", "document": {"id": "2", "filename": "PA-101.pdf"}}, "[PA-101.pdf]"),
        ({"type": "location", "location": {"latitude": 25.1, "longitude": 55.2, "name": "Marina"}},
         "[location] 25.1, 55.2 Marina"),
        ({"type": "template", "template": {"name": "hello"}}, "[template]\nhello"),
        ({"type": "sticker", "sticker": None}, "[sticker]"),
        ({"type": "interactive", "interactive": {"action": {"buttons": [7, {"reply": 3}]}}}, "  1  "),
        ({}, ""),
    ],
)  # fmt: skip
def test_other_types_are_named_and_odd_ones_hurt_nobody(content: dict[str, object], text: str) -> None:
    assert show(content).text() == text


# ── what is typed ─────────────────────────────────────────────────────

ON_OFFER = show(listed(rows(1, 12))).options


@pytest.mark.parametrize("typed", ["12", " 12 ", "۱۲", "١٢"])
def test_a_number_alone_picks_in_any_digits(typed: str) -> None:
    assert understand(typed, ON_OFFER) == Pick(ON_OFFER[11])


@pytest.mark.parametrize("typed", ["13", "0", "1.", "no 1", "²", "999999999"])
def test_a_number_that_nothing_has_is_a_text(typed: str) -> None:
    assert understand(typed, ON_OFFER) == Say(typed)


def test_a_number_is_a_text_while_nothing_is_on_offer() -> None:
    assert understand("1", ()) == Say("1")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/kill", Order("kill")),
        ("/kill  hello there ", Order("kill", "hello there")),
        ("/AS سارا", Order("as", "سارا")),
        ("  /quit", Order("quit")),
        ("/", Order("")),
        ("hello /kill", Say("hello /kill")),
        (" spaced \r", Say(" spaced ")),
        ("", None),
        (" \t", None),
    ],
)
def test_a_slash_makes_a_command_and_the_rest_of_the_line_is_its_own(typed: str, meant: object) -> None:
    assert understand(typed, ()) == meant


# ── which webhook it becomes ──────────────────────────────────────────


def channel(number: str, tenant: str | None = None) -> Channel:
    return Channel(
        provider="meta",
        id=number,
        tenant=tenant,
        app_secret=(Secret("app-secret"),),
        verify_token=Secret("verify"),
        access_token=Secret("access"),
    )


TENANTS = (
    Tenant(id=1, slug="gone", name="Gone Homes", status="suspended"),
    Tenant(id=2, slug="palm", name="Palm Homes"),
)
SETTINGS = Settings(
    data_dir=Path("unused"),
    tenants=TENANTS,
    channels=(channel("100"), channel("101", "gone"), channel("102", "palm"), channel("103", "palm")),
)


async def received(part: dict[str, object]) -> tuple[str, tuple[str, ...], Event]:
    """Return channel, identities and event of what our own provider makes of a signed webhook."""
    body = envelope.encode(SARA, SETTINGS.channels[2], "wamid.1", part, 1_790_000_000)
    provider = MetaProvider()
    provider.configure(SETTINGS)
    digest = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    verified = provider.receive(
        Request("POST", "/webhooks/meta", {}, {"x-hub-signature-256": f"sha256={digest}"}, body)
    )
    assert isinstance(verified, Verified)
    [arrival] = verified.arrivals
    return arrival.channel, tuple(arrival.identities), EventCodec(INCOMING).decode(arrival.payload)


async def test_a_text_arrives_as_it_was_typed() -> None:
    where, identities, event = await received(dict(envelope.text("سلام/👍")))
    assert (where, identities) == ("meta:102", (f"wa_id:{SARA.number}",))
    assert isinstance(event, MessageReceived)
    assert (event.id, event.name, event.text) == ("wamid.1", "Sara", "سلام/👍")


@pytest.mark.parametrize("content", [buttons("Yes", "No"), listed(rows(1, 3))])
async def test_a_pick_arrives_with_the_id_and_title_of_its_option_in_the_shape_of_its_kind(
    content: dict[str, object],
) -> None:
    option = show(content).options[1]
    _, _, event = await received(dict(envelope.picked(option)))
    assert isinstance(event, ChoicePicked)
    assert (event.choice, event.title) == (option.id, option.title)
    sent = json.loads(json.dumps(envelope.picked(option)))["interactive"]
    assert sent["type"] in sent
    assert sent["type"] == option.shape


def test_a_name_has_one_number_and_another_name_another() -> None:
    assert envelope.person_named("sara").number == SARA.number
    assert len({envelope.person_named(f"p{n}").number for n in range(1000)}) == 1000
    assert SARA.number.startswith("999")
    assert len(SARA.number) == 12


# ── the numbers ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("", "102"), ("own", "102"), ("shared", "100"), ("103", "103"), ("meta:103", "103"), ("gone", "101")],
)
def test_a_number_is_chosen_by_what_one_knows_of_it(wanted: str, number: str) -> None:
    assert choose(SETTINGS, wanted).id == number


def test_a_number_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchNumber, match=r"'palms'.*own, shared, .* 100, 101, 102, 103"):
        choose(SETTINGS, "palms")
    with pytest.raises(NoSuchNumber, match="--demo"):
        choose(Settings(data_dir=Path("unused")))


def test_a_number_is_called_by_its_owner() -> None:
    names = [called(SETTINGS, number) for number in SETTINGS.channels]
    assert names == ["shared number", "Gone Homes", "Palm Homes", "Palm Homes"]


def test_shown_without_options_is_its_lines() -> None:
    assert Shown(("a", "b")).text() == "a\nb"
