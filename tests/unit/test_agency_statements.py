"""The agency's statements: each names its tenant, and each is used."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import sql
from actors.agency.places import neighbours_of, places
from actors.agency.relaxing import round_down, round_up

#: Those that run outside of a tenant's door: the mirror of the settings, the door itself, and what leads to a tenant.
OUTSIDE = {
    *("disable_channels", "disable_tenants", "upsert_channels", "upsert_tenants", "record_routing_decision"),
    *("enter_tenant", "leave_tenant", "ensure_tenant_role", "tenant_role_standing", "tenant_is_known"),
    *("find_route", "upsert_locations", "begin_snapshot"),
    *("conversation_address", "operator_wrote_at"),
    *("find_route", "upsert_locations", "begin_snapshot", "conversation_owners", "tenant_conversations"),
    "tenant_of_slug",
    *("find_upload", "keep_upload", "forget_upload", "forget_old_uploads"),
}
NAMES = sorted(
    path.name.removesuffix(".sql")
    for path in files(sql).iterdir()
    if path.name.endswith(".sql") and not path.name[:4].isdigit()
)
SOURCES = "\n".join(path.read_text() for path in Path(str(files("actors"))).rglob("*.py"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OUTSIDE])
def test_a_statement_within_the_door_names_its_tenant_by_itself(name: str) -> None:
    text = sql.statement(name)
    assert re.search(r"tenant_id = \$1|\(tenant_id,[^)]*\)\s*(values \(|select )\$1", text), text


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_is_used(name: str) -> None:
    assert f'"{name}"' in SOURCES


def test_places_have_names_in_four_languages_and_neighbours_that_are_places_and_neighbours_too() -> None:
    for key, place in places().items():
        assert set(place.names) == {"en", "fa", "ar", "ru"}, key
        assert place.neighbours, key
        assert all(key in places()[other].neighbours for other in place.neighbours), key
    assert neighbours_of(("deira", "nowhere")) == ("creek-harbour",)
    assert "jbr" not in neighbours_of(("dubai-marina", "jbr"))


@given(st.integers(1, 10**12))
def test_offers_are_round_and_never_miss_the_price_that_they_are_for(price: int) -> None:
    assert round_down(price) <= price <= round_up(price)
    assert round_up(round_up(price)) == round_up(price)
    assert round_up(price) - price < max(5_000, price // 3)
