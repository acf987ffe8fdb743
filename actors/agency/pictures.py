"""Pictures of properties from a folder: judged file by file first, then stored in one transaction, or not at all.

`PA-101.jpg` is the first picture of the property PA-101, `PA-101.2.jpg` its second. Of each only what it is is kept until
it is stored, so that a folder of any size takes the memory of one picture.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from actors.agency.importing import Imported, Refused
from actors.agency.tenancy import TenantTransaction
from actors.media.content import HEAD, type_of

MOST_BYTES: Final = 5 * 1024 * 1024
"""What WhatsApp takes of a picture."""
MOST_FILES: Final = 20_000
_TYPES: Final = frozenset({"image/jpeg", "image/png"})
_NAMED: Final = re.compile(
    r"(?P<reference>.+?)(?:\.(?P<position>[1-9][0-9]?))?\.(?:jpe?g|png)", re.IGNORECASE
)
_TOLD: Final = 50  # faults


class PictureFile(msgspec.Struct, frozen=True):
    """A picture in a file, and what it is of."""

    path: Path
    reference: str
    position: int
    mime: str
    digest: str


def read_pictures(folder: Path) -> Sequence[PictureFile]:
    """Return what is in a folder; files whose names begin with a dot are nobody's. Raises Refused, OSError."""
    faults: list[str] = []
    found: dict[tuple[str, int], PictureFile] = {}
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if len(paths) > MOST_FILES:
        raise Refused(f"nothing was imported: there are {len(paths):,} files; {MOST_FILES:,} are the most")
    for path in paths:
        try:
            picture = _read(path)
        except ValueError as fault:
            faults.append(f"{path.name}: {fault}")
            continue
        known = found.setdefault((picture.reference, picture.position), picture)
        if known is not picture:
            faults.append(f"{path.name}: {known.path.name} is the same picture of the same property")
    if not paths:
        faults.append("there is no picture in it")
    _judge(faults)
    return list(found.values())


async def store_pictures(tx: TenantTransaction, pictures: Sequence[PictureFile]) -> Imported:
    """Add what is new and change what differs. Raises Refused where a property is unknown, OSError."""
    references = sorted({picture.reference for picture in pictures})
    rows = await tx.rows("pictures_of_references", references)
    kept = {(str(row[0]), msgspec.convert(row[1], int)): str(row[2]) for row in rows}
    _judge(list(_unfit(pictures, kept)))
    added = changed = 0
    for picture in pictures:
        before = kept.get((picture.reference, picture.position))
        if before == picture.digest:
            continue
        content = picture.path.read_bytes()
        if sha256(content).hexdigest() != picture.digest:
            raise Refused(f"nothing was imported: {picture.path.name} was changed meanwhile")
        await tx.execute("upsert_picture", picture.reference, picture.position, picture.mime, content)
        added, changed = added + (before is None), changed + (before is not None)
    return Imported(len(pictures), added, changed, len(pictures) - added - changed)


def _unfit(pictures: Sequence[PictureFile], kept: Container[tuple[str, int]]) -> Iterator[str]:
    """Yield what is wrong with pictures beside what is kept, in which a property without any has a picture 0."""
    given = {(picture.reference, picture.position) for picture in pictures}
    for picture in pictures:
        places = [(picture.reference, position) for position in range(100)]
        if not any(place in kept for place in places):
            yield f"{picture.path.name}: {picture.reference!r} is no property of this agency"
        elif places[1] not in given and places[1] not in kept:
            yield f"{picture.path.name}: {picture.reference} has no first picture"


def _read(path: Path) -> PictureFile:
    """Return what a file is. Raises ValueError with what is wrong with it."""
    named = _NAMED.fullmatch(path.name)
    if named is None or not path.is_file():
        raise ValueError(
            "is not named as a picture: PA-101.jpg is the first of PA-101, PA-101.2.jpg the second"
        )
    size = path.stat().st_size
    if not 0 < size <= MOST_BYTES:
        raise ValueError(f"has {size:,} bytes; WhatsApp takes 1 to {MOST_BYTES:,}")
    content = path.read_bytes()
    mime = type_of(content[:HEAD])
    if mime not in _TYPES:
        raise ValueError(f"is {mime or 'no picture'} inside; WhatsApp takes JPEG and PNG")
    return PictureFile(
        path, named["reference"], int(named["position"] or 1), mime, sha256(content).hexdigest()
    )


def _judge(faults: Sequence[str]) -> None:
    """Raise Refused where there are faults."""
    if faults:
        more = f"\n... and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
        raise Refused("nothing was imported:\n" + "\n".join(faults[:_TOLD]) + more)
