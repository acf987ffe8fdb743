"""Money, bedrooms and areas in words of the catalogue, which bend to the number: 2 спальни, 11 درهمًا.

Pure. A range is bent to its upper end. Money and areas are isolated by texts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from actors.agency.terms import CURRENCY, Span
from actors.brain.language import Language
from actors.wording.catalogue import Catalogue
from actors.wording.direction import isolated, one_line
from actors.wording.keys import Key

_SQUARE_FEET: Final = Decimal("10.7639104")
_CURRENCIES: Mapping[str, Key] = {
    "AED": "money-aed",
    "USD": "money-usd",
    "EUR": "money-eur",
    "GBP": "money-gbp",
    "RUB": "money-rub",
    "IRR": "money-irr",
    "IRT": "money-irt",
    "INR": "money-inr",
    "TOMAN": "money-irt",
    "RIAL": "money-irr",
}


class Amounts:
    """Writes amounts by the catalogue. Nothing is isolated yet, but for a range of bedrooms."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def money(self, language: Language, amount: int, currency: str) -> str:
        """Return an amount with its currency: in words where the catalogue has them, else by its code."""
        key = _CURRENCIES.get(currency.upper())
        if key is None:
            return self._plain(language, "money-other", count=amount, code=one_line(currency))
        return self._plain(language, key, count=amount)

    def budget(self, language: Language, span: Span, currency: str) -> str:
        """Return a range of amounts; 0 at its lower end leaves it open."""
        low, high = span.low or None, span.high
        if low == high:
            return (
                self._plain(language, "any-amount") if high is None else self.money(language, high, currency)
            )
        if currency == CURRENCY:
            if low and high:
                return self._plain(language, "money-aed-between", low=low, count=high)
            key: Key = "money-aed-from" if low else "money-aed-to"
            return self._plain(language, key, count=low or high or 0)
        ends = [self.money(language, end, currency) for end in (low, high) if end is not None]
        if len(ends) == 2:
            return " – ".join(ends)
        return self._plain(language, "money-from" if low else "money-to", amount=ends[0])

    def bedrooms(self, language: Language, span: Span) -> str:
        """Return a number of bedrooms or a range of it; 0 is a studio, and at the lower end of a range leaves it open."""
        low, high = span.low or None, span.high
        if high == 0:
            return self._plain(language, "studio")
        if high is None:
            key: Key = "bedrooms-from" if low else "no-preference"
            return self._plain(language, key, count=low or 0)
        if low is None:
            return self._plain(language, "bedrooms-to", count=high)
        if low == high:
            return self._plain(language, "bedrooms", count=high)
        return isolated(self._plain(language, "bedrooms-between", low=low, count=high))

    def bathrooms(self, language: Language, number: int) -> str:
        """Return a number of bathrooms."""
        return self._plain(language, "bathrooms", count=number)

    def area(self, language: Language, square_metres: float | Decimal) -> str:
        """Return an area in square metres and, in brackets, in square feet."""
        metres = Decimal(str(square_metres))
        square_feet = self._plain(language, "square-feet", count=_whole(metres * _SQUARE_FEET))
        return f"{self._plain(language, 'square-metres', count=_whole(metres))} ({square_feet})"

    def _plain(self, language: Language, key: Key, **values: str | int) -> str:
        return self._catalogue.format(language, key, values)


def _whole(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))
