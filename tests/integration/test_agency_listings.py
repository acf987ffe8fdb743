"""Listings by a wish: only what may be shown, the best first, others the next time, and offers where nothing fits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import msgspec
import pytest

from actors.agency import leads, listings
from actors.agency.listings import Found, Shelf
from actors.agency.relaxing import (
    AnyPlace,
    LowerBudget,
    OtherBedrooms,
    OtherKind,
    OtherPlace,
    RaiseBudget,
    relaxed,
)
from actors.agency.tenancy import tenant_transaction
from actors.agency.terms import Span, Wish
from actors.sql import statement
from tests.integration.agency import NOW, SHELF, Agencies, open_agencies

FLAT = Wish(
    deal="buy",
    category="residential",
    kind="apartment",
    budget=Span(None, 2_000_000),
    places=("dubai-marina",),
    bedrooms=Span(2, 2),
)


@pytest.fixture
async def agencies(postgres_dsn: str) -> AsyncIterator[Agencies]:
    async with open_agencies(postgres_dsn) as found:
        yield found


async def find(agencies: Agencies, wish: Wish, shelf: Shelf = SHELF, **more: int) -> Found:
    async with agencies.at() as tx:
        return await listings.find(tx, wish, shelf, **more)


def names(found: Found) -> list[str]:
    return [listing.reference for listing in found.listings]


async def test_each_part_of_a_wish_rules_out_and_its_ends_are_included(agencies: Agencies) -> None:
    await agencies.property("fits")
    await agencies.property("dear", price=2_000_001)
    await agencies.property("elsewhere", place="jbr")
    await agencies.property("small", bedrooms=1)
    await agencies.property("unknown", bedrooms=None)
    await agencies.property("villa", kind="villa")
    await agencies.property("rent", deal="rent", price=100_000)
    await agencies.property("office", category="commercial", kind="office")
    await agencies.property("gone", status="gone")
    await agencies.property("theirs", tenant=2)
    assert names(await find(agencies, FLAT)) == ["fits"]
    all_of_them = await find(agencies, Wish(), limit=50)
    assert sorted(names(all_of_them)) == sorted(
        ["fits", "dear", "elsewhere", "small", "unknown", "villa", "rent", "office"]
    )


async def test_without_a_permit_that_is_valid_today_nothing_is_shown_where_the_agency_needs_one(
    agencies: Agencies,
) -> None:
    await agencies.property("last day", permit_expires=SHELF.today)
    expired = await agencies.property("expired", permit_expires=date(2026, 11, 29))
    await agencies.property("none", permit_number=None, permit_expires=None)
    assert names(await find(agencies, FLAT)) == ["last day"]
    easy = msgspec.structs.replace(SHELF, permits=False)
    assert sorted(names(await find(agencies, FLAT, easy))) == ["expired", "last day", "none"]
    async with agencies.at() as tx:
        assert await listings.look_up(tx, expired, SHELF) is None
        assert await listings.picture(tx, expired, SHELF) is None
        assert await listings.look_up(tx, expired, easy) is not None


async def test_the_order_is_by_points_then_price(agencies: Agencies) -> None:
    await agencies.property("plain")
    await agencies.property("pool", features=["pool"])
    await agencies.property("pool and gym", features=["gym", "pool"])
    await agencies.property("high yield", yield_bp=900)
    await agencies.property("visa", visa_years=10)
    wish = msgspec.structs.replace(FLAT, budget=None)
    sporty = msgspec.structs.replace(wish, amenities=frozenset({"pool", "gym"}))
    assert names(await find(agencies, sporty, limit=2)) == ["pool and gym", "pool"]
    assert names(await find(agencies, msgspec.structs.replace(wish, goal="investment"), limit=1)) == [
        "high yield"
    ]
    assert names(await find(agencies, msgspec.structs.replace(wish, goal="residency"), limit=1)) == ["visa"]
    await agencies.property("cheap", price=1_000_000)
    await agencies.property("cheaper", price=990_000)
    assert names(await find(agencies, wish, limit=2)) == ["cheaper", "cheap"]


async def test_points_are_as_the_table_says(agencies: Agencies) -> None:
    await agencies.property("a", price=1_500_000, features=["pool"], yield_bp=500, area_sqm=90)
    wish = msgspec.structs.replace(FLAT, goal="investment", amenities=frozenset({"pool", "gym"}))
    (found,) = (await find(agencies, wish)).listings
    assert found.score == 20 + 15 + 5 + 5  # one of two amenities, half of 10 %, a quarter below, the area


async def test_what_was_shown_is_not_shown_again_until_it_is_forgotten(agencies: Agencies) -> None:
    for number in range(5):
        await agencies.property(f"p{number}", price=1_000_000 + number)
    seen: list[list[str]] = []
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        other = await leads.ensure(tx, "boris", "c2", NOW)
        for _ in range(3):
            found = await listings.find(tx, FLAT, SHELF, lead=lead, limit=2)
            await listings.remember(tx, lead, found.listings, NOW)
            seen.append(names(found))
        assert seen == [["p0", "p1"], ["p2", "p3"], ["p4"]]
        assert names(await listings.find(tx, FLAT, SHELF, lead=lead)) == []
        assert len(names(await listings.find(tx, FLAT, SHELF, lead=other))) == 3
        await listings.forget(tx, lead)
        assert names(await listings.find(tx, FLAT, SHELF, lead=lead, limit=1)) == ["p0"]


async def test_where_nothing_fits_the_nearest_changes_are_offered_with_what_they_bring(
    agencies: Agencies,
) -> None:
    await agencies.property("dear", price=2_120_000)
    await agencies.property("dear, too", price=2_190_000)
    await agencies.property("far too dear", price=9_000_000)
    await agencies.property("beside", place="jbr")
    await agencies.property("small", bedrooms=1)
    await agencies.property("large", bedrooms=3)
    await agencies.property("penthouse", kind="penthouse")
    await agencies.property("villa 1", kind="villa")
    await agencies.property("villa 2", kind="villa")
    await agencies.property("expired", place="jbr", permit_expires=date(2026, 1, 1))
    wish = msgspec.structs.replace(FLAT, budget=Span(None, 2_050_000))
    found = await find(agencies, wish)
    assert not found.listings
    assert found.relaxations == [
        RaiseBudget(2_200_000, 2),
        OtherPlace("jbr", 1),
        OtherBedrooms(1, 1),
        OtherBedrooms(3, 1),
        OtherKind("villa", 2),
        OtherKind("penthouse", 1),
    ]
    for offer in found.relaxations:  # each offer keeps its word
        assert len(names(await find(agencies, relaxed(wish, offer), limit=50))) == offer.count, offer


async def test_a_floor_is_lowered_and_the_place_given_up_where_no_neighbour_has_anything(
    agencies: Agencies,
) -> None:
    await agencies.property("cheap", price=1_480_000)
    found = await find(agencies, msgspec.structs.replace(FLAT, budget=Span(1_900_000, 2_000_000)))
    assert found.relaxations == [LowerBudget(1_450_000, 1)]
    await agencies.property("far", place="deira", bedrooms=4)
    found = await find(agencies, msgspec.structs.replace(FLAT, bedrooms=Span(4, 4)))
    assert found.relaxations == [AnyPlace(1)]


@pytest.mark.parametrize("budget", [Span(0, 0), Span(10**30, 10**40), Span(3, 2)])
async def test_odd_numbers_of_people_find_nothing_and_harm_nothing(agencies: Agencies, budget: Span) -> None:
    await agencies.property("a")
    odd = msgspec.structs.replace(FLAT, budget=budget, bedrooms=Span(budget.low, budget.high))
    assert not (await find(agencies, odd)).listings


async def test_no_offer_is_made_that_would_bring_nothing(agencies: Agencies) -> None:
    assert (await find(agencies, FLAT)) == Found((), [])


async def test_a_search_among_five_thousand_goes_by_an_index(agencies: Agencies) -> None:
    await agencies.run(
        "insert into properties (tenant_id, reference, title, deal, category, kind, place, price, bedrooms, "
        "permit_number, permit_expires) "
        "select 1 + n % 2, n, '{}', 'buy', 'residential', 'apartment', place.key, 500000 + n, 2, '7100', '2099-01-01' "
        "from generate_series(1, 10000) n "
        "join (select key, row_number() over () - 1 as place from locations) place on place.place = n / 2 % 16"
    )
    await agencies.run("analyze properties")
    terms = (1, *listings._terms(FLAT, SHELF, None), ["pool"], "living", 3)
    async with agencies.pool.transaction() as transaction, tenant_transaction(transaction, 1):
        plan = await transaction.fetch(f"explain {statement('find_listings')}", *terms)
    told = "\n".join(str(row[0]) for row in plan)
    assert re.search(r"(using|on) properties_(by_place|on_offer)", told), told
    assert "Seq Scan on properties" not in told
    assert names(await find(agencies, FLAT, limit=1))
