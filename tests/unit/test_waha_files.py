"""Files through WAHA: inside the request with the text as caption, once each, and never in the way of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.fake_waha import Answer, Sent
from actors.channels.fake_waha.state import Desk
from actors.channels.limits import units
from actors.channels.waha.files import AT_ONCE, CHANNEL_AT_ONCE, MOST, PAUSED, SPARED
from actors.channels.waha.rendering import BODY, CAPTION, captioned, file_request, unmarked
from actors.channels.waha.sending import FILE_TRIES
from actors.messages import Choice, Document, Outgoing, Picture
from actors.outbound.shelf import File
from actors.outbound.uploads import Uploads, together
from config import Settings
from runtime import (
    Accepted,
    Broken,
    Delivery,
    Outcome,
    Receipt,
    Refused,
    Request,
    ResourceUnavailable,
    TryAgain,
    Uncertain,
    Verified,
)
from runtime.actor.effect import Lane
from tests.unit.test_sending_files import PHOTO, SHEET, Files
from tests.unit.waha_webhooks import API, CHAT, KEY, WHO, channel, configured, envelope, own, request

OTHER = "waha:wa2"
LONG = msgspec.structs.replace(PHOTO, body=" ".join(["One sentence."] * 100))


class Stage:
    """The provider, a shelf, and what the fake WAHA knows, without a network; `hangs` is a session that never
    answers, `busy_with` a request that is put off.
    """

    def __init__(self) -> None:
        channels = (channel(), channel("wa2", id="second"))
        self.desk = Desk(Settings(data_dir=Path("unused"), channels=channels))
        self.files, self.provider = Files(), configured(*channels)
        self.provider.files.shelf = self.files
        self.hangs = self.busy_with = ""
        self.asked, self.effects = list[str](), 0

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> httpx.Response:
        await trio.lowlevel.checkpoint()
        what = url.removeprefix(f"{API}/api/")
        self.asked.append(what)
        if self.hangs and json.loads(content)["session"] == self.hangs:
            await trio.sleep_forever()
        if what == self.busy_with:
            return httpx.Response(429)
        answer = self.desk.ask(Request(method, f"/api/{what}", {}, dict(headers), content), what)
        if isinstance(answer, Sent):
            return httpx.Response(201, json={"id": answer.id})
        told = {"status": answer.session} if answer.session else {"message": "only in Plus"}
        return httpx.Response(answer.status, json=told)

    async def send(self, message: Outgoing, key: str = KEY, effect: str = "", **more: Any) -> Outcome:
        self.effects += 1
        effect = effect or f"e{self.effects}"
        delivery = Delivery(effect, key, f"wa_id:{WHO}", Lane.SEND, msgspec.json.encode(message), **more)
        return await self.provider.perform(delivery, self)  # type: ignore[arg-type]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What the person sees: of which kind, and with which words."""
        return [
            (one.file.kind if one.file else "text", unmarked(one.text)[0]) for one in self.desk.sent(CHAT)
        ]

    def results(self) -> dict[str, int]:
        return {name: number for name, number in self.provider.files.statistics().results.items() if number}

    def told(self, **more: Any) -> Verified:
        """Let WAHA tell of a message of the number's, as versions do that call it an app's."""
        answer = self.provider.receive(request(envelope("message.any", own(source="app", **more))))
        assert isinstance(answer, Verified)
        return answer


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_picture_has_the_text_and_its_numbered_lines_as_caption_and_a_document_its_name(
    stage: Stage,
) -> None:
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert isinstance(await stage.send(SHEET), Accepted)
    photo, sheet = stage.desk.sent()
    assert stage.shown == [
        ("image", "A flat\n\n1. Show another"),
        ("file", "The fact sheet\n\n1. Show another"),
    ]
    assert (photo.quote, photo.request, sheet.quote) == ("wamid.IN", "e1", "")
    assert photo.file is not None
    assert sheet.file is not None
    assert (photo.file.mime, sheet.file.filename) == ("image/png", "PA-107.pdf")
    assert stage.desk.file_of(1) == ("image/png", stage.files.files[PHOTO.file].content)
    statistics = stage.provider.files.statistics()
    assert stage.results() == {"uploaded": 2}
    assert (statistics.running, statistics.bytes) == (0, 2008)


