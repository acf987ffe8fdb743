"""The drill of media that come drop by drop: whoever sent a picture is told so, and nobody else waits for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
import trio

from actors.channels.fake_graph import Faults, MediaFault
from actors.channels.fake_graph.tricks import Trick
from actors.drills.drill import ServeDrill
from actors.drills.pace import kept
from actors.drills.rehearsal import Rehearsal
from actors.drills.wishes import Wishes
from actors.phone import envelope
from actors.simulate.people import Person
from actors.wording.catalogue import Catalogue
from actors.wording.keys import Key
from runtime.testing import at_least, at_most, exactly

_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 40
_TIMEOUT = 2.5
"""Seconds for one download."""
_SLOW = 0.4
"""Seconds that a slow but honest one takes, on a machine with time for both sides of it."""
_TAKEN = 0.5
"""The part of the slow ones that must arrive, however busy the machine is."""
_TRICKS: Sequence[tuple[Trick, Key]] = (
    ("drip", "timed-out-image"),
    ("stall", "timed-out-image"),
    ("stall_at_99", "timed-out-image"),
    ("slow", "media-image"),
)
"""What a picture's server does, and what its sender is told."""
_TOO_SLOW = ("media-image", ["timed-out-image"])
"""What a sender of a slow picture may hear on a busy machine; then no file may be there."""
_TIMES = 6.0
"""So many times as long as before may what the others want take, with half of a machine's work being the drill's own."""
_SLACK = 12
"""Descriptors more than before, at most: the pools of the databases may have grown."""
_SAID: Sequence[Key] = ("timed-out-image", "media-image")


class Picture(msgspec.Struct, frozen=True):
    """A picture that somebody sent, and how it is to be spoken of."""

    message: str
    sender: Person
    told: Key


async def _media_tarpit(rehearsal: Rehearsal) -> None:
    strangers = rehearsal.strangers
    senders = [strangers.person() for _ in range(int(rehearsal.lasting(24, 120)))]
    for person in senders:
        await rehearsal.load.pour(strangers.texts(person, 1), 0)
    calm = await rehearsal.stretch(rehearsal.lasting(2, 6))
    open_before = rehearsal.server.descriptors_at_home()
    async with rehearsal.fault("pictures come drop by drop"):
        begun = trio.current_time()
        tricks = [_TRICKS[place % len(_TRICKS)] for place in range(len(senders))]
        media = [rehearsal.fake.add_media("image/jpeg", _JPEG) for _ in senders]
        rehearsal.fake.put_faults(
            Faults(
                media=tuple(
                    MediaFault(trick=trick, media=medium, seconds=_SLOW)
                    for (trick, _), medium in zip(tricks, media, strict=True)
                )
            )
        )
        pictures = [
            Picture(await _picture(rehearsal, person, medium), person, told)
            for person, medium, (_, told) in zip(senders, media, tricks, strict=True)
        ]
        await _answered(rehearsal, pictures)
    slow = (await rehearsal.stretch(0)).ended
    await rehearsal.recovered()
    rehearsal.fake.put_faults(Faults())
    medium = rehearsal.fake.add_media("image/jpeg", _JPEG)
    pictures.append(Picture(await _picture(rehearsal, senders[0], medium), senders[0], "media-image"))
    await _answered(rehearsal, pictures)
    await rehearsal.over()
    heard = [_heard(rehearsal, one) for one in pictures]
    wrong = [
        f"{' '.join(words) or 'nothing'} instead of {one.told}"
        for one, words in zip(pictures, heard, strict=True)
        if words != [one.told] and (one.told, words) != _TOO_SLOW
    ]
    thanked = heard.count(["media-image"])
    slow_ones = sum(one.told == "media-image" for one in pictures)
    kept_files = [one for one in (rehearsal.settings.data_dir / "media").rglob("*") if one.is_file()]
    descriptors = await rehearsal.server.descriptors_back(open_before + _SLACK)
    rehearsal.figures["pictures"] = len(pictures)
    rehearsal.figures["pictures stored"] = len(kept_files)
    during = msgspec.structs.replace(calm, begun=begun, ended=slow)
    rehearsal.found += [
        exactly("pictures not answered as was right", len(wrong), 0, ", ".join(sorted(set(wrong)))),
        exactly("files kept, drafts among them", len(kept_files), thanked),
        at_least("slow pictures taken", thanked, _TAKEN * slow_ones),
        at_most("descriptors afterwards", descriptors, open_before + _SLACK),
        *kept(rehearsal.pace(calm), rehearsal.pace(during), times=_TIMES),
    ]


async def _picture(rehearsal: Rehearsal, sender: Person, medium: str) -> str:
    """Let somebody send a picture; return the message's id."""
    [channel] = [one for one in rehearsal.settings.channels if one.id == sender.number.id]
    message = envelope.fresh_id()
    part: Mapping[str, object] = {"type": "image", "image": {"id": medium, "mime_type": "image/jpeg"}}
    body = envelope.encode(
        envelope.Person(sender.name, sender.wa_id), channel, message, part, int(time.time())
    )
    await rehearsal.load.post(body, sender.number.group)
    return message


async def _answered(rehearsal: Rehearsal, pictures: Sequence[Picture]) -> None:
    """Wait until all pictures are answered, half a minute at most; those that are not are found later."""
    with trio.move_on_after(30):
        while True:
            await rehearsal.look()
            if {one.message for one in pictures} <= rehearsal.replied().keys():
                return
            await trio.sleep(0.05)


def _heard(rehearsal: Rehearsal, picture: Picture) -> list[str]:
    """Return what was said in answer to a picture: the names of the texts, or "?"."""
    known = _known()
    told = []
    for sent in rehearsal.sent:
        if sent.quoted == picture.message:
            first, _, _ = _words(sent.content()).partition("\n\n")  # below it the open question is put again
            told.append(known.get(first, "?"))
    return told


def _words(content: Mapping[str, object]) -> str:
    """Return the text of a send, with buttons or without."""
    match content:
        case {"text": {"body": str(body)}} | {"interactive": {"body": {"text": str(body)}}}:
            return body
    return ""


def _known() -> Mapping[str, Key]:
    """Return the name of each text that may be said. The catalogues are read when the drill runs: it takes a while."""
    catalogue = Catalogue.load()
    return {catalogue.text("en", key): key for key in _SAID}


MEDIA_TARPIT = ServeDrill(
    name="media-tarpit",
    summary="pictures come drop by drop or never; their senders are told, and nobody else waits",
    body=_media_tarpit,
    app="actors.estate:app",
    recovery=3.0,
    wishes=Wishes(rate=60, media={"total_timeout": _TIMEOUT}),
)
