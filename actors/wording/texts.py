"""The door through which the conversation speaks: typed values in, texts and choices out, right in each language.

Pure. Knows how each kind of value is written and isolated, and how much fits where; knows no conversation. The names
of variables are typed too: a `$when` is a Moment in every text, so a value of the wrong kind is an error at once,
as is one that is missing. Texts are isolated inside, titles never.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from actors.brain.language import Language
from actors.channels.limits import cut, units
from actors.channels.meta.rendering import BUTTON_TITLE, BUTTONS, ROW_DESCRIPTION, ROW_TITLE
from actors.messages import Buttons, Choice, Choices, Outgoing, Text
from actors.wording.amounts import Amounts
from actors.wording.catalogue import Catalogue, CatalogueError
from actors.wording.dates import moment_text, short_moment_text
from actors.wording.direction import (
    LRM,
    RIGHT_TO_LEFT,
    isolated,
    led,
    left_to_right,
    one_line,
)
from actors.wording.keys import Key
from actors.wording.numerals import percent
from actors.wording.offers import OFFERS, Offer
from actors.wording.values import (
    Area,
    Bathrooms,
    Bedrooms,
    Budget,
    Code,
    Count,
    Label,
    Link,
    Moment,
    Money,
    Name,
    Percent,
    Phone,
    Prose,
    Several,
    Size,
    Value,
)

#: Which kind of value each variable of the catalogues takes.
VARIABLES: Final[Mapping[str, tuple[type[Value], ...]]] = {
    "amount": (Money, Budget),
    "bedrooms": (Bedrooms,),
    "count": (Count,),
    "limit": (Size,),
    "link": (Link, Code),
    "listing": (Name,),
    "name": (Name,),
    "number": (Code,),
    "percent": (Percent,),
    "permit": (Code,),
    "phone": (Phone,),
    "place": (Name, Label),
    "reference": (Code,),
    "stand": (Code,),
    "status": (Label,),
    "tenant": (Name,),
    "text": (Prose,),
    "value": (Label, Name, Several, Bedrooms, Bathrooms, Money, Budget, Area),
    "when": (Moment,),
}

_COMMAS: Mapping[Language, str] = {"en": ", ", "fa": "، ", "ar": "، ", "ru": ", "}

#: What keeps its letters as they are, in a title too.
_OTHERS_WORDS: Final = (Name, Prose, Phone, Code, Link)


class Wording:
    """Writes for people in four languages: holds nothing of any conversation, safe to share."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._amounts = Amounts(catalogue)

    @classmethod
    def load(cls) -> Wording:
        """Return it over the installed catalogues; raises CatalogueError when they cannot be used."""
        return cls(Catalogue.load())

    def text(self, language: Language, key: Key, **values: Value) -> str:
        """Return a text; raises CatalogueError for a value that is missing or not of its variable's kind."""
        for name, value in values.items():
            wanted = VARIABLES.get(name, ())
            if not isinstance(value, wanted):
                kinds = " or ".join(kind.__name__ for kind in wanted) or "no value at all"
                raise CatalogueError(f"{key}: ${name} takes {kinds}, and was given a {type(value).__name__}")
        placed = {name: self._placed(language, value) for name, value in values.items()}
        return led(language, self._catalogue.format(language, key, placed))

    def in_all(self, key: Key) -> str:
        """Return a text that needs no values in every language, a paragraph each."""
        return self._catalogue.in_all(key)

    def quoted(self, language: Language, written: str) -> str:
        """Return what somebody else wrote, its lines kept, each running as its own letters say."""
        lines = (one_line(line) for line in written.splitlines())
        return led(language, "\n".join(isolated(line) for line in lines if line))

    def value(self, language: Language, value: Value) -> str:
        """Return a value as it stands in a text: isolated, if its kind is."""
        return led(language, self._shown(language, value))

    def title(self, language: Language, value: Value, limit: int = BUTTON_TITLE) -> str:
        """Return a value as a title: one line without isolates, cut to `limit` UTF-16 units; a time is short."""
        match value:
            case Moment(at, zone):
                shown = short_moment_text(language, at, zone)
            case _:
                shown = self._shown(language, value)
        line = one_line(shown)
        if not isinstance(value, _OTHERS_WORDS):
            line = line[:1].upper() + line[1:]
        return cut(led(language, line), limit)

    def choice(self, language: Language, choice: str, value: Value, description: str = "") -> Choice:
        """Return a choice with the id `choice` for a list: its title has 24 units, its description 72."""
        below = cut(led(language, one_line(description)), ROW_DESCRIPTION) if description else ""
        return Choice(choice, self.title(language, value, ROW_TITLE), below)

    def slot(self, language: Language, choice: str, at: datetime, zone: str) -> Choice:
        """Return a time to pick: short in the title, the whole of it in the description."""
        return self.choice(language, choice, Moment(at, zone), moment_text(language, at, zone))

    def offer(
        self, language: Language, offer: Offer, only: Collection[str] | None = None
    ) -> tuple[Choice, ...]:
        """Return the choices of an offer, all of them or `only` those with these ids."""
        return tuple(
            self.choice(language, choice, value)
            for choice, value in OFFERS[offer]
            if only is None or choice in only
        )

    def ask(self, language: Language, body: str, choices: Sequence[Choice], quote: str = "") -> Outgoing:
        """Return a body with choices: as buttons where they fit, else as a list, without any as a text."""
        if not choices:
            return Text(body, quote=quote)
        if len(choices) <= BUTTONS and all(
            units(choice.title) <= BUTTON_TITLE and not choice.description for choice in choices
        ):
            return Buttons(body, tuple(choices), quote=quote)
        button = self.title(language, Label("choose"))
        return Choices(body, button, tuple(choices), quote=quote)

    def _placed(self, language: Language, value: Value) -> str | int:
        """Return a value for Fluent: numbers that a text bends to as numbers, anything else in words."""
        match value:
            case Count(number) | Size(number):
                return number
            case _:
                return self._within(language, value)

    def _within(self, language: Language, value: Value) -> str:
        """Return a value as it stands within a text: what is a title elsewhere begins with no capital there."""
        match value:
            case Label() | Bedrooms() | Bathrooms():
                words = self._shown(language, value)
                return words if words[1:2].isupper() else words[:1].lower() + words[1:]
            case Several(values, between):
                comma = between or _COMMAS[language]
                return comma.join(self._within(language, each) for each in values)
            case _:
                return self._shown(language, value)

    def _shown(self, language: Language, value: Value) -> str:
        """Return a value in words of the catalogue, or as it was written."""
        match value:
            case Label(key):
                shown = self._catalogue.constant(language, key)
            case Bedrooms(span):
                shown = self._amounts.bedrooms(language, span)
            case Bathrooms(number):
                shown = self._amounts.bathrooms(language, number)
            case Money(amount, currency):
                shown = isolated(self._amounts.money(language, amount, currency))
            case Budget(span, currency):
                shown = isolated(self._amounts.budget(language, span, currency))
            case Area(metres):
                shown = isolated(self._amounts.area(language, metres))
            case Several(values, between):
                comma = between or _COMMAS[language]
                shown = comma.join(self._shown(language, each) for each in values)
            case Count() | Size():
                raise CatalogueError(f"a {type(value).__name__} is no text by itself: put it into one")
            case _:
                shown = _written(language, value)
        return shown


def _written(language: Language, value: Name | Prose | Phone | Code | Link | Percent | Moment) -> str:
    """Return a value that needs no words of the catalogue."""
    match value:
        case Name(written) | Prose(written):
            shown = isolated(written)
        case Phone(written):
            shown = left_to_right(written)
        case Link(shown):
            pass
        case Code(written):
            shown = _code(language, written)
        case Percent(number):
            shown = isolated(percent(language, number))
        case Moment(at, zone):
            shown = isolated(moment_text(language, at, zone))
    return shown


def _code(language: Language, written: str) -> str:
    """Return a code as it is; from right to left, one that begins with a digit and goes on is led by a mark."""
    plain = written.isdigit() or written[:1].isalpha()
    return written if language not in RIGHT_TO_LEFT or plain else LRM + written