async def test_a_text_that_is_no_caption_follows_the_file_whole_and_a_second_try_sends_no_file_again(
    stage: Stage,
) -> None:
    stage.busy_with = "sendText"
    assert isinstance(await stage.send(LONG, effect="e"), TryAgain)
    assert stage.provider.statistics().half_sent == 1
    stage.busy_with = ""
    assert isinstance(await stage.send(LONG, effect="e", attempt=2), Accepted)
    [(kind, caption), (second, text)] = stage.shown
    assert (kind, caption, second) == ("image", "", "text")
    assert text == f"{LONG.body}\n\n1. Show another"
    assert [(one.quote, one.request) for one in stage.desk.sent()] == [("wamid.IN", "e/1"), ("", "e")]
    assert stage.files.taken == 1
    assert stage.provider.statistics().half_sent == 0


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=1500),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=5),
)
def test_any_text_is_within_the_limits_and_said_once(body: str, titles: list[str]) -> None:
    choices = tuple(Choice(f"c{place}", title) for place, title in enumerate(titles))
    caption, texts = captioned(Picture("f", body, choices))
    request = json.loads(file_request("s", CHAT, File("d", "image/png", "f", b"x"), caption))
    assert units(request["caption"]) <= CAPTION
    assert all(0 < units(text) <= BODY for text in texts)
    assert bool(caption) != bool(texts)
    assert all(f"{number}. " in caption + "".join(texts) for number in range(1, len(titles) + 1))


@pytest.mark.parametrize("trouble", ["gone", "database", "too large", "empty", "no shelf", "slow"])
@pytest.mark.parametrize(("message", "said"), [(PHOTO, "A flat"), (SHEET, "No sheet: a flat")])
async def test_the_person_is_answered_without_a_file_that_cannot_be_had(
    stage: Stage, message: Picture | Document, said: str, trouble: str, autojump_clock: object
) -> None:
    file = stage.files.files[message.file]
    match trouble:
        case "gone":
            stage.files.files.clear()
        case "database":
            stage.provider.files.shelf = _Away()
        case "too large":
            stage.files.files[message.file] = msgspec.structs.replace(file, content=b"x" * (MOST + 1))
        case "empty":
            stage.files.files[message.file] = msgspec.structs.replace(file, content=b"")
        case "no shelf":
            stage.provider.files.shelf = None
        case "slow":
            stage.provider.files.shelf = _Slow()
    began = trio.current_time()
    assert isinstance(await stage.send(message, attempt=FILE_TRIES), Accepted)
    assert trio.current_time() - began < 4  # of the ten that are node.send_timeout
    assert stage.shown == [("text", f"{said}\n\n1. Show another")]
    assert set(stage.asked) == {"sendText"}
    assert stage.provider.files.statistics().running == 0
    assert sum(stage.results().values()) == 1


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422, 501])
async def test_where_waha_takes_no_file_the_text_leaves_within_the_same_send(
    stage: Stage, status: int
) -> None:
    stage.desk.answer_next(Answer(status))
    assert isinstance(await stage.send(PHOTO), Accepted)
    stage.desk.answer_next(Answer(status))
    assert isinstance(await stage.send(SHEET, OTHER), Accepted)
    assert [words for _, words in stage.shown] == [
        "A flat\n\n1. Show another",
        "No sheet: a flat\n\n1. Show another",
    ]
    assert stage.asked == ["sendImage", "sendText", "sendFile", "sendText"]
    assert stage.results() == {"refused": 2}


@pytest.mark.parametrize(("status", "others"), [(413, "image"), (422, "text")])
async def test_what_was_refused_is_not_offered_again_for_a_while(
    stage: Stage, status: int, others: str, autojump_clock: object
) -> None:
    other = msgspec.structs.replace(PHOTO, file="picture:1:8:1")
    stage.files.files[other.file] = stage.files.files[PHOTO.file]
    stage.desk.answer_next(Answer(status))
    for message in (PHOTO, PHOTO, other):
        await stage.send(message)
    # A server without files refuses all of them, a file that is too large is alone in that.
    assert [kind for kind, _ in stage.shown] == ["text", "text", others]
    await trio.sleep(SPARED + 1)
    await stage.send(PHOTO)
    assert stage.shown[-1][0] == "image"


async def test_a_send_that_is_at_fault_itself_is_not_laid_to_its_file(stage: Stage) -> None:
    stage.desk.answer_next(Answer(400), Answer(400))
    assert isinstance(await stage.send(PHOTO), Refused)
    stage.desk.sessions["default"].status = "SCAN_QR_CODE"
    assert isinstance(await stage.send(PHOTO), Broken)
    stage.desk.sessions["default"].status = "STARTING"
    assert isinstance(await stage.send(PHOTO), TryAgain)
    stage.desk.sessions["default"].status = "WORKING"
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert [kind for kind, _ in stage.shown] == ["image"]


