"""A name is taken as it was written, out of the sentence that tells it; what is none is not taken for one."""

from __future__ import annotations

import pytest

from actors.conversation.realty import read
from actors.conversation.state import Part


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tom", "Tom"),
        ("Tom.", "Tom"),
        ("My name is Tom", "Tom"),
        ("I'm Anna Maria", "Anna Maria"),
        ("меня зовут Ольга Петровна", "Ольга Петровна"),
        ("Ольга", "Ольга"),
        ("مریم احمدی", "مریم احمدی"),
        ("من علی هستم", "علی"),
        ("اسم من مریم است", "مریم"),
        ("اسمي خالد", "خالد"),
        ("أنا سارة", "سارة"),
        ("O'Brien", "O'Brien"),
        *((text, "") for text in ("ok", "yes", "نعم", "سلام", "спасибо", "12345", "who are you?", "👍")),
        ("I would rather not tell you that", ""),
    ],
)
def test_a_name_is_what_was_told_and_nothing_else(text: str, name: str) -> None:
    part = Part(asked="name")
    read(part, text)
    assert part.name == name
