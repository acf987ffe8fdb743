"""Sends through WAHA: to a chat of its session, each part once, known again as ours, with the signs that people see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from actors.channels.limits import visible
from actors.channels.waha import WahaProvider
from actors.channels.waha.errors import judge
from actors.channels.waha.rendering import BODY, render, unmarked
from actors.messages import Buttons, Choice, Document, MarkRead, Picture, Template, Text
from runtime import (
    Accepted,
    Broken,
    Delivery,
    Outcome,
    Receipt,
    Refused,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.actor.effect import Lane
from tests.unit.waha_webhooks import API, API_KEY, CHAT, KEY, WHO, ack, configured, envelope, own, request

EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
Answer = tuple[int, object] | httpx.HTTPError
TAKEN: Answer = (201, {"id": f"true_{CHAT}_3EB0BBBB", "ack": 0})


class Api:
    """Gives these answers in their order, and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes
    ) -> httpx.Response:
        self.asked.append((f"{method} {url}", json.loads(content)))
        self.headers.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.HTTPError):
            raise answer
        body = b"" if answer[1] is None else json.dumps(answer[1]).encode()
        return httpx.Response(answer[0], content=body)

    @property
    def texts(self) -> Sequence[str]:
        return [unmarked(told["text"])[0] for _, told in self.asked if "text" in told]


async def sent(
    api: Api,
    message: msgspec.Struct,
    provider: WahaProvider | None = None,
    address: str = f"wa_id:{WHO}",
    channel: str = KEY,
) -> Outcome:
    delivery = Delivery(EFFECT, channel, address, Lane.SEND, msgspec.json.encode(message))
    return await (provider or configured()).perform(delivery, api)  # type: ignore[arg-type]


def told(provider: WahaProvider, event: str, payload: object) -> Verified:
    answer = provider.receive(request(envelope(event, payload)))
    assert isinstance(answer, Verified)
    return answer


async def test_a_send_names_its_session_and_chat_and_what_it_answers() -> None:
    api = Api(TAKEN, TAKEN)
    assert await sent(api, Text("سلام", quote=f"false_{CHAT}_A")) == Accepted("3EB0BBBB")
    assert await sent(api, Text("Hi"), address="lid:123456789012345") == Accepted("3EB0BBBB")
    usual, mark = {"session": "default", "linkPreview": False}, "\u2060\u200b\u2060"
    assert api.asked == [
        (
            f"POST {API}/api/sendText",
            {**usual, "chatId": CHAT, "text": "سلام" + mark, "reply_to": f"false_{CHAT}_A"},
        ),
        (f"POST {API}/api/sendText", {**usual, "chatId": "123456789012345@lid", "text": "Hi" + mark}),
    ]
    assert {headers["x-api-key"] for headers in api.headers} == {API_KEY}


async def test_what_cannot_be_sent_asks_nobody() -> None:
    api = Api()
    assert isinstance(await sent(api, Text("a"), address="bsuid:US.1"), Refused)
    assert isinstance(await sent(api, Text("a"), channel="waha:gone"), Broken)
    template = await sent(api, Template("follow_up", "fa"))
    assert isinstance(template, Refused)
    assert template.code == "not_offered"
    assert api.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        {"id": f"true_{CHAT}_3EB0"},
        {"id": "3EB0"},
        {"id": {"fromMe": True, "id": "3EB0", "_serialized": f"true_{CHAT}_3EB0"}},
        {"key": {"remoteJid": f"{WHO}@s.whatsapp.net", "fromMe": True, "id": "3EB0"}, "status": "PENDING"},
    ],
)
def test_every_engines_answer_names_the_message(answer: object) -> None:
    assert judge(201, json.dumps(answer).encode()) == Accepted("3EB0")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (422, {"status": "STARTING", "expected": ["WORKING"]}, TryAgain, "session_starting"),
        (422, {"status": "SCAN_QR_CODE", "expected": ["WORKING"]}, Broken, "session_scan_qr_code"),
        (422, {"status": "FAILED"}, Broken, "session_failed"),
        (422, {"status": "x" * 999}, Broken, "http_422"),
        (401, None, Broken, "http_401"),
        (403, None, Broken, "http_403"),
        (404, None, Broken, "http_404"),
        (429, None, TryAgain, "http_429"),
        (503, None, TryAgain, "http_503"),
        (400, None, Refused, "http_400"),
        (501, None, Refused, "http_501"),
        (500, {"statusCode": 500}, Uncertain, "http_500"),
        (201, None, Uncertain, "http_201"),
    ],
)
def test_a_session_that_does_not_work_holds_its_channel_and_a_crash_may_have_sent(
    status: int, body: object, outcome: type[Outcome], code: str
) -> None:
    found = judge(status, json.dumps(body).encode() if body else b"")
    assert isinstance(found, outcome)
    assert not isinstance(found, Accepted)
    assert getattr(found, "code", "") == code


@pytest.mark.parametrize(
    ("fault", "kind", "unsettled"),
    [(httpx.ConnectError("x"), TryAgain, 0), (httpx.ReadTimeout("x"), Uncertain, 1)],
)
async def test_a_broken_exchange_is_uncertain_once_something_was_written(
    fault: httpx.HTTPError, kind: type[Outcome], unsettled: int
) -> None:
    provider = configured()
    assert isinstance(await sent(Api(fault), Text("a"), provider), kind)
    assert provider.statistics().unsettled == unsettled


