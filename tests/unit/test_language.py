"""The language of a text: shown beyond doubt, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain import language
from actors.brain.language import LANGUAGES, Language, detect, named

SHOWN: dict[Language, tuple[str, ...]] = {
    "en": (
        "I am looking for an apartment in Dubai Marina",
        "How much is it?",
        "thank you",
        "I want a villa",
        "what’s the price of this villa?",
        "Good morning",
        "do you speak english",
        "Hello! Can I get more info on this?",  # what an advertisement's button writes
        "Can I get more info?",
        "I saw your ad",
        "سلام I want to buy a villa please",
        "Hi, is the flat still available? https://example.com/x",
    ),
    "fa": (
        "سلام، دنبال آپارتمان هستم",
        "قیمت چنده؟",
        "می‌خواهم خانه بخرم",
        "ميخوام خونه بخرم",  # typed on an Arabic keyboard
        "در Dubai Marina Beachfront Emaar آپارتمان دارید؟",
        "خسته نباشید",
        "لطفا فارسی بنویسید",
        "عکس بفرستید",
        "سرمایه گذاری در دبی چقدر سود داره",
        "پروژه های مارینا",
        "حدود ۳ میلیون، ۲ خوابه",
    ),
    "ar": (
        "مرحبا",
        "أريد شقة في دبي",
        "أريد شقة في دبی",  # typed on a Persian keyboard
        "السلام عليكم",
        "كم سعر الشقة؟",
        "هل لديكم فلل للبيع في Palm Jumeirah",
        "شكراً جزيلاً",
        "ابحث عن شقه",
        "أَهلاً",
        "غرفتين وصالة",
        "ممكن التفاصيل",
        "تحدث بالعربية",
    ),
    "ru": (
        "Привет",
        "Здравствуйте, ищу квартиру",
        "Сколько стоит вилла?",
        "Рассматриваем варианты инвестирования",
        "аренда",
        "Интересует Marina Gate, цена?",
        "ПОДСКАЖИТЕ СТОИМОСТЬ",
        "Подробнее",
        "Вы говорите по-русски?",
    ),
}

TOLD_APART: tuple[tuple[Language, str], ...] = (
    ("fa", "شقه نمیخوام، ویلا میخوام"),
    ("ar", "لا أريد فيلا، أريد شقة"),
    ("fa", "ويلا فروشي"),  # Persian on an Arabic keyboard
    ("ar", "فیلا للبیع"),  # Arabic on a Persian one
    ("fa", "کم کم میخوام بخرم"),
    ("ar", "کم السعر"),
    ("fa", "بودجه ۳ میلیون"),
    ("ar", "ميزانية 3 مليون"),
    ("fa", "دو خوابه"),
    ("ar", "غرفتين"),
    ("fa", "بله"),
    ("ar", "نعم"),
)

DOUBTFUL = (
    *("", "hi", "Hi!", "hello", "ok", "OK 👍", "سلام", "سلام علیکم", "123", "۱۲۳", "٣٤", "👍", "?", "..."),
    *("Sara", "Ivan Petrov", "Иван", "Сара Каримова", "فاطمة", "علی", "مريم", "پریسا", "Dubai Marina"),
    *(
        "TENANT_5",
        "https://example.com/the/price/how",
        "the@price.how",
        "/human",
        "budget 500000",
        "apartment?",
    ),
    *(
        "kya haal hai",
        "price kya hai",
        "info?",
        "Info details",
        "Bonjour, je cherche un appartement",
        "merhaba nasılsınız",
        "salam khubi",
    ),
    *("Привіт, шукаю квартиру", "Дякую", "Здравейте, търся", "Сәлеметсіз бе", "да", "ок"),
    *("آپ کیسے ہیں", "سڵاو چۆنی", "سلام أهلا قیمت چنده", "Привет, I want an apartment please"),
)


@pytest.mark.parametrize(
    ("expected", "text"), [(code, text) for code, texts in SHOWN.items() for text in texts]
)
def test_a_text_shows_its_language(expected: Language, text: str) -> None:
    assert detect(text) == expected


@pytest.mark.parametrize(("expected", "text"), TOLD_APART)
def test_persian_is_told_from_arabic(expected: Language, text: str) -> None:
    assert detect(text) == expected


@pytest.mark.parametrize("text", ["hi", "Hi", "hi!", "HI"])
def test_hi_is_a_greeting_and_no_language(text: str) -> None:
    assert detect(text) is None
    assert named(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "я учу english",
        "English school рядом есть?",
        "زبان english بلدم",
        "أتكلم english قليلا",
        "english school nearby",
    ],
)
def test_english_inside_a_sentence_switches_nothing(text: str) -> None:
    assert named(text) is None
    assert detect(text) in (None, "ru", "fa", "ar")


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_half_the_world_writes_leaves_doubt(text: str) -> None:
    assert detect(text) is None


def test_every_language_can_be_shown() -> None:
    assert set(SHOWN) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("English", "en"),
        (" english. ", "en"),
        ("انگلیسی", "en"),
        ("فارسی", "fa"),
        ("فارسي", "fa"),
        ("Farsi!", "fa"),
        ("العربية", "ar"),
        ("العربيه", "ar"),
        ("عربی", "ar"),
        ("عَرَبِيّ", "ar"),
        ("Русский", "ru"),
        ("РУССКИЙ", "ru"),
        ("по-русски", "ru"),
        ("по-английски", "en"),
        ("بالعربي", "ar"),
        ("English please", "en"),
        ("in English, please!", "en"),
        ("на русском пожалуйста", "ru"),
        ("فارسی لطفا", "fa"),
        ("العربية من فضلك", "ar"),
        ("روسي", "ru"),
    ],
)
def test_the_name_of_a_language_as_the_whole_message_chooses_it(text: str, expected: Language) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please speak english with me",
        "english school nearby",
        "english 3m",
        "I speak english",
        "not english",
        "زبان فارسی",
        "русский язык",
        "hi",
        "English" + " " * 300,
    ],
)
def test_a_name_inside_a_sentence_chooses_nothing(text: str) -> None:
    assert named(text) is None


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    assert detect(text) in (None, *LANGUAGES)
    assert named(text) in (None, *LANGUAGES)


@given(st.text(alphabet="abc اپی ة.\n", max_size=50))
def test_only_the_beginning_of_a_long_text_is_read(tail: str) -> None:
    padding = "سلام " * (language.READ // 5)
    assert detect(padding + tail + " I want to buy the apartment") is None


@given(st.sampled_from([text for texts in SHOWN.values() for text in texts]))
def test_case_harakat_and_edges_change_nothing(text: str) -> None:
    assert detect(f"  {text.upper()} !! ") == detect(text)


def test_no_word_proves_two_languages() -> None:
    persian, arabic = language._PERSIAN_WORDS, language._ARABIC_WORDS
    assert not persian & {language._with_persian_letters(word) for word in arabic}
    assert not language._ENGLISH_WORDS & language._ENGLISH_TOO
    assert not language._RUSSIAN_WORDS & language._NOT_RUSSIAN_WORDS


def test_no_name_names_two_languages() -> None:
    names = [set(map(language._name, language._WORDS.names[code].split())) for code in LANGUAGES]
    assert sum(map(len, names)) == len(set().union(*names))
