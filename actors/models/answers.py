"""What a model has answered, held to its form: the schema that it is given, and what of its answer is left. Pure.

The form is strict on both sides: an answer with anything unknown, missing or out of range is none at all. Of a reply
only what a stranger could not have planted is said: no link, no address and no number to call that the agency's own
articles do not hold, no sign that turns a line around, not in another language, and not long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta

from actors.agency.places import places
from actors.agency.terms import CATEGORY_OF, Amenity, Category, Deal, Goal, Kind, Span, Urgency, Wish
from actors.brain.language import Language, detect
from actors.models.task import Article, Intent, Reading
from actors.wording.direction import one_line

LONGEST_REPLY: Final = 700
"""Characters."""
LONGEST_TRANSCRIPT: Final = 1500
_MOST_BUDGET: Final = 1_000_000_000
_MOST_BEDROOMS: Final = 20

_Money = Annotated[int, Meta(ge=1_000, le=_MOST_BUDGET)]
_Rooms = Annotated[int, Meta(ge=0, le=_MOST_BEDROOMS)]


class _Slots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    goal: Goal | None
    deal: Deal | None
    category: Category | None
    kind: Kind | None
    budget_from: _Money | None
    budget_to: _Money | None
    places: Annotated[tuple[str, ...], Meta(max_length=3)]
    bedrooms_from: _Rooms | None
    bedrooms_to: _Rooms | None
    amenities: Annotated[tuple[Amenity, ...], Meta(max_length=9)]
    urgency: Urgency | None


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slots: _Slots
    intent: Intent
    reply: Annotated[str, Meta(max_length=4 * LONGEST_REPLY)]


class WrongAnswerError(Exception):
    """An answer breaks its form; the message is a word for the log and quotes nothing of it."""


_FORM: Final = msgspec.json.Decoder(_Form, strict=True)
_SCRIPTS: Final[dict[Language, str]] = {"en": "LATIN", "fa": "ARABIC", "ar": "ARABIC", "ru": "CYRILLIC"}
_LINK: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.|wa\.me|t\.me)\S*|[\w.+-]+@[\w-]+(?:\.[\w-]+)*|@\w{3,}"
    r"|(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?:/\S*)?(?![\w.])",
    re.IGNORECASE,
)
_DISGUISED: Final = re.compile(r"\s*[\[({]\s*(?:\.|dot|точка|نقطه|نقطة)\s*[\])}]\s*")
"""A dot of a link that is not to look like one: evil[.]com."""
_TAG: Final = re.compile(r"<[/!]?[a-z][^>]{0,200}>")
_SPELLED: Final = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|"
    r"ноль|один|два|три|четыре|пять|шесть|семь|восемь|девять|"
    r"صفر|یک|دو|سه|چهار|پنج|شش|هفت|هشت|نه|واحد|اثنان|ثلاثة|أربعة|خمسة|ستة|سبعة|ثمانية|تسعة)\b[\s,.-]*){6}"
)
"""A number to call, digit by digit in words."""
_NUMBER: Final = re.compile(r"\+?\(?\d(?:[\s().,/·–—-]{0,3}\d){6,}")
_ROUND: Final = re.compile(r"[1-9]\d{0,2}(?:[,.\s]\d{3}){1,3}|[1-9]\d{0,3}0{5,}")


def schema() -> dict[str, Any]:
    """Return the form of an answer as a JSON schema as structured output takes it: no lengths, no optional fields."""

    def one_of(literal: object) -> dict[str, Any]:
        return {"type": ["string", "null"], "enum": [*get_args(literal), None]}

    def number(low: int, high: int) -> dict[str, Any]:
        return {"type": ["integer", "null"], "minimum": low, "maximum": high}

    slots = {
        "goal": one_of(Goal),
        "deal": one_of(Deal),
        "category": one_of(Category),
        "kind": one_of(Kind),
        "budget_from": number(1_000, _MOST_BUDGET),
        "budget_to": number(1_000, _MOST_BUDGET),
        "places": {"type": "array", "items": {"type": "string", "enum": sorted(places())}, "maxItems": 3},
        "bedrooms_from": number(0, _MOST_BEDROOMS),
        "bedrooms_to": number(0, _MOST_BEDROOMS),
        "amenities": {
            "type": "array",
            "items": {"type": "string", "enum": list(get_args(Amenity))},
            "maxItems": 9,
        },
        "urgency": one_of(Urgency),
    }
    return _object(
        {
            "slots": _object(slots),
            "intent": {"type": "string", "enum": list(get_args(Intent))},
            "reply": {"type": "string"},
        }
    )


def read_answer(content: str, language: Language, knowledge: Sequence[Article]) -> Reading:
    """Return what of an answer counts. Raises WrongAnswerError where it breaks its form, or nothing of it is left."""
    try:
        form = _FORM.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise WrongAnswerError("schema" if isinstance(fault, msgspec.ValidationError) else "json") from None
    reply = fit_reply(form.reply, language, knowledge)
    reading = Reading(_wish(form.slots), form.intent, reply)
    if reading.nothing:
        raise WrongAnswerError("reply" if form.reply.strip() else "empty")
    return reading


def fit_reply(reply: str, language: Language, knowledge: Iterable[Article]) -> str:
    """Return a reply as it may be said, its lines kept and cleaned; "" for one that may not be said."""
    lines = [line for line in (one_line(written) for written in reply.splitlines()) if line]
    said = "\n".join(lines)
    if not 0 < len(said) <= LONGEST_REPLY or not _is_in(said, language):
        return ""
    known = _plain("\n".join(f"{article.title}\n{article.body}" for article in knowledge))
    words, numbers = _DISGUISED.sub(".", _plain(said)), _digits(known)
    if _TAG.search(words) or _SPELLED.search(words):
        return ""
    if any(link.strip(".,!?") not in known for link in _LINK.findall(words)):
        return ""
    for found in _NUMBER.findall(words):
        if _ROUND.fullmatch(found.strip()) is None and "".join(filter(str.isdigit, found)) not in numbers:
            return ""
    return said


def fit_transcript(words: str) -> str:
    """Return what was heard on one line, without signs that steer its direction; "" where that is nothing."""
    return one_line(words)[:LONGEST_TRANSCRIPT].strip()


def shown_transcript(words: str) -> str:
    """Return what was heard as it is shown back: links and numbers to call are left out, as nobody needs theirs back."""
    plain = _plain(words)
    if len(plain) != len(words):  # signs that are written in several: what stands where is not known
        words = plain
    for found in sorted([*_LINK.finditer(plain), *_NUMBER.finditer(plain)], key=lambda one: -one.start()):
        if _ROUND.fullmatch(found[0].strip()) is None:
            words = words[: found.start()] + "…" + words[found.end() :]
    return words


def _wish(slots: _Slots) -> Wish:
    if unknown := [place for place in slots.places if place not in places()]:
        raise WrongAnswerError(f"places_{len(unknown)}")
    if slots.kind is not None and slots.category not in (None, CATEGORY_OF[slots.kind]):
        raise WrongAnswerError("category")
    return Wish(
        goal=slots.goal,
        deal=slots.deal,
        category=slots.category or (CATEGORY_OF[slots.kind] if slots.kind else None),
        kind=slots.kind,
        budget=_span("budget", slots.budget_from, slots.budget_to),
        places=tuple(dict.fromkeys(slots.places)),
        bedrooms=_span("bedrooms", slots.bedrooms_from, slots.bedrooms_to),
        amenities=frozenset(slots.amenities),
        urgency=slots.urgency,
    )


def _span(name: str, low: int | None, high: int | None) -> Span | None:
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        raise WrongAnswerError(name)
    return Span(low, high)


def _is_in(said: str, language: Language) -> bool:
    """Tell whether a text may be of a language: by its words, if they leave no doubt, and by half of its letters."""
    letters = [char for char in said if char.isalpha()]
    own = sum(_SCRIPTS[language] in unicodedata.name(char, "") for char in letters)
    return 2 * own >= len(letters) and detect(said) in (None, language)


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _plain(text: str) -> str:
    """Return a text in small letters, with digits and signs of one kind, so that what looks the same is the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in folded)


def _digits(known: str) -> str:
    """Return the numbers of a text, each without what stands between its digits, a blank between two."""
    return " ".join("".join(filter(str.isdigit, number)) for number in _NUMBER.findall(known))
