"""Who asks for a person: twenty texts that do and twenty that do not, in each language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.language import detect
from actors.brain.people import wants_person

ASKS: dict[str, tuple[str, ...]] = {
    "en": (
        "I want to talk to a person",
        "can I speak to an agent please",
        "connect me to a human",
        "real person please",
        "human",
        "Agent!",
        "operator",
        "I need a human",
        "let me talk to someone real",
        "could you put me through to your manager?",
        "I'd like to speak with a consultant about the villa in Marina",
        "not a bot, a real human please",
        "can someone call me?",
        "call me back",
        "is anyone there?",
        "transfer me to customer service",
        "I prefer to chat with an advisor",
        "speak to somebody",
        "hello, can I talk with a property consultant now",
        "live agent pls",
        "This is useless. I want to talk to a human!",
    ),
    "ru": (
        "хочу поговорить с человеком",
        "оператор",
        "Позовите менеджера",
        "соедините меня с оператором",
        "можно поговорить с живым человеком?",
        "живой человек",
        "нужен консультант",
        "свяжите меня с агентом, пожалуйста",
        "переключите на оператора",
        "хочу пообщаться с менеджером",
        "дайте живого оператора",
        "мне нужен человек, а не бот",
        "есть кто живой?",
        "перезвоните мне",
        "позвоните мне пожалуйста",
        "переведите меня на специалиста",
        "Здравствуйте, можно связаться с риелтором?",
        "хочу обсудить с вашим экспертом",
        "пусть менеджер свяжется со мной",
        "не хочу с ботом. Соедините с человеком",
    ),
    "fa": (
        "میخوام با یه آدم صحبت کنم",
        "اپراتور",
        "با مشاور صحبت کنم",
        "می‌خواهم با کارشناس صحبت کنم",
        "لطفا منو به اپراتور وصل کنید",
        "میشه با یه نفر حرف بزنم؟",
        "مشاور لطفا",
        "آدم واقعی هست؟",
        "کسی هست؟",
        "با من تماس بگیرید",
        "لطفا تماس بگیرید",
        "وصلم کنید به پشتیبانی",
        "میخوام با همکارتون صحبت کنم",
        "با انسان صحبت کنم نه ربات",
        "یه نفر جواب بده",
        "میشه مشاورتون باهام تماس بگیره",
        "سلام، با مدیر کار دارم، وصل کنید به مدیر",
        "پشتیبانی",
        "ارتباط با کارشناس",
        "نیاز به مشاور دارم، با کارشناستون حرف بزنم",
    ),
    "ar": (
        "أريد التحدث مع شخص",
        "موظف",
        "ابي اكلم موظف",
        "أبغى أتكلم مع أحد",
        "حولني على موظف",
        "ممكن أتكلم مع إنسان؟",
        "وصلني بمستشار عقاري",
        "خدمة العملاء",
        "أريد التواصل مع وكيل عقاري",
        "شخص حقيقي لو سمحت",
        "عايز أكلم حد من المبيعات",
        "اتصل بي",
        "ممكن تتصل",
        "في حد هنا؟",
        "بدي احكي مع حدا",
        "أريد موظف مو بوت",
        "هل يمكنني التحدث إلى ممثل؟",
        "حولوني للمبيعات",
        "ارغب في التواصل مع مندوب",
        "السلام عليكم، ابي اتواصل مع مدير المبيعات",
    ),
}

DOES_NOT: dict[str, tuple[str, ...]] = {
    "en": (
        "is it a human-sized garden",
        "a garden for one person",
        "I don't want to talk to an agent",
        "no need to speak to anyone",
        "I already spoke to an agent",
        "I will talk to my wife",
        "what is the agent fee?",
        "I am an agent",
        "how many persons can live there",
        "price per person",
        "is the operator DAMAC?",
        "my broker will call you",
        "let me talk to my husband first",
        "the previous agent showed me a villa",
        "2 bedroom flat in Marina up to 3m",
        "do I need an agent to buy?",
        "human rights",
        "talk to you later",
        "call me Sara",
        "is there a property management company",
        "staff accommodation in Al Quoz",
    ),
    "ru": (
        "нас четыре человека",
        "квартира на двух человек",
        "не хочу говорить с менеджером",
        "я уже общался с агентом",
        "поговорю с женой",
        "какая комиссия агента?",
        "я агент",
        "сколько человек может жить",
        "агентство недвижимости",
        "без агента можно купить?",
        "мой брокер вам напишет",
        "вчера менеджер показал виллу",
        "двушка в Марине до 3 млн",
        "напишу позже",
        "сколько берет риелтор",
        "меня зовут Иван",
        "вилла для большой семьи",
        "есть ли охрана и персонал",
        "человечный подход",
        "оператор связи какой в доме?",
    ),
    "fa": (
        "ما چهار نفریم",
        "برای یک نفر مناسبه",
        "نمیخوام با مشاور صحبت کنم",
        "قبلا با کارشناس صحبت کردم",
        "با همسرم صحبت میکنم",
        "کمیسیون مشاور چقدره؟",
        "من مشاورم",
        "چند نفر میتونن زندگی کنن",
        "بدون مشاور میشه خرید؟",
        "یه آپارتمان دو خوابه تو مارینا",
        "مشاور قبلی ویلا نشون داد",
        "بعدا صحبت میکنیم",
        "دیروز با مشاورتون حرف زدم",
        "آدمای زیادی اونجا زندگی میکنن؟",
        "مدیریت ساختمان با کیه",
        "برای زندگی خانواده",
        "ویلا برای یک خانواده پنج نفره",
        "لازم نیست کسی تماس بگیره",
        "اپراتور تلفن ساختمان چیه",
        "اسم من سارا است",
    ),
    "ar": (
        "نحن أربعة أشخاص",
        "شقة لشخص واحد",
        "لا أريد التحدث مع موظف",
        "تكلمت مع موظف أمس",
        "سأتكلم مع زوجتي",
        "كم عمولة الوكيل؟",
        "أنا وكيل عقاري",
        "كم شخص يسكن فيها",
        "بدون وسيط ممكن؟",
        "شقة غرفتين في المارينا",
        "المندوب السابق أراني فيلا",
        "أكلمك لاحقا",
        "اسمي أحمد",
        "سكن موظفين",
        "مكتب إدارة المبنى",
        "حديقة كبيرة",
        "هل المدير المسؤول عن المبنى موجود في البرج",
        "فيلا لعائلة من خمسة أشخاص",
        "واحد مليون",
        "كم سعر المتر",
    ),
}


@pytest.mark.parametrize("text", [text for texts in ASKS.values() for text in texts])
def test_who_asks_for_a_person_gets_one(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", [text for texts in DOES_NOT.values() for text in texts])
def test_a_person_in_a_sentence_is_no_request(text: str) -> None:
    assert not wants_person(text)


def test_each_language_has_twenty_of_each() -> None:
    assert all(len(texts) >= 20 for examples in (ASKS, DOES_NOT) for texts in examples.values())


def test_none_of_them_is_taken_for_another_language() -> None:
    shown = [
        (language, detect(text))
        for examples in (ASKS, DOES_NOT)
        for language, texts in examples.items()
        for text in texts
    ]
    assert not [pair for pair in shown if pair[1] not in (pair[0], None)]
    assert sum(found is not None for _, found in shown) > 0.75 * len(shown)


@given(st.text(max_size=4096))
def test_no_text_breaks_it(text: str) -> None:
    assert wants_person(text) in (True, False)
