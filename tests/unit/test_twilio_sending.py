"""Sends through Twilio: within its limits, split where a reader would pause, each part taken once."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.choices import pick
from actors.channels.limits import clusters, units, visible
from actors.channels.twilio.rendering import BODY, PARTS, render
from actors.messages import Buttons, Choice, Choices, MarkRead, Template, Text
from runtime import Accepted, Broken, Delivery, Failure, Outcome, Refused, TryAgain, Uncertain, Verified
from runtime.actor.effect import Lane
from tests.unit.twilio_webhooks import (
    ACCOUNT,
    KEY,
    NUMBER,
    PATH,
    PERSON,
    PUBLIC,
    TOKEN,
    channel,
    configured,
    request,
    status,
)

EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
Answer = tuple[int, dict[str, object]] | httpx.HTTPError
TAKEN: Answer = (201, {"sid": "SM1", "status": "queued"})


class Api:
    """Gives these answers in their order, and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes = b""
    ) -> httpx.Response:
        fields = {name: values[0] for name, values in parse_qs(content.decode()).items()}
        self.asked.append((f"{method} {url}", dict(headers), fields))
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.HTTPError):
            raise answer
        return httpx.Response(answer[0], content=json.dumps(answer[1]).encode())

    @property
    def bodies(self) -> Sequence[str]:
        return [fields["Body"] for _, _, fields in self.asked if "Body" in fields]


def delivery(message: msgspec.Struct, address: str = "wa_id:971500000001", channel: str = KEY) -> Delivery:
    return Delivery(EFFECT, channel, address, Lane.SEND, msgspec.json.encode(message))


async def sent(api: Api, message: msgspec.Struct, **more: str) -> Outcome:
    return await configured().perform(delivery(message, **more), api)  # type: ignore[arg-type]


async def test_a_send_names_the_account_the_person_and_where_to_report() -> None:
    api = Api(TAKEN)
    assert await sent(api, Text("سلام")) == Accepted("SM1")
    [(target, headers, fields)] = api.asked
    assert target == f"POST http://127.0.0.1:1/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    callback = f"{PUBLIC}{PATH}?effect={EFFECT}"
    assert fields == {"From": NUMBER, "To": PERSON, "Body": "سلام", "StatusCallback": callback}


async def test_what_cannot_be_sent_asks_nobody() -> None:
    api = Api()
    assert isinstance(await sent(api, Text("a"), address="bsuid:US.1"), Refused)
    assert isinstance(await sent(api, Text("a"), channel="twilio:gone"), Broken)
    assert isinstance(await sent(api, MarkRead("SM1")), Refused)
    assert api.asked == []


async def test_a_second_try_goes_on_after_the_parts_that_were_taken() -> None:
    provider, text = configured(), Text("One sentence. " * 300)
    api = Api(TAKEN, (429, {"code": 20429}), TAKEN, (201, {"sid": "SM3"}))
    assert isinstance(await provider.perform(delivery(text), api), TryAgain)  # type: ignore[arg-type]
    assert provider.statistics().half_sent == 1
    assert await provider.perform(delivery(text), api) == Accepted("SM3")  # type: ignore[arg-type]
    assert provider.statistics().half_sent == 0
    taken = [api.bodies[0], *api.bodies[2:]]
    assert " ".join(taken) == text.body.strip()


LONG = Text("".join(f"The sentence number {place} of this message. " for place in range(120)))
BODIES = list(render(LONG))


async def again(attempt: int, *answers: Answer) -> Api:
    """Send the long message as a process does that has not tried it before; return what it asked."""
    api = Api(*answers)
    tried = msgspec.structs.replace(delivery(LONG), attempt=attempt)
    assert await configured().perform(tried, api) == Accepted("SM1")  # type: ignore[arg-type]
    return api


def listed(*bodies: str, **more: str) -> Answer:
    """What Twilio lists, the newest first."""
    return 200, {"messages": [{"sid": f"SM{n}", "body": body, **more} for n, body in enumerate(bodies)]}


@pytest.mark.parametrize(
    ("sent_before", "left"),
    [
        ([], BODIES),
        (["Hello"], BODIES),
        (["Hello", *BODIES[:1]], BODIES[1:]),
        (["Hello", *BODIES[:2]], BODIES[2:]),
        (BODIES[:2], BODIES[2:]),
        (BODIES, BODIES),  # the same said before: twice is better than never
        ([*BODIES, *BODIES[:1]], BODIES[1:]),
        ([BODIES[0], "Hello"], BODIES),
        ([BODIES[1]], BODIES),
    ],
)
async def test_another_process_asks_which_parts_were_taken_and_sends_the_others(
    sent_before: list[str], left: list[str]
) -> None:
    assert len(BODIES) == 4
    api = await again(2, listed(*reversed(sent_before)), *[TAKEN] * len(left))
    assert api.bodies == left
    assert api.asked[0][0].startswith("GET http://127.0.0.1:1/2010-04-01/Accounts/")
    assert "PageSize=4" in api.asked[0][0]


@pytest.mark.parametrize(
    "answer",
    [
        (403, {}),
        (200, {}),
        (200, {"messages": "x"}),
        httpx.ReadTimeout("x"),
        listed(BODIES[0], status="failed"),
    ],
)
async def test_where_twilio_does_not_say_what_was_taken_all_is_sent(answer: Answer) -> None:
    assert (await again(2, answer, *[TAKEN] * 4)).bodies == BODIES
    assert (await again(1, *[TAKEN] * 4)).bodies == BODIES, "and at the first try nothing is asked"


