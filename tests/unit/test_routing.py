"""Deep links: which whole messages are one, and what follows from one on a shared and on an own number."""

from __future__ import annotations

import itertools
import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.conversation.directory import Directory
from actors.conversation.routing import (
    FOLLOWS,
    By,
    Closed,
    Enter,
    Link,
    LinkDead,
    LinkElsewhere,
    Lost,
    Route,
    Stay,
    Way,
    parse_link,
    route,
)
from actors.conversation.state import Vertical
from config import Channel, Secret, Settings, Tenant

IDS = st.integers(min_value=1, max_value=2**31 - 1)
DIGITS = {kind: str.maketrans("0123456789", kind) for kind in ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")}
SPACES = st.text(alphabet=" \t\n\u00a0", max_size=4)


LETTERS = string.ascii_lowercase
SLUGS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(LETTERS + string.digits),
        st.sampled_from(LETTERS + "-"),
        st.text(alphabet=LETTERS + string.digits + "-", max_size=20),
    ),
)
VERTICALS = ("realty", "expo", "support")


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Link]:
    """Return a link as a person may send it, and what it is: any case, any digits, blanks around it."""
    number = draw(IDS)
    digits = DIGITS[draw(st.sampled_from(sorted(DIGITS)))]
    vertical = draw(st.sampled_from(("", *VERTICALS)))
    slug = draw(st.none() | SLUGS) if vertical else None
    words = f"start_{vertical}_" if vertical else "tenant_"
    words += slug or str(number).translate(digits)
    cased = "".join(draw(st.sampled_from((char.lower(), char.upper()))) for char in words)
    return draw(SPACES) + cased + draw(SPACES), Link(slug or number, msgspec.convert(vertical, Vertical))


@given(written())
def test_any_case_any_digits_and_surrounding_spaces_make_a_link(given: tuple[str, Link]) -> None:
    text, link = given
    assert parse_link(text) == link


def reads_as_a_link(text: str) -> bool:
    """Tell, another way than by a pattern, whether a text is a link."""
    words = text.strip().lower().split("_")
    tenant, kind = words[-1], words[:-1]
    digits = "".join(str(int(char)) if char in "".join(DIGITS) else char for char in tenant)
    number = digits.isascii() and digits.isdecimal()
    if number and (digits.startswith("0") or int(digits) >= 2**31):
        return False
    slug = 2 <= len(tenant) <= 63 and not tenant.startswith("-") and not number
    slug = slug and all(char in "-" + string.ascii_lowercase + string.digits for char in digits)
    return (kind == ["tenant"] and number) or (
        len(kind) == 2 and kind[0] == "start" and kind[1] in VERTICALS and (number or slug)
    )


@given(written(), st.text(min_size=1, max_size=5), st.integers(min_value=0, max_value=40))
def test_whatever_is_put_into_a_link_is_ordinary_text_unless_it_is_exactly_a_link_again(
    given: tuple[str, Link], text: str, place: int
) -> None:
    changed = given[0][:place] + text + given[0][place:]
    if parse_link(changed) is not None:
        assert reads_as_a_link(changed)


WORDS = st.sampled_from(
    (
        "start",
        "tenant",
        "realty",
        "expo",
        "support",
        "_",
        " ",
        "-",
        "5",
        "۵",
        "palm",
        "restart",
        "please",
        "TENANT_5",
    )
)


@given(st.lists(WORDS, max_size=8).map("".join) | st.text(max_size=60))
def test_no_text_that_is_not_exactly_a_link_routes(text: str) -> None:
    assert (parse_link(text) is not None) == reads_as_a_link(text)


@given(written(), st.text(alphabet=string.ascii_letters, min_size=1), st.booleans())
def test_a_link_among_words_is_words(given: tuple[str, Link], word: str, before: bool) -> None:
    text = given[0].strip()
    assert parse_link(f"{word} {text}" if before else f"{text} {word}") is None


@given(st.integers(min_value=2**31, max_value=10**40) | st.just(0) | st.integers(max_value=-1))
def test_numbers_out_of_range_are_no_link(number: int) -> None:
    assert parse_link(f"TENANT_{number}") is None
    if number >= 0:
        assert parse_link(f"start_realty_{number}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TENANT_",
        "TENANT",
        "TENANT5",
        "TENANT 5",
        "TENANT-5",
        "TENANT__5",
        "TENANT_ 5",
        "TENANT_5_",
        "TENANT_0",
        "TENANT_05",
        "TENANT_+5",
        "TENANT_5.0",
        "TENANT_1_000",
        "TENANT_22abc",
        "xTENANT_5",
        "my TENANT_5",
        "TENANT_5 please",
        "TENANT_5\nTENANT_6",
        "TENANT_\n5",
        "TEN\nANT_5",
        "TENANT_5\x00",
        "TENANT_²",
        "TENANT_५",
        "TENANT_５",
        "TENANT＿5",
        "ᴛENANT_5",
        "ТENANT_5",
        "tenants_5",
        "please restart realty 5 times",
        "help me find property",
        "restart_realty_5",
        "start realty 5",
        "start_realty",
        "start_realty_",
        "start_realty_5 times",
        "please start_realty_5",
        "start_menu_5",
        "start_realty_05",
        "start_realty_-palm",
        "start_realty_p",
        "start_realty_palm_2",
        "start_realty_палм",
        "start_rеalty_5",
        "TENANT_2147483648",
        "TENANT_99999999999999999999",
    ],
)
def test_lookalikes_are_ordinary_text(text: str) -> None:
    assert parse_link(text) is None


