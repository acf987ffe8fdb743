"""Downloads against a provider that is slow or lies: one outcome of the closed list each, and nothing left behind."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import trio

from actors.channels.fake_graph import Account, FakeGraph, Faults, MediaFault
from actors.channels.meta import MetaProvider
from actors.media.task import Download, MediaFetched
from config import Channel, Media, Secret, Settings
from runtime import Answered, Delivery, HttpClient, Lane, Limits, open_http_client

CHANNEL, TOKEN = "100200300400500", "access-token-51dd"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 40
EFFECT = "0b9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
#: Of each kind: a type, a beginning that shows it, and the setting of its limit.
KINDS = {
    "image": ("image/png", b"\x89PNG\r\n\x1a\n", "image"),
    "voice": ("audio/ogg; codecs=opus", b"OggS", "voice"),
    "audio": ("audio/mpeg", b"ID3", "voice"),
    "video": ("video/mp4", b"\x00\x00\x00\x18ftypmp42", "video"),
    "document": ("application/pdf", b"%PDF-1.7", "document"),
    "sticker": ("image/webp", b"RIFF\x00\x00\x00\x00WEBP", "sticker"),
}


@dataclass
class House:
    """A provider, and our side of it."""

    fake: FakeGraph
    provider: MetaProvider
    http: HttpClient
    root: Path

    def faults(self, trick: str, times: int | None = None, **more: Any) -> None:
        self.fake.put_faults(Faults(media=(MediaFault(trick=trick, times=times, **more),)))  # type: ignore[arg-type]

    async def fetch(
        self,
        content: bytes = JPEG,
        mime: str = "image/jpeg",
        kind: str = "image",
        effect: str = EFFECT,
        **task: Any,
    ) -> MediaFetched:
        given = {"media": "" if "url" in task else self.fake.add_media(mime, content), "mime": mime} | task
        wanted = Download("wamid.1", kind, tag="7", **given)  # type: ignore[arg-type]
        payload = msgspec.json.encode(wanted)
        delivery = Delivery(effect, f"meta:{CHANNEL}", "wa_id:971500000001", Lane.WORK, payload)
        outcome = await self.provider.perform(delivery, self.http)
        assert isinstance(outcome, Answered)
        assert isinstance(outcome.event, MediaFetched)
        return outcome.event

    @property
    def files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]

    @property
    def visits(self) -> tuple[int, int]:
        told = self.fake.statistics().provider
        return told.visits_elsewhere, told.tokens_elsewhere


@asynccontextmanager
async def house(tmp_path: Path, token: str = TOKEN, **media: Any) -> AsyncIterator[House]:
    fake = FakeGraph({CHANNEL: Account(id=CHANNEL, secret="s", token=TOKEN)})
    async with (
        trio.open_nursery() as nursery,
        open_http_client(limits=Limits(20, waiters=100, idle=5)) as http,
    ):
        address = await nursery.start(fake.serve)
        provider = MetaProvider()
        channel = Channel(
            provider="meta",
            id=CHANNEL,
            app_secret=(Secret("s"),),
            verify_token=Secret("v"),
            access_token=Secret(token),
            api_url=f"http://{address}/v23.0",
        )
        provider.configure(Settings(data_dir=tmp_path, channels=(channel,), media=Media(**media)))
        yield House(fake, provider, http, tmp_path / "media")
        nursery.cancel_scope.cancel()


# ── what is right ─────────────────────────────────────────────────────


async def test_a_picture_is_stored_whole_under_the_effects_name_for_us_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        done = await at.fetch()
        path = at.root / done.path
        assert done == MediaFetched(
            message="wamid.1",
            kind="image",
            group="image",
            result="stored",
            tag="7",
            path=f"{EFFECT[:2]}/{EFFECT}.jpg",
            size=len(JPEG),
            mime="image/jpeg",
            sha256=hashlib.sha256(JPEG).hexdigest(),
        )
        assert path.read_bytes() == JPEG
        assert at.files == [path]
        assert {stat.S_IMODE(p.stat().st_mode) for p in (at.root, path.parent, at.root / "drafts")} == {0o700}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        again = await at.fetch(JPEG + b"!")  # a second life, which finds the file of the first
        assert (again.path, path.read_bytes(), len(at.files)) == (done.path, JPEG + b"!", 1)
        told = at.provider.downloads.statistics()
        assert (told.running, told.results["stored"], told.bytes) == (0, 2, 2 * len(JPEG) + 1)


async def test_a_link_of_the_webhook_is_used_and_where_it_is_refused_the_id_is_resolved(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        medium = at.fake.add_media("image/jpeg", JPEG)
        link = at.fake.link_media(medium)
        assert (await at.fetch(url=link)).result == "stored"
        for media in (medium, ""):
            at.faults("expired", times=1)
            assert (await at.fetch(url=link, media=media)).result == ("stored" if media else "expired")
        assert (await at.fetch(url="http://192.0.2.1/picture", media=medium)).result == "stored"
        assert (await at.fetch(url="https://example.org/picture")).code == "forbidden_link"


@pytest.mark.parametrize("written", ["base64", "hex", "nothing that we know"])
async def test_a_declared_hash_counts_in_either_writing(tmp_path: Path, written: str) -> None:
    digest = hashlib.sha256(JPEG).digest()
    sha = {"base64": base64.b64encode(digest).decode(), "hex": digest.hex()}
    wrong = {"base64": base64.b64encode(digest[::-1]).decode(), "hex": digest[::-1].hex()}
    async with house(tmp_path) as at:
        link = at.fake.link_media(at.fake.add_media("image/jpeg", JPEG))
        assert (await at.fetch(url=link, sha256=sha.get(written, "4654+8g="))).result == "stored"
        if written in wrong:
            done = await at.fetch(url=link, sha256=wrong[written])
            assert (done.result, done.code) == ("corrupt", "sha256")


async def test_a_document_that_is_a_picture_counts_as_one(tmp_path: Path) -> None:
    async with house(tmp_path, image_max_bytes=len(JPEG) - 1) as at:
        done = await at.fetch(kind="document")
        assert (done.kind, done.group, done.result, done.limit) == (
            "document",
            "image",
            "too_large",
            len(JPEG) - 1,
        )


# ── the boundary of each limit ────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trick", ["", "undeclared"])
async def test_as_much_as_the_limit_is_stored_and_one_byte_more_is_not(
    tmp_path: Path, kind: str, trick: str
) -> None:
    mime, start, limited = KINDS[kind]
    limit = 200_000
    async with house(tmp_path, **{f"{limited}_max_bytes": limit}) as at:
        for size in (limit - 1, limit, limit + 1):
            if trick:
                at.faults(trick)
            done = await at.fetch(start + bytes(size - len(start)), mime, kind)
            expected = ("stored", size, 0) if size <= limit else ("too_large", 0, limit)
            assert (done.result, done.size, done.limit) == expected
            assert [path.stat().st_size for path in at.files] == [min(size, limit)]
            assert done.code == ("" if size <= limit else "counted" if trick else "declared")


# ── servers that are slow, or lie ─────────────────────────────────────

TRICKS = {
    "stall": ("timed_out", "after_1_s"),
    "drip": ("timed_out", "after_1_s"),
    "stall_at_99": ("timed_out", "after_1_s"),
    "miscounted": ("corrupt", "content_length"),
    "flipped": ("corrupt", "sha256"),
    "login": ("corrupt", "content_length"),
    "bomb": ("bad_type", "compressed"),
    "endless": ("too_large", "counted"),
    "huge": ("too_large", "declared"),
    "expired": ("expired", "http_404"),
    "redirect": ("stored", ""),
    "undeclared": ("stored", ""),
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_every_trick_has_one_outcome_and_leaves_nothing_behind(tmp_path: Path, trick: str) -> None:
    async with house(tmp_path, total_timeout=1.0) as at:
        before = open_files()
        at.faults(trick)
        began = trio.current_time()
        done = await at.fetch()
        assert (done.result, done.code) == TRICKS[trick]
        assert trio.current_time() - began < 2.0
        assert len(at.files) == (done.result == "stored")
        assert open_files() == before


def open_files() -> list[str]:
    """Return what this process has open that is no socket."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except FileNotFoundError:
            continue  # the directory's own
    return sorted(name for name in found if name.startswith("/") and "/fd" not in name)


