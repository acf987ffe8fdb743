"""Leads over the API of a real server: found by filters, page by page, as CSV, and ended by an operator, once a key."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import httpx

from actors.agency import leads
from actors.agency.scoring import Kind
from actors.agency.tenancy import tenant_transaction
from actors.agency.terms import Span, Wish
from runtime import open_postgres_pool
from runtime.journal.ledger import postgres_of
from tests.integration.test_e2e_api import Caller, token
from tests.integration.world import World, open_world

NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
SCORED: tuple[Kind, ...] = ("named", "budget_told", "reachable")


async def fill(world: World, many: int) -> None:
    """Give Palm so many leads and Marina one; every third of Palm's has a score, and they are a second apart."""
    async with (
        open_postgres_pool(postgres_of(world.majlis.settings), name="test/fill", size=1) as pool,
        pool.transaction() as transaction,
    ):
        for tenant, number in ((1, many), (2, 1)):
            async with tenant_transaction(transaction, tenant) as tx:
                for place in range(number):
                    at = NOW + timedelta(
                        seconds=place // 2
                    )  # two at a time stand at the same place but for their id
                    lead = await leads.ensure(tx, f"c{place}", f"c{place}", at, source="link")
                    name = "=1+1" if place == 7 else f"Анна {place}"
                    wish = Wish(deal="buy", budget=Span(None, 2_000_000))
                    await leads.learn(tx, lead, at, name=name, phone="+971501234567", wish=wish)
                    if place % 3 == 0:
                        await leads.note(tx, lead, SCORED, "told", at)


async def test_leads_are_found_page_by_page_exported_and_ended() -> None:
    async with open_world() as world, httpx.AsyncClient(timeout=20) as client:
        await fill(world, 250)
        made = await token(world, "palm", "leads:read", "leads:write")
        palm = Caller(world, client, made["token"])
        marina = Caller(world, client, (await token(world, "marina", "leads:read", "leads:write"))["token"])

        seen: list[int] = []
        sizes: list[int] = []
        after = ""
        while True:
            page = (await palm.ask("GET", f"/leads?after={after}")).json()
            seen += [one["id"] for one in page["leads"]]
            sizes.append(len(page["leads"]))
            if not (after := page["after"]):
                break
        assert sizes == [100, 100, 50]
        assert len(set(seen)) == 250
        scored = (await palm.ask("GET", "/leads?score=22&limit=100&stage=engaged")).json()["leads"]
        assert [one["score"] for one in scored] == [22] * 84
        assert (await palm.ask("GET", "/leads?stage=won")).json() == {"leads": [], "after": ""}
        for wrong in (
            "stage=gone",
            "score=x",
            "score=101",
            "limit=0",
            "limit=101",
            "after=1-2",
            "after=1-2-x",
            "x=1",
        ):
            assert (await palm.ask("GET", f"/leads?{wrong}")).status_code == 422, wrong

        answer = await palm.ask("GET", "/leads.csv?bom=true")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
        assert answer.content.startswith(b"\xef\xbb\xbfid,")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert [int(row["id"]) for row in rows] == seen
        assert sum(row["name"] == "'=1+1" for row in rows) == 1
        assert {row["phone"] for row in rows} == {"'+971501234567"}
        assert len((await palm.ask("GET", "/leads.csv?score=22")).text.splitlines()) == 85
        assert (await palm.ask("GET", "/leads.csv?bom=1")).status_code == 422

        one = f"/leads/{seen[0]}"
        story = (await palm.ask("GET", one)).json()
        assert story["lead"]["id"] == seen[0]
        assert [event["kind"] for event in story["events"]] == list(SCORED)
        for _ in range(2):
            ended = await palm.ask("POST", f"{one}/stage", {"stage": "won", "key": "k1"})
            assert (ended.status_code, ended.json()["stage"]) == (200, "won")
        story = (await palm.ask("GET", one)).json()
        assert [(e["kind"], e["cause"], e["data"]) for e in story["events"][3:]] == [
            ("won", "operator:k1", {"by": "api"})
        ]
        lost = await palm.ask("POST", f"{one}/stage", {"stage": "lost", "key": "k2"})
        assert lost.json()["stage"] == "lost"
        audited = await world.rows("select tenant_id, who, action, details from audit_log order by id")
        assert [(row[0], row[1], row[2], json.loads(row[3])) for row in audited] == [
            (1, "api:api", "stage", {"stage": "won"}),
            (1, "api:api", "stage", {"stage": "lost"}),
        ]
        for body in ({"stage": "new", "key": "k"}, {"stage": "won"}, {"stage": "won", "key": ""}):
            assert (await palm.ask("POST", f"{one}/stage", body)).status_code == 422
        for number in ("0", "x", "9" * 30, "-1", "٣"):
            assert (await palm.ask("GET", f"/leads/{number}")).status_code == 404
        assert (await marina.ask("GET", one)).status_code == 404
        assert len((await marina.ask("GET", "/leads")).json()["leads"]) == 1
