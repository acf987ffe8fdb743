"""The catalogues: complete in four languages, plural in every category, and safe from right to left."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from typing import get_args

import pytest
from fluent.syntax import FluentParser, ast, visitor

from actors.brain.language import LANGUAGES, Language
from actors.conversation.catalogue import Catalogue, CatalogueError, Key, count, size

#: What CLDR asks of a cardinal in each language, and a number of each category.
CATEGORIES: dict[Language, dict[str, tuple[int, ...]]] = {
    "en": {"one": (1,), "other": (0, 2, 11, 100)},
    "fa": {"one": (0, 1), "other": (2, 11, 100)},
    "ar": {"zero": (0,), "one": (1,), "two": (2,), "few": (3, 110), "many": (11, 99), "other": (100, 102)},
    "ru": {"one": (1, 21), "few": (2, 24), "many": (0, 5, 11, 100), "other": ()},
}
KEYS: tuple[Key, ...] = get_args(Key)
SOURCES: dict[Language, str] = {
    language: files("config").joinpath("locales", f"{language}.ftl").read_text("utf-8")
    for language in LANGUAGES
}
CATALOGUE = Catalogue.load()
FSI, PDI = "\u2068", "\u2069"
MB = 1024 * 1024


class Collector(visitor.Visitor):
    """Gathers the variables and the selectors of a message."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.selectors: list[set[str]] = []

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802
        self.variables.add(node.id.name)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802
        self.selectors.append(
            {key.name for variant in node.variants if isinstance(key := variant.key, ast.Identifier)}
        )
        self.generic_visit(node)


def collected(language: Language) -> dict[str, Collector]:
    found: dict[str, Collector] = {}
    for entry in FluentParser().parse(SOURCES[language]).body:
        if isinstance(entry, ast.Message):
            found[entry.id.name] = Collector()
            found[entry.id.name].visit(entry)
    return found


COLLECTED = {language: collected(language) for language in LANGUAGES}


