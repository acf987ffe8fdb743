"""Requests with numbers, exhibitions, people to hand over to, and the record of what was done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import trio

from actors.agency import demo, expo, leads, staff, support
from actors.agency.importing import HoursRow, store_availability
from tests.integration.agency import NOW, Agencies, open_agencies

DAY = timedelta(days=1)


@pytest.fixture
async def agencies(postgres_dsn: str) -> AsyncIterator[Agencies]:
    async with open_agencies(postgres_dsn, size=8) as found:
        yield found


async def test_requests_of_a_tenant_are_numbered_without_gaps_whoever_asks_at_once(
    agencies: Agencies,
) -> None:
    async def ask(tenant: int, number: int) -> None:
        async with agencies.at(tenant) as tx:
            lead = await leads.ensure(tx, f"p{number}", "c", NOW)
            first = await support.ask(tx, lead, "rent", "The tap drips", f"m{number}", NOW)
            again = await support.ask(tx, lead, "rent", "The tap drips", f"m{number}", NOW)
            assert first == again

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(ask, 1 + number % 2, number)
    for tenant in (1, 2):
        async with agencies.at(tenant) as tx:
            assert [one.number for one in await support.find(tx)] == list(range(10, 0, -1))


async def test_a_request_is_told_by_its_number_to_the_one_who_made_it_alone(agencies: Agencies) -> None:
    async with agencies.at() as tx:
        anna, boris = [await leads.ensure(tx, name, "c", NOW) for name in ("anna", "boris")]
        request = await support.ask(tx, anna, "rent", "x" * 5000, "m1", NOW)
        assert (request.name, request.status, len(request.words)) == ("S-0001", "open", support.LONGEST)
        assert await support.settle(tx, 1, "solved", NOW + DAY)
        assert not await support.settle(tx, 2, "solved", NOW + DAY)
        (known,) = await support.find(tx, lead=anna, number=support.parse_name("s-0001"))
        assert known.status == "solved"
        assert await support.find(tx, lead=boris, number=1) == []
    assert [support.parse_name(text) for text in ("S-0042", " s42 ", "42", "S-", "S-4x", "٤٢")] == [
        *(42, 42, 42),
        *(None, None, None),
    ]


async def test_an_exhibition_is_told_until_it_is_over_and_a_meeting_is_asked_for_once(
    agencies: Agencies,
) -> None:
    async with agencies.at() as tx:
        await expo.announce(tx, demo.expo("Palm Homes", NOW))
        (event,) = await expo.ahead(tx, NOW)
        assert event.title["fa"]
        assert await expo.ahead(tx, event.ends_at) == []
        lead = await leads.ensure(tx, "anna", "c", NOW)
        assert await expo.ask_meeting(tx, event, lead, "villas", "m1", NOW) == 1
        assert await expo.ask_meeting(tx, event, lead, "villas on the Palm", "m2", NOW) == 1
        boris = await leads.ensure(tx, "boris", "c", NOW)
        assert await expo.ask_meeting(tx, event, boris, "flats", "m3", NOW) == 2
        stands = await leads.lead(tx, lead)
        assert stands is not None
        assert stands.score == 10
    async with agencies.at(2) as tx:
        assert await expo.ahead(tx, NOW) == []
        await expo.announce(tx, demo.expo("Kish Homes", NOW))
        (theirs,) = await expo.ahead(tx, NOW)
        anna = await leads.ensure(tx, "anna", "c", NOW)
        assert await expo.ask_meeting(tx, theirs, anna, "flats", "m1", NOW) == 1  # each tenant counts its own


async def test_one_person_who_writes_to_two_numbers_of_an_agency_is_one_lead(agencies: Agencies) -> None:
    contact = leads.contact_of("wa_id:971501112233")
    async with agencies.at() as tx:
        first = await leads.ensure(tx, contact, "at-one-number", NOW)
        assert await leads.ensure(tx, contact, "at-the-other", NOW + DAY) == first
        assert (await leads.lead(tx, first)).conversation == "at-the-other"  # type: ignore[union-attr]
    async with agencies.at(2) as tx:
        assert await leads.ensure(tx, contact, "at-one-number", NOW) != first
    assert "971501112233" not in contact


async def test_handovers_go_to_those_who_can_be_reached_in_their_order(agencies: Agencies) -> None:
    hours = demo.hours("palm")
    late = [
        HoursRow(
            operator="Unreachable", weekday=1, starts=hours[0].starts, ends=hours[0].ends, handoff_order=1
        )
    ]
    async with agencies.at() as tx:
        await store_availability(tx, [*hours, *late])
        assert [one.name for one in await staff.handoff_contacts(tx)] == ["Layla", "Daniel", "Irina"]
        assert len(await staff.operators(tx)) == 4


async def test_what_was_done_is_kept_for_its_tenant(agencies: Agencies) -> None:
    async with agencies.at() as tx:
        await staff.audit(tx, "ann", "import", "properties", {"rows": 3})
        (deed,) = await staff.deeds(tx)
        assert (deed.who, deed.action, deed.what, deed.details) == (
            "ann",
            "import",
            "properties",
            {"rows": 3},
        )
    async with agencies.at(2) as tx:
        assert await staff.deeds(tx) == []


async def test_whatever_characters_people_send_are_stored_but_for_those_that_no_database_holds(
    agencies: Agencies,
) -> None:
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c", NOW)
        await leads.learn(tx, lead, NOW, name="Z\0oe \ud83d " + "x" * 500, email="\0")
        request = await support.ask(tx, lead, "rent", "a\0b 🏠 \udc00", "m1", NOW)
        stands = await leads.lead(tx, lead)
    assert stands is not None
    assert (stands.name or "").startswith("Zoe ? x")
    assert request.words == "ab 🏠 ?"
