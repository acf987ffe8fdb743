"""What the bot says, in four languages: the Fluent catalogues of config/locales, checked whole when loaded.

Knows no conversation and no kind of value: texts.py is the door that does. Fluent's own isolating is off, because
links, codes and titles take no isolates; who puts a value in says how it is isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentType
from fluent.syntax import ast

from actors.brain.language import LANGUAGES, Language
from actors.wording.direction import isolated, led, one_line
from actors.wording.keys import KEYS, Key
from actors.wording.numerals import count, size


class CatalogueError(Exception):
    """A catalogue cannot be used, or a text was asked for without what it needs; says which and why."""


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
        self._formats: dict[tuple[Language, str], Callable[[Mapping[str, str | int]], str]] = {}
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
        """Return a text, strings in it isolated as names are. Raises CatalogueError when a value is missing."""
        placed = {
            name: isolated(one_line(value)) if isinstance(value, str) else value
            for name, value in values.items()
        }
        return led(language, self.format(language, key, placed))

    def format(self, language: Language, key: Key, values: Mapping[str, str | int]) -> str:
        """Return a text with values as they are, its lines not led. Raises CatalogueError when one is missing."""
        constant = self._constant.get((language, key))
        return constant if constant is not None else self._formats[language, key](values)

    def constant(self, language: Language, key: Key) -> str:
        """Return a text that has no variables, a title say; CatalogueError if it has any."""
        try:
            return self._constant[language, key]
        except KeyError:
            raise CatalogueError(f"locales/{language}.ftl: {key} has variables: give it values") from None

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
        wanted = KEYS
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
        bundle = FluentBundle([language], functions=functions, use_isolating=False)
        bundle.add_resource(resource)
        for key in wanted:
            self._formats[language, key] = partial(self._format, bundle, language, key)
            try:
                self._constant[language, key] = self._format(bundle, language, key, {})
            except CatalogueError:
                continue  # it has variables

    @staticmethod
    def _format(bundle: FluentBundle, language: Language, key: Key, values: Mapping[str, str | int]) -> str:
        pattern = bundle.get_message(key).value
        if pattern is None:
            raise CatalogueError(f"locales/{language}.ftl: {key} has no text")
        text, faults = bundle.format_pattern(pattern, dict(values))
        if faults:
            raise CatalogueError(f"locales/{language}.ftl: {key}: {'; '.join(map(str, faults))[:200]}")
        return str(text)
