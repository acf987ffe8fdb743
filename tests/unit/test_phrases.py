"""Whole-message phrases, picks and commands: what they are, and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.choices import pick
from actors.brain.commands import COMMANDS, command
from actors.brain.phrases import PHRASES, Phrase, phrase

SAYS: dict[Phrase, tuple[str, ...]] = {
    "yes": (
        *("yes", "Yes!", "YES please", "yesss", "yep", "ok", "okay", "Sure.", "👍", "👍🏽", "✅", "correct"),
        *("yes, that is right", "Да, всё верно", "да-да", "بله، درسته", "نعم، صحيح", "yes 🙏", "hi, yes"),
        *("да", "Да.", "дааа", "ага", "конечно", "хорошо", "верно", "ок", "да, пожалуйста"),
        *("بله", "بله!", "آره", "اره", "باشه", "درسته", "بلی", "بله لطفا", "تایید می‌کنم", "تایید میکنم"),
        *("نعم", "نَعَم", "نعممم", "ايوه", "أيوة", "أجل", "تمام", "أكيد", "نعم من فضلك", "طيب"),
    ),
    "no": (
        *("no!", "nooo", "No, thank you", "нет, не надо", "нееет", "نه خیر", "نه، ممنون", "لااا"),
        "no",
        "No thanks",
        "nope",
        "👎",
        "нет",
        "Нет, спасибо",
        "نه",
        "خیر",
        "نه ممنون",
        "لا",
        "لا شكرا",
        "كلا",
    ),
    "cancel": ("cancel", "Cancel please", "отмена", "Отменить", "لغو", "لغو کن", "کنسل", "إلغاء", "الغاء"),
    "opt_out": (
        *("STOP", "stop", "Stop.", "unsubscribe", "opt-out", "remove me", "please stop messaging me"),
        *("I want to unsubscribe", "хочу отписаться", "میخوام لغو اشتراک کنم", "أريد إلغاء الاشتراك"),
        *("стоп", "СТОП!", "отписаться", "больше не пишите", "отмена подписки"),
        *("لغو اشتراک", "لغو اشتراك", "لغو عضویت", "دیگه پیام ندید", "لطفا پیام ندهید"),
        *("إلغاء الاشتراك", "الغاء الاشتراك", "إلغاء الإشتراك", "توقف", "لا تراسلوني"),
    ),
    "opt_in": ("start", "subscribe", "подписаться", "عضویت", "اشتراک", "اشتراك", "اشترك"),
    "menu": (
        "menu",
        "MENU",
        "main menu",
        "restart",
        "меню",
        "Главное меню",
        "منو",
        "منوی اصلی",
        "القائمة",
        "قائمه",
    ),
    "back": ("back", "go back", "назад", "بازگشت", "برگشت", "رجوع"),
    "skip": (
        *("skip", "any", "doesn't matter", "doesn’t matter", "anything", "no preference"),
        *("пропустить", "любой", "всё равно", "без разницы", "не знаю"),
        *("فرقی نداره", "مهم نیست", "هرچی", "نمی‌دونم", "نمیدونم", "تخطي", "أي شيء", "لا يهم"),
    ),
    "show": (
        *(
            "show me",
            "Just show me!",
            "show me what you have",
            "What do you have?",
            "please show me what you've got",
        ),
        *("Покажите, что есть", "Просто покажите", "что у вас есть?", "покажите варианты, пожалуйста"),
        *("نشون بده", "فقط نشون بدید", "چی دارید؟", "هر چی دارید نشون بدید", "لطفاً گزینه‌ها را نشان بدهید"),
        *("أرني", "ماذا لديكم؟", "شو عندكم؟", "اعرضوا العقارات من فضلكم"),
    ),
    "realty": ("property", "Real estate", "недвижимость", "املاک", "عقارات"),
    "expo": ("expo", "Выставка", "نمایشگاه", "المعرض"),
    "support": ("support", "Help!", "поддержка", "کمک", "مساعدة"),
    "thanks": (
        "thanks",
        "Thank you so much!",
        "🙏",
        "спасибо",
        "Спасибо большое",
        "ممنون",
        "مرسی",
        "شكرا",
        "شكراً جزيلاً",
    ),
    "greeting": (
        "hi",
        "Hello!",
        "hiii",
        "👋",
        "привет",
        "Добрый день",
        "سلام",
        "سلام، وقت بخیر",
        "مرحبا",
        "السلام عليكم",
    ),
}


@pytest.mark.parametrize(
    ("expected", "text"), [(said, text) for said, texts in SAYS.items() for text in texts]
)
def test_a_whole_message_says_it(expected: Phrase, text: str) -> None:
    assert phrase(text) == expected


def test_every_phrase_has_examples() -> None:
    assert set(SAYS) == set(PHRASES)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "10,000", "main street", "budget 500000", "3m", "please", "...", "😀"),
        *("please restart realty 5 times", "help me find property", "stop by tomorrow", "stop at the marina"),
        *("can I cancel a viewing later?", "no pool", "yes but cheaper", "back to back townhouse"),
        *("home in marina", "any flat in marina", "the menu of the restaurant", "hi, 2br in marina"),
        *("да, но дешевле", "нет бассейна", "стоп кран", "не отмена", "назад в будущее", "меню ресторана"),
        *("نه استخر", "لغو قرارداد چه شرایطی داره", "بله ولی ارزونتر", "منو به مارینا ببرید", "قیمت بازگشت"),
        *(
            "yes no",
            "stop cancel",
            "I want yes",
            "yes 2 bedrooms",
            "start with marina",
            "back yard",
            "show me villas",
            "what do you have in marina?",
            "любая вилла",
        ),
        *("لا مسبح", "نعم ولكن أرخص", "إلغاء الحجز كيف؟", "قائمة الأسعار", "متى التوقف"),
    ],
)
def test_words_inside_a_message_do_nothing(text: str) -> None:
    assert phrase(text) is None


@given(st.text())
def test_a_phrase_is_never_found_in_a_longer_message(tail: str) -> None:
    assert phrase("the budget for main street is 500000 " + tail) is None


AREAS = ("Dubai Marina", "Downtown", "Dubai Hills", "القائمة الرئيسية", "دبی هیلز", "Дубай Крик")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 0),
        ("2", 1),
        ("۲", 1),
        ("٢.", 1),
        ("2️⃣", 1),
        ("#2", 1),
        ("number two", 1),
        ("the second one", 1),
        ("второй", 1),
        ("вариант 2", 1),
        ("دومی", 1),
        ("گزینه ۲", 1),
        ("الثاني", 1),
        ("last", 5),
        ("dubai MARINA", 0),
        ("marina", 0),
        ("القائمه الرئيسيه", 3),
        ("دبي هيلز", 4),
        ("дубай крик", 5),
        ("hills", 2),
        ("dubai", None),  # of two titles
        ("7", None),
        ("0", None),
        ("2 bedrooms", None),
        ("abu dhabi", None),
        ("", None),
        ("?", None),
    ],
)
def test_a_number_or_a_title_picks_from_what_was_offered(text: str, expected: int | None) -> None:
    assert pick(text, AREAS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", 1), ("2 bedrooms", 1), ("studio", 0), ("4", None), ("3", 2), ("۳", 2), ("one", None)],
)
def test_where_titles_hold_numbers_a_number_is_theirs(text: str, expected: int | None) -> None:
    assert pick(text, ("Studio", "2 bedrooms", "3 bedrooms", "5 and more")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:00", 0),
        ("10", 0),
        ("at 11", 1),
        ("2 pm", 2),
        ("14:00", 2),
        ("۱۱", 1),
        ("2", 1),
        ("sat", None),
        ("sun", 2),
        ("9", None),
    ],
)
def test_a_time_picks_from_times(text: str, expected: int | None) -> None:
    assert pick(text, ("Sat 28 Nov, 10:00", "Sat 28 Nov, 11:00", "Sun 29 Nov, 14:00")) == expected


@given(st.text(), st.lists(st.text(max_size=20), max_size=10))
def test_a_pick_is_one_of_the_titles(text: str, titles: list[str]) -> None:
    place = pick(text, titles)
    assert place is None or 0 <= place < len(titles)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_whole_message(name: str) -> None:
    assert command(f"/{name}") == name
    assert command(f"  /{name.upper()} ") == name
    assert command(f"please /{name}") is None
    assert command(f"/{name} now please") is None
    assert command(name) is None


@pytest.mark.parametrize(
    "text", ["", "/", "//human", "/humans", "/human/resume", "1/2", "/5", "https://x/human"]
)
def test_other_slashes_command_nothing(text: str) -> None:
    assert command(text) is None
