"""Sums of money in a text, as said: the span, the currency if one was said, and whether it was "about". Pure.

"about 3m" is a span from three million to three million with `about`: how much that allows is for whoever looks. A
bare number is money from 10,000 on, a number beside "budget" from 1,000 on; years, phone and permit numbers, areas,
percents and what a deposit or a salary comes to are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, get_args

import msgspec

from actors.agency.terms import Span
from actors.brain.folding import fold
from actors.brain.quantities import Quantity, quantities
from actors.brain.tokens import READ, split

Currency = Literal["AED", "USD", "EUR", "GBP", "RUB", "INR", "toman", "rial"]
"""As said: `toman` and `rial` are no codes, because people mean more than one thing by them."""
CURRENCIES: tuple[Currency, ...] = get_args(Currency)
Period = Literal["month", "year"]

_BARE: Final = 10_000
_BESIDE: Final = 1_000
_LARGEST_BARE: Final = 999_999_999
_YEARS: Final = range(1990, 2100)
_MONTHS: Final = 12


class Amount(msgspec.Struct, frozen=True):
    """Money as said. Only whole units; `currency` is None when none was said: ask before it is taken for dirhams."""

    span: Span
    currency: Currency | None = None
    about: bool = False
    period: Period | None = None
    """What it is paid for each, if that was said."""

    @property
    def dirhams(self) -> Span | None:
        """The span a year or in all, if it can be dirhams; None for money of another kind, which is asked about."""
        if self.currency not in (None, "AED"):
            return None
        times = _MONTHS if self.period == "month" else 1
        low, high = self.span.low, self.span.high
        return Span(None if low is None else low * times, None if high is None else high * times)


def amounts(text: str, *, asked: bool = False) -> list[Amount]:
    """Return the sums in `text`, in order.

    `asked`: it answers the question for one, so a bare number counts from 1,000 on, a year too.
    Never raises; reads the first 4096 characters.
    """
    return amounts_of(quantities(split(fold(text[:READ])))[1], asked=asked)


def amount(text: str, *, asked: bool = False) -> Amount | None:
    """Return the sum that `text` speaks of first, or None."""
    found = amounts(text, asked=asked)
    return found[0] if found else None


def amounts_of(found: Iterable[Quantity], *, asked: bool = False) -> list[Amount]:
    """Return those of `found` that are money: a budget before other sums, two halves of one span joined."""
    money = [quantity for quantity in found if _is_money(quantity, asked=asked)]
    money.sort(key=lambda quantity: quantity.aside != "budget")
    joined: list[Amount] = []
    for quantity in money:
        one = _amount(quantity)
        if joined and (both := _both(joined[-1], one)) is not None:
            joined[-1] = both
        else:
            joined.append(one)
    return joined


def _is_money(quantity: Quantity, *, asked: bool) -> bool:
    if quantity.unit or quantity.aside in ("id", "money") or quantity.high < 1:
        return False
    if quantity.currency or quantity.scaled:
        return True
    whole = quantity.high == quantity.high.to_integral_value() and quantity.high <= _LARGEST_BARE
    if asked or not whole:
        return whole and quantity.high >= _BESIDE
    if quantity.plain and quantity.high in _YEARS:
        return False
    beside = quantity.aside == "budget" or bool(quantity.period)
    return quantity.high >= (_BESIDE if beside else _BARE)


def _amount(quantity: Quantity) -> Amount:
    low, high = _whole(quantity.low), _whole(quantity.high)
    span = {
        "": Span(low, high),
        "up_to": Span(None, high),
        "from": Span(low, None),
    }[quantity.bound]
    return msgspec.convert(
        {
            "span": span,
            "currency": quantity.currency,
            "about": quantity.about,
            "period": quantity.period or None,
        },
        type=Amount,
    )


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value())


def _both(one: Amount, other: Amount) -> Amount | None:
    """Return "from 1m" and "at most 2m" as one span, else None."""
    for low, high in ((one, other), (other, one)):
        if (
            low.span.high is None
            and high.span.low is None
            and low.span.low is not None
            and high.span.high is not None
            and low.span.low <= high.span.high
        ):
            return Amount(
                Span(low.span.low, high.span.high),
                one.currency or other.currency,
                one.about or other.about,
                one.period or other.period,
            )
    return None
