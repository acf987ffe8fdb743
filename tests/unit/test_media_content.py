"""What a file is by its bytes, what a hash may look like, where a link may lead, and what the Graph says of a medium."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.channels.meta.media import described
from actors.media.content import HEAD, digest_of, fits, type_of
from actors.media.places import joined, leads_inside, may_lead, same_origin
from actors.media.sources import Busy, Denied, Gone, Link
from actors.media.task import Group, group_of

HEADS = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/gif": b"GIF89a",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00",
    "image/avif": b"\x00\x00\x00\x18ftypavif\x00",
    "image/tiff": b"II*\x00\x08",
    "image/bmp": b"BM6\x00",
    "audio/ogg": b"OggS\x00\x02",
    "audio/mpeg": b"ID3\x04",
    "audio/amr": b"#!AMR\n",
    "audio/aac": b"\xff\xf1\x50\x80",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42\x00",
    "video/3gpp": b"\x00\x00\x00\x18ftyp3gp4\x00",
    "application/pdf": b"%PDF-1.7",
    "application/zip": b"PK\x03\x04\x14\x00",
    "text/html": b"\n <!DOCTYPE HTML><html>",
}


@pytest.mark.parametrize(("shown", "head"), HEADS.items())
def test_a_file_is_known_by_its_first_bytes(shown: str, head: bytes) -> None:
    assert type_of(head) == shown


@pytest.mark.parametrize(
    ("head", "shown"),
    [(b"\xff\xfb\x90\x00", "audio/mpeg"), (b"\xff\xf9\x50", "audio/aac"), (b"<html lang=en>", "text/html")],
)
def test_other_beginnings_of_the_same(head: bytes, shown: str) -> None:
    assert type_of(head) == shown


@given(st.binary(max_size=HEAD))
def test_any_bytes_are_looked_at_without_a_fault(head: bytes) -> None:
    assert type_of(head) in {*HEADS, ""}


TAKEN: dict[Group, set[str]] = {
    "image": {shown for shown in HEADS if shown.startswith("image/")},
    "voice": {
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/amr", "audio/aac"),
        *("video/3gpp", "video/mp4"),  # containers of which the sound may be all
    },
    "video": {"video/mp4", "video/3gpp"},
    "sticker": {"image/webp"},
}


@pytest.mark.parametrize("group", TAKEN)
def test_each_kind_takes_its_own_types_and_no_other(group: Group) -> None:
    assert {shown for shown in (*HEADS, "") if fits(group, "whatever/it-says", shown)} == TAKEN[group]


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("declared", "shown", "taken"),
    [
        ("application/pdf", "application/pdf", True),
        ("application/pdf", "", False),
        ("application/pdf", "text/html", False),
        (DOCX, "application/zip", True),
        (DOCX, "image/jpeg", False),
        ("application/vnd.oasis.opendocument.text", "application/zip", True),
        ("application/zip", "", False),
        ("application/msword", "", True),
        ("text/plain", "", True),
        ("", "", True),
        ("text/plain", "text/html", False),
        ("text/html; charset=utf-8", "text/html", True),
    ],
)
def test_documents_are_held_to_the_types_that_are_known(declared: str, shown: str, *, taken: bool) -> None:
    assert fits("document", declared, shown) is taken


def test_what_a_medium_counts_as() -> None:
    assert [
        group_of(kind, "x/y") for kind in ("image", "audio", "voice", "video", "sticker", "document")
    ] == [*("image", "voice", "voice", "video", "sticker", "document")]
    assert group_of("document", " Image/PNG") == "image"


@given(st.binary(min_size=32, max_size=32))
def test_a_hash_is_read_in_every_writing(digest: bytes) -> None:
    for written in (
        digest.hex(),
        digest.hex().upper(),
        base64.b64encode(digest).decode(),
        base64.b64encode(digest).decode().rstrip("="),
        base64.urlsafe_b64encode(digest).decode(),
        f" {base64.b64encode(digest).decode()}\n",
    ):
        assert digest_of(written) == digest


@pytest.mark.parametrize("written", ["", "4654+8g=", "m04p..", "z" * 64, "é" * 44])
def test_what_is_no_hash_is_none(written: str) -> None:
    assert digest_of(written) == b""


PUBLIC, STAND_IN = "https://graph.facebook.com/v23.0", "http://127.0.0.1:8082/v23.0"


@pytest.mark.parametrize(
    ("link", "from_public", "from_stand_in"),
    [
        ("https://lookaside.fbsbx.com/a?mid=1", True, False),
        ("http://lookaside.fbsbx.com/a", False, False),
        ("https://127.0.0.1/a", False, True),
        ("http://127.0.0.2:9/a", False, True),
        ("http://localhost/a", False, True),
        ("https://[::1]/a", False, True),
        ("https://10.0.0.1/a", False, False),
        ("https://192.168.1.1/a", False, False),
        ("https://169.254.169.254/latest/meta-data", False, False),
        ("https://[fe80::1]/a", False, False),
        ("https://[::ffff:10.0.0.1]/a", False, False),
        ("https://0.0.0.0/a", False, False),
        ("https://2130706433/a", False, False),
        ("https://0x7f000001/a", False, False),
        ("https://127.1/a", False, False),
        ("https://metadata.google.internal/a", False, False),
        ("https://printer.local/a", False, False),
        ("https://user:password@lookaside.fbsbx.com/a", False, False),
        ("https://93.184.216.34/a", True, False),
        ("ftp://lookaside.fbsbx.com/a", False, False),
        ("file:///etc/passwd", False, False),
        ("https:///a", False, False),
        ("https://[broken/a", False, False),
        ("", False, False),
    ],
)
def test_where_a_link_may_lead(link: str, *, from_public: bool, from_stand_in: bool) -> None:
    assert (may_lead(PUBLIC, link), may_lead(STAND_IN, link)) == (from_public, from_stand_in)


async def test_a_name_of_a_server_beside_us_is_found_out() -> None:
    assert await leads_inside(PUBLIC, "https://127.0.0.1/")
    assert not await leads_inside(STAND_IN, "https://127.0.0.1/")


def test_one_server_is_one_scheme_host_and_port() -> None:
    assert same_origin("https://a.example/x", "https://A.example:443/y")
    for other in ("http://a.example/x", "https://b.example/x", "https://a.example:444/x", ""):
        assert not same_origin("https://a.example/x", other)
    assert joined("https://a.example/x/y", "../z") == "https://a.example/z"
    assert joined("https://a.example/x", "//[b") == ""


def graph(code: int) -> bytes:
    return json.dumps({"error": {"code": code, "message": "secret words"}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (200, b'{"url":"https://x/1","mime_type":"image/png","sha256":"s","file_size":7}',
         Link("https://x/1", "image/png", "s", 7)),
        (200, b'{"url":"https://x/1","file_size":"7"}', Link("https://x/1", size=7)),
        (200, b'{"url":"https://x/1","file_size":-7}', Link("https://x/1")),
        (200, b'{"id":"1"}', Denied("http_200")),
        (200, b"<html>", Denied("http_200")),
        (400, graph(100), Gone("100")),
        (404, b"", Gone("http_404")),
        (401, graph(190), Denied("190")),
        (401, b"", Denied("http_401")),
        (403, graph(10), Denied("10")),
        (400, graph(131052), Busy("131052")),
        (500, graph(131000), Busy("131000")),
        (429, graph(4), Busy("4")),
        (429, b"", Busy("http_429")),
        (500, b"", Busy("http_500")),
        (503, b"<html>", Busy("http_503")),
        (302, b"", Denied("http_302")),
        (400, b"", Denied("http_400")),
    ],
)  # fmt: skip
def test_what_the_graph_says_of_a_medium(status: int, body: bytes, meant: object) -> None:
    assert described(status, body) == meant
