"""Days and times as people of each language say them, in the time zone of the tenant, which is named.

Pure, but for the system's table of time zones. Persian adds the day of the Solar Hijri calendar: days are counted
by its rule of 8 leap years in 33, as in ICU (persncal.cpp), which agrees with the observed calendar
from 1244 to 1501 (1865 to 2122).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from actors.brain.language import Language
from actors.brain.solar_hijri import solar_hijri
from actors.wording.numerals import digits

SOLAR_HIJRI_MONTHS: Final = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور",
    "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip

#: From January, in the form that follows a day's number.
MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "fa": ("ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"),
    "ar": ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня",
           "июля", "августа", "сентября", "октября", "ноября", "декабря"),
}  # fmt: skip

#: From Monday.
WEEKDAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
    "ar": ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    "ru": ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
}  # fmt: skip

_SHORT_WEEKDAYS: Final = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_SHORT_MONTHS: Final = (
    "янв.", "февр.", "марта", "апр.", "мая", "июня", "июля", "авг.", "сент.", "окт.", "нояб.", "дек.",
)  # fmt: skip

_DAYS: Mapping[Language, str] = {
    "en": "{weekday}, {day} {month} {year}",
    "fa": "{weekday} {day} {month} {year} ({hijri})",
    "ar": "{weekday} {day} {month} {year}",
    "ru": "{weekday}, {day} {month} {year} г.",
}
_MOMENTS: Mapping[Language, str] = {
    "en": "{day}, {time} ({zone})",
    "fa": "{day}، ساعت {time} ({zone})",
    "ar": "{day}، الساعة {time} ({zone})",
    "ru": "{day}, {time} ({zone})",
}
#: What fits the title of a button; where names are long, the weekday and the day's number say it alone.
_SHORT: Mapping[Language, str] = {
    "en": "{weekday:.3} {day} {month:.3}, {time}",
    "fa": "{weekday} {day}، {time}",
    "ar": "{weekday} {day}، {time}",
    "ru": "{short_weekday}, {day} {short_month}, {time}",
}

_ZONES: Mapping[str, Mapping[Language, str]] = {
    "Asia/Dubai": {"en": "Dubai", "fa": "دبی", "ar": "دبي", "ru": "Дубая"},
    "Asia/Riyadh": {"en": "Riyadh", "fa": "ریاض", "ar": "الرياض", "ru": "Эр-Рияда"},
    "Asia/Qatar": {"en": "Doha", "fa": "دوحه", "ar": "الدوحة", "ru": "Дохи"},
    "Asia/Muscat": {"en": "Muscat", "fa": "مسقط", "ar": "مسقط", "ru": "Маската"},
    "Asia/Tehran": {"en": "Tehran", "fa": "تهران", "ar": "طهران", "ru": "Тегерана"},
    "Europe/Istanbul": {"en": "Istanbul", "fa": "استانبول", "ar": "إسطنبول", "ru": "Стамбула"},
    "Europe/Moscow": {"en": "Moscow", "fa": "مسکو", "ar": "موسكو", "ru": "Москвы"},
    "Europe/London": {"en": "London", "fa": "لندن", "ar": "لندن", "ru": "Лондона"},
}
_ZONE_TIME: Mapping[Language, str] = {
    "en": "{} time", "fa": "به وقت {}", "ar": "بتوقيت {}", "ru": "по времени {}"
}  # fmt: skip


def day_text(language: Language, day: date) -> str:
    """Return a day with its weekday, in Persian with the Solar Hijri day too."""
    return digits(language, _DAYS[language].format(**_parts(language, day)))


def moment_text(language: Language, at: datetime, zone: str) -> str:
    """Return a weekday, a date and a time of 24 hours in the time zone, with its name.

    `at` has a time zone of its own, any; ValueError if it has none.
    """
    local, name = _local(language, at, zone)
    time = digits(language, f"{local:%H:%M}")
    return _MOMENTS[language].format(day=day_text(language, local.date()), time=time, zone=name)


def short_moment_text(language: Language, at: datetime, zone: str) -> str:
    """Return a time within the coming weeks in 20 characters at most; ValueError if `at` has no time zone."""
    local, _ = _local(language, at, zone)
    return digits(language, _SHORT[language].format(**_parts(language, local.date()), time=f"{local:%H:%M}"))


def _parts(language: Language, day: date) -> dict[str, str]:
    year, month, number = solar_hijri(day)
    return {
        "weekday": WEEKDAYS[language][day.weekday()],
        "short_weekday": _SHORT_WEEKDAYS[day.weekday()],
        "day": str(day.day),
        "month": MONTHS[language][day.month - 1],
        "short_month": _SHORT_MONTHS[day.month - 1],
        "year": str(day.year),
        "hijri": f"{number} {SOLAR_HIJRI_MONTHS[month - 1]} {year}",
    }


def _local(language: Language, at: datetime, zone: str) -> tuple[datetime, str]:
    """Return a time as clocks in the zone show it, and how the zone is named."""
    if at.tzinfo is None:
        raise ValueError("a time without a time zone cannot be shown in another: give it one")
    local = at.astimezone(_zone(zone))
    if named := _ZONES.get(zone):
        return local, _ZONE_TIME[language].format(named[language])
    ahead = local.utcoffset() or timedelta()
    hours, minutes = divmod(abs(round(ahead.total_seconds() / 60)), 60)
    return local, f"UTC{'-' if ahead < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    """Return a time zone. A system without the table still knows Dubai, which has one offset all year."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return timezone(timedelta(hours=4)) if name == "Asia/Dubai" else UTC
