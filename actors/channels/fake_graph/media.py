"""The provider's media: uploads taken apart, kept in a bounded store, found by id and by a short-lived link.

Pure: the caller brings the time. Sizes and types are those of the documentation.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from actors.channels.fake_graph.contract import GraphError

_MB = 1024 * 1024
#: MIME type -> most bytes.
_TYPES: Mapping[str, int] = {
    **dict.fromkeys(("image/jpeg", "image/png"), 5 * _MB),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * _MB),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * _MB),
    "image/webp": 500 * 1024,
}
_DOCUMENT = 100 * _MB
#: What a message may show as what, by the beginning of its MIME type; a document may be anything.
_KINDS: Mapping[str, str] = {"image": "image/", "video": "video/", "audio": "audio/", "sticker": "image/webp"}
_DOCUMENT_TYPES = ("application/", "text/")

#: Seconds for which a link can be fetched.
LINK_LIFE = 300.0


class Medium(msgspec.Struct, frozen=True):
    """One file and what the provider says about it."""

    id: str
    mime_type: str
    content: bytes
    sha256: str


class MediaStore:
    """Files by id, the oldest forgotten when they are more than `limit` bytes together."""

    def __init__(self, limit: int = 256 * _MB) -> None:
        self.bytes = 0
        self._limit = limit
        self._media: dict[str, Medium] = {}
        self._links: dict[str, float] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._media)

    def add(self, mime_type: str, content: bytes) -> Medium:
        """Keep a file; GraphError where its type or size is not allowed."""
        plain = mime_type.partition(";")[0].strip().lower()
        limit = _TYPES.get(plain, _DOCUMENT if plain.startswith(_DOCUMENT_TYPES) else 0)
        if not limit:
            raise GraphError(100, f"Param file has a type that is not allowed: {plain[:80]}.")
        if not 0 < len(content) <= limit:
            raise GraphError(131053, f"A file of this type has 1 to {limit} bytes, this one {len(content)}.")
        self._count += 1
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        medium = Medium(f"{9_000_000_000 + self._count}", mime_type, content, digest)
        self._media[medium.id] = medium
        self.bytes += len(content)
        while self.bytes > self._limit and len(self._media) > 1:
            oldest = next(iter(self._media))
            self.bytes -= len(self._media.pop(oldest).content)
            self._links.pop(oldest, None)
        return medium

    def describe(self, medium_id: str, base_url: str, now: float) -> dict[str, object] | None:
        """Return the JSON of GET /{media-id}, whose link lives from now; None where there is no such file."""
        medium = self._media.get(medium_id)
        if medium is None:
            return None
        self._links[medium_id] = now + LINK_LIFE
        return {
            "messaging_product": "whatsapp",
            "url": f"{base_url}/_media/{medium_id}",
            "mime_type": medium.mime_type,
            "sha256": medium.sha256,
            "file_size": len(medium.content),
            "id": medium_id,
        }

    def find(self, medium_id: str) -> Medium | None:
        """Return the file of an id."""
        return self._media.get(medium_id)

    def show(self, medium_id: str, kind: str) -> None:
        """Let a message show a file; GraphError, in the provider's words, where there is none or it is no such thing."""
        medium = self._media.get(medium_id)
        if medium is None or not medium.mime_type.startswith(_KINDS.get(kind, "")):
            raise GraphError(
                100, f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
            )

    def forget(self, medium_id: str) -> None:
        """Delete a file, as the provider does after 30 days."""
        medium = self._media.pop(medium_id, None)
        self._links.pop(medium_id, None)
        self.bytes -= len(medium.content) if medium else 0

    def fetch(self, medium_id: str, now: float) -> Medium | None:
        """Return the file behind a link that is still alive."""
        if self._links.get(medium_id, 0.0) < now:
            return None
        return self._media.get(medium_id)


def upload(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Return (MIME type, bytes) of a multipart upload; GraphError where the form breaks the contract."""
    kind, _, parameters = content_type.partition(";")
    boundary = parameters.partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if kind.strip().lower() != "multipart/form-data" or not boundary:
        raise GraphError(100, "Media is uploaded as multipart/form-data.")
    fields: dict[str, tuple[str, bytes]] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, found, content = part.partition(b"\r\n\r\n")
        if found:
            name, part_type = _part(head)
            fields[name] = (part_type, content)
    if fields.get("messaging_product", ("", b""))[1] != b"whatsapp":
        raise GraphError(100, "messaging_product must be 'whatsapp'.")
    if "file" not in fields:
        raise GraphError(131008, "Parameter file is missing.")
    part_type, content = fields["file"]
    return (fields["type"][1].decode("latin-1") if "type" in fields else part_type), content


def _part(head: bytes) -> tuple[str, str]:
    """Return (field name, content type) of one part's header lines."""
    name = part_type = ""
    for line in head.decode("latin-1").split("\r\n"):
        header, _, value = line.partition(":")
        if header.lower() == "content-disposition":
            name = value.partition('name="')[2].partition('"')[0]
        elif header.lower() == "content-type":
            part_type = value.strip()
    return name, part_type
