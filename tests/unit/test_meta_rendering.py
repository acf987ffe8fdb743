"""What leaves keeps the provider's limits, whatever a conversation says, and keeps as much of it as fits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.channels.fake_graph.contract import check_send
from actors.channels.limits import cut, units, visible
from actors.channels.meta.rendering import recipient, render
from actors.messages import Buttons, Choice, Choices, MarkRead, Outgoing, Template, Text

PHONE = recipient("wa_id:971501112233") or {}
EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"


def rendered(message: Outgoing) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(render(message, PHONE, EFFECT).decode())
    return body


def picks(count: int, title: str = "Option {}") -> tuple[Choice, ...]:
    return tuple(Choice(f"id:{n}", title.format(n)) for n in range(1, count + 1))


def rows(body: dict[str, Any]) -> list[dict[str, str]]:
    (section,) = body["interactive"]["action"]["sections"]
    found: list[dict[str, str]] = section["rows"]
    return found


def test_a_template_is_as_documented_its_parameters_on_one_line() -> None:
    message = Template("handover_call", "en", ("Sara", "buy:\n 2 bedrooms", " "))
    assert rendered(message)["type"] == "template"
    assert rendered(message)["template"] == {
        "name": "handover_call",
        "language": {"code": "en"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Sara"},
                    {"type": "text", "text": "buy: 2 bedrooms"},
                    {"type": "text", "text": "…"},
                ],
            }
        ],
    }
    assert rendered(Template("plain", "fa"))["template"] == {"name": "plain", "language": {"code": "fa"}}


def test_a_text_with_a_quote_is_as_documented() -> None:
    assert rendered(Text("Hello", quote="wamid.IN")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "971501112233",
        "type": "text",
        "text": {"body": "Hello", "preview_url": False},
        "context": {"message_id": "wamid.IN"},
        "biz_opaque_callback_data": EFFECT,
    }


def test_buttons_are_as_documented() -> None:
    body = rendered(Buttons("Goal?", (Choice("goal:invest", "Investment"),), footer="0 = menu"))
    assert body["type"] == "interactive"
    assert body["interactive"] == {
        "type": "button",
        "body": {"text": "Goal?"},
        "footer": {"text": "0 = menu"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "goal:invest", "title": "Investment"}}]},
    }


def test_a_list_is_as_documented() -> None:
    body = rendered(Choices("Choose", "Options", (Choice("b:1", "up to 500k", "AED"),), header="Budget"))
    assert body["interactive"] == {
        "type": "list",
        "header": {"type": "text", "text": "Budget"},
        "body": {"text": "Choose"},
        "action": {
            "button": "Options",
            "sections": [{"rows": [{"id": "b:1", "title": "up to 500k", "description": "AED"}]}],
        },
    }


def test_a_read_mark_has_no_recipient_and_no_tracker() -> None:
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN"}
    assert rendered(MarkRead("wamid.IN")) == read
    assert rendered(MarkRead("wamid.IN", typing=True)) == read | {"typing_indicator": {"type": "text"}}


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("wa_id:971501112233", {"recipient_type": "individual", "to": "971501112233"}),
        ("bsuid:US.1001", {"recipient_type": "individual", "recipient": "US.1001"}),
        ("wa_id:", None),
        ("wa_id:#5e3b", None),
        ("wa_id:٩٧١", None),
        ("bsuid:", None),
        ("bsuid:#5e3b", None),
        ("unknown:wamid.1", None),
        ("account:2003", None),
        ("", None),
    ],
)
def test_a_phone_goes_to_one_field_and_a_scoped_id_to_another(address: str, fields: object) -> None:
    assert recipient(address) == fields


def test_four_buttons_become_a_list_with_all_of_them() -> None:
    body = rendered(Buttons("Goal?", picks(4), footer="0 = menu"))
    assert [row["id"] for row in rows(body)] == ["id:1", "id:2", "id:3", "id:4"]
    assert body["interactive"]["footer"] == {"text": "0 = menu"}
    assert visible(body["interactive"]["action"]["button"])


def test_a_body_too_long_for_buttons_becomes_a_list_and_stays_whole() -> None:
    body = rendered(Buttons("x" * 1025, picks(2)))
    assert body["interactive"]["type"] == "list"
    assert body["interactive"]["body"]["text"] == "x" * 1025


def test_buttons_and_lists_without_choices_are_texts() -> None:
    assert rendered(Buttons("Goal?", (), footer="end"))["text"]["body"] == "Goal?\n\nend"
    assert rendered(Choices("Goal?", "b", (), header="Top"))["text"]["body"] == "Top\n\nGoal?"


def test_choices_beyond_ten_rows_are_numbered_in_the_body() -> None:
    body = rendered(Choices("Choose", "Options", picks(12, title="A rather long title of choice {}")))
    assert [row["id"] for row in rows(body)] == [f"id:{n}" for n in range(1, 11)]
    assert body["interactive"]["body"]["text"] == (
        "Choose\n\n11. A rather long title of choice 11\n12. A rather long title of choice 12"
    )


def test_equal_titles_become_different() -> None:
    body = rendered(Buttons("?", (Choice("a", "Yes"), Choice("b", "yes"), Choice("c", "Yes" + " " * 30))))
    titles = [button["reply"]["title"] for button in body["interactive"]["action"]["buttons"]]
    assert titles == ["Yes", "yes 2", "Yes 3"]


def test_titles_that_are_equal_once_cut_become_different() -> None:
    body = rendered(
        Buttons("?", (Choice("a", "Investment in Dubai Marina"), Choice("b", "Investment in Dubai Hills")))
    )
    titles = [button["reply"]["title"] for button in body["interactive"]["action"]["buttons"]]
    assert titles == ["Investment in Dubai…", "Investment in Dub… 2"]


def test_a_row_title_that_is_cut_is_whole_in_its_description() -> None:
    (row,) = rows(rendered(Choices("?", "b", (Choice("a", "Investment in Dubai Marina Towers"),))))
    assert row["title"] == "Investment in Dubai Mar…"
    assert row["description"] == "Investment in Dubai Marina Towers"


def test_the_same_choice_twice_appears_once_and_equal_ids_become_different() -> None:
    body = rendered(Choices("?", "b", (Choice("a", "A"), Choice("a", "A"), Choice("a", "B"))))
    assert [(row["id"], row["title"]) for row in rows(body)] == [("a", "A"), ("a 2", "B")]


def test_a_long_id_stays_the_same_and_its_own() -> None:
    long, other = ("x" * 300 + end for end in "ab")
    first, second = (rows(rendered(Choices("?", "b", (Choice(one, "t"),))))[0]["id"] for one in (long, other))
    assert first != second
    assert first == rows(rendered(Choices("?", "b", (Choice(long, "t"),))))[0]["id"]


@pytest.mark.parametrize("nothing", ["", " \n\t", "\u200b\u200d", "\u3164", "\u0301"])
def test_what_shows_nothing_is_never_sent_as_nothing(nothing: str) -> None:
    assert visible(rendered(Text(nothing))["text"]["body"])
    body = rendered(Choices(nothing, nothing, (Choice(nothing, nothing),), header=nothing, footer=nothing))
    interactive = body["interactive"]
    assert visible(interactive["body"]["text"])
    assert visible(interactive["action"]["button"])
    assert rows(body) == [{"id": "#1", "title": "1"}]
    assert not {"header", "footer"} & set(interactive)


def test_a_quote_that_cannot_be_one_is_left_out() -> None:
    assert "context" not in rendered(Text("a", quote=" "))
    assert "context" not in rendered(Text("a", quote="w" * 600))


# ── cutting ───────────────────────────────────────────────────────────

CLUSTERS = [
    "e\u0301",  # a letter with an accent
    "👨\u200d👩\u200d👧\u200d👦",  # a family
    "👍🏽",  # a thumb with a skin tone
    "❤\ufe0f",  # a heart in colour
    "1\ufe0f\u20e3",  # a key cap
    "🇦🇪",  # a flag
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag by tags
    "بِّ",  # an Arabic letter with two marks
    "ی\u200c",  # a Persian letter kept from joining
    "क्ष",  # two consonants and a virama
    "กำ",  # Thai with AM
    "\u1112\u1161\u11ab",  # a syllable of three jamo
    "\r\n",
]


@pytest.mark.parametrize(
    "cluster", CLUSTERS, ids=[cluster.encode("unicode_escape").decode() for cluster in CLUSTERS]
)
def test_a_cut_never_splits_what_is_one_character(cluster: str) -> None:
    whole = cluster * 12
    kept = {cut(whole, limit).removesuffix("…") for limit in range(1, units(whole))}
    possible = {(cluster * count).rstrip() for count in range(12)}
    assert kept <= possible
    assert len(kept) > (0 if cluster.isspace() else 10)


def test_a_text_that_fits_is_left_alone() -> None:
    assert cut("🇦🇪" * 5, 20) == "🇦🇪" * 5
    assert cut("🇦🇪" * 5, 19) == "🇦🇪" * 4 + "…"


def test_one_character_too_large_gives_way_to_the_ellipsis() -> None:
    assert cut("a" + "\u0301" * 50, 20) == "…"
    assert cut("ok a" + "\u0301" * 50, 20) == "ok…"


def test_long_runs_are_cut_in_time() -> None:
    for run in ("🇦" * 100_000, "a" + "\u0301" * 100_000, "👩\u200d" * 100_000):
        assert units(cut(run, 4096)) <= 4096


# ── any message ───────────────────────────────────────────────────────

ODD = st.text(
    alphabet=st.sampled_from(list("aé \n\t\x00\ud800\udfff\u200d\ufe0f🇦👍🏽م\u0301…#|2")), max_size=40
)
TEXTS = (
    ODD | st.text(st.characters(exclude_categories=[]), max_size=60) | st.integers(0, 5000).map("xü".__mul__)
)
CHOICE = st.builds(Choice, TEXTS, TEXTS, TEXTS)
CHOICE_LISTS = (
    st.lists(CHOICE, max_size=14) | st.lists(CHOICE, min_size=1, max_size=2).map(lambda some: some * 7)
).map(tuple)
MESSAGES = st.one_of(
    st.builds(Text, TEXTS, TEXTS),
    st.builds(Buttons, TEXTS, CHOICE_LISTS, TEXTS, TEXTS),
    st.builds(Choices, TEXTS, TEXTS, CHOICE_LISTS, TEXTS, TEXTS, TEXTS),
    st.builds(
        Template, st.just("handover_call"), st.just("fa"), st.lists(TEXTS, max_size=25).map(tuple), TEXTS
    ),
    st.builds(MarkRead, TEXTS, st.booleans()),
)


def within(text: str, limit: int) -> bool:
    return visible(text) and units(text) <= limit


def check_interactive(interactive: dict[str, Any]) -> None:
    action = interactive["action"]
    if interactive["type"] == "button":
        picked = [button["reply"] for button in action["buttons"]]
        most, title, longest, body = 3, 20, 256, 1024
    else:
        (section,) = action["sections"]
        picked = section["rows"]
        most, title, longest, body = 10, 24, 200, 4096
        assert within(action["button"], 20)
        assert all(within(row["description"], 72) for row in picked if "description" in row)
        if "header" in interactive:
            assert within(interactive["header"]["text"], 60)
            assert "\n" not in interactive["header"]["text"]
    assert 1 <= len(picked) <= most
    assert all(within(pick["title"], title) and within(pick["id"], longest) for pick in picked)
    assert all(pick["id"] == pick["id"].strip() for pick in picked)
    assert len({pick["title"].casefold() for pick in picked}) == len(picked)
    assert len({pick["id"] for pick in picked}) == len(picked)
    assert within(interactive["body"]["text"], body)
    if "footer" in interactive:
        assert within(interactive["footer"]["text"], 60)


@settings(max_examples=400, deadline=None)
@given(MESSAGES)
@example(Choices("b" * 5000, "b", tuple(Choice("i" * 300, "t" * 80) for _ in range(3))))
@example(Choices("b" * 5000, "b", tuple(Choice(f"{n}", "😀" * 80) for n in range(200))))
def test_any_message_renders_within_all_limits(message: Outgoing) -> None:
    encoded = render(message, PHONE, EFFECT).decode()
    assert "\\u0000" not in encoded
    assert "\\ud" not in encoded.lower().replace("\\\\", "")
    body = json.loads(encoded)
    if isinstance(message, MarkRead):
        assert body["status"] == "read"
        return
    assert body["to"] == "971501112233"
    assert body["biz_opaque_callback_data"] == EFFECT
    check_send(body)
    if body["type"] == "text":
        assert within(body["text"]["body"], 4096)
    elif body["type"] == "template":
        assert body["template"]["name"] == "handover_call"
    else:
        check_interactive(body["interactive"])
