"""The words between a bot and the download of a medium: what is asked for, and all that may come of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from runtime import Event

#: What a medium is called by the person's phone.
Kind = Literal["image", "video", "document", "sticker", "audio", "voice"]
#: What it counts as: whose limit it has and how it is spoken of. A document that is a picture is a picture.
Group = Literal["image", "voice", "video", "document", "sticker"]
#: All that may come of a download. `failed` is whatever is no fault of the medium's: the provider, our token, our disk.
Result = Literal["stored", "too_large", "bad_type", "timed_out", "expired", "corrupt", "failed"]


class Download(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Fetch a medium of `message`: by its id `media`, or from `url` while that lives.

    `mime` and `sha256` are as the provider declared them. `tag` and `caption` come back as they were given.
    `owner`: the number of whoever may keep media for a time of their own; it stands in the file's name.
    """

    message: str
    kind: Kind
    media: str = ""
    url: str = ""
    mime: str = ""
    sha256: str = ""
    tag: str = ""
    caption: str = ""
    owner: int = 0


class MediaFetched(Event, frozen=True, kw_only=True):
    """What came of a `Download`.

    Stored, `path` says where, below the media directory, with the `size` in bytes, the `mime` type that the content
    itself shows, and its `sha256` in hex. Too large, `limit` is what would have been taken, in bytes. Otherwise `code` is
    a word for the log.
    """

    message: str
    kind: Kind
    group: Group
    result: Result
    tag: str = ""
    caption: str = ""
    path: str = ""
    size: int = 0
    mime: str = ""
    sha256: str = ""
    limit: int = 0
    code: str = ""


def group_of(kind: Kind, mime: str) -> Group:
    """Return what a medium counts as."""
    match kind:
        case "document" if mime.strip().lower().startswith("image/"):
            return "image"
        case "audio" | "voice":
            return "voice"
        case "image" | "video" | "document" | "sticker":
            return kind
