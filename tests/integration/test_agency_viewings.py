"""Viewings on a real database: a thousand people race for ten times, and each is answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import trio

from actors.agency import leads, viewings
from actors.agency.viewings import Booked, NotFree, TooMany
from tests.integration.agency import DIARY, NOW, Agencies, open_agencies

NINE = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)  # Tuesday 09:00 in Dubai
HOUR = timedelta(hours=1)


@pytest.fixture
async def agencies(postgres_dsn: str) -> AsyncIterator[Agencies]:
    async with open_agencies(postgres_dsn, size=12) as found:
        yield found


async def test_a_thousand_race_for_ten_times_and_ten_are_booked(agencies: Agencies) -> None:
    for name in ("Sara", "Omar"):
        await agencies.hours(await agencies.operator(name), 2, "09:00", "14:00")
    horizon = viewings.Diary(DIARY.zone, DIARY.length, DIARY.notice, timedelta(days=7))
    house = await agencies.property("A-1")
    answers: Counter[str] = Counter()

    async def person(number: int) -> None:
        """Ask for a time; who is too late asks for what was offered instead, until there is nothing."""
        wanted = NINE + number % 5 * HOUR
        for attempt in range(20):
            async with agencies.at() as tx:
                lead = await leads.ensure(tx, f"person {number}", f"c{number}", NOW)
                answer = await viewings.book(
                    tx,
                    horizon,
                    lead=lead,
                    property=house,
                    starts=wanted,
                    cause=f"m{number}/{attempt}",
                    now=NOW,
                )
            assert not isinstance(answer, TooMany)
            if isinstance(answer, Booked):
                answers["booked"] += 1
                return
            if not answer.others:
                answers["told that all is gone"] += 1
                return
            wanted = answer.others[number % len(answer.others)].starts
            answers["asked again"] += 1

    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            for number in range(1000):
                nursery.start_soon(person, number)
    assert answers["booked"] == 10
    assert answers["told that all is gone"] == 990
    rows = await agencies.run("select operator_id, lower(during) from appointments where status = 'booked'")
    assert len(rows) == len({tuple(row) for row in rows}) == 10
    scores = await agencies.run("select count(*) from leads where stage = 'viewing' and score = 20")
    assert scores[0][0] == 10


async def test_the_database_itself_excludes_that_an_operator_is_in_two_places(agencies: Agencies) -> None:
    operator = await agencies.operator()
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
    sql = (
        "insert into appointments (tenant_id, operator_id, lead_id, during, cause, created_at, status) "
        "values (1, $1, $2, tstzrange($3, $4), 'test', $3, $5)"
    )
    await agencies.run(sql, operator, lead, NINE, NINE + HOUR, "cancelled")
    await agencies.run(sql, operator, lead, NINE, NINE + HOUR, "booked")
    await agencies.run(sql, operator, lead, NINE + HOUR, NINE + 2 * HOUR, "booked")
    with pytest.raises(asyncpg.ExclusionViolationError, match="nobody_is_booked_twice"):
        await agencies.run(sql, operator, lead, NINE + HOUR / 2, NINE + 2 * HOUR, "confirmed")


async def test_a_time_outside_of_the_hours_is_never_booked(agencies: Agencies) -> None:
    await agencies.hours(await agencies.operator(), 2, "09:00", "11:00")
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        for odd in (NINE - HOUR, NINE + HOUR / 2, NINE + 2 * HOUR, NOW, NINE + timedelta(days=28)):
            answer = await viewings.book(tx, DIARY, lead=lead, property=None, starts=odd, cause="m1", now=NOW)
            assert isinstance(answer, NotFree)
            assert [slot.starts for slot in answer.others][:2] == [NINE, NINE + HOUR]


async def test_a_second_operator_takes_the_same_time_and_the_third_person_gets_others(
    agencies: Agencies,
) -> None:
    for name in ("Sara", "Omar"):
        await agencies.hours(await agencies.operator(name), 2, "09:00", "10:00")
    answers = []
    async with agencies.at() as tx:
        for name in ("anna", "boris", "cyrus"):
            lead = await leads.ensure(tx, name, name, NOW)
            answers.append(
                await viewings.book(tx, DIARY, lead=lead, property=None, starts=NINE, cause="m", now=NOW)
            )
    first, second, third = answers
    assert isinstance(first, Booked)
    assert isinstance(second, Booked)
    assert {first.viewing.operator_name, second.viewing.operator_name} == {"Sara", "Omar"}
    assert isinstance(third, NotFree)
    assert [slot.starts for slot in third.others] == [NINE + timedelta(days=7)] * 1


async def test_the_same_wish_twice_is_one_viewing_and_one_lead_event(agencies: Agencies) -> None:
    await agencies.hours(await agencies.operator(), 2, "09:00", "11:00")
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        twice = [
            await viewings.book(tx, DIARY, lead=lead, property=None, starts=NINE, cause=cause, now=NOW)
            for cause in ("m1", "m2")
        ]
        assert twice[0] == twice[1]
        assert [event.kind for event in await leads.events(tx, lead)] == ["viewing_booked"]


async def test_a_viewing_is_moved_or_stays_and_a_cancelled_time_is_free_again(agencies: Agencies) -> None:
    await agencies.hours(await agencies.operator(), 2, "09:00", "11:00")
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        other = await leads.ensure(tx, "boris", "c2", NOW)
        booked = await viewings.book(tx, DIARY, lead=lead, property=None, starts=NINE, cause="m1", now=NOW)
        assert isinstance(booked, Booked)
        moved = await viewings.move(tx, DIARY, booked.viewing, starts=NINE + HOUR, cause="m2", now=NOW)
        assert isinstance(moved, Booked)
        assert [one.starts for one in await viewings.upcoming(tx, lead, NOW)] == [NINE + HOUR]
        theirs = await viewings.book(tx, DIARY, lead=other, property=None, starts=NINE, cause="m3", now=NOW)
        assert isinstance(theirs, Booked)
        stays = await viewings.move(tx, DIARY, moved.viewing, starts=NINE, cause="m4", now=NOW)
        assert isinstance(stays, NotFree)
        assert [one.starts for one in await viewings.upcoming(tx, lead, NOW)] == [NINE + HOUR]
        cancelled = [
            await viewings.cancel(tx, moved.viewing.id, lead=lead, cause="m5", now=NOW) for _ in range(2)
        ]
        assert cancelled == [True, False]
        assert not await viewings.cancel(tx, theirs.viewing.id, lead=lead, cause="m6", now=NOW)
        assert (await viewings.free(tx, DIARY, NOW, limit=1))[0].starts == NINE + HOUR
        stands = await leads.lead(tx, lead)
        assert stands is not None
        assert (stands.stage, stands.score) == ("engaged", 10)


async def test_one_lead_cannot_book_an_agency_out(agencies: Agencies) -> None:
    await agencies.hours(await agencies.operator(), 2, "09:00", "18:00")
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        answers = [
            await viewings.book(
                tx, DIARY, lead=lead, property=None, starts=NINE + n * HOUR, cause=f"m{n}", now=NOW
            )
            for n in range(viewings.MOST_AHEAD + 1)
        ]
    assert [type(answer) for answer in answers] == [Booked, Booked, Booked, TooMany]


async def test_on_a_closed_day_nothing_is_free_or_booked(agencies: Agencies) -> None:
    await agencies.hours(await agencies.operator(), 2, "09:00", "10:00")
    await agencies.run(
        "insert into closures (tenant_id, first_day, last_day) values (1, '2026-12-01', '2026-12-01'), "
        "(2, '2026-12-08', '2026-12-08')"
    )
    async with agencies.at() as tx:
        lead = await leads.ensure(tx, "anna", "c1", NOW)
        answer = await viewings.book(tx, DIARY, lead=lead, property=None, starts=NINE, cause="m", now=NOW)
    assert isinstance(answer, NotFree)
    assert [slot.starts for slot in answer.others] == [NINE + timedelta(days=7)]
