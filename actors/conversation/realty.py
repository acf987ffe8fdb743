"""Realty: the slots of a wish, filled in any order from words and buttons, and which of them to ask for next. Pure.

Nothing is guessed: money without a currency is confirmed, money of another one is asked about, and what a text says that
was not asked for is kept all the same. It changes a Part and says what it understood; what is said to the person is made
of that in `asking`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from actors.agency.terms import CATEGORY_OF, Kind, Span, Wish
from actors.brain.amounts import Amount, amount
from actors.brain.folding import fold
from actors.brain.phrases import phrase, plain
from actors.brain.places import Gazetteer
from actors.brain.questions import is_question
from actors.brain.slots import read_wish
from actors.brain.times import names_a_day
from actors.conversation import latest
from actors.conversation.in_answer import in_answer, leaves_open
from actors.conversation.state import Part, Slot
from actors.wording.offers import span_of

ORDER: Final[tuple[Slot, ...]] = get_args(Slot)
_FIELDS: Final[tuple[tuple[str, Slot], ...]] = (
    ("goal", "goal"),
    ("deal", "deal"),
    ("category", "category"),
    ("kind", "kind"),
    ("places", "place"),
    ("bedrooms", "bedrooms"),
    ("urgency", "urgency"),
)
"""Fields of a wish, and the slots that they fill; budgets and amenities have rules of their own."""
_LED_BY: Final = re.compile(
    r"(?:my name is|my name's|name is|name:|i am|i'm|i’m|this is|it is|it's|it’s|(?:just |you can )?call me"
    r"|меня зовут|мое имя|моё имя|имя|я|это|اسم من|نام من|اسمم|من|اسمي|إسمي|أنا|انا|معكم|معك)\s+(?P<name>.+)",
    re.IGNORECASE,
)
"""What stands before a name when it is told in a sentence."""
_TOLD: Final = re.compile(
    r"\b(?:my name is|my name's|меня зовут|моё имя|мое имя|اسم من|اسمم|اسمي|إسمي)\s+"
    r"[^,.;:!?\n،؛؟]+?(?=\s+(?:and|и|و)\s|[,.;:!?\n،؛؟]|$)",
    re.IGNORECASE,
)
"""A name that is told beside other things: "my name is Sara and I look for a villa"."""
_CLOSED_BY: Final = re.compile(r"\s+(?:هستم|است|هست|ام)$")
_HERE: Final = re.compile(r"\s+(?:here|speaking|هستم)$", re.IGNORECASE)
_IN_NO_NAME: Final = frozenset(
    fold(
        "my your our not dont wont cant want need the is are was to say tell business none passport later secret private "
        "мой моя моё не хочу скажу говорить сказать зачем потом позже секрет паспорт "
        "نمیگم نمیگویم نمیخوام نمیخواهم نه بعدا پاسپورت مهم چرا بگم "
        "لا جواز سفري لاحقا ليس لماذا أريد أقول "
        "continue lets давайте продолжим продолжаем продолжать дальше ادامه بدیم بدهیم بریم نكمل لنكمل أكملوا"
    ).split()
)
"""Words that no name has: who writes them tells none."""
_BETWEEN_NAMES: Final = frozenset(
    fold(
        "mr mrs ms miss dr prof sir bin ibn bint abu abd al el van von der den de del della la le da dos du di y san "
        "бин ибн бинт абу аль эль ван фон дер ден де ла ди оглы кызы "
        "بن ابن بنت بنی أبو أبي أم عبد آل السيد السيدة الشيخ الدكتور آقای خانم دکتر مهندس سید"
    ).split()
)
"""Words that belong to a name and make it no longer than it is."""
_LONGEST_NAME: Final = 60
_MOST_WORDS: Final = 4


class Understood(msgspec.Struct, frozen=True):
    """What one message changed.

    `filled`: slots, in the order of asking. `amount` waits for a word about its currency, or is of another one
    (`foreign`). `unclear`: the open question was answered, but with nothing that can be used. `outdated`: nothing of
    it counts, for something was said since.
    """

    filled: tuple[Slot, ...] = ()
    amount: Amount | None = None
    foreign: bool = False
    unclear: bool = False
    outdated: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the message said nothing about what is looked for."""
        return not self.filled and self.amount is None


def next_slot(part: Part) -> Slot | None:
    """Return the slot to ask for, None when nothing is left to be asked."""
    return next((slot for slot in ORDER if slot not in part.passed and not _known(slot, part)), None)


def read(part: Part, text: str, places: Gazetteer | None = None) -> Understood:
    """Take what a text says of any slot, first of the one that is open; of an older text, what is not settled since."""
    said = read_wish(text, places)
    settled = latest.settled(part)
    money = said.amount
    wish = said.wish
    if part.asked == "budget" and money is None and not names_a_day(text):
        money = amount(text, asked=True)
    wish = in_answer(part.asked, text, wish)
    if "budget" in settled:
        money = None
    filled = _merge(part, wish)
    foreign = money is not None and money.dirhams is None
    open_amount = money if money is not None and (foreign or money.currency is None) else None
    if money is not None and open_amount is None:
        part.wish = msgspec.structs.replace(part.wish, budget=_limit(money))
        filled.append("budget")
    part.amount = None if foreign else open_amount or part.amount
    if not filled and open_amount is None and leaves_open(part.asked, text):
        skip(part, part.asked)  # type: ignore[arg-type]
        filled.append(part.asked)  # type: ignore[arg-type]
    found_nothing = not filled and open_amount is None
    name = _name(text) if part.asked == "name" and found_nothing else ""
    if "name" not in settled and (name := name or ("" if part.name else _told_name(text))):
        part.name = name
        filled.append("name")
        found_nothing = False
    latest.tell(part, filled if money is None else [*filled, "budget"])
    outdated = found_nothing and bool(settled)
    unclear = found_nothing and part.asked in ORDER and not outdated and not is_question(text)
    return Understood(
        tuple(slot for slot in ORDER if slot in filled), open_amount, foreign, unclear, outdated
    )


