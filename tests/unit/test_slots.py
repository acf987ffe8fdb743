"""What a free text says of every slot, in any order, in four languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span, Wish
from actors.brain.places import Gazetteer, dubai
from actors.brain.slots import read_wish

M = 1_000_000

FOUR = {
    "en": "a two-bedroom flat in Marina, about three million",
    "en typos": "2 bedrom appartment in marina arround 3 mln",
    "en turned round": "about 3m, Marina, flat, two bedrooms pls",
    "en short": "2br apt marina ~3m",
    "fa": "یه آپارتمان دو خوابه تو مارینا، حدود سه میلیون",
    "fa digits": "آپارتمان ۲ خوابه مارینا حدود ۳ میلیون",
    "fa on an arabic keyboard": "آپارتمان ٢ خوابه مارينا حدود ٣ ميليون",
    "ar": "شقة غرفتين في المارينا، حوالي ثلاثة ملايين",
    "ar gulf": "ابي شقه غرفتين وصاله بالمارينا بحدود 3 مليون",
    "ru": "квартира с двумя спальнями в Марине, около трёх миллионов",
    "ru adjective": "Двухспальная квартира в Дубай Марине, примерно 3 млн",
    "mixed": "2 спальни apartment в Marina, около 3m",
}


@pytest.mark.parametrize("text", FOUR.values(), ids=FOUR)
def test_one_sentence_fills_four_slots(text: str) -> None:
    said = read_wish(text)
    assert said.wish == Wish(
        category="residential",
        kind="apartment",
        places=("dubai-marina",),
        bedrooms=Span(2, 2),
        budget=Span(3 * M, 3 * M),
    )
    assert said.amount is not None
    assert said.amount.about
    assert said.amount.currency is None


def wish(**slots: Any) -> Wish:
    if isinstance(slots.get("bedrooms"), int):
        slots["bedrooms"] = Span(slots["bedrooms"], slots["bedrooms"])
    if "places" in slots:
        slots["places"] = tuple(slots["places"].split())
    if "amenities" in slots:
        slots["amenities"] = frozenset(slots["amenities"].split())
    if slots.get("kind") in ("apartment", "villa", "townhouse", "penthouse"):
        slots.setdefault("category", "residential")
    elif "kind" in slots:
        slots.setdefault("category", "commercial")
    return Wish(**slots)


SAID: dict[str, Wish] = {
    # numbers are not confused
    "2 bedroom flat in Marina up to 3m": wish(
        kind="apartment", places="dubai-marina", bedrooms=2, budget=Span(None, 3 * M)
    ),
    "villa 5 beds 6 baths 7000 sqft 12m aed": wish(kind="villa", bedrooms=5, budget=Span(12 * M, 12 * M)),
    "Arabian Ranches 2, 4 bed, 4.5m": wish(
        places="arabian-ranches", bedrooms=4, budget=Span(4_500_000, 4_500_000)
    ),
    "flat, handover 2027, call 050 123 4567": wish(kind="apartment"),
    "2 bhk in marina": wish(places="dubai-marina", bedrooms=2),
    # places
    "Business Bay": wish(places="business-bay"),
    "business bay no bay view": wish(places="business-bay"),
    "bisness bay or downtown": wish(places="business-bay downtown"),
    "JVC / JLT": wish(places="jvc jlt"),
    "palm jumeira with sea view": wish(places="palm-jumeirah", amenities="sea_view"),
    "Jumeirah Village Circle": wish(places="jvc"),
    "Дубай Хиллс или Арабиан Ранчес": wish(places="dubai-hills arabian-ranches"),
    "на Пальме": wish(places="palm-jumeirah"),
    "в даунтауне": wish(places="downtown"),
    "نخلة جميرا": wish(places="palm-jumeirah"),
    "بالبرشا أو ديرة": wish(places="al-barsha deira"),
    "الخليج التجاري": wish(places="business-bay"),
    "دبی مارینا یا جی وی سی": wish(places="dubai-marina jvc"),
    "داون‌تاون": wish(places="downtown"),
    "خور دبي": wish(places="creek-harbour"),
    "villa but not in JVC": wish(kind="villa"),
    "меня зовут Марина": wish(),
    "my name is Marina": wish(),
    # deal and goal
    "I want to buy": wish(deal="buy"),
    "looking to rent a studio": wish(deal="rent", kind="apartment", bedrooms=0),
    "studio for rent JLT 5000 per month": wish(
        deal="rent", kind="apartment", bedrooms=0, places="jlt", budget=Span(60_000, 60_000)
    ),
    "2br marina 120k yearly": wish(
        deal="rent", bedrooms=2, places="dubai-marina", budget=Span(120_000, 120_000)
    ),
    "хочу снять квартиру": wish(deal="rent", kind="apartment"),
    "куплю виллу": wish(deal="buy", kind="villa"),
    "для инвестиций": wish(goal="investment"),
    "купить квартиру под сдачу": wish(deal="buy", goal="investment", kind="apartment"),
    "buy to let": wish(goal="investment"),
    "for my family to live in": wish(goal="living"),
    "для себя, жить с семьей": wish(goal="living"),
    "нужен ВНЖ": wish(goal="residency"),
    "I want the golden visa": wish(goal="residency"),
    "does it come with a golden visa?": wish(),
    "what's the ROI?": wish(),
    "I want a good ROI": wish(goal="investment"),
    "I'm from Iran and live in Istanbul": wish(),
    "investment to get a golden visa": wish(goal="residency"),
    "برای سرمایه‌گذاری": wish(goal="investment"),
    "واسه سرمایه گذاری میخوام بخرم": wish(deal="buy", goal="investment"),
    "برای زندگی خودمون": wish(goal="living"),
    "اقامت دبی میخوام": wish(goal="residency"),
    "آپارتمان اجاره‌ای": wish(deal="rent", kind="apartment"),
    "للاستثمار": wish(goal="investment"),
    "للسكن": wish(goal="living"),
    "إقامة ذهبية": wish(goal="residency"),
    "أريد شراء فيلا": wish(deal="buy", kind="villa"),
    "شقة للإيجار": wish(deal="rent", kind="apartment"),
    "شقة للبيع": wish(deal="buy", kind="apartment"),
    "I want to sell my flat": wish(kind="apartment"),
    "rent or buy": wish(),
    # kinds
    "penthouse apartment": wish(kind="penthouse"),
    "apartment or villa": wish(category="residential"),
    "town house": wish(kind="townhouse"),
    "таунхаус": wish(kind="townhouse"),
    "пентхаус": wish(kind="penthouse"),
    "پنت‌هاوس": wish(kind="penthouse"),
    "global village": wish(),
    "вилла 300 кв.м": wish(kind="villa"),
    "villas": wish(kind="villa"),
    "вилл": wish(kind="villa"),
    "vila": wish(kind="villa"),
    "шукаю хату в Дубае": wish(kind="apartment"),
    "أبي شقة": wish(kind="apartment"),
    "شقتين": wish(kind="apartment"),
    "فلل": wish(kind="villa"),
    "офис в бизнес бей": wish(kind="office", places="business-bay"),
    "office space": wish(kind="office"),
    "مكتب": wish(kind="office"),
    "محل تجاري": wish(kind="shop"),
    "زمین": wish(kind="land"),
    "plot of land": wish(kind="land"),
    "warehouse": wish(kind="warehouse"),
    "commercial": wish(category="commercial"),
    "what are your office hours": wish(),
    # amenities
    "with pool, gym and parking": wish(amenities="pool gym parking"),
    "villa, furnished, no pool": wish(kind="villa", amenities="furnished"),
    "unfurnished": wish(),
    "с мебелью и бассейном": wish(amenities="furnished pool"),
    "без мебели": wish(),
    "мебель не нужна, бассейн нужен": wish(amenities="pool"),
    "вид на море, балкон": wish(amenities="sea_view balcony"),
    "можно с собакой": wish(amenities="pets"),
    "مبله با استخر و پارکینگ": wish(amenities="furnished pool parking"),
    "استخر نمیخوام پارکینگ داشته باشه": wish(amenities="parking"),
    "ویو دریا": wish(amenities="sea_view"),
    "بدون استخر": wish(),
    "مفروشة مع مسبح وموقف سيارة": wish(amenities="furnished pool parking"),
    "غير مفروشة": wish(),
    "غرفة خادمة": wish(amenities="maid_room"),
    "إطلالة بحرية": wish(amenities="sea_view"),
    # urgency
    "asap": wish(urgency="now"),
    "within 2 months": wish(urgency="quarter"),
    "in 6 months": wish(urgency="half_year"),
    "no rush": wish(urgency="later"),
    "just looking": wish(urgency="later"),
    "срочно": wish(urgency="now"),
    "не срочно": wish(urgency="later"),
    "через 2 месяца": wish(urgency="quarter"),
    "в течение полугода": wish(urgency="half_year"),
    "فوری": wish(urgency="now"),
    "عجله ندارم": wish(urgency="later"),
    "تا سه ماه دیگه": wish(urgency="quarter"),
    "خلال 3 شهور": wish(urgency="quarter"),
    "مستعجل": wish(urgency="now"),
    "لست مستعجلا": wish(urgency="later"),
    # as they come
    "Hi I need 1 bhk for rent in Al Barsha budget 60k to 70k per year 2 cheques": wish(
        deal="rent", bedrooms=1, places="al-barsha", budget=Span(60_000, 70_000)
    ),
    "i want appartment in dubia marina 2bedroom 2 mil": wish(
        kind="apartment", bedrooms=2, places="dubai-marina", budget=Span(2 * M, 2 * M)
    ),
    "max budget 2.3m, 2br+maid, high floor, sea view": wish(
        budget=Span(None, 2_300_000), bedrooms=2, amenities="maid_room sea_view"
    ),
    "need 3bhk villa in mirdif 140k, 2 kids and a dog": wish(
        kind="villa", bedrooms=3, places="mirdif", budget=Span(140_000, 140_000), amenities="pets"
    ),
    "Need an office 1500 sqft in JLT, 120 AED per sqft": wish(kind="office", places="jlt"),
    "I'm moving in 2 weeks with my family, need furnished 2br": wish(
        goal="living", bedrooms=2, amenities="furnished", urgency="now"
    ),
    "2.5m-3m, villa or townhouse in damac hills 2": wish(
        category="residential", budget=Span(2_500_000, 3 * M), places="damac-hills"
    ),
    "one bedroom in JVC for 750000 AED. Permit 7112345678": wish(
        bedrooms=1, places="jvc", budget=Span(750_000, 750_000)
    ),
    "Ищу 2-комн. квартиру в аренду, Марина или JBR, до 130 тыс. в год": wish(
        deal="rent", kind="apartment", bedrooms=1, places="dubai-marina jbr", budget=Span(None, 130_000)
    ),
    "рассматриваю апартаменты от 100 кв.м до 3 млн AED": wish(kind="apartment", budget=Span(None, 3 * M)),
    "3 спальни+комната прислуги": wish(bedrooms=3, amenities="maid_room"),
    "квартиру под ипотеку 2 спальни": wish(kind="apartment", bedrooms=2),
    "سلام دنبال یه واحد دو خوابه تو جی وی سی هستم تا یک و نیم میلیون": wish(
        bedrooms=2, places="jvc", budget=Span(None, 1_500_000)
    ),
    "۲ خواب دبی هیلز مبله اجاره ماهی ۱۰ هزار درهم": wish(
        deal="rent", bedrooms=2, places="dubai-hills", amenities="furnished", budget=Span(120_000, 120_000)
    ),
    "من ۳ تا بچه دارم ۳ خوابه لازم دارم": wish(bedrooms=3),
    "ابغى شقة غرفة وصالة في مارينا ايجار سنوي 80 الف": wish(
        deal="rent", kind="apartment", bedrooms=1, places="dubai-marina", budget=Span(80_000, 80_000)
    ),
    "نبي فيلا اربع غرف وغرفة خادمة مع حديقة": wish(kind="villa", bedrooms=4, amenities="maid_room garden"),
    "thousand thanks": wish(),
    # all of it
    "Hello! I'd like to buy a 3 bed townhouse in Dubai Hills with garden, max AED 4.2M, to live, within 3 months": wish(
        deal="buy",
        kind="townhouse",
        bedrooms=3,
        places="dubai-hills",
        amenities="garden",
        budget=Span(None, 4_200_000),
        goal="living",
        urgency="quarter",
    ),
    "Здравствуйте! Ищем двушку или трешку в JVC, с паркингом, до 1,5 млн дирхам, для сдачи в аренду": wish(
        kind="apartment",
        category="residential",
        bedrooms=Span(1, 2),
        places="jvc",
        amenities="parking",
        budget=Span(None, 1_500_000),
        goal="investment",
    ),
    "سلام، خونه میخوام بخرم برای سرمایه گذاری، بودجم ۲ میلیون درهمه، جی وی سی یا بیزینس بی": wish(
        deal="buy", goal="investment", budget=Span(2 * M, 2 * M), places="jvc business-bay"
    ),
    "السلام عليكم، أبحث عن فيلا 4 غرف للبيع في دبي هيلز بميزانية من 5 إلى 6 ملايين درهم مع مسبح": wish(
        kind="villa",
        deal="buy",
        bedrooms=4,
        places="dubai-hills",
        amenities="pool",
        budget=Span(5 * M, 6 * M),
    ),
    "": wish(),
    "hi": wish(),
    "TENANT_5": wish(),
    "main street": wish(),
}


@pytest.mark.parametrize(("text", "expected"), SAID.items())
def test_each_slot_is_read_as_said(text: str, expected: Wish) -> None:
    assert read_wish(text).wish == expected


@pytest.mark.parametrize("text", ["budget 500k usd", "تا ۵ میلیارد تومان", "до 50 млн рублей", "مليون دولار"])
def test_money_of_another_kind_is_told_and_never_stored(text: str) -> None:
    said = read_wish(text)
    assert said.wish.budget is None
    assert said.amount is not None
    assert said.amount.dirhams is None
    assert not said.nothing


@pytest.mark.parametrize(
    ("text", "currency"),
    [("up to 2m", None), ("2m aed", "AED"), ("2 млн дирхам", "AED"), ("۲ میلیون درهم", "AED")],
)
def test_whether_a_currency_was_said_is_told(text: str, currency: str | None) -> None:
    said = read_wish(text)
    assert said.amount is not None
    assert said.amount.currency == currency
    assert said.wish.budget is not None


def test_a_tenant_may_have_places_of_its_own() -> None:
    places = Gazetteer({"north": ("North Shore", "Северный берег"), "bay-view": ("Bay View",)})
    assert read_wish("flat on the north shore", places).wish.places == ("north",)
    assert read_wish("квартира на северный берег", places).wish.places == ("north",)
    assert read_wish("flat in marina", places).wish.places == ()


def test_the_key_of_a_place_is_no_word_of_the_trade() -> None:
    assert read_wish("flat in the old town", Gazetteer({"villa": ("Old Town",)})).wish.kind == "apartment"


def test_a_name_of_two_places_is_refused() -> None:
    with pytest.raises(ValueError, match="bay"):
        Gazetteer({"a": ("The Bay",), "b": ("the bay",)})


@pytest.mark.parametrize("key", sorted(dubai().keys))
def test_each_place_is_found_by_its_key(key: str) -> None:
    assert dubai().find(key.replace("-", " ")) == (key,)


PARTS = st.sampled_from(
    [
        *("2", "3m", "2-3", "млн", "۳", "٣", "million", "و", ".", ",", "-", "/", "+", "(", ")", "0", "00"),
        *("971", "1.2.3", "3,000", "bedroom", "خوابه", "спальни", "marina", "not", "без", "до", "from"),
        *("up to", "between", "تا", "من", "إلى", "нет", "?", "!", "@", "://", "half", "полтора", "نصف"),
        *("k", "м", "1/5", "'", "\n", ""),
    ]
)


@given(
    st.text(max_size=4096)
    | st.lists(PARTS, max_size=300).map(" ".join)
    | st.lists(PARTS, max_size=300).map("".join)
)
def test_no_text_breaks_it_and_what_it_says_holds_together(text: str) -> None:
    said = read_wish(text)
    for span in (said.wish.budget, said.wish.bedrooms):
        if span is not None and span.low is not None and span.high is not None:
            assert 0 <= span.low <= span.high
    assert read_wish(text) == said
