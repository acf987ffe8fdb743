"""Numbers as each language groups and writes them: 3,000,000 or ۳٬۰۰۰٬۰۰۰, parts of a hundred, sizes of files.

Pure. The Fluent library would print Latin digits for Persian, hence on purpose. Phones, links and codes are
no numbers: they stay ASCII, see values.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from actors.brain.language import Language

_LATIN: Final = "0123456789"
_PERSIAN: Final = "۰۱۲۳۴۵۶۷۸۹"

#: Digits, grouping mark and decimal mark.
_NUMERALS: Mapping[Language, tuple[str, str, str]] = {
    "en": (_LATIN, ",", "."),
    "fa": (_PERSIAN, "\u066c", "\u066b"),
    "ar": (_LATIN, ",", "."),
    "ru": (_LATIN, "\u00a0", ","),
}

_PERCENT: Mapping[Language, str] = {"en": "{}%", "fa": "{} درصد", "ar": "{}%", "ru": "{}\u00a0%"}

#: Digits, decimal mark and units of a size; where people who read Arabic meet numbers with a unit, both are Arabic.
_SIZES: Mapping[Language, tuple[str, str, str, str]] = {
    "en": (_LATIN, ".", "MB", "KB"),
    "fa": (_PERSIAN, "٫", "مگابایت", "کیلوبایت"),
    "ar": ("٠١٢٣٤٥٦٧٨٩", "٫", "ميغابايت", "كيلوبايت"),
    "ru": (_LATIN, ",", "МБ", "КБ"),
}


def digits(language: Language, text: str) -> str:
    """Return a text with its Latin digits as the language writes them."""
    return text.translate(str.maketrans(_LATIN, _NUMERALS[language][0]))


def count(language: Language, number: float) -> str:
    """Return a whole number as the language groups and writes it: 3,000,000 or ۳٬۰۰۰٬۰۰۰."""
    return digits(language, f"{int(number):,}".replace(",", _NUMERALS[language][1]))


def percent(language: Language, number: float | Decimal) -> str:
    """Return a share, given in hundredths, with two decimals at most: 7.5%, ۷٫۵ درصد."""
    rounded = Decimal(str(number)).quantize(Decimal("0.01"), ROUND_HALF_UP).normalize()
    return _PERCENT[language].format(digits(language, f"{rounded:f}".replace(".", _NUMERALS[language][2])))


def size(language: Language, number: float) -> str:
    """Return a number of bytes as people of the language write it: 20 MB, ۲۰ مگابایت; never more than it is."""
    written, point, mega, kilo = _SIZES[language]
    tenths, unit = int(number * 10 / 1024**2), mega
    if tenths < 10:
        tenths, unit = int(number * 10 / 1024), kilo
    whole, rest = divmod(tenths, 10)
    latin = f"{whole}.{rest}" if rest else f"{whole}"
    return "".join(point if char == "." else written[int(char)] for char in latin) + f" {unit}"
