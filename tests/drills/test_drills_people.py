"""Drills about people, clients and the provider hold, and find a broken promise where there is one.

Here run the quick forms of the two that say most: sends that are taken without an answer, texts at which the bot always
fails. The others, and all whole forms, are run by `majlis drill run`, which needs minutes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
import pytest
import trio

from actors.channels.fake_graph import Failure, Faults
from actors.drills.drill import Order, ServeDrill, perform
from actors.drills.people import PEOPLE
from actors.drills.provider import PROVIDER
from actors.drills.rehearsal import Rehearsal
from actors.drills.wishes import Wishes
from actors.simulate.people import encode_parcel
from runtime.drill.result import DrillResult
from runtime.testing import OPEN

ROOT = Path(__file__).parents[2]
DRILLS = {drill.name: drill for drill in (*PROVIDER, *PEOPLE)}


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Order:
    monkeypatch.setattr(sys, "argv", [str(ROOT / "actors" / "cli.py")])
    return Order(app="actors.estate:app", quick=True, seed=7, tell=lambda _: None)


def violated(result: DrillResult) -> dict[str, str]:
    return {one.name: f"{one.seen}: {one.note}" for one in result.invariants if one.status == "violated"}


def test_nine_drills_have_names_of_their_own_and_say_what_they_do() -> None:
    assert len(DRILLS) == len(PROVIDER) + len(PEOPLE) == 9
    assert all(drill.summary and drill.recovery <= 5.0 for drill in DRILLS.values())


@pytest.mark.parametrize("name", ["graph-drops-after-accept", "poison"])
async def test_every_promise_holds(name: str, order: Order) -> None:
    with trio.fail_after(180):
        result = await perform(DRILLS[name], order)
    assert violated(result) == {}
    assert result.verdict == "passed"
    assert result.figures["messages"] > 50


async def test_a_webhook_that_is_stored_though_it_should_be_refused_is_found(order: Order) -> None:
    flood = DRILLS["bad-signature-flood"]

    async def lets_one_in(rehearsal: Rehearsal) -> None:
        [parcel] = rehearsal.strangers.texts(rehearsal.strangers.person(), 1)
        assert await rehearsal.load.post(encode_parcel(parcel, int(time.time())), parcel.group) == "200"
        await flood.body(rehearsal)

    with trio.fail_after(180):
        result = await perform(msgspec.structs.replace(flood, body=lets_one_in), order)
    assert violated(result).keys() == {"stored though nobody signed it"}


async def test_a_send_that_is_doubled_though_a_receipt_should_have_told_is_found(order: Order) -> None:
    drops = DRILLS["graph-drops-after-accept"]

    async def without_receipts(rehearsal: Rehearsal) -> None:
        put = rehearsal.fake.put_faults
        rehearsal.fake.put_faults = lambda faults: put(  # type: ignore[method-assign]
            msgspec.structs.replace(faults, statuses=())
        )
        await drops.body(rehearsal)

    with trio.fail_after(180):
        result = await perform(msgspec.structs.replace(drops, body=without_receipts), order)
    assert violated(result).keys() == {"sent twice although a receipt told"}


async def test_who_may_wait_for_a_reply_may_not_be_refused_it(order: Order) -> None:
    async def refuses(rehearsal: Rehearsal) -> None:
        person = rehearsal.strangers.person()
        rehearsal.excused[person.wa_id] = OPEN
        rehearsal.fake.put_faults(Faults(failures=(Failure(code=131026, to=person.wa_id),)))
        await rehearsal.load.pour(rehearsal.strangers.texts(person, 1), 0)
        await rehearsal.over()

    with trio.fail_after(180):
        drill = ServeDrill(name="broken", summary="", body=refuses, recovery=1.0, wishes=Wishes(rate=40))
        result = await perform(drill, order)
    assert violated(result).keys() == {"acknowledged messages lost"}