async def test_only_the_callback_of_the_last_part_speaks_for_the_message() -> None:
    api = await again(1, *[TAKEN] * 4)
    queries = [urlsplit(fields["StatusCallback"]).query for _, _, fields in api.asked]
    assert queries == [*(f"effect={EFFECT}&part={n}" for n in (1, 2, 3)), f"effect={EFFECT}"]
    whole = configured().receive(request(status("delivered"), query=queries[3]))
    assert isinstance(whole, Verified)
    assert [receipt.effect for receipt in whole.receipts] == [EFFECT]
    part = configured().receive(request(status("delivered"), query=queries[0]))
    assert isinstance(part, Verified)
    assert (part.receipts, part.arrivals, dict(part.dropped)) == ((), (), {"part": 1})
    failed = configured().receive(request(status("failed", ErrorCode="63016"), query=queries[0]))
    assert isinstance(failed, Verified)
    assert (failed.receipts, len(failed.arrivals)) == ((), 1)


# ── templates ─────────────────────────────────────────────────────────

CONTENT = "HX" + "2c" * 16
VIEWING = Template("viewing_soon", "fa", ("سارا\n\tکریمی", "  ", "B 12"))


async def test_a_template_is_a_content_with_its_variables_in_their_places() -> None:
    provider, api = configured(channel(contents={"viewing_soon/fa": CONTENT})), Api(TAKEN)
    assert await provider.perform(delivery(VIEWING), api) == Accepted("SM1")  # type: ignore[arg-type]
    [(_, _, fields)] = api.asked
    assert fields["ContentSid"] == CONTENT
    assert json.loads(fields["ContentVariables"]) == {"1": "سارا کریمی", "2": "…", "3": "B 12"}
    assert "Body" not in fields


async def test_a_template_without_a_content_in_its_language_is_refused_by_name_and_asks_nobody() -> None:
    api = Api()
    for contents in ({}, {"viewing_soon/ar": CONTENT}, {"viewing/fa": CONTENT}):
        outcome = await configured(channel(contents=contents)).perform(delivery(VIEWING), api)  # type: ignore[arg-type]
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.kind) == ("no_content", Failure.HALTED)
        assert "viewing_soon/fa" in outcome.reason
    assert api.asked == []


@pytest.mark.parametrize(
    ("fault", "kind"), [(httpx.ConnectError("x"), TryAgain), (httpx.ReadTimeout("x"), Uncertain)]
)
async def test_a_broken_exchange_is_uncertain_once_something_was_written(
    fault: httpx.HTTPError, kind: type[Outcome]
) -> None:
    assert isinstance(await sent(Api(fault), Text("a")), kind)


# ── rendering ─────────────────────────────────────────────────────────

CHOICES = tuple(Choice(f"c:{place}", "Marina", f"{place} beds") for place in range(12))


def test_buttons_and_lists_become_numbered_lines_and_none_is_left_out() -> None:
    [buttons] = render(Buttons("Goal?", (Choice("a", "Invest"), Choice("b", "Live in")), footer="0 = menu"))
    assert buttons == "Goal?\n\n1. Invest\n2. Live in\n\n0 = menu"
    [rows] = render(Choices("Where?", "Options", CHOICES, header="Areas"))
    assert rows.splitlines()[:4] == ["Areas", "", "Where?", ""]
    assert [line.split(". ")[0] for line in rows.splitlines()[4:]] == [str(n) for n in range(1, 13)]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 40])
def test_the_number_of_a_line_and_its_title_mean_to_the_bot_what_the_person_reads(count: int) -> None:
    titles = [f"{chr(ord('a') + place % 26)}{place // 26 * 'x'}villa" for place in range(count)]
    read = "\n".join(render(Choices("?", "", tuple(Choice(f"c:{title}", title) for title in titles))))
    for line in read.splitlines()[2:]:
        number, _, title = line.partition(". ")
        persian = number.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        assert {pick(said, titles) for said in (number, persian, title)} == {titles.index(title)}


def test_a_long_text_ends_its_parts_with_sentences() -> None:
    parts = render(Text("The flat has two beds. Is that enough? هر دو را ببینید؟ " * 80))
    assert len(parts) > 2
    assert all(part.endswith((".", "?", "؟")) for part in parts)


WORDS = st.lists(
    st.sampled_from(
        (
            "خانه",
            "the",
            "👩‍👩‍👧‍👦",
            "🇦🇪",
            "é" * 3,
            "e\u0301" * 40,
            "👍🏽" * 300,
            ". ",
            "\n",
            " ",
            "\u0301",
            "\ufe0f",
            "x" * 700,
        )
    ),
    max_size=60,
)


@given(WORDS)
def test_no_part_is_too_long_and_none_is_cut_within_a_character(words: list[str]) -> None:
    text = "".join(words)
    parts = render(Text(text))
    assert 1 <= len(parts) <= PARTS
    assert all(0 < units(part) <= BODY for part in parts)
    borders = {end for end, _ in clusters(text)} | {0}
    place = 0
    for part in parts if len(parts) < PARTS else ():
        if not visible(text):
            break
        place = text.index(part, place)
        assert place in borders
        place += len(part)
        assert place in borders
