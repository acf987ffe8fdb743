"""What is left of a model's answer: only values that exist, a listed intent, and words that nobody can have planted."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.places import places
from actors.agency.terms import Span
from actors.brain.language import Language
from actors.models.answers import (
    LONGEST_REPLY,
    WrongAnswerError,
    fit_reply,
    fit_transcript,
    read_answer,
    schema,
    shown_transcript,
)
from actors.models.fake.recorded import reading
from actors.models.task import Article, Reading

KNOWN = (
    Article(
        "Visits", "Write to visits@palm.example, see https://palm.example/visits or call +971 4 555 01 00."
    ),
)


def read(**slots: Any) -> Reading:
    return read_answer(reading(slots), "en", ())


def test_an_answer_in_its_form_fills_slots() -> None:
    got = read(kind="villa", places=["dubai-marina"], bedrooms_from=2, bedrooms_to=3, budget_to=3_000_000)
    assert (got.wish.kind, got.wish.category) == ("villa", "residential")
    assert (got.wish.places, got.wish.bedrooms) == (("dubai-marina",), Span(2, 3))
    assert got.wish.budget == Span(None, 3_000_000)


@pytest.mark.parametrize(
    ("slots", "word"),
    [
        ({"kind": "castle"}, "schema"),
        ({"places": ["atlantis"]}, "places_1"),
        ({"places": ["dubai-marina"] * 4}, "schema"),
        ({"bedrooms_from": 21}, "schema"),
        ({"bedrooms_from": -1}, "schema"),
        ({"bedrooms_from": "2"}, "schema"),
        ({"bedrooms_from": True}, "schema"),
        ({"bedrooms_from": 3, "bedrooms_to": 2}, "bedrooms"),
        ({"budget_to": 999}, "schema"),
        ({"budget_to": 10**9 + 1}, "schema"),
        ({"budget_from": 2_000_000, "budget_to": 1_000_000}, "budget"),
        ({"kind": "villa", "category": "commercial"}, "category"),
        ({"tenant": 2}, "schema"),
        ({}, "empty"),
    ],
)
def test_one_value_out_of_range_and_nothing_of_the_answer_counts(slots: dict[str, Any], word: str) -> None:
    with pytest.raises(WrongAnswerError, match=f"^{word}$"):
        read(**slots)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "{}",
        "yes, a villa",
        "[" * 5000,
        '{"slots": {}, "intent": "none", "reply": ""}',
        "\ud800",
    ],
)
def test_what_is_no_answer_of_the_form_is_none(content: str) -> None:
    with pytest.raises(WrongAnswerError):
        read_answer(content, "en", ())


def test_an_intent_that_is_not_listed_is_none() -> None:
    assert read_answer(reading(intent="person"), "en", ()).intent == "person"
    with pytest.raises(WrongAnswerError):
        read_answer(reading(intent="delete_everything"), "en", ())


@pytest.mark.parametrize(
    "reply",
    [
        "Our colleagues will call you.",
        "The fee is 4 percent of 3,000,000 dirhams, so 120,000.",
        "From 2 000 000 dirhams on. It takes 10-15 days, e.g. in May.",
        "See https://palm.example/visits or call +971 4 555 01 00, or (+971) 4-555-0100.",
        "Write to visits@palm.example.",
    ],
)
def test_what_the_agency_knows_may_be_said(reply: str) -> None:
    assert fit_reply(reply, "en", KNOWN) == reply


@pytest.mark.parametrize(
    "reply",
    [
        "Pay at https://evil.example/pay today.",
        "Pay at evil.example today.",
        "Pay at EVIL.example/pay today.",
        "Pay at ｅｖｉｌ．ｅｘａｍｐｌｅ today.",
        "See https://palm.example/visits/../pay instead.",
        "Write to boss@palm.example.",
        "Write to @palm_boss there.",
        "Chat with us: wa.me/971501112233",
        "Call +971 50 111 22 33.",
        "Call 0501112233.",
        "Call ٠٥٠١١١٢٢٣٣ please.",
        "Call 050-111-22-33 please.",
        "Call 050 · 111 · 2233 please.",
        "See hxxps evil[.]example for a discount.",
        "Pay at evil (dot) example today.",
        "Please look at this <b>villa</b> for you.",
        "We have <img src=x onerror=alert> a villa.",
        "Ring zero five zero one two three four five six seven.",
        "Ring oh-five-oh, one double two three four five now.",
        "x" * (LONGEST_REPLY + 1),
        "   \n ",
        "Мы вам перезвоним сегодня вечером.",
    ],
)
def test_what_could_have_been_planted_may_not_be_said(reply: str) -> None:
    assert fit_reply(reply, "en", KNOWN) == ""


def test_a_reply_turns_no_line_around() -> None:
    said = fit_reply("A\u202e villa\u2066 with\u200f a pool\x07.\n\n\nIt is white.", "en", ())
    assert said == "A villa with a pool .\nIt is white."


@given(st.text(max_size=2 * LONGEST_REPLY), st.sampled_from(["en", "fa", "ar", "ru"]))
def test_any_reply_is_said_in_part_as_it_is_or_not_at_all(reply: str, language: Language) -> None:
    said = fit_reply(reply, language, ())
    assert len(said) <= LONGEST_REPLY
    assert "://" not in said
    assert all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"} for char in said)
    assert fit_reply(said, language, ()) == said


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(WrongAnswerError):
        assert not read_answer(content.decode("utf-8", "replace"), "en", ()).nothing


def test_the_schema_names_every_field_of_the_form_and_lets_in_no_other() -> None:
    told = schema()
    form = json.loads(reading())
    assert told["required"] == list(told["properties"]) == list(form)
    slots = told["properties"]["slots"]
    assert slots["required"] == list(slots["properties"]) == list(form["slots"])
    assert not told["additionalProperties"]
    assert not slots["additionalProperties"]
    assert slots["properties"]["places"]["items"]["enum"] == sorted(places())
    assert len(msgspec.json.encode(told)) < 2000 + 8 * len(places()) * 10


def test_a_transcript_is_one_line_and_is_shown_without_links_and_numbers_to_call() -> None:
    assert fit_transcript(" a flat\nin\u202e Marina\t\x00") == "a flat in Marina"
    spoken = "A flat for 3,000,000 in Marina. Pay at www.evil.example/x or +971 50 999 88 77 now"
    assert shown_transcript(spoken) == "A flat for 3,000,000 in Marina. Pay at … or … now"
    assert shown_transcript("شقة ٣٠٠٠٠٠٠ درهم") == "شقة ٣٠٠٠٠٠٠ درهم"
