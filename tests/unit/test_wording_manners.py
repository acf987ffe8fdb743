"""How people are spoken to: politely, without guessing who they are, naming no gulf, and never in false haste.

The rules are lists of words and patterns, tried on sentences that break them and then on every text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from actors.brain.language import LANGUAGES, Language
from actors.wording.keys import KEYS
from actors.wording.values import Name
from tests.unit.wording_samples import ALL_TEXTS, NASTY_NAMES, NEEDS, WORDING, text, values

LETTER = r"[\w\u200c\u064b-\u0652]"


def words(*listed: str) -> re.Pattern[str]:
    """Whole words, divided by bars; the last letters of one with a star are open."""
    choices = "|".join(listed).replace("*", f"{LETTER}*")
    return re.compile(rf"(?<!{LETTER})(?:{choices})(?!{LETTER})", re.IGNORECASE)


#: No haste and no shortage that we would have to make up, in any language.
SCARCITY = words(
    "hurry|only [0-9]+ left|last chance|limited time|selling fast|don't miss|act now|before it is gone",
    "running out|almost gone|exclusive|urgent*|today only",
    "عجله|بشتابید|فقط .{0,12} مانده|فرصت آخر|آخرین فرصت|از دست ندهید|فرصت محدود|همین امروز",
    "سارعوا|أسرعوا|آخر فرصة|الفرصة الأخيرة|لا تفوت*|فرصة محدودة|لفترة محدودة|قبل فوات",
    "поторопитесь|спешите|успейте|последний шанс|осталось|остался|осталась|не упустите|только сегодня|срочно",
)
GULF = re.compile("gulf|خلیج|خليج|залив", re.IGNORECASE)
TITLES = words(
    "mr|mrs|ms|miss|sir|madam|dear",
    "آقای*|آقا|خانم|جناب|سرکار|بانو",
    "السيد*|سيد|سيدة|الأستاذ*|أستاذ*|سيدي|سيدتي|الآنسة|حضرة",
    "господин*|госпож*|сударь*|уважаем*|дорогой|дорогая",
)
#: Familiar forms: the pronoun, verbs of the second person singular, the bare imperative.
FAMILIAR: dict[Language, re.Pattern[str]] = {
    "en": words("buddy|bro|guys|honey"),
    "fa": words(
        "تو|ترا|تو را|خودت|بهت|ازت|برات|هستی|داری|می‌خواهی|می‌خوای|می‌توانی|اومدی|خواستی|عزیزم",
        "بگو|بنویس|بفرست|بزن|کن|ببین|بخوان|بیا",
    ),
    "ar": words(
        "أنت|أنتِ|انت|لك|لكِ|إليك|عليك|معك|منك|عنك|بك|لديك|يمكنك|تريد|تريدين|تبحث|تبحثين|تود|تودين",
        "رسالتك|طلبك|اسمك|رقمك|ميزانيتك|حسابك|بحثك|مساعدتك|موعدك|صورتك",
    ),
    "ru": words(
        "ты|тебя|тебе|тобой|твой|твоя|твоё|твои|твоего|твоей|твоих|твоим",
        "напиши|выбери|отправь|укажи|ответь|скажи|хочешь|можешь|нажми",
    ),
}
#: Arabic imperatives, each of them a man's, a woman's or a group's: «يرجى» and a verbal noun are nobody's.
IMPERATIVES = words(
    "[وف]?(?:اختر|اختار|اكتب|أرسل|ارسل|اضغط|انقر|حدد|حدّد|أخبر|اخبر|تواصل|انتظر|افتح|امسح|أدخل|ادخل|راسل|اتصل|احجز"
    "|أعد|جرب|أجب|تابع|شارك|استخدم|اذكر|تفضل|انظر|ابدأ|أكمل|ألغ|وافق|رد)(?:ي|وا|ن|نا|ونا)?"
)
#: Words in -л and -ла that are no verbs in the past.
NOT_PAST = "канал|отдел|раздел|файл|балкон|портал|начала|дела|вилла|спортзал|риал|риала|правила".split("|")  # noqa: SIM905
PAST = re.compile(r"\b\w+(?:л|ла|ло|лся|лась|лось)\b|\b\w+\(а\)|\b(?:рад|рада|готов|готова|должен|должна)\b")
GUESSED = re.compile(r"\(а\)|\(ась\)|\(ла\)|/а\b|his/her|he/she|\bhe\b|\bshe\b|\bhis\b|\bher\b|\bhim\b")


def past_tenses(sentence: str) -> list[str]:
    """Russian words that show the gender of who did something; impersonal -ло is nobody's."""
    found = [match[0] for match in PAST.finditer(sentence.casefold())]
    return [word for word in found if word not in NOT_PAST and not word.endswith(("ло", "лось"))]


