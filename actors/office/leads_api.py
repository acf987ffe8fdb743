"""The routes of leads: list, look, export, and say how one ended. The same words as `majlis leads`, for programs.

A token of one tenant means that tenant's leads; one of all tenants names the tenant in the query. A lead of another
tenant is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from actors.agency import exporting, leads, staff
from actors.agency.leads import Lead, LeadEvent, Place
from actors.agency.scoring import Stage
from actors.agency.tenancy import TenantTransaction, tenant_transaction
from actors.sql import statement
from runtime import Call, File, NotThere, Route, RouteFault

READ, WRITE = "leads:read", "leads:write"
EXPORTED_MOST: Final = 10_000
"""Leads of one export: it is made in memory. `majlis leads export` has no such bound."""
_CSV = "text/csv; charset=utf-8"
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1
_TENANT = "slug of the tenant; only for a token of all tenants, which must name one"
_FILTERS: Mapping[str, str] = {
    "tenant": _TENANT,
    "stage": f"only those of this stage: {', '.join(get_args(Stage))}",
    "score": "only those of this score or more, 0 to 100",
}
Key = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$")]


class Leads(msgspec.Struct, frozen=True):
    """A page of leads, the highest score first; give `after` for the next one, "" says that this is the last."""

    leads: Sequence[Lead]
    after: str = ""


class LeadStory(msgspec.Struct, frozen=True):
    """A lead and what happened to it, oldest first; of more than 200 events the newest."""

    lead: Lead
    events: Sequence[LeadEvent]


class EndAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a lead ended. The same key again for the same end changes nothing."""

    stage: Literal["won", "lost"]
    key: Key


def table() -> Sequence[Route]:
    """Return the routes."""
    page = {**_FILTERS, "after": "as the page before said", "limit": f"leads of a page, at most {leads.PAGE}"}
    one = {"tenant": _TENANT}
    return (
        Route("GET", "/leads", READ, "List leads, the highest score first", _list, Leads, query=page),
        Route(
            "GET",
            "/leads.csv",
            READ,
            f"Export at most {EXPORTED_MOST:,} leads as CSV, all of it as of one moment; no cell is a formula",
            _export,
            File,
            query={**_FILTERS, "bom": "true: begin with what tells a spreadsheet that this is UTF-8"},
            produces=_CSV,
        ),
        Route(
            "GET",
            "/leads/{lead}",
            READ,
            "Look at a lead and what happened to it",
            _show,
            LeadStory,
            query=one,
        ),
        Route(
            "POST",
            "/leads/{lead}/stage",
            WRITE,
            "Say that a lead was won or lost",
            _end,
            Lead,
            EndAsked,
            query=one,
        ),
    )


async def _list(call: Call) -> Leads:
    stage, at_least = _filters(call)
    limit = _number(call, "limit", leads.PAGE, 1, leads.PAGE)
    after = _place(call.query.get("after", ""))
    async with _agency(call) as tx:
        page = await leads.leads(tx, stage=stage, at_least=at_least, after=after, limit=limit)
    return Leads(page, _written(Place.of(page[-1])) if len(page) == limit else "")


async def _export(call: Call) -> File:
    stage, at_least = _filters(call)
    bom = call.query.get("bom", "false")
    if bom not in {"true", "false"}:
        raise RouteFault(422, "bom is true or false")
    lines = [exporting.header(bom=bom == "true")]
    async with _agency(call, snapshot=True) as tx:
        async for lead in leads.all_leads(tx, stage=stage, at_least=at_least):
            if len(lines) > EXPORTED_MOST:
                raise RouteFault(
                    409, f"there are more than {EXPORTED_MOST:,}: narrow it, or use majlis leads export"
                )
            lines.append(exporting.row(lead))
    return File("".join(lines).encode(), "leads.csv")


async def _show(call: Call) -> LeadStory:
    number = _lead(call)
    async with _agency(call) as tx:
        lead = _there(await leads.lead(tx, number))
        return LeadStory(lead, await leads.events(tx, number))


async def _end(call: Call) -> Lead:
    number, asked = _lead(call), call.body
    async with _agency(call) as tx:
        before = _there(await leads.lead(tx, number))
        await leads.note(
            tx, number, [asked.stage], f"operator:{asked.key}", datetime.now(UTC), {"by": call.by}
        )
        after = _there(await leads.lead(tx, number))
        if after != before:
            await staff.audit(tx, f"api:{call.by}", "stage", f"lead {number}", {"stage": asked.stage})
    return after


@asynccontextmanager
async def _agency(call: Call, *, snapshot: bool = False) -> AsyncIterator[TenantTransaction]:
    """Open a transaction of the tenant that a call is about. Raises NotThere where the caller may not know of it."""
    named = call.query.get("tenant", call.tenant)
    if named is None:
        raise RouteFault(422, "a token of all tenants needs ?tenant=")
    if call.tenant not in {None, named}:
        raise NotThere
    async with call.postgres() as transaction:
        if snapshot:
            await transaction.execute(statement("begin_snapshot"))
        rows = await transaction.fetch(statement("tenant_of_slug"), named)
        if not rows:
            raise NotThere
        async with tenant_transaction(transaction, msgspec.convert(rows[0]["id"], int)) as tx:
            yield tx


def _there(lead: Lead | None) -> Lead:
    if lead is None:
        raise NotThere
    return lead


def _lead(call: Call) -> int:
    digits = call.path["lead"]
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 20) or int(digits) > _LARGEST:
        raise NotThere
    return int(digits)


def _filters(call: Call) -> tuple[Stage | None, int]:
    """Return the stage and the least score that are asked for. Raises RouteFault."""
    stage = call.query.get("stage")
    if stage is not None and stage not in get_args(Stage):
        raise RouteFault(422, f"stage is one of {', '.join(get_args(Stage))}")
    return msgspec.convert(stage, Stage | None), _number(call, "score", 0, 0, 100)


def _number(call: Call, name: str, otherwise: int, least: int, most: int) -> int:
    digits = call.query.get(name, str(otherwise))
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10) or not least <= int(digits) <= most:
        raise RouteFault(422, f"{name} is a number from {least} to {most}")
    return int(digits)


def _written(place: Place) -> str:
    """Return a place in a list as a word that needs no quoting in a URL."""
    return f"{place.score}-{(place.updated_at - _BEGIN) // timedelta(microseconds=1)}-{place.id}"


def _place(word: str) -> Place | None:
    """Return what `_written` wrote; None for "". Raises RouteFault."""
    if not word:
        return None
    parts = word.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise RouteFault(422, "after is what the page before said")
    score, micros, number = map(int, parts)
    if score > 100 or micros > 10**17:
        raise RouteFault(422, "after is what the page before said")
    return Place(score, _BEGIN + timedelta(microseconds=micros), number)
