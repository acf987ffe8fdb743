"""A question told from an answer, and what it is about, in four languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brain.questions import TOPICS, Question, Topic, is_question, question

ASKS: dict[Topic, tuple[str, ...]] = {
    "service_charge": (
        "what is the service charge?",
        "how much are the service charges per sqft",
        "какой сервисный сбор?",
        "Сколько стоит обслуживание",
        "شارژ ساختمان چقدره؟",
        "هزینه نگهداری سالانه چقدر میشه",
        "كم رسوم الخدمة؟",
        "رسوم الصيانة كم",
    ),
    "residency": (
        "does it give a visa?",
        "can I get golden visa if I buy this",
        "даёт ли покупка ВНЖ?",
        "можно ли получить золотую визу",
        "اقامت هم میدن؟",
        "با این خرید ویزا میگیرم؟",
        "هل أحصل على إقامة؟",
        "هل الفيزا الذهبية مشمولة",
    ),
    "payment_plan": (
        "is there a payment plan?",
        "can I pay in installments",
        "есть ли рассрочка?",
        "какой первый взнос",
        "اقساطی هم میشه؟",
        "شرایط پرداخت چیه",
        "هل يوجد تقسيط؟",
        "كم الدفعة الأولى",
    ),
    "mortgage": (
        "can foreigners get a mortgage?",
        "do banks give home loans for this",
        "можно под ипотеку?",
        "а в кредит можно",
        "وام هم میدن؟",
        "چقدر وام میشه گرفت",
        "هل يوجد تمويل عقاري؟",
        "ممكن اعرف شروط القرض العقاري",
    ),
    "commission": (
        "what's your commission?",
        "are there any agency fees",
        "какая у вас комиссия?",
        "кто платит комиссию",
        "کمیسیونتون چقدره؟",
        "پورسانت چند درصده",
        "كم العمولة؟",
        "كم نسبة السعي",
    ),
    "handover": (
        "when is the handover?",
        "is it ready or off plan",
        "когда сдача дома?",
        "какой срок сдачи",
        "کی تحویل میدن؟",
        "تحویلش کیه",
        "متى التسليم؟",
        "متى موعد الاستلام",
    ),
    "viewing": (
        "can I see the apartment tomorrow?",
        "how do I book a viewing",
        "можно посмотреть квартиру?",
        "когда можно записаться на просмотр",
        "میشه بازدید کنم؟",
        "کی میتونم از نزدیک ببینم",
        "ممكن اشوف الشقة؟",
        "متى المعاينة",
    ),
    "price": (
        "how much is it?",
        "what's the price",
        "сколько стоит?",
        "какая цена",
        "قیمتش چنده؟",
        "چنده",
        "كم السعر؟",
        "بكم",
    ),
    "yield": (
        "what's the ROI?",
        "how much rental yield",
        "какая доходность?",
        "بازدهیش چقدره؟",
        "كم العائد؟",
    ),
    "location": (
        "where is it?",
        "can you share the location",
        "где находится?",
        "کجاست؟",
        "وين الموقع؟",
    ),
}

ANSWERS = (
    *(
        "",
        "yes",
        "Sara",
        "2 bedrooms",
        "up to 3m",
        "Dubai Marina",
        "for investment",
        "10,000",
        "rent",
        "asap",
    ),
    *("да", "Иван Петров", "две спальни", "до 3 млн", "в Марине", "для жизни", "снять"),
    *("بله", "سارا", "دو خوابه", "تا ۳ میلیون", "مارینا", "سرمایه گذاری", "اجاره"),
    *("نعم", "أحمد", "غرفتين وصالة", "لحد 3 مليون", "المارينا", "للاستثمار", "للإيجار"),
    *("2 bedroom flat in Marina up to 3m", "ищу квартиру в JVC до 1 млн", "یه آپارتمان دو خوابه میخوام"),
    *("в центре", "ما ابي مسبح", "ما عندي ميزانية محددة", "somewhere near the beach", "наличными"),
    *("أريد شقة غرفتين في المارينا", "I want to buy a villa", "budget 500000"),
)


@pytest.mark.parametrize(
    ("topic", "text"), [(topic, text) for topic, texts in ASKS.items() for text in texts]
)
def test_a_question_is_known_with_its_topic(topic: Topic, text: str) -> None:
    asked = question(text)
    assert asked is not None
    assert topic in asked.topics


def test_every_topic_has_examples() -> None:
    assert set(ASKS) == set(TOPICS)


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_no_question(text: str) -> None:
    assert question(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "is there a metro nearby",
            "what about schools",
            "Do you have an office in Dubai",
            "hello, are pets ok?",
        ),
        *("есть ли рядом школа", "а что с парковкой", "как вас зовут", "чем отличается фрихолд"),
        *("آیا مترو نزدیکه", "اسم شما چیه", "چرا دبی", "میشه عکس بفرستید"),
        *("هل يوجد مدرسة", "ما اسم المشروع", "كيف الطريق", "ليش غالي"),
    ],
)
def test_a_question_about_something_else_is_one_too(text: str) -> None:
    assert is_question(text)


def test_a_topic_alone_asks_about_it() -> None:
    assert question("service charge") == Question(("service_charge",))
    assert question("ипотека") == Question(("mortgage",))
    assert question("I saw the service charge on your page, all good") is None


def test_several_topics_are_told_in_order() -> None:
    asked = question("What is the price, the service charge and when is handover?")
    assert asked == Question(("price", "service_charge", "handover"))


@given(st.text(max_size=4096))
def test_no_text_breaks_it(text: str) -> None:
    question(text)
