"""What a whole text says in answer to the open question, and would not say by itself: "living", "any budget". Pure.

Beside a question a bare number counts rooms, "now" is an urgency, and "any" leaves open what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.agency.terms import Wish
from actors.brain.bedrooms import bedrooms
from actors.brain.phrases import plain
from actors.brain.slots import urgency
from actors.brain.times import names_a_day
from actors.conversation.state import Asked


def _plain(words: str) -> frozenset[str]:
    return frozenset(plain(word) for word in words.split(", "))


_NOW: Final = _plain("now, right now, الان, الآن, الحين, сейчас, прямо сейчас")
_LIVING: Final = _plain("living, live, home, a home, жизнь, дом, خونه, منزل, سكن, عيش")
_ANY: Final = _plain("any, whatever, whichever, любой, любая, любое, любую, какой угодно, هر, أي, اي")
_CALLED: Final[Mapping[Asked, frozenset[str]]] = {
    "budget": _plain(
        "budget, price, amount, бюджет, цена, сумма, بودجه, بودجه‌ای, قیمت, قیمتی, مبلغی, ميزانية, سعر, مبلغ"
    ),
    "kind": _plain("type, kind, property, тип, вид, объект, نوع, نوعی, ملکی, عقار"),
    "place": _plain(
        "area, place, location, district, район, место, локация, منطقه, منطقه‌ای, محله‌ای, جا, جایی, منطقة, مكان, موقع"
    ),
    "bedrooms": _plain(
        "number, bedrooms, size, number of bedrooms, количество, размер, تعداد, تعدادی, عدد, مساحة"
    ),
}
"""What that which is asked for is called after "any"."""


def leaves_open(asked: Asked, text: str) -> bool:
    """Tell whether a text says that anything will do for what is asked for."""
    words = plain(text)
    return any(words == f"{some} {called}" for some in _ANY for called in _CALLED.get(asked, ()))


def in_answer(asked: Asked, text: str, wish: Wish) -> Wish:
    """Return a wish with what the text says for the slot that is asked for, if it says nothing of it by itself."""
    if asked == "bedrooms" and wish.bedrooms is None and not names_a_day(text):
        return msgspec.structs.replace(wish, bedrooms=bedrooms(text, asked=True))
    if asked == "urgency" and wish.urgency is None:
        return msgspec.structs.replace(wish, urgency="now" if plain(text) in _NOW else urgency(text))
    if asked == "goal" and wish.goal is None and plain(text) in _LIVING:
        return msgspec.structs.replace(wish, goal="living")
    return wish
