"""The catalogues: complete in four languages, plural in every category, checked whole when they are loaded."""

from __future__ import annotations

from importlib.resources import files

import pytest
from fluent.syntax import FluentParser, ast, visitor

from actors.brain.language import LANGUAGES, Language
from actors.wording.catalogue import Catalogue, CatalogueError
from actors.wording.direction import FSI, LRI, PDI
from actors.wording.keys import KEYS
from actors.wording.numerals import count, size
from actors.wording.texts import VARIABLES

#: What CLDR asks of a cardinal in each language, and a number of each category.
CATEGORIES: dict[Language, dict[str, tuple[int, ...]]] = {
    "en": {"one": (1,), "other": (0, 2, 11, 100)},
    "fa": {"one": (0, 1), "other": (2, 11, 100)},
    "ar": {"zero": (0,), "one": (1,), "two": (2,), "few": (3, 110), "many": (11, 99), "other": (100, 102)},
    "ru": {"one": (1, 21), "few": (2, 24), "many": (0, 5, 11, 100), "other": ()},
}
SOURCES: dict[Language, str] = {
    language: files("config").joinpath("locales", f"{language}.ftl").read_text("utf-8")
    for language in LANGUAGES
}
CATALOGUE = Catalogue.load()
MB = 1024 * 1024


class Collector(visitor.Visitor):
    """Gathers the variables and the selectors of a message."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.selectors: list[set[str]] = []
        self.selected: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802
        self.variables.add(node.id.name)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802
        assert isinstance(node.selector, ast.VariableReference)
        self.selected.add(node.selector.id.name)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_exists_with_the_same_variables_as_in_english(language: Language) -> None:
    english = {key: collector.variables for key, collector in COLLECTED["en"].items()}
    assert {key: collector.variables for key, collector in COLLECTED[language].items()} == english
    assert set(english) == set(KEYS)


def test_every_variable_has_a_kind_of_value_or_is_filled_in_here() -> None:
    variables = {name for collector in COLLECTED["en"].values() for name in collector.variables}
    assert variables - {"low", "code"} == set(VARIABLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_count_selects(language: Language) -> None:
    for key, collector in COLLECTED[language].items():
        assert collector.selected <= {"count"}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_selector_has_exactly_the_plural_categories_of_its_language(language: Language) -> None:
    selectors = [found for collector in COLLECTED[language].values() for found in collector.selectors]
    assert selectors or language == "fa"  # after a number its nouns stay as they are
    assert all(found == set(CATEGORIES[language]) for found in selectors)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_takes_the_variant_of_its_category(language: Language) -> None:
    variants = ", ".join(f"[{name}] {name}\n" for name in CATEGORIES[language] if name != "other")
    marked = SOURCES[language].partition("handover-expect =")[0]
    marked += (
        "handover-expect = { $count ->\n    " + variants.replace(", ", "    ") + "   *[other] other\n}\n"
    )
    marked += "handover-later" + SOURCES[language].partition("\nhandover-later")[2]
    catalogue = Catalogue({**SOURCES, language: marked})
    for category, numbers in CATEGORIES[language].items():
        for number in numbers:
            assert catalogue.format(language, "handover-expect", {"count": number}) == category


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 1, "within 1 minute."),
        ("en", 2, "within 2 minutes."),
        ("fa", 1, "تا ۱ دقیقه دیگر"),
        ("fa", 11, "تا ۱۱ دقیقه دیگر"),
        ("ar", 0, "بعد قليل."),
        ("ar", 1, "خلال دقيقة واحدة."),
        ("ar", 2, "خلال دقيقتين."),
        ("ar", 3, "خلال 3 دقائق."),
        ("ar", 11, "خلال 11 دقيقة."),
        ("ar", 100, "خلال 100 دقيقة."),
        ("ru", 1, "в течение 1 минуты."),
        ("ru", 2, "в течение 2 минут."),
        ("ru", 5, "в течение 5 минут."),
        ("ru", 21, "в течение 21 минуты."),
    ],
)
def test_what_to_expect_counts_as_the_language_does(language: Language, number: int, said: str) -> None:
    assert said in CATALOGUE.text(language, "handover-expect", count=number)


def test_numbers_are_grouped_and_written_as_the_language_does() -> None:
    written = {language: count(language, 3_000_000) for language in LANGUAGES}
    assert written == {"en": "3,000,000", "fa": "۳٬۰۰۰٬۰۰۰", "ar": "3,000,000", "ru": "3\u00a0000\u00a0000"}
    assert "۱٬۲۳۴" in CATALOGUE.text("fa", "handover-expect", count=1234)


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
    assert written in CATALOGUE.text(language, "too-large-image", limit=number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_string_given_bare_is_isolated_as_a_name(language: Language) -> None:
    assert f"{FSI}Marina Homes{PDI}" in CATALOGUE.text(language, "welcome", tenant="Marina\u202e\nHomes")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalogue_holds_marks_of_direction_itself(language: Language) -> None:
    assert not set(SOURCES[language]) & {FSI, LRI, PDI, "\u2067", "\u200e", "\u200f"}


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("welcome = Hi\n", "missing: amenity-balcony"),
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