async def test_a_login_page_where_a_picture_is_due_is_no_picture(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.fake.put_faults(Faults(media=(MediaFault("undeclared", times=1), MediaFault("login"))))
        done = await at.fetch()
        assert (done.result, done.code) == ("bad_type", "text/html")


async def test_an_answer_that_breaks_off_is_tried_again_and_then_it_is_corrupt(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.faults("cut", times=2)
        assert (await at.fetch()).result == "stored"
        at.faults("cut")
        done = await at.fetch()
        assert (done.result, done.code) == ("corrupt", "cut_off")


@pytest.mark.parametrize("trick", ["unresolved", "unavailable"])
async def test_a_provider_that_fails_twice_and_then_does_not_costs_a_moment(
    tmp_path: Path, trick: str
) -> None:
    async with house(tmp_path) as at:
        at.faults(trick, times=2)
        assert (await at.fetch()).result == "stored"


async def test_a_provider_that_goes_on_failing_is_left_at_the_deadline(tmp_path: Path) -> None:
    async with house(tmp_path, total_timeout=1.0) as at:
        at.faults("unavailable")
        assert (await at.fetch()).result == "timed_out"


async def test_slow_but_fine_is_fine(tmp_path: Path) -> None:
    async with house(tmp_path, total_timeout=5.0) as at:
        at.faults("slow", seconds=1.0)
        assert (await at.fetch()).result == "stored"


async def test_a_link_that_has_expired_is_resolved_anew_once(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.faults("expired", times=1)
        assert (await at.fetch()).result == "stored"
        at.faults("expired", times=2)
        assert (await at.fetch()).result == "expired"
        assert (await at.fetch(media="123456")).result == "expired"


async def test_the_token_never_goes_to_a_host_that_it_was_only_redirected_to(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        at.faults("redirect")
        assert (await at.fetch()).result == "stored"
        assert at.visits == (1, 0)


async def test_a_broken_token_is_told_by_its_code(tmp_path: Path) -> None:
    async with house(tmp_path, token="another") as at:
        done = await at.fetch()
        assert (done.result, done.code) == ("failed", "190")


async def test_a_disk_that_is_full_is_our_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    async with house(tmp_path) as at:
        monkeypatch.setattr(os, "write", full)
        done = await at.fetch()
        monkeypatch.undo()
        assert (done.result, done.code, at.files) == ("failed", "disk", [])


# ── cut off anywhere ──────────────────────────────────────────────────


async def test_cancelled_at_any_moment_it_leaves_no_file_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    dice = Random(7)
    content = JPEG[:4] + bytes(4_000_000)
    async with house(tmp_path) as at:
        medium = at.fake.add_media("image/jpeg", content)
        assert (await at.fetch(media=medium)).result == "stored"
        at.faults("slow", seconds=0.05)
        before, kept = open_files(), at.files
        cut_off = 0
        for number in range(150):
            effect = f"{number:02x}9c7a52-8f0e-5d6f-9c55-7d9d6a1b2c3d"
            with trio.move_on_after(dice.uniform(0, 0.09)) as scope:
                done = await at.fetch(media=medium, effect=effect)
                assert done.result == "stored"
            cut_off += scope.cancelled_caught
            # Cut off after it was kept, the file is there whole, and the next life puts the same one in its place.
            new = [path for path in at.files if path not in kept]
            assert new in ([], [at.root / effect[:2] / f"{effect}.jpg"])
            assert new or scope.cancelled_caught
            for path in new:
                assert path.stat().st_size == len(content)
                path.unlink()
            assert open_files() == before
            told = at.provider.downloads.statistics()
            assert (told.running, told.files.drafts, told.files.threads) == (0, 0, 0)
        assert 20 < cut_off < 150
        assert not list((at.root / "drafts").iterdir())


async def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.provider.downloads.sweep()  # there is no directory yet
        done = await at.fetch()
        (at.root / "drafts" / "half").write_bytes(b"half")
        await at.provider.downloads.sweep()
        assert at.files == [at.root / done.path]