def all_texts(language: Language) -> Iterator[tuple[Key, str]]:
    for key in KEYS:
        if "count" in COLLECTED[language][key].variables:
            for number in range(130):
                yield key, CATALOGUE.text(language, key, count=number)
        else:
            yield key, CATALOGUE.text(language, key, tenant="Marina Homes", limit=20 * MB)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_exists_with_the_same_variables_as_in_english(language: Language) -> None:
    english = {key: collector.variables for key, collector in COLLECTED["en"].items()}
    assert {key: collector.variables for key, collector in COLLECTED[language].items()} == english
    assert set(english) == set(KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_selector_has_exactly_the_plural_categories_of_its_language(language: Language) -> None:
    selectors = [found for collector in COLLECTED[language].values() for found in collector.selectors]
    assert selectors
    assert all(found == set(CATEGORIES[language]) for found in selectors)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_takes_the_variant_of_its_category(language: Language) -> None:
    variants = ", ".join(f"[{name}] {name}\n" for name in CATEGORIES[language] if name != "other")
    marked = SOURCES[language].partition("acknowledged =")[0]
    marked += "acknowledged = { $count ->\n    " + variants.replace(", ", "    ") + "   *[other] other\n}\n"
    marked += "help" + SOURCES[language].partition("\nhelp")[2]
    catalogue = Catalogue({**SOURCES, language: marked})
    for category, numbers in CATEGORIES[language].items():
        for number in numbers:
            assert catalogue.text(language, "acknowledged", count=number) == category


def plain(text: str) -> str:
    return text.replace(FSI, "").replace(PDI, "")


@pytest.mark.parametrize(
    ("language", "number", "ending"),
    [
        ("en", 1, "1 message of yours is waiting for an answer."),
        ("en", 2, "2 messages of yours are waiting for an answer."),
        ("fa", 1, "۱ پیام شما در انتظار پاسخ است."),
        ("fa", 11, "۱۱ پیام شما در انتظار پاسخ است."),
        ("ar", 1, "لديكم رسالة واحدة بانتظار الرد."),
        ("ar", 2, "لديكم رسالتان بانتظار الرد."),
        ("ar", 3, "لديكم 3 رسائل بانتظار الرد."),
        ("ar", 11, "لديكم 11 رسالةً بانتظار الرد."),
        ("ar", 100, "لديكم 100 رسالة بانتظار الرد."),
        ("ru", 1, "Ответа ожидает 1 ваше сообщение."),
        ("ru", 2, "Ответа ожидают 2 ваших сообщения."),
        ("ru", 5, "Ответа ожидают 5 ваших сообщений."),
        ("ru", 21, "Ответа ожидает 21 ваше сообщение."),
    ],
)
def test_the_acknowledgement_counts_as_the_language_does(
    language: Language, number: int, ending: str
) -> None:
    assert plain(CATALOGUE.text(language, "acknowledged", count=number)).endswith(ending)


def test_numbers_are_grouped_and_written_as_the_language_does() -> None:
    written = {language: count(language, 3_000_000) for language in LANGUAGES}
    assert written == {"en": "3,000,000", "fa": "۳٬۰۰۰٬۰۰۰", "ar": "3,000,000", "ru": "3\u00a0000\u00a0000"}
    assert "۱٬۲۳۴" in CATALOGUE.text("fa", "acknowledged", count=1234)


@pytest.mark.parametrize(
    ("language", "number", "written"),
    [
        ("en", 20 * MB, "20 MB"),
        ("fa", 20 * MB, "۲۰ مگابایت"),
        ("ar", 16 * MB, "١٦ ميغابايت"),
        ("ru", 100 * MB, "100 МБ"),
        ("en", 512 * 1024, "512 KB"),
        ("fa", 1536 * 1024, "۱٫۵ مگابایت"),
        ("ar", 1000, "٠٫٩ كيلوبايت"),
        ("ru", 20 * MB - 1, "19,9 МБ"),
        ("en", MB - 1, "1023.9 KB"),
    ],
)
def test_a_size_is_written_in_the_readers_digits_and_never_larger_than_it_is(
    language: Language, number: int, written: str
) -> None:
    assert size(language, number) == written
    assert written in plain(CATALOGUE.text(language, "too-large-image", limit=number))


@pytest.mark.parametrize("language", ["fa", "ar"])
def test_the_first_strong_character_of_every_line_is_right_to_left(language: Language) -> None:
    for key, text in all_texts(language):
        for line in text.splitlines():
            assert first_strong(line) in ("R", "AL"), (key, line)


def first_strong(line: str) -> str:
    """As Unicode has it (UAX 9, P2): what is isolated does not count."""
    depth = 0
    for char in line:
        kind = unicodedata.bidirectional(char)
        depth += (kind in ("FSI", "LRI", "RLI")) - (kind == "PDI")
        if depth == 0 and kind in ("L", "R", "AL"):
            return kind
    return ""


def test_the_measure_of_direction_skips_isolated_names() -> None:
    assert first_strong("\u2068Marina\u2069 سلام") == "AL"
    assert first_strong("Marina سلام") == "L"


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_and_numbers_are_isolated_and_titles_are_not(language: Language) -> None:
    assert f"{FSI}Marina Homes{PDI}" in CATALOGUE.text(language, "welcome", tenant="Marina Homes")
    for key, text in all_texts(language):
        assert text.count(FSI) == text.count(PDI)
        if not COLLECTED[language][key].variables:
            assert FSI not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_fit_where_they_are_shown(language: Language) -> None:
    assert len(CATALOGUE.text(language, "language-button")) <= 20
    assert len(CATALOGUE.text(language, "language-name")) <= 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_bodies_fit_even_with_the_longest_name(language: Language) -> None:
    welcome = CATALOGUE.text(language, "welcome", tenant="m" * 200)
    assert len(welcome) + len(CATALOGUE.text(language, "choose-language")) < 1024
    assert len(CATALOGUE.in_all("help")) < 4096


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_acknowledgement_names_no_tenant_and_no_text_names_the_gulf(language: Language) -> None:
    assert "tenant" not in COLLECTED[language]["acknowledged"].variables
    for _, text in all_texts(language):
        assert not any(word in text.casefold() for word in ("gulf", "خلیج", "الخليج", "залив"))


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("welcome = Hi\n", "missing: .*acknowledged"),
        (SOURCES["en"] + "extra = x\n", "unknown or twice: extra"),
        (SOURCES["en"] + "help = again\n", "unknown or twice: help"),
        (SOURCES["en"] + "= nothing\n", "not Fluent"),
    ],
)
def test_a_catalogue_with_a_hole_stops_the_start(source: str, complaint: str) -> None:
    with pytest.raises(CatalogueError, match=complaint):
        Catalogue({**SOURCES, "en": source})


def test_a_text_without_its_value_is_an_error_and_never_shown() -> None:
    with pytest.raises(CatalogueError, match="tenant"):
        CATALOGUE.text("en", "welcome")
