"""What a file is, by its first bytes and not by what anybody says, and whether that is what it was sent as. Pure.

Knows the types that phones send. Documents may be anything, so of them only those types are held to their word whose
first bytes are known; a web page where something else was due is never taken: it is the door of a provider that wants
a login.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from actors.media.task import Group

#: So many first bytes decide.
HEAD = 64
#: The ending of a stored file of each type.
ENDINGS: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/amr": ".amr",
    "audio/aac": ".aac",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}
_TAKEN: Mapping[Group, frozenset[str]] = {
    "image": frozenset(
        {
            *("image/jpeg", "image/png", "image/webp", "image/gif"),
            *("image/heic", "image/avif", "image/tiff", "image/bmp"),  # as documents
        }
    ),
    "voice": frozenset({"audio/ogg", "audio/mpeg", "audio/mp4", "audio/amr", "audio/aac", "video/3gpp"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
    "sticker": frozenset({"image/webp"}),
}
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"ADIF", "audio/aac"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
#: Documents that are archives by their bytes: the office formats of both houses, and archives themselves.
_ARCHIVES = re.compile(r"application/(vnd\.openxmlformats-|vnd\.oasis\.opendocument|zip\b|x-zip)", re.ASCII)


def type_of(head: bytes) -> str:
    """Return the type that the first bytes of a file show; "" where they show none that we know."""
    for start, known in _STARTS:
        if head.startswith(start):
            return known
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _brand(head[8:12])
    if len(head) >= 2 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"  # ADTS: a frame of layer 0
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
            return "audio/mpeg"
    return "text/html" if _PAGE.match(head) else ""


def _brand(brand: bytes) -> str:
    if brand.startswith((b"3gp", b"3g2")):
        return "video/3gpp"
    if brand in {b"avif", b"avis"}:
        return "image/avif"
    if brand.startswith((b"hei", b"hev", b"mif1", b"msf1")):
        return "image/heic"
    return "audio/mp4" if brand.startswith((b"M4A", b"M4B")) else "video/mp4"


def fits(group: Group, declared: str, shown: str) -> bool:
    """Tell whether a file that shows this type may be what it was sent as."""
    declared = declared.partition(";")[0].strip().lower()
    if group in _TAKEN:
        # The sound of some phones is in a general container, whose brand does not say that there is no picture.
        return shown in _TAKEN[group] or (group == "voice" and shown == "video/mp4")
    if shown == "text/html":
        return declared in {"text/html", "application/xhtml+xml"}
    if declared == "application/pdf":
        return shown == "application/pdf"
    return not _ARCHIVES.match(declared) or shown == "application/zip"


def named_type(group: Group, declared: str, shown: str) -> str:
    """Return the type of a file that fits: what it shows where that says all, else what it was declared as."""
    declared = declared.partition(";")[0].strip().lower()
    if group == "voice" and shown in {"video/mp4", "video/3gpp"}:
        return "audio/mp4" if shown == "video/mp4" else shown
    return declared if group == "document" and declared else shown or "application/octet-stream"


def digest_of(declared: str) -> bytes:
    """Return a declared SHA-256, in base64 or in hex; b"" where it is none that can be read."""
    text = declared.strip()
    try:
        if len(text) == 64:
            return bytes.fromhex(text)
        padded = text.replace("-", "+").replace("_", "/").rstrip("=")
        digest = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (ValueError, binascii.Error):
        return b""
    return digest if len(digest) == 32 else b""