async def test_a_second_try_goes_on_after_the_parts_that_were_taken_and_quotes_once() -> None:
    provider, text = configured(), Text("One sentence. " * 800, quote="Q")
    api = Api((201, {"id": "K1"}), (429, None), (201, {"id": "K2"}), (201, {"id": "K3"}))
    assert isinstance(await sent(api, text, provider), TryAgain)
    assert provider.statistics().half_sent == 1
    assert await sent(api, text, provider) == Accepted("K3")
    assert provider.statistics() == msgspec.structs.replace(
        provider.statistics(), half_sent=0, unsettled=0, channels=1
    )
    assert " ".join([api.texts[0], *api.texts[2:]]) == text.body.strip()
    assert all(len(part) <= BODY and part.endswith(".") for part in api.texts)
    assert [asked.get("reply_to") for _, asked in api.asked] == ["Q", None, None, None]


# ── our own messages come back ────────────────────────────────────────


async def test_what_was_sent_is_known_again_by_its_key_although_it_is_called_an_apps() -> None:
    provider = configured()
    await sent(Api(TAKEN), Text("Hello from the office"), provider)
    echo = told(provider, "message.any", own(source="app"))
    assert echo == Verified(receipts=(Receipt(KEY, EFFECT, "3EB0BBBB", "sent"),))
    assert told(provider, "message.ack", ack(3)).receipts == (Receipt(KEY, EFFECT, "3EB0BBBB", "read"),)
    person = told(provider, "message.any", own(id=f"true_{CHAT}_3EB0CCCC"))
    assert len(person.arrivals) == 1


@pytest.mark.parametrize("answer", [(201, None), httpx.ReadTimeout("x"), (500, None)])
async def test_an_echo_settles_a_send_of_unknown_outcome(answer: Answer) -> None:
    provider = configured()
    assert isinstance(await sent(Api(answer), Text("Hello from the office"), provider), Uncertain)
    echo = told(provider, "message.any", own(source="app"))
    assert echo == Verified(receipts=(Receipt(KEY, EFFECT, "3EB0BBBB", "sent"),))
    assert provider.statistics().unsettled == 0


async def test_what_bears_our_mark_was_never_written_by_a_person_whoever_sent_it_when() -> None:
    api = Api(TAKEN)
    await sent(api, Text("Hello from the office"))
    [(_, told_to_waha)] = api.asked
    another = configured()  # another replica, or this one after a crash
    echo = told(another, "message.any", own(source="app", body=told_to_waha["text"]))
    assert echo == Verified(receipts=(Receipt(KEY, "", "3EB0BBBB", "sent"),))
    assert not visible(told_to_waha["text"].removeprefix("Hello from the office"))


async def test_an_echo_of_the_first_part_does_not_settle_the_whole() -> None:
    provider = configured()
    text = Text("One sentence. " * 400)
    first, _ = render(text)
    api = Api((201, {"id": "K1"}), (429, None))
    assert isinstance(await sent(api, text, provider), TryAgain)
    echo = told(provider, "message.any", own(id=f"true_{CHAT}_K1", body=first))
    assert echo.receipts == (Receipt(KEY, "", "K1", "sent"),)


# ── signs ─────────────────────────────────────────────────────────────


async def test_a_mark_is_seen_and_typing_and_the_next_text_ends_the_typing() -> None:
    provider = configured()
    api = Api((201, None), (201, None), (500, None), TAKEN, TAKEN)
    mark = MarkRead(f"false_{CHAT}_A", typing=True)
    assert await sent(api, mark, provider) == Accepted()
    assert isinstance(await sent(api, Text("Hello"), provider), Accepted)
    assert isinstance(await sent(api, Text("Hello"), provider), Accepted)
    asked = [target.rpartition("/")[2] for target, _ in api.asked]
    assert asked == ["sendSeen", "startTyping", "stopTyping", "sendText", "sendText"]
    seen, typing, *_ = [fields for _, fields in api.asked]
    assert (seen["chatId"], seen["messageIds"]) == (CHAT, [f"false_{CHAT}_A"])
    assert typing == {"session": "default", "chatId": CHAT}


async def test_a_mark_that_is_not_taken_is_not_tried_again_and_no_typing_follows() -> None:
    api = Api((422, None), httpx.ConnectError("x"))
    assert isinstance(await sent(api, MarkRead("A", typing=True)), Refused)
    assert isinstance(await sent(api, MarkRead("A", typing=True)), Refused)
    assert len(api.asked) == 2


async def test_a_file_of_ours_is_said_in_words() -> None:
    api = Api(TAKEN, TAKEN)
    await sent(api, Picture("listing/1", "A villa", (Choice("a", "Book"),)))
    await sent(api, Document("sheet/1", "Here it is", "Ask us for the sheet"))
    assert api.texts == ["A villa\n\n1. Book", "Ask us for the sheet"]


async def test_buttons_are_numbered_lines() -> None:
    api = Api(TAKEN)
    await sent(api, Buttons("Goal?", (Choice("a", "Invest"), Choice("b", "Live in")), footer="0 = menu"))
    assert api.texts == ["Goal?\n\n1. Invest\n2. Live in\n\n0 = menu"]
