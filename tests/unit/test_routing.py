"""Deep links: which whole messages are one, and what follows from one on a shared and on an own number."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.conversation.directory import Directory
from actors.conversation.routing import (
    Closed,
    Enter,
    LinkDead,
    LinkElsewhere,
    Lost,
    Route,
    Stay,
    parse_link,
    route,
)
from config import Channel, Secret, Settings, Tenant

IDS = st.integers(min_value=1, max_value=2**31 - 1)
DIGITS = {kind: str.maketrans("0123456789", kind) for kind in ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")}
SPACES = st.text(alphabet=" \t\n\u00a0", max_size=4)


@given(
    tenant=IDS,
    digits=st.sampled_from(sorted(DIGITS)),
    upper=st.lists(st.booleans(), min_size=6, max_size=6),
    before=SPACES,
    after=SPACES,
)
def test_any_case_any_digits_and_surrounding_spaces_make_a_link(
    tenant: int, digits: str, upper: list[bool], before: str, after: str
) -> None:
    word = "".join(letter.upper() if big else letter for letter, big in zip("tenant", upper, strict=True))
    assert parse_link(f"{before}{word}_{str(tenant).translate(DIGITS[digits])}{after}") == tenant


@given(tenant=IDS, text=st.text(min_size=1, max_size=5), place=st.integers(min_value=0, max_value=17))
def test_whatever_is_put_into_a_link_makes_it_ordinary_text_or_another_id(
    tenant: int, text: str, place: int
) -> None:
    link = f"TENANT_{tenant}"
    place = min(place, len(link))
    changed = link[:place] + text + link[place:]
    found = parse_link(changed)
    assert found is None or changed.strip().upper().rpartition("_")[0] == "TENANT"
    if found not in (None, tenant):
        assert all(char.isdigit() for char in text)


@given(st.text())
def test_a_link_is_found_only_in_what_reads_as_one(text: str) -> None:
    if parse_link(text) is not None:
        word, _, number = text.strip().partition("_")
        assert word.upper() == "TENANT"
        assert number.isdecimal()


@given(st.integers(min_value=2**31, max_value=10**40) | st.just(0) | st.integers(max_value=-1))
def test_numbers_out_of_range_are_no_link(number: int) -> None:
    assert parse_link(f"TENANT_{number}") is None


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
        "TENANT_2147483648",
        "TENANT_99999999999999999999",
    ],
)
def test_lookalikes_are_ordinary_text(text: str) -> None:
    assert parse_link(text) is None


def test_the_largest_id_is_a_link() -> None:
    assert parse_link("TENANT_2147483647") == 2147483647


SHARED, OWN, CLOSED_OWN = "meta:1", "meta:2", "meta:3"


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


@pytest.mark.parametrize(
    ("channel", "active", "link", "leads_to"),
    [
        (SHARED, 0, None, Lost()),
        (SHARED, 2, None, Stay(MARINA)),
        (SHARED, 9, None, Closed(GONE)),
        (SHARED, 77, None, Lost()),  # its tenant has left the settings
        (SHARED, 0, 2, Enter(MARINA)),
        (SHARED, 5, 2, Enter(MARINA)),
        (SHARED, 9, 2, Enter(MARINA)),
        (SHARED, 2, 2, Stay(MARINA)),
        (SHARED, 0, 9, LinkDead(GONE, None)),
        (SHARED, 2, 9, LinkDead(GONE, MARINA)),
        (SHARED, 2, 77, LinkDead(None, MARINA)),
        (OWN, 0, None, Stay(MARINA)),
        (OWN, 0, 2, Stay(MARINA)),
        (OWN, 0, 5, LinkElsewhere(MARINA)),
        (OWN, 0, 77, LinkElsewhere(MARINA)),
        (OWN, 5, None, Stay(MARINA)),  # the number decides, not what the state says
        (CLOSED_OWN, 0, None, Closed(GONE)),
        (CLOSED_OWN, 0, 9, Closed(GONE)),
        (CLOSED_OWN, 0, 2, Closed(GONE)),
        ("meta:unknown", 2, 2, None),
    ],
)
def test_where_a_message_leads(channel: str, active: int, link: int | None, leads_to: Route | None) -> None:
    assert route(DIRECTORY, channel, active, link) == leads_to


def test_a_directory_without_settings_knows_nothing() -> None:
    assert Directory().statistics() == {"tenants": 0, "channels": 0}
    assert DIRECTORY.statistics() == {"tenants": 3, "channels": 3}
