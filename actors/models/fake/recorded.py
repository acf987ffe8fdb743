"""What the stand-in hears, sees and answers when nothing is wrong with it. Pure.

A recording or a picture of the tests says in its own bytes what is on it, after a mark; what has no mark is the first of
the recorded sentences, or the recorded picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

VOICES: Final[Mapping[str, str]] = {
    "en": "a two-bedroom flat in Marina, about three million",
    "fa": "یک آپارتمان دو خوابه در مارینا، حدود سه میلیون",
    "ar": "شقة بغرفتي نوم في المارينا، حوالي ثلاثة ملايين",
    "ru": "квартира с двумя спальнями в Марине, около трёх миллионов",
}
"""The same sentence, spoken in each language."""
_NO_SLOTS: Final[Mapping[str, Any]] = {
    "goal": None,
    "deal": None,
    "category": None,
    "kind": None,
    "budget_from": None,
    "budget_to": None,
    "places": [],
    "bedrooms_from": None,
    "bedrooms_to": None,
    "amenities": [],
    "urgency": None,
}
PICTURE: Final[Mapping[str, str]] = {
    "en": "A white villa with a pool and a garden.",
    "fa": "یک ویلای سفید با استخر و باغچه.",
    "ar": "فيلا بيضاء مع مسبح وحديقة.",
    "ru": "Белая вилла с бассейном и садом.",
}
"""What is on the recorded picture, by the language of the answer."""
TEXTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "kids can swim": {"amenities": ["pool"], "kind": "villa"},
    "بچه‌ها شنا": {"amenities": ["pool"], "kind": "villa"},
    "يسبح الأولاد": {"amenities": ["pool"], "kind": "villa"},
    "дети плавали": {"amenities": ["pool"], "kind": "villa"},
}
"""Texts of which the rules understand nothing, by words of theirs, and the slots that the recorded model fills."""
_MARK: Final = b"majlis-recorded:"


def recording(words: str) -> bytes:
    """Return an Ogg file, by its first bytes, in which these words are spoken."""
    return b"OggS\x00\x02" + bytes(58) + _MARK + words.encode() + b"\x00" + bytes(range(256)) * 8


def picture(words: str = "") -> bytes:
    """Return a JPEG, by its first bytes, on which these words are written."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(58) + _MARK + words.encode() + b"\x00"


def marked(content: bytes) -> str:
    """Return what a file says is on it; "" for one without the mark."""
    _, found, rest = content.partition(_MARK)
    return rest.partition(b"\x00")[0].decode("utf-8", "replace") if found else ""


def reading(slots: Mapping[str, Any] | None = None, intent: str = "none", reply: str = "") -> str:
    """Return an answer in its form."""
    form = {"slots": {**_NO_SLOTS, **(slots or {})}, "intent": intent, "reply": reply}
    return json.dumps(form, ensure_ascii=False)


def seen(language: str) -> str:
    """Return the answer to the recorded picture."""
    return reading({"kind": "villa", "amenities": ["pool", "garden"]}, reply=PICTURE[language])


def understood(message: str, articles: list[Mapping[str, str]]) -> str:
    """Return the answer to a text: a recorded one, else what the first article says."""
    for words, slots in TEXTS.items():
        if words in message:
            return reading(slots)
    return reading(reply=articles[0]["body"][:600] if articles else "")
