"""A made-up agency to look at: thirty listings, three people with hours, an exhibition. Pure; a slug is one agency.

Of the permits some have expired and one is missing, so that it shows that such listings are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random

from actors.agency.expo import ExpoEvent
from actors.agency.importing import HoursRow, PropertyRow
from actors.agency.places import places
from actors.agency.terms import CATEGORY_OF, Amenity, Deal, Kind

LISTINGS = 30
_KINDS: Sequence[tuple[Kind, int]] = (
    ("apartment", 14),
    ("villa", 4),
    ("townhouse", 3),
    ("penthouse", 2),
    ("office", 3),
    ("shop", 1),
    ("warehouse", 1),
    ("land", 2),
)
_NAMES: dict[Kind, dict[str, str]] = {
    "apartment": {"en": "Apartment", "fa": "آپارتمان", "ar": "شقة", "ru": "Апартаменты"},
    "villa": {"en": "Villa", "fa": "ویلا", "ar": "فيلا", "ru": "Вилла"},
    "townhouse": {"en": "Townhouse", "fa": "تاون‌هاوس", "ar": "تاون هاوس", "ru": "Таунхаус"},
    "penthouse": {"en": "Penthouse", "fa": "پنت‌هاوس", "ar": "بنتهاوس", "ru": "Пентхаус"},
    "land": {"en": "Plot of land", "fa": "زمین", "ar": "أرض", "ru": "Участок"},
    "office": {"en": "Office", "fa": "دفتر", "ar": "مكتب", "ru": "Офис"},
    "shop": {"en": "Shop", "fa": "مغازه", "ar": "محل تجاري", "ru": "Магазин"},
    "warehouse": {"en": "Warehouse", "fa": "انبار", "ar": "مستودع", "ru": "Склад"},
}
#: Square metres, and dirhams for one of them when it is sold.
_SIZES: dict[Kind, tuple[int, int]] = {
    "apartment": (45, 17_000),
    "villa": (120, 19_000),
    "townhouse": (80, 15_000),
    "penthouse": (110, 26_000),
    "land": (600, 4_000),
    "office": (140, 15_000),
    "shop": (90, 18_000),
    "warehouse": (700, 5_000),
}
_AMENITIES: tuple[Amenity, ...] = (
    "balcony",
    "furnished",
    "garden",
    "gym",
    "parking",
    "pets",
    "pool",
    "sea_view",
)
_STAFF = ("Layla", "Daniel", "Irina")
_VISA_FROM = 2_000_000  # dirhams of a purchase above which the demo states a visa


def listings(slug: str, now: datetime) -> Sequence[PropertyRow]:
    """Return the listings of the demo agency `slug`; permits that are valid are so beyond the end of next year."""
    dice = Random(f"listings of {slug}")  # noqa: S311 - a demo
    kinds = [kind for kind, times in _KINDS for _ in range(times)]
    keys = sorted(places())
    return [_listing(dice, slug, place, kind, keys, now.year) for place, kind in enumerate(kinds)]


def hours(slug: str) -> Sequence[HoursRow]:
    """Return who shows properties and when: Monday to Saturday, two shifts; all three take conversations over."""
    phone = 971_500_000_000 + sum(map(ord, slug))
    return [
        HoursRow(
            operator=name,
            weekday=weekday,
            starts=time(9 + 2 * place),
            ends=time(17 + place),
            phone=f"+{phone + place}",
            handoff_order=place + 1,
        )
        for place, name in enumerate(_STAFF)
        for weekday in range(1, 7)
    ]


def expo(name: str, now: datetime) -> ExpoEvent:
    """Return the exhibition of the demo: three days in the middle of next month."""
    opens = (now.astimezone(UTC).replace(day=1) + timedelta(days=32)).replace(day=15, hour=6, minute=0)
    opens = opens.replace(second=0, microsecond=0)
    return ExpoEvent(
        id=0,
        key="demo-expo",
        title={
            "en": "Homes of Dubai",
            "fa": "خانه‌های دبی",
            "ar": "منازل دبي",
            "ru": "Дома Дубая",
        },
        venue="Dubai World Trade Centre, Hall 4",
        stand="4-B12",
        starts_at=opens,
        ends_at=opens + timedelta(days=2, hours=8),
        facts={
            "en": f"{name} shows new projects and answers questions; entry is free.",
            "fa": "معرفی پروژه‌های تازه و پاسخ به پرسش‌ها؛ ورود رایگان است.",
            "ar": "عرض المشاريع الجديدة والإجابة عن الأسئلة؛ الدخول مجاني.",
            "ru": "Новые проекты и ответы на вопросы; вход свободный.",
        },
    )


def _listing(dice: Random, slug: str, place: int, kind: Kind, keys: Sequence[str], year: int) -> PropertyRow:
    deal: Deal = "rent" if place % 5 in {1, 3} and kind != "land" else "buy"
    lives = CATEGORY_OF[kind] == "residential"
    bedrooms = None if not lives else place % 4 if kind == "apartment" else dice.randint(3, 6)
    where = keys[(place * 5 + len(slug)) % len(keys)]
    smallest, rate = _SIZES[kind]
    area = smallest + (bedrooms or 0) * 32 + dice.randint(0, 25)
    worth = round(area * rate * dice.uniform(0.85, 1.25), -4)
    yield_bp = dice.randint(450, 950)
    price = int(worth) if deal == "buy" else int(round(worth * yield_bp / 10_000, -3))
    permit = f"71{sum(map(ord, slug)) % 1000:03}{place:05}"
    expires = f"{year - 1}-12-31" if place % 8 == 7 else f"{year + 1}-12-31"
    return PropertyRow(
        reference=f"{slug[:2].upper()}-{place + 101}",
        title=_title(kind, where, bedrooms),
        deal=deal,
        category=CATEGORY_OF[kind],
        kind=kind,
        place=where,
        price=price,
        bedrooms=bedrooms,
        bathrooms=None if bedrooms is None else max(1, bedrooms),
        area_sqm=area,
        features=sorted(dice.sample(_AMENITIES, dice.randint(1, 4))) if lives else ["parking"],
        permit_number=None if place == LISTINGS - 2 else permit,
        permit_expires=None if place == LISTINGS - 2 else expires,
        yield_bp=yield_bp if deal == "buy" and place % 3 else None,
        visa_years=10 if deal == "buy" and lives and price >= _VISA_FROM else None,
    )


def _title(kind: Kind, where: str, bedrooms: int | None) -> dict[str, str]:
    names, place = _NAMES[kind], places()[where].names
    if not bedrooms:
        commas = {"fa": "،", "ar": "،"}
        return {
            language: f"{names[language]}{commas.get(language, ',')} {place[language]}" for language in names
        }
    persian = str(bedrooms).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    return {
        "en": f"{names['en']} with {bedrooms} bedroom{'s' if bedrooms > 1 else ''}, {place['en']}",
        "fa": f"{names['fa']} {persian} خوابه، {place['fa']}",
        "ar": f"{names['ar']}، غرف النوم: {bedrooms}، {place['ar']}",
        "ru": f"{names['ru']}, спален: {bedrooms}, {place['ru']}",
    }