async def test_a_document_that_may_be_had_soon_is_tried_a_few_times(stage: Stage) -> None:
    stage.provider.files.shelf = _Away()
    for attempt in range(1, FILE_TRIES):
        again = await stage.send(SHEET, attempt=attempt)
        assert again == TryAgain("file_unavailable", "the document could not be had")
    assert isinstance(await stage.send(SHEET, attempt=FILE_TRIES), Accepted)
    assert stage.shown == [("text", "No sheet: a flat\n\n1. Show another")]


async def test_an_echo_of_the_caption_settles_a_send_of_unknown_outcome(stage: Stage) -> None:
    stage.desk.answer_next(Answer(500, sent=True))
    assert isinstance(await stage.send(PHOTO), Uncertain)
    [sent] = stage.desk.sent()
    echo = stage.told(id=sent.id, body=sent.text, hasMedia=True, _data={"type": "image"})
    assert echo == Verified(receipts=(Receipt(KEY, "e1", sent.id.rpartition("_")[2], "sent"),))
    assert stage.provider.statistics().unsettled == 0


async def test_after_an_unknown_outcome_a_second_try_leaves_without_and_so_do_others_for_a_while(
    stage: Stage, autojump_clock: object
) -> None:
    stage.desk.answer_next(Answer(500))
    assert isinstance(await stage.send(PHOTO, effect="e"), Uncertain)
    await trio.sleep(PAUSED - 1)
    assert isinstance(await stage.send(PHOTO, effect="e", attempt=2), Accepted)
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert isinstance(await stage.send(PHOTO, OTHER), Accepted)
    assert [kind for kind, _ in stage.shown] == ["text", "text", "image"]
    await trio.sleep(2)
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert stage.shown[-1][0] == "image"


async def test_however_often_it_fails_and_wherever_the_person_is_answered_in_the_end(stage: Stage) -> None:
    assert isinstance(await stage.send(PHOTO, attempt=FILE_TRIES + 1), Accepted)
    assert isinstance(await stage.send(SHEET, attempt=FILE_TRIES + 1), Accepted)
    assert [kind for kind, _ in stage.shown] == ["text", "text"]


async def test_a_session_that_hangs_holds_some_places_and_no_answer_after_it(
    stage: Stage, autojump_clock: object
) -> None:
    stage.hangs = "default"

    async def patient() -> None:
        with trio.move_on_after(10):
            await stage.send(PHOTO)

    async with trio.open_nursery() as nursery:
        for _ in range(CHANNEL_AT_ONCE + 3):
            nursery.start_soon(patient)
        await trio.sleep(5)
        assert stage.asked.count("sendImage") == stage.provider.files.statistics().running == CHANNEL_AT_ONCE
        assert CHANNEL_AT_ONCE < AT_ONCE
        assert isinstance(await stage.send(PHOTO, OTHER), Accepted)
        assert stage.shown == [("image", "A flat\n\n1. Show another")]
    stage.hangs = ""
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert stage.shown[-1][0] == "text"
    assert stage.provider.files.statistics().running == 0


async def test_a_file_without_words_is_known_by_its_mark_and_a_persons_picture_stays_a_persons(
    stage: Stage,
) -> None:
    stage.desk.answer_next(Answer(500, sent=True))
    assert isinstance(await stage.send(LONG), Uncertain)
    [sent] = stage.desk.sent()
    media = {"url": "http://localhost:3000/api/files/default/a.jpg", "mimetype": "image/jpeg"}
    picture = {"hasMedia": True, "media": media, "_data": {"type": "image"}}
    assert len(stage.told(id=f"true_{CHAT}_PERSON", body="", **picture).arrivals) == 1
    assert not stage.told(id=sent.id, body=sent.text, **picture).arrivals
    stage.provider = configured()  # another replica, or this one after a crash
    assert not stage.told(id=sent.id, body=sent.text, **picture).arrivals


async def test_files_of_several_providers_are_counted_as_one(stage: Stage) -> None:
    await stage.send(PHOTO)
    await stage.send(msgspec.structs.replace(PHOTO, file="picture:1:9:9"))
    both = together(stage.provider.files.statistics(), Uploads(timedelta(days=1)).statistics())
    assert {name: number for name, number in both.results.items() if number} == {"uploaded": 1, "gone": 1}
    assert (both.results["reused"], both.running, both.bytes) == (0, 0, 1004)


class _Away(Files):
    """A shelf whose database does not answer."""

    async def take(self, name: str) -> File | None:
        raise ResourceUnavailable("postgres", "no answer")


class _Slow(Files):
    """A shelf that takes its time."""

    async def take(self, name: str) -> File | None:
        await trio.sleep(60)
        return self.files.get(name)
