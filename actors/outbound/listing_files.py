"""The shelf of an agency's listings: their pictures, which are in its tables, and their fact sheets, which are made.

Each look is one short transaction of the tenant that the name says; pages are drawn outside of it, in a thread. What may
not be shown now, for the listing has gone or its permit has expired, is not on the shelf, whenever it was promised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

import msgspec
import trio

from actors.agency import listings
from actors.agency.tenancy import TenantTransaction, tenant_transaction
from actors.outbound.fact_sheet import Sheet, digest_of, sheet_of
from actors.outbound.names import FactSheet, ListingPicture, parse
from actors.outbound.page import draw
from actors.outbound.shelf import File, Standing
from actors.sql import statement
from actors.wording.facts import facts_of
from actors.wording.texts import Wording
from config import Settings, Tenant
from runtime import ResourceUnavailable, Transaction

_PDF = "application/pdf"
_ENDINGS: Mapping[str, str] = {"image/jpeg": "jpg", "image/png": "png"}


class _Picture(msgspec.Struct, frozen=True):
    """A picture without its bytes."""

    mime: str
    digest: str


class _Made(msgspec.Struct, frozen=True):
    """A sheet before it is drawn."""

    sheet: Sheet
    digest: str
    filename: str
    picture: bytes


@dataclass(frozen=True)
class ShelfStatistics:
    """Pages that were drawn since the start."""

    drawn: int


class ListingFiles:
    """The files of all tenants of these settings; on it is nothing before it was lent the tables."""

    def __init__(self, wording: Wording, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._wording = wording
        self._now = now
        self._begin: Callable[[], AbstractAsyncContextManager[Transaction]] | None = None
        self._tenants: Mapping[int, Tenant] = {}
        self._drawing = trio.CapacityLimiter(1)  # one at a time: what draws holds the interpreter
        self._drawn = 0

    def lend(self, begin: Callable[[], AbstractAsyncContextManager[Transaction]]) -> None:
        """Take the way to open transactions."""
        self._begin = begin

    def configure(self, settings: Settings) -> None:
        """Take the tenants of these settings."""
        self._tenants = {tenant.id: tenant for tenant in settings.tenants}

    def statistics(self) -> ShelfStatistics:
        """Return what was made."""
        return ShelfStatistics(self._drawn)

    async def find(self, name: str, channel: str) -> Standing | None:
        """Return what is known of a file; None where it may not be shown now."""
        async with self._open() as transaction:
            found = await self._look(transaction, name, content=False)
            if found is None:
                return None
            rows = await transaction.fetch(statement("find_upload"), channel, found.digest, self._now())
        return Standing(found.digest, found.filename, str(rows[0][0]) if rows else "")

    async def take(self, name: str) -> File | None:
        """Return a file whole; a sheet is drawn now. None where it may not be shown now."""
        async with self._open() as transaction:
            found = await self._look(transaction, name, content=True)
        if not isinstance(found, _Made):
            return found
        work = partial(draw, found.sheet, found.picture)
        content = await trio.to_thread.run_sync(work, limiter=self._drawing)
        self._drawn += 1
        return File(found.digest, _PDF, found.filename, content)

    async def keep(self, channel: str, digest: str, upload: str, expires: datetime) -> None:
        """Keep the provider's id of a file."""
        async with self._open() as transaction:
            await transaction.execute(statement("keep_upload"), channel, digest, upload, expires)

    async def forget(self, channel: str, digest: str, upload: str) -> None:
        """Forget the provider's id of a file."""
        async with self._open() as transaction:
            await transaction.execute(statement("forget_upload"), channel, digest, upload)

    async def sweep(self) -> None:
        """Forget ids that have expired, as many as one round takes."""
        async with self._open() as transaction:
            await transaction.execute(statement("forget_old_uploads"), self._now())

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Transaction]:
        if self._begin is None:
            raise ResourceUnavailable("postgres", "the shelf was not lent the tables")
        async with self._begin() as transaction:
            yield transaction

    async def _look(self, transaction: Transaction, name: str, *, content: bool) -> File | _Made | None:
        """Return a picture, with its bytes if `content`, or what a sheet is made of."""
        named = parse(name)
        tenant = self._tenants.get(named.tenant) if named else None
        if named is None or tenant is None or tenant.status != "active":
            return None
        async with tenant_transaction(transaction, tenant.id) as tx:
            match named:
                case ListingPicture():
                    return await self._picture(tx, tenant, named, content=content)
                case FactSheet():
                    return await self._sheet(tx, tenant, named, content=content)

    async def _picture(
        self, tx: TenantTransaction, tenant: Tenant, named: ListingPicture, *, content: bool
    ) -> File | None:
        shelf = listings.Shelf.of(tenant, self._now())
        known = await tx.first(
            _Picture, "picture_standing", named.listing, named.position, shelf.permits, shelf.today
        )
        if known is None:
            return None
        filename = f"{named.listing}-{named.position}.{_ENDINGS[known.mime]}"
        if not content:
            return File(known.digest, known.mime, filename, b"")
        whole = await listings.picture(tx, named.listing, shelf, named.position)
        if whole is None:
            return None
        return File(sha256(whole.content).hexdigest(), whole.mime, filename, whole.content)

    async def _sheet(
        self, tx: TenantTransaction, tenant: Tenant, named: FactSheet, *, content: bool
    ) -> _Made | None:
        shelf = listings.Shelf.of(tenant, self._now())
        listing = await listings.look_up(tx, named.listing, shelf)
        if listing is None:
            return None
        picture = await self._picture(tx, tenant, ListingPicture(tenant.id, listing.id), content=content)
        facts = facts_of(listing, named.language)
        made = sheet_of(self._wording, named.language, tenant.name, facts)
        digest = digest_of(made, picture.digest if picture else "")
        return _Made(made, digest, _filename(listing.reference), picture.content if picture else b"")


def _filename(reference: str) -> str:
    """Return the name of a sheet's file, of characters that any system takes."""
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in reference
    )
    return f"{plain.strip('-')[:60] or 'listing'}.pdf"