def own_words(language: Language) -> Iterator[tuple[str, str]]:
    """Every text without the names in it."""
    for key, written in ALL_TEXTS[language]:
        yield key, re.sub("[\u2066\u2068][^\u2069]*\u2069", "", written)


# ── the rules catch what they are for ─────────────────────────────────


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (SCARCITY, "Hurry, only 2 left!"),
        (SCARCITY, "فقط ۲ واحد مانده است"),
        (SCARCITY, "سارعوا بالحجز"),
        (SCARCITY, "Осталось 2 квартиры"),
        (GULF, "a view of the Persian Gulf"),
        (GULF, "رو به خلیج فارس"),
        (GULF, "إطلالة على الخليج العربي"),
        (GULF, "у Персидского залива"),
        (TITLES, "Dear Mr Smith"),
        (TITLES, "جناب آقای رضایی"),
        (TITLES, "مرحبًا السيدة منى"),
        (TITLES, "Уважаемая Анна"),
        (FAMILIAR["fa"], "نام خودت را بنویس"),
        (FAMILIAR["fa"], "لطفاً انتخاب کن"),
        (FAMILIAR["ar"], "كيف يمكننا مساعدتك، ماذا تريد؟"),
        (FAMILIAR["ru"], "Напиши нам"),
        (IMPERATIVES, "اختر اللغة"),
        (IMPERATIVES, "واكتبي إلينا"),
        (IMPERATIVES, "أرسلوا صورة"),
    ],
)
def test_a_rule_finds_what_it_forbids(rule: re.Pattern[str], sentence: str) -> None:
    assert rule.search(sentence)


@pytest.mark.parametrize(
    "sentence", ["Анна подключилась", "Вы написал(а)", "Я не понял", "Менеджер ответил", "Рад помочь"]
)
def test_a_gendered_past_is_found(sentence: str) -> None:
    assert past_tenses(sentence)


@pytest.mark.parametrize("sentence", ["Мы получили файл", "Что-то не сработало", "Начала нет", "Вы указали"])
def test_a_plural_and_an_impersonal_past_show_no_gender(sentence: str) -> None:
    assert not past_tenses(sentence)


# ── and find nothing in the catalogues ────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_scarce_and_nobody_is_hurried(language: Language) -> None:
    for key, written in own_words(language):
        assert not SCARCITY.search(written), (key, written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_the_gulf(language: Language) -> None:
    for key, written in own_words(language):
        assert not GULF.search(written), (key, written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_title_and_no_gender_is_guessed(language: Language) -> None:
    for key, written in own_words(language):
        assert not TITLES.search(written), (key, written)
        assert not GUESSED.search(written), (key, written)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_spoken_to_familiarly(language: Language) -> None:
    for key, written in own_words(language):
        assert not FAMILIAR[language].search(written), (key, written)


def test_persian_says_shoma_to_you() -> None:
    assert (
        sum("شما" in text("fa", key, values("رضا", 3)) for key in KEYS if not NEEDS[key] & {"low", "code"})
        > 40
    )


def test_arabic_asks_without_an_imperative() -> None:
    for key, written in own_words("ar"):
        assert not IMPERATIVES.search(written), (key, written)


def test_where_english_says_please_arabic_says_yurja() -> None:
    """Elsewhere a question does it; but what is asked for politely in English is so in Arabic."""
    asked = [
        (key, WORDING.text("ar", key))
        for key in KEYS
        if not NEEDS[key] and "please" in WORDING.text("en", key).casefold()
    ]
    assert len(asked) > 20
    assert [key for key, written in asked if "يرجى" not in written] == []


def test_russian_shows_no_gender_in_the_past() -> None:
    for key, written in own_words("ru"):
        assert not past_tenses(written), (key, written)


def test_russian_writes_you_as_in_a_sentence() -> None:
    """«Вы» with a capital stands at the beginning of a sentence and nowhere else."""
    for key, written in own_words("ru"):
        assert not re.search(r"(?<![.!?:;\n] )(?<!^)\bВ(?:ы|ас|ам|ами|аш\w*)\b", written), (key, written)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in NASTY_NAMES if 0 < len(" ".join(name.split())) < 60])
def test_a_name_stands_whole_and_as_it_was_written(language: Language, name: str) -> None:
    whole = Name(name).written
    for key in KEYS:
        for variable in NEEDS[key] & {"name", "tenant", "listing"}:
            if not NEEDS[key] & {"low", "code"}:
                written = text(language, key, {**values("Other", 3), variable: Name(name)})
                assert f"\u2068{whole}\u2069" in written, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_shouts(language: Language) -> None:
    for key, written in own_words(language):
        assert "!!" not in written
        assert written.count("!") <= 1, (key, written)
