"""A name is taken as it was written, whole; what is no name is not taken for one."""

from __future__ import annotations

import pytest

from actors.conversation.realty import read
from actors.conversation.state import Part


def named(text: str) -> str:
    part = Part(asked="name")
    read(part, text)
    return part.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("Sara", "Sara"), ("sara ahmadi", "sara ahmadi"), ("O'Brien", "O'Brien"), ("Jean-Luc", "Jean-Luc")),
        *(("my name is Sara", "Sara"), ("It is Anna Maria", "Anna Maria"), ("Omar here", "Omar")),
        *(
            ("you can call me John", "John"),
            ("name: Sara", "Sara"),
            ("Sara 😊", "Sara"),
            ("Mr Smith", "Mr Smith"),
        ),
        *(("меня зовут Анна-Мария", "Анна-Мария"), ("я Олег", "Олег"), ("Анна Петрова", "Анна Петрова")),
        *(
            ("اسمم سارا هست", "سارا"),
            ("سارا هستم", "سارا"),
            ("علی رضایی", "علی رضایی"),
            ("فاطمه‌زهرا", "فاطمه‌زهرا"),
        ),
        *(
            ("محمد بن راشد بن سعيد آل مكتوم", "محمد بن راشد بن سعيد آل مكتوم"),
            ("Ms Anna van der Berg", "Ms Anna van der Berg"),
            ("Dr. Maria del Carmen Lopez de la Torre", "Dr. Maria del Carmen Lopez de la Torre"),
            ("Мамед Рашид оглы Алиев", "Мамед Рашид оглы Алиев"),
            ("آقای دکتر سید علی رضا بنی‌فاطمه تهرانی", "آقای دکتر سید علی رضا بنی‌فاطمه تهرانی"),
        ),
        *(("محمد بن راشد", "محمد بن راشد"), ("أم خالد", "أم خالد"), ("معك أحمد", "أحمد")),
    ],
)
def test_a_name_is_taken_as_it_was_written(text: str, name: str) -> None:
    assert named(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi, my name is Sara Lind, I look for a villa in JVC", "Sara Lind"),
        ("my name is Omar and I want a villa", "Omar"),
        ("Здравствуйте, меня зовут Ольга, ищу виллу", "Ольга"),
        ("سلام، اسمم سارا هست، دنبال ویلا هستم", "سارا"),
        ("مرحبا، اسمي خالد بن سعيد، أريد فيلا", "خالد بن سعيد"),
        ("my name is not important, a villa please", ""),
        ("in whose name is the villa", ""),
    ],
)
def test_a_name_is_told_beside_other_things_whatever_is_open(text: str, name: str) -> None:
    part = Part()
    read(part, text)
    assert part.name == name
    assert part.wish.kind == "villa"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "my passport",
            "none of your business",
            "I don't want to say",
            "why do you need it",
            "later",
            "2 bedrooms",
        ),
        *("let's continue", "ادامه بدیم", "продолжим", "Mr", "سید"),
        *("не скажу", "зачем вам", "мой паспорт", "не хочу говорить", "позже"),
        *("نمی‌گم", "اسم من مهم نیست", "پاسپورت من", "چرا؟", "لا أريد", "جواز سفري", "لاحقا"),
        *("hello", "ok", "😊", "123", "@sara", "a" * 100),
    ],
)
def test_what_is_no_name_is_not_taken_for_one(text: str) -> None:
    assert named(text) == ""
