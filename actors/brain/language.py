"""The language of one text, with doubt: `detect` answers only where no other of the four could be meant.

Theory of operation: every language collects evidence of its own, words first (words.toml), then letters, and
letters only in texts of three words and more, because a name shows its letters too. A text has a language
when exactly one of the four has evidence and nothing speaks against it: letters of Ukrainian, Urdu or Kurdish
leave doubt. Links, addresses, digits and emoji say nothing. Pure; knows neither tenants nor earlier choices.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Final, Literal, get_args

import msgspec

from actors.brain.folding import fold

Language = Literal["en", "fa", "ar", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

#: How much of a text is read: enough for any sentence, and a bound on the time spent.
READ: Final = 200
_ENOUGH = 3  # words after which letters count as evidence

_SILENT = re.compile(r"://|@|\bwww\.|[0-9]|(?:^|\s)[/#]")  # in a link, an address, a code, a command
_CYRILLIC = re.compile(r"[\u0400-\u052f]+")
_ARABIC = re.compile(r"[\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u06ff\u0750-\u077f\u200c]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+(?:['\u2019][A-Za-z]+)?")

_NOT_RUSSIAN = re.compile(r"[іїєґўјљњћђџәғқңөұүһӣӯҳҷ]")
_RUSSIAN_ENDING = re.compile(r"\w{3}(?:ться|ого|его|ую|ый|ая|ые|ых|ить|ать|еть|аем|уем|ости)\Z")
_NEITHER_FA_NOR_AR = re.compile(r"[ٹڈڑںےھہۃێۆەڕڵڤټډړښځڅېۍګۇۋڭ]")  # Urdu, Kurdish, Pashto, Uyghur
_PERSIAN_LETTER = re.compile(r"[پچژگ]")
_PERSIAN_JOIN = re.compile(
    r"(?:^| )ن?می\u200c\w|\u200c(?:ها|های|هایی|ام|ای|اند|اید|ایم|تر|ترین|شون|تون)(?: |$)"
)
_ARABIC_LETTER = re.compile(r"ة(?: |$)|(?:^| )[أإ]")
_ARABIC_ARTICLE = re.compile(r"(?:^| )[ولبف]?ال\w{3}")
_MARKS = re.compile(r"[\u0610-\u061a\u0640\u064b-\u0652\u0670]")  # tatweel and harakat

_ARABIC_GREETING = "السلام عليكم"  # as an Arabic keyboard writes it; «سلام علیکم» is everybody's

_NAME = re.compile(r"[^\W_]+")
_POLITE = frozenset(fold("in please pls plz на пожалуйста به لطفا من فضلك لو سمحت سمحتم").split())


def _with_persian_letters(text: str) -> str:
    return text.replace("ي", "ی").replace("ى", "ی").replace("ك", "ک")


def _with_arabic_letters(text: str) -> str:
    return text.replace("ی", "ي").replace("ک", "ك")


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """words.toml: the words of each list with spaces between them."""

    russian: str
    not_russian: str
    persian: str
    arabic: str
    english: str
    english_too: str
    names: dict[Language, str]


_WORDS = msgspec.convert(
    tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8")), type=_Words
)
_RUSSIAN_WORDS = frozenset(_WORDS.russian.split())
_NOT_RUSSIAN_WORDS = frozenset(_WORDS.not_russian.split())
_PERSIAN_WORDS = frozenset(_with_persian_letters(_WORDS.persian).split())
_ARABIC_WORDS = frozenset(_with_arabic_letters(_WORDS.arabic).split())
_ENGLISH_WORDS = frozenset(_WORDS.english.split())
_ENGLISH_TOO = frozenset(_WORDS.english_too.split())


def _name(text: str) -> str:
    """Return the words of a text, folded, without signs and without the "please" around a name."""
    return " ".join(word for word in _NAME.findall(fold(text)) if word not in _POLITE)


_NAMES: dict[str, Language] = {
    _name(name): language for language in LANGUAGES for name in _WORDS.names[language].split()
}


def named(text: str) -> Language | None:
    """Return the language whose name, in any of the four, is the whole of `text`, with a "please" or without."""
    return _NAMES.get(_name(text)) if len(text) <= READ else None


def detect(text: str) -> Language | None:
    """Return the language that `text` shows beyond doubt, or None. Reads its first `READ` characters."""
    text = text[:READ].casefold()
    if _SILENT.search(text):
        text = " ".join(word for word in text.split() if not _SILENT.search(word))
    latin: list[str] = _LATIN.findall(text)
    if text.isascii():
        return "en" if _is_english(latin) else None
    cyrillic: list[str] = _CYRILLIC.findall(text)
    arabic: list[str] = _ARABIC.findall(text)
    shown: list[Language] = []
    if cyrillic and _is_russian(cyrillic):
        shown.append("ru")
    if arabic:
        shown.extend(_of_arabic_script(arabic))
    if len(latin) >= len(arabic) + len(cyrillic) and _is_english(latin):
        shown.append("en")
    return shown[0] if len(shown) == 1 else None


def _is_russian(found: list[str]) -> bool:
    if not _NOT_RUSSIAN_WORDS.isdisjoint(found) or any(map(_NOT_RUSSIAN.search, found)):
        return False
    enough = len(found) >= _ENOUGH
    return not _RUSSIAN_WORDS.isdisjoint(found) or (enough and any(map(_RUSSIAN_ENDING.search, found)))


def _of_arabic_script(found: list[str]) -> list[Language]:
    """Return those of Persian and Arabic that the words show; both means doubt."""
    whole = _MARKS.sub("", " ".join(found))
    if _NEITHER_FA_NOR_AR.search(whole):
        return []
    enough = len(found) >= _ENOUGH
    persian = _with_persian_letters(whole)
    shown: list[Language] = []
    if (
        not _PERSIAN_WORDS.isdisjoint(persian.split())
        or ("\u200c" in whole and _PERSIAN_JOIN.search(persian))
        or (enough and _PERSIAN_LETTER.search(whole))
    ):
        shown.append("fa")
    if (
        not _ARABIC_WORDS.isdisjoint(_with_arabic_letters(whole).split())
        or _ARABIC_GREETING in whole
        or (enough and _ARABIC_LETTER.search(whole))
        or (enough and len(_ARABIC_ARTICLE.findall(whole)) > 1)
    ):
        shown.append("ar")
    return shown


def _is_english(found: list[str]) -> bool:
    plain = [word.replace("\u2019", "'") for word in found]
    proof = _ENGLISH_WORDS.intersection(plain)
    known = sum(word in proof or word in _ENGLISH_TOO for word in plain)
    if len(proof) > 1:
        return 2 * known >= len(plain)
    return len(proof) == 1 and known == len(plain) >= _ENOUGH
