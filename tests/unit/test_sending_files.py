"""Sends with a file: uploaded once for a channel, again when the provider lost it, left out when it cannot be had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import trio

from actors.channels.fake_graph.accounts import Account
from actors.channels.fake_graph.faults import Failure, Faults
from actors.channels.fake_graph.state import Graph
from actors.channels.meta import MetaProvider
from actors.channels.meta.provider import DOCUMENT_TRIES
from actors.messages import Choice, Document, Outgoing, Picture
from actors.outbound.shelf import File, Standing
from runtime import Accepted, Outcome, Request, ResourceUnavailable, TryAgain
from tests.unit.test_meta_provider import channel, configured, delivery

MORE = (Choice("listing:more", "Show another"),)
PHOTO = Picture("picture:1:7:1", "A flat", MORE, quote="wamid.IN")
SHEET = Document("sheet:1:7:en", "The fact sheet", "No sheet: a flat", MORE)


class Files:
    """A shelf in memory; `away` is the database that does not answer, `slow` the seconds of a look."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {
            PHOTO.file: File("d-photo", "image/png", "7-1.png", b"\x89PNG" + b"x" * 1000),
            SHEET.file: File("d-sheet", "application/pdf", "PA-107.pdf", b"%PDF" + b"x" * 1000),
        }
        self.uploads: dict[tuple[str, str], tuple[str, datetime]] = {}
        self.now = datetime.now(UTC)
        self.away = False
        self.slow = 0.0
        self.taken = 0

    async def find(self, name: str, channel: str) -> Standing | None:
        await trio.sleep(self.slow)
        if self.away:
            raise ResourceUnavailable("postgres", "no answer")
        file = self.files.get(name)
        if file is None:
            return None
        upload, until = self.uploads.get((channel, file.digest), ("", self.now))
        return Standing(file.digest, file.filename, upload if until > self.now else "")

    async def take(self, name: str) -> File | None:
        self.taken += 1
        return self.files.get(name)

    async def keep(self, channel: str, digest: str, upload: str, expires: datetime) -> None:
        await trio.lowlevel.checkpoint()
        self.uploads[channel, digest] = (upload, expires)

    async def forget(self, channel: str, digest: str, upload: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.uploads.get((channel, digest), ("",))[0] == upload:
            del self.uploads[channel, digest]


class Stage:
    """A provider, its shelf, and the fake Graph without a network; `broken` and `hangs` name what does."""

    def __init__(self) -> None:
        accounts = {number: Account(number, "s", f"token-{number}") for number in ("100", "200")}
        self.graph = Graph(accounts, run="r", started=0.0, strict=False)
        self.files = Files()
        self.broken = ""
        self.hangs = ""
        self.delay = 0.0
        self.provider: MetaProvider = configured(channel("100"), channel("200"))
        self.provider.uploads.shelf = self.files
        self.effects = 0

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        await trio.sleep(self.delay)
        path = httpx.URL(url).path
        if self.hangs and path.endswith(self.hangs):
            await trio.sleep_forever()
        if self.broken and path.endswith(self.broken):
            raise httpx.ConnectError("broken")
        answer = self.graph.apply(Request(method, path, {}, dict(headers or {}), content or b""), 0.0, 0.0)
        response: Any = answer.response
        return httpx.Response(response.status, content=response.body)

    async def send(self, message: Outgoing, number: str = "100", **more: Any) -> Outcome:
        self.effects += 1
        sent = delivery(message, channel=f"meta:{number}", id=f"e{self.effects}", **more)
        return await self.provider.perform(sent, self)  # type: ignore[arg-type]

    def last(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(bytes(self.graph.page()[-1].body))
        return content

    @property
    def uploaded(self) -> int:
        return self.graph.statistics().uploads

    def results(self) -> dict[str, int]:
        results = self.provider.uploads.statistics().results
        return {name: number for name, number in results.items() if number}


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_picture_stands_above_the_text_and_its_buttons_and_is_uploaded_once_a_channel(
    stage: Stage,
) -> None:
    for _ in range(3):
        assert isinstance(await stage.send(PHOTO), Accepted)
    shown = stage.last()
    medium = shown["interactive"]["header"]["image"]["id"]
    assert shown["context"] == {"message_id": "wamid.IN"}
    assert shown["interactive"]["body"] == {"text": "A flat"}
    assert shown["interactive"]["action"]["buttons"][0]["reply"]["title"] == "Show another"
    kept = stage.graph.media.find(medium)
    assert kept is not None
    assert (kept.mime_type, kept.content) == ("image/png", stage.files.files[PHOTO.file].content)
    assert stage.uploaded == 1
    await stage.send(PHOTO, "200")
    assert stage.uploaded == 2  # another channel knows nothing of it
    assert stage.results() == {"uploaded": 2, "reused": 2}


async def test_a_text_without_buttons_is_the_caption_and_a_document_has_its_name(stage: Stage) -> None:
    await stage.send(msgspec.structs.replace(PHOTO, choices=()))
    assert stage.last()["image"]["caption"] == "A flat"
    await stage.send(SHEET)
    header = stage.last()["interactive"]["header"]
    assert header["document"]["filename"] == "PA-107.pdf"
    await stage.send(msgspec.structs.replace(SHEET, choices=()))
    assert stage.last()["document"]["caption"] == "The fact sheet"
    assert stage.uploaded == 2


async def test_many_who_want_it_at_once_share_one_upload(stage: Stage, autojump_clock: object) -> None:
    stage.delay = 0.5
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(stage.send, PHOTO)
    assert stage.uploaded == 1
    assert stage.results() == {"uploaded": 1, "reused": 19}
    assert (
        len(
            {
                json.loads(bytes(sent.body))["interactive"]["header"]["image"]["id"]
                for sent in stage.graph.page()
            }
        )
        == 1
    )


async def test_it_is_uploaded_anew_before_the_provider_deletes_it(stage: Stage) -> None:
    await stage.send(PHOTO)
    _, until = stage.files.uploads["meta:100", "d-photo"]
    assert timedelta(days=24) < until - stage.files.now <= timedelta(days=25, minutes=1)  # Meta: 30 days
    stage.files.now = until
    await stage.send(PHOTO)
    assert stage.uploaded == 2


async def test_what_the_provider_lost_is_uploaded_again_once_within_the_same_send(stage: Stage) -> None:
    await stage.send(PHOTO)
    lost = stage.last()["interactive"]["header"]["image"]["id"]
    stage.graph.media.forget(lost)
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert stage.last()["interactive"]["header"]["image"]["id"] != lost
    assert stage.uploaded == 2
    assert stage.results() == {"uploaded": 2, "reused": 1, "forgotten": 1}
    assert len(stage.graph.page()) == 2  # each send arrived once


@pytest.mark.parametrize("code", [100, 131009, 131053])
async def test_a_file_that_no_send_may_show_is_left_out_and_the_text_arrives(stage: Stage, code: int) -> None:
    refuses = stage.request

    async def refusing(method: str, url: str, **more: Any) -> httpx.Response:
        if b'"header"' in (more["content"] or b""):
            return httpx.Response(400, json={"error": {"code": code, "message": "no"}})
        return await refuses(method, url, **more)

    stage.request = refusing  # type: ignore[method-assign]
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert "header" not in stage.last()["interactive"]
    assert stage.last()["interactive"]["body"] == {"text": "A flat"}
    assert stage.uploaded == 1


@pytest.mark.parametrize("trouble", ["connect", "gone", "database", "too large", "strange", "refused"])
async def test_the_person_is_answered_without_a_picture_that_cannot_be_had(
    stage: Stage, trouble: str
) -> None:
    photo = stage.files.files[PHOTO.file]
    match trouble:
        case "connect":
            stage.broken = "/media"
        case "gone":
            stage.files.files.clear()
        case "database":
            stage.files.away = True
        case "too large":
            stage.files.files[PHOTO.file] = msgspec.structs.replace(
                photo, content=b"x" * (5 * 1024 * 1024 + 1)
            )
        case "strange":
            stage.files.files[PHOTO.file] = msgspec.structs.replace(photo, mime="image/bmp")
        case "refused":
            stage.files.files[PHOTO.file] = msgspec.structs.replace(photo, content=b"")
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert stage.last()["interactive"]["body"] == {"text": "A flat"}
    assert "header" not in stage.last()["interactive"]
    reasons = {"connect": "busy", "gone": "gone", "database": "unavailable"}
    assert stage.results() == {reasons.get(trouble, "refused"): 1}


async def test_a_slow_upload_holds_up_no_answer(stage: Stage, autojump_clock: object) -> None:
    stage.files.slow = 60.0
    began = trio.current_time()
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert trio.current_time() - began < 10.0  # node.send_timeout
    assert stage.results() == {"slow": 1}


async def test_a_channel_that_hangs_leaves_room_for_the_uploads_of_others(
    stage: Stage, autojump_clock: object
) -> None:
    photo = stage.files.files[PHOTO.file]
    for number in range(20):
        stage.files.files[f"picture:1:{number}:1"] = msgspec.structs.replace(photo, digest=f"d{number}")
    stage.hangs = "/100/media"
    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(stage.send, msgspec.structs.replace(PHOTO, file=f"picture:1:{number}:1"))
        await trio.sleep(0.1)
        began = trio.current_time()
        await stage.send(msgspec.structs.replace(PHOTO, file="picture:1:0:1"), "200")
        assert trio.current_time() - began < 0.1
        assert "header" in stage.last()["interactive"]
    assert stage.results() == {"slow": 20, "uploaded": 1}
    assert len(stage.graph.page()) == 21  # all were answered


async def test_what_was_refused_is_not_offered_again_for_a_while(
    stage: Stage, autojump_clock: object
) -> None:
    photo = stage.files.files[PHOTO.file]
    stage.files.files[PHOTO.file] = msgspec.structs.replace(photo, mime="image/bmp")
    for _ in range(5):
        await stage.send(PHOTO)
    assert stage.files.taken == 1
    await trio.sleep(601)
    await stage.send(PHOTO)
    assert stage.files.taken == 2


async def test_a_document_is_tried_a_few_times_before_its_text_is_said_instead(stage: Stage) -> None:
    stage.broken = "/media"
    for attempt in range(1, DOCUMENT_TRIES):
        assert await stage.send(SHEET, attempt=attempt) == TryAgain(
            "file_busy", "the document could not be uploaded"
        )
    assert isinstance(await stage.send(SHEET, attempt=DOCUMENT_TRIES), Accepted)
    assert stage.last()["interactive"]["body"] == {"text": "No sheet: a flat"}


async def test_a_document_that_may_not_be_shown_any_more_is_not_waited_for(stage: Stage) -> None:
    stage.files.files.clear()
    assert isinstance(await stage.send(SHEET), Accepted)
    assert stage.last()["interactive"]["body"] == {"text": "No sheet: a flat"}


async def test_what_leaves_no_room_for_a_picture_leaves_without_it(stage: Stage) -> None:
    long = msgspec.structs.replace(PHOTO, body="x" * 1025)
    assert isinstance(await stage.send(long), Accepted)
    assert stage.last()["interactive"]["type"] == "list"
    assert stage.uploaded == 0


async def test_an_upload_that_was_cut_off_is_tried_again_after_a_while_and_holds_up_nobody_until_then(
    stage: Stage, autojump_clock: object
) -> None:
    stage.hangs = "/media"
    began = trio.current_time()
    await stage.send(PHOTO)
    cut_off = trio.current_time()
    assert cut_off - began > 1
    for _ in range(5):
        assert isinstance(await stage.send(PHOTO), Accepted)
    assert trio.current_time() == cut_off
    assert "header" not in stage.last()["interactive"]
    stage.hangs = ""
    await trio.sleep(31)
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert "header" in stage.last()["interactive"]
    assert stage.uploaded == 1
    assert stage.provider.uploads.statistics().running == 0


async def test_the_tokens_fault_is_told_by_the_send_not_by_the_file(stage: Stage) -> None:
    stage.graph.dice.put(Faults(failures=(Failure(code=130429),)))
    assert isinstance(await stage.send(PHOTO), TryAgain)
    stage.graph.dice.put(Faults())
    assert isinstance(await stage.send(PHOTO), Accepted)
    assert stage.uploaded == 1