def test_the_largest_id_is_a_link() -> None:
    assert parse_link("TENANT_2147483647") == Link(2147483647)


SHARED, OWN, CLOSED_OWN = "meta:1", "meta:2", "meta:3"
TYPED: tuple[By, ...] = ("link", "code")
ANY: tuple[By, ...] = (*TYPED, "ad")


def settings() -> Settings:
    def channel(number: str, tenant: str | None = None) -> Channel:
        secret = Secret(string.ascii_letters)
        return Channel(
            provider="meta",
            id=number,
            tenant=tenant,
            app_secret=(secret,),
            verify_token=secret,
            access_token=secret,
        )

    return Settings(
        data_dir=Path("unused"),
        tenants=(
            Tenant(id=2, slug="marina-homes", name="Marina Homes"),
            Tenant(id=5, slug="palm", name="Palm"),
            Tenant(id=9, slug="gone", name="Gone", status="suspended"),
        ),
        channels=(channel("1"), channel("2", "marina-homes"), channel("3", "gone")),
    )


DIRECTORY = Directory(settings())
MARINA, PALM, GONE = (DIRECTORY.tenant(number) for number in (2, 5, 9))
assert MARINA
assert PALM
assert GONE


def opened(by: By, tenant: int | str) -> Way:
    return Way(tenant=tenant, by=by)


@pytest.mark.parametrize(
    ("channel", "active", "way", "leads_to"),
    [
        (SHARED, 0, None, Lost()),
        (SHARED, 2, None, Stay(MARINA)),
        (SHARED, 9, None, Closed(GONE)),
        (SHARED, 77, None, Lost()),  # its tenant has left the settings
        (OWN, 0, None, Stay(MARINA)),
        (OWN, 5, None, Stay(MARINA)),  # the number decides, not what the state says
        (CLOSED_OWN, 0, None, Closed(GONE)),
        *((SHARED, 0, opened(by, 2), Enter(MARINA, by)) for by in ANY),
        *((SHARED, 5, opened(by, 2), Enter(MARINA, by)) for by in ANY),
        *((SHARED, 9, opened(by, 2), Enter(MARINA, by)) for by in ANY),
        *((SHARED, 2, opened(by, 2), Stay(MARINA)) for by in ANY),
        *((OWN, 0, opened(by, 2), Stay(MARINA)) for by in ANY),
        *(("meta:unknown", 2, opened(by, 2), None) for by in ANY),
        *((CLOSED_OWN, 0, opened(by, tenant), Closed(GONE)) for by in ANY for tenant in (0, 2, 9)),
        *((SHARED, 0, opened(by, 9), LinkDead(GONE, None)) for by in TYPED),
        *((SHARED, 2, opened(by, 9), LinkDead(GONE, MARINA)) for by in TYPED),
        *((SHARED, 2, opened(by, 77), LinkDead(None, MARINA)) for by in TYPED),
        *((OWN, 0, opened(by, 5), LinkElsewhere(MARINA)) for by in TYPED),
        (OWN, 0, opened("link", 77), LinkElsewhere(MARINA)),
        (OWN, 0, opened("code", 0), LinkDead(None, MARINA)),  # expired: whose it was is not told
        (SHARED, 2, opened("code", 0), LinkDead(None, MARINA)),
        (SHARED, 0, opened("code", 0), LinkDead(None, None)),
        (SHARED, 5, opened("link", "marina-homes"), Enter(MARINA, "link")),
        (OWN, 0, opened("link", "marina-homes"), Stay(MARINA)),
        (OWN, 0, opened("link", "palm"), LinkElsewhere(MARINA)),
        (SHARED, 2, opened("link", "nobody"), LinkDead(None, MARINA)),
        (SHARED, 0, opened("ad", 0), Lost()),  # an advertisement that nobody knows says nothing
        (SHARED, 2, opened("ad", 0), Stay(MARINA)),
        (SHARED, 2, opened("ad", 9), Stay(MARINA)),
        (OWN, 0, opened("ad", 5), Stay(MARINA)),
        (OWN, 0, opened("ad", 0), Stay(MARINA)),
    ],
)
def test_where_a_message_leads(channel: str, active: int, way: Way | None, leads_to: Route | None) -> None:
    assert route(DIRECTORY, channel, active, way) == leads_to


def test_the_table_says_what_follows_in_each_case() -> None:
    places = itertools.product(("own", "shared"), ANY, ("here", "away", "nowhere"))
    assert set(FOLLOWS) == set(places)


def test_a_directory_without_settings_knows_nothing() -> None:
    assert Directory().statistics() == {"tenants": 0, "channels": 0}
    assert DIRECTORY.statistics() == {"tenants": 3, "channels": 3}