def fill(part: Part, said: Wish) -> Understood:
    """Take what was read by a model: money is to be confirmed, as it is where no currency is said."""
    money = Amount(said.budget) if said.budget and "budget" not in latest.settled(part) else None
    filled = _merge(part, msgspec.structs.replace(said, budget=None))
    part.amount = money or part.amount
    latest.tell(part, filled if money is None else [*filled, "budget"])
    return Understood(tuple(slot for slot in ORDER if slot in filled), money)


def pick(part: Part, choice: str) -> Understood | None:
    """Take a choice that answers for a slot, whichever question is open; None for any other choice."""
    field, _, value = choice.partition(":")
    slot = {"place": "place", "amenity": "amenities"}.get(field, field)
    if slot not in ORDER:
        return None
    wish = part.wish
    if value == "any":
        skip(part, slot)
        return Understood((slot,))
    try:
        match field:
            case "budget" | "bedrooms":
                changed: dict[str, object] = {field: span_of(choice)}
            case "place":
                changed = {"places": (value,)}
            case "amenity":
                changed = {"amenities": sorted({*wish.amenities, value})}
            case "kind":
                kind = msgspec.convert(value, Kind)
                changed = {"kind": kind, "category": CATEGORY_OF[kind]}
            case _:
                changed = {field: value}
        part.wish = msgspec.convert({**msgspec.structs.asdict(wish), **changed}, Wish)
    except msgspec.ValidationError:
        return None
    part.passed -= {slot}
    latest.tell(part, ("kind", "category") if slot == "kind" else (slot,))
    return Understood((slot,))


def confirm(part: Part, *, yes: bool) -> Understood:
    """Take the answer to whether an amount was meant in dirhams."""
    money, part.amount = part.amount, None
    if money is None or not yes:
        return Understood(unclear=True)
    part.wish = msgspec.structs.replace(part.wish, budget=_limit(money))
    latest.tell(part, ("budget",))
    return Understood(("budget",))


def skip(part: Part, slot: Slot) -> None:
    """Ask no more for a slot."""
    part.passed |= {slot}
    latest.tell(part, (slot,))


def change(part: Part, *, keep: Sequence[Slot] = ("name",)) -> None:
    """Begin a new search; the name stays. What was said before it fills nothing in it."""
    part.wish, part.amount, part.listing = Wish(), None, 0
    part.passed = frozenset(slot for slot in part.passed if slot in keep)
    latest.tell(part, (slot for slot in ORDER if slot not in keep))


def _known(slot: Slot, part: Part) -> bool:
    wish = part.wish
    commercial = wish.category == "commercial"
    known: dict[Slot, object] = {
        "name": part.name,
        "category": wish.category or wish.kind,
        "place": wish.places,
        "bedrooms": wish.bedrooms or commercial,
        "amenities": wish.amenities or commercial,
    }
    return bool(known[slot] if slot in known else getattr(wish, slot))


def _merge(part: Part, said: Wish) -> list[Slot]:
    """Lay what was said over what is known; what was said last counts, amenities add up."""
    changed: dict[str, object] = {}
    filled: list[Slot] = []
    settled = latest.settled(part)
    if "category" in settled and said.kind and CATEGORY_OF[said.kind] != part.wish.category:
        settled |= {"kind"}
    for field, slot in _FIELDS:
        if slot not in settled and (value := getattr(said, field)):
            changed[field] = value
            filled.append(slot)
    if said.amenities and not ("amenities" in settled and "amenities" in part.passed):
        changed["amenities"] = part.wish.amenities | said.amenities
        filled.append("amenities")
    if said.category and not said.kind and part.wish.kind and CATEGORY_OF[part.wish.kind] != said.category:
        changed["kind"] = None
    part.wish = msgspec.structs.replace(part.wish, **changed)
    part.passed -= frozenset(filled)
    return filled


def _limit(money: Amount) -> Span | None:
    """Return the budget that an amount stands for: who names one sum names the most that is to be paid."""
    span = money.dirhams
    return Span(None, span.high) if span is not None and span.low == span.high else span


def _told_name(text: str) -> str:
    """Return the name that somebody tells beside other things; "" if they do not."""
    told = _TOLD.search(text)
    return _name(told[0]) if told is not None and read_wish(told[0]).nothing else ""


def _name(text: str) -> str:
    """Return a text that can be somebody's name, whole and on one line; "" for any other."""
    seen = "".join(
        char for char in text if unicodedata.category(char) not in ("So", "Sk", "Cf") or char == "\u200c"
    )
    name = _HERE.sub("", " ".join(seen.split()).strip(" .,!،"))
    if (told := _LED_BY.fullmatch(name)) is not None:
        name = _CLOSED_BY.sub("", told["name"])
    letters = sum(char.isalpha() for char in name)
    words = [word for word in fold(name).split() if word.strip(".") not in _BETWEEN_NAMES]
    if not letters or len(name) > _LONGEST_NAME or len(words) > _MOST_WORDS:
        return ""
    if any(char.isdigit() or char in "?؟!@#/\\:;<>{}[]_=+" for char in name) or is_question(text):
        return ""
    if not words or phrase(name) is not None or not _IN_NO_NAME.isdisjoint(plain(name).split()):
        return ""
    return name
