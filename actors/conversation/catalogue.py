"""What the bot says, in four languages: the Fluent catalogues of config/locales, checked whole when loaded.

Knows no conversation. Names put into a text are isolated (FSI ... PDI), so that no name turns the line
around. Texts without a variable are formatted once and hold no isolates, as titles of buttons need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from typing import Literal, get_args

from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentType
from fluent.syntax import ast

from actors.brain.language import LANGUAGES, Language

Key = Literal[
    "language-name",
    "language-button",
    "language-chosen",
    "choose-language",
    "welcome",
    "welcome-back",
    "acknowledged",
    "help",
    "link-dead",
    "link-elsewhere",
    "tenant-closed",
    "too-large-image",
    "too-large-voice",
    "too-large-other",
    "timed-out-image",
    "timed-out-voice",
    "timed-out-other",
    "medium-unreadable",
]

#: Grouping mark and digits of each language; the library would print Latin digits for Persian.
_NUMERALS: Mapping[Language, tuple[str, str]] = {
    "en": (",", "0123456789"),
    "fa": ("\u066c", "۰۱۲۳۴۵۶۷۸۹"),
    "ar": (",", "0123456789"),
    "ru": ("\u00a0", "0123456789"),
}


#: Digits, decimal mark and units of a size; where people who read Arabic meet numbers with a unit, both are Arabic.
_SIZES: Mapping[Language, tuple[str, str, str, str]] = {
    "en": ("0123456789", ".", "MB", "KB"),
    "fa": ("۰۱۲۳۴۵۶۷۸۹", "٫", "مگابایت", "کیلوبایت"),
    "ar": ("٠١٢٣٤٥٦٧٨٩", "٫", "ميغابايت", "كيلوبايت"),
    "ru": ("0123456789", ",", "МБ", "КБ"),
}


class CatalogueError(Exception):
    """A catalogue cannot be used, or a text was asked for without what it needs; says which and why."""


def count(language: Language, number: float) -> str:
    """Return a whole number as the language groups and writes it: 3,000,000 or ۳٬۰۰۰٬۰۰۰."""
    mark, digits = _NUMERALS[language]
    return "".join(mark if char == "," else digits[int(char)] for char in f"{int(number):,}")


def size(language: Language, number: float) -> str:
    """Return a number of bytes as people of the language write it: 20 MB, ۲۰ مگابایت; never more than it is."""
    digits, point, mega, kilo = _SIZES[language]
    tenths, unit = int(number * 10 / 1024**2), mega
    if tenths < 10:
        tenths, unit = int(number * 10 / 1024), kilo
    whole, rest = divmod(tenths, 10)
    latin = f"{whole}.{rest}" if rest else f"{whole}"
    return "".join(point if char == "." else digits[int(char)] for char in latin) + f" {unit}"


class _Printed(FluentType):
    """What COUNT($n) and SIZE($bytes) print."""

    def __init__(self, write: Callable[[Language, float], str], language: Language, number: float) -> None:
        self._text = write(language, number)

    def format(self, locale: object) -> str:  # noqa: ARG002  (the library's signature)
        return self._text


class Catalogue:
    """The texts of all languages, ready to format: immutable once made, safe to share."""

    def __init__(self, sources: Mapping[Language, str]) -> None:
        """Take one Fluent source per language; CatalogueError for junk, a missing or an unknown key."""
        self._formats: dict[tuple[Language, str], Callable[[dict[str, str | int]], str]] = {}
        self._constant: dict[tuple[Language, str], str] = {}
        for language in LANGUAGES:
            self._take(language, sources[language])

    @classmethod
    def load(cls) -> Catalogue:
        """Return the catalogues that are installed with `config`."""
        folder = files("config").joinpath("locales")
        return cls(
            {language: folder.joinpath(f"{language}.ftl").read_text("utf-8") for language in LANGUAGES}
        )

    def text(self, language: Language, key: Key, **values: str | int) -> str:
        """Return a text. Raises CatalogueError when it needs a value that was not given."""
        constant = self._constant.get((language, key))
        return constant if constant is not None else self._formats[language, key](values)

    def in_all(self, key: Key) -> str:
        """Return a text that needs no values in every language, a paragraph each."""
        return "\n\n".join(self.text(language, key) for language in LANGUAGES)

    def _take(self, language: Language, source: str) -> None:
        resource = FluentResource(source)
        for entry in resource.body:
            if isinstance(entry, ast.Junk):
                raise CatalogueError(
                    f"locales/{language}.ftl: not Fluent: {(entry.content or '').strip()[:80]!r}"
                )
        found = [entry.id.name for entry in resource.body if isinstance(entry, ast.Message)]
        wanted = get_args(Key)
        if sorted(found) != sorted(wanted):
            missing = ", ".join(sorted(set(wanted) - set(found))) or "nothing"
            surplus = ", ".join(sorted(name for name in found if name not in wanted or found.count(name) > 1))
            raise CatalogueError(
                f"locales/{language}.ftl: missing: {missing}; unknown or twice: {surplus or 'nothing'}"
            )
        functions: dict[str, Callable[..., FluentType]] = {
            "COUNT": partial(_Printed, count, language),
            "SIZE": partial(_Printed, size, language),
        }
        bundle = FluentBundle([language], functions=functions)
        bundle.add_resource(resource)
        for key in wanted:
            self._formats[language, key] = partial(self._format, bundle, language, key)
            try:
                self._constant[language, key] = self._format(bundle, language, key, {})
            except CatalogueError:
                continue  # it has variables

    @staticmethod
    def _format(bundle: FluentBundle, language: Language, key: Key, values: dict[str, str | int]) -> str:
        pattern = bundle.get_message(key).value
        if pattern is None:
            raise CatalogueError(f"locales/{language}.ftl: {key} has no text")
        text, faults = bundle.format_pattern(pattern, values)
        if faults:
            raise CatalogueError(f"locales/{language}.ftl: {key}: {'; '.join(map(str, faults))[:200]}")
        return str(text)
