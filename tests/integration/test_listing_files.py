"""The shelf of an agency's listings on a real database: what may be shown is there, and nothing of anybody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
import trio

from actors.agency.drawing import draw
from actors.outbound.listing_files import ListingFiles
from actors.outbound.names import FactSheet, ListingPicture
from actors.wording.texts import Wording
from runtime import ResourceUnavailable
from tests.integration.agency import NOW, SETTINGS, Agencies, open_agencies

CHANNEL = "meta:100200300400500"
PNG = draw("villa", "x")


class Stage:
    def __init__(self, agencies: Agencies) -> None:
        self.agencies = agencies
        self.now = NOW
        self.files = ListingFiles(Wording.load(), lambda: self.now)
        self.files.configure(SETTINGS)
        self.files.lend(agencies.pool.transaction)

    async def picture(self, reference: str, content: bytes = PNG) -> None:
        async with self.agencies.at() as tx:
            await tx.execute("upsert_picture", reference, 1, "image/png", content)


async def test_a_picture_is_known_without_its_bytes_and_by_its_new_ones_when_it_is_replaced(
    postgres_dsn: str,
) -> None:
    async with open_agencies(postgres_dsn) as agencies:
        stage = Stage(agencies)
        number = await agencies.property("PA-1")
        name = str(ListingPicture(1, number))
        assert await stage.files.find(name, CHANNEL) is None  # it has none
        await stage.picture("PA-1")
        standing = await stage.files.find(name, CHANNEL)
        whole = await stage.files.take(name)
        assert standing is not None
        assert whole is not None
        assert standing.digest == whole.digest == sha256(PNG).hexdigest()
        assert (standing.upload, whole.content, whole.mime) == ("", PNG, "image/png")
        assert standing.filename == whole.filename == f"{number}-1.png"

        await stage.files.keep(CHANNEL, whole.digest, "9001", NOW + timedelta(days=25))
        for channel, upload in ((CHANNEL, "9001"), ("meta:2", "")):
            known = await stage.files.find(name, channel)
            assert known is not None
            assert known.upload == upload
        await stage.picture("PA-1", draw("villa", "y"))
        changed = await stage.files.find(name, CHANNEL)
        assert changed is not None
        assert (changed.upload, changed.digest != whole.digest) == ("", True)


async def test_an_upload_is_used_until_it_expires_and_is_swept_then(postgres_dsn: str) -> None:
    async with open_agencies(postgres_dsn) as agencies:
        stage = Stage(agencies)
        name = str(ListingPicture(1, await agencies.property("PA-1")))
        await stage.picture("PA-1")
        digest = sha256(PNG).hexdigest()
        until = NOW + timedelta(days=25)
        async with trio.open_nursery() as nursery:  # two replicas uploaded at once: one of the two ids stays
            for upload in ("9001", "9002"):
                nursery.start_soon(stage.files.keep, CHANNEL, digest, upload, until)
        known = await stage.files.find(name, CHANNEL)
        assert known is not None
        assert known.upload in ("9001", "9002")
        await stage.files.forget(CHANNEL, digest, "9000")  # what somebody else found dead is not this one
        assert await stage.files.find(name, CHANNEL) == known
        stage.now = until
        expired = await stage.files.find(name, CHANNEL)
        assert expired is not None
        assert expired.upload == ""
        await stage.files.sweep()
        assert await agencies.run("select * from uploads") == []


async def test_a_sheet_is_made_of_the_facts_as_they_are_and_known_before_it_is_made(
    postgres_dsn: str,
) -> None:
    async with open_agencies(postgres_dsn) as agencies:
        stage = Stage(agencies)
        number = await agencies.property("PA/1", yield_bp=650, visa_years=10)
        name = str(FactSheet(1, number, "fa"))
        standing, whole = await stage.files.find(name, CHANNEL), await stage.files.take(name)
        assert standing is not None
        assert whole is not None
        assert standing.digest == whole.digest
        assert (whole.mime, whole.filename, whole.content[:5]) == ("application/pdf", "PA-1.pdf", b"%PDF-")
        assert await stage.files.take(name) == whole
        digests = {whole.digest}
        for change in ("price = 2100000", "yield_bp = 700", "visa_years = 5"):
            await agencies.run(f"update properties set {change}")  # noqa: S608 - the test's own words
            standing = await stage.files.find(name, CHANNEL)
            assert standing is not None
            digests.add(standing.digest)
        await stage.picture("PA/1")
        standing = await stage.files.find(name, CHANNEL)
        assert standing is not None
        digests.add(standing.digest)
        other = await stage.files.find(str(FactSheet(1, number, "ru")), CHANNEL)
        assert other is not None
        assert len({*digests, other.digest}) == 6
        assert stage.files.statistics().drawn == 2


@pytest.mark.parametrize("change", ["permit_expires = '2026-11-29'", "status = 'gone'", "status = 'hidden'"])
async def test_what_may_not_be_shown_now_is_not_there_whenever_it_was_promised(
    postgres_dsn: str, change: str
) -> None:
    async with open_agencies(postgres_dsn) as agencies:
        stage = Stage(agencies)
        number = await agencies.property("PA-1", permit_expires=date(2026, 12, 31))
        await stage.picture("PA-1")
        names = [str(ListingPicture(1, number)), str(FactSheet(1, number, "en"))]
        assert all([await stage.files.find(name, CHANNEL) for name in names])
        await agencies.run(f"update properties set {change}")  # noqa: S608 - the test's own words
        for name in names:
            assert await stage.files.find(name, CHANNEL) is None
            assert await stage.files.take(name) is None


async def test_nothing_is_had_under_another_tenants_name_or_one_that_is_none(postgres_dsn: str) -> None:
    async with open_agencies(postgres_dsn) as agencies:
        stage = Stage(agencies)
        number = await agencies.property("PA-1")
        await stage.picture("PA-1")
        for name in (
            *(str(ListingPicture(2, number)), str(FactSheet(2, number, "en"))),
            *(
                str(ListingPicture(3, number)),
                f"picture:1:{number}:2",
                f"picture:1:{number}",
                "picture:1:x:1",
            ),
            *(f"sheet:1:{number}:de", f"sheet:1:{9 * 10**17}:en", f"picture:1:{'9' * 40}:1", "", ":", "../1"),
        ):
            assert await stage.files.find(name, CHANNEL) is None, name
            assert await stage.files.take(name) is None, name


async def test_without_tables_nothing_is_on_the_shelf() -> None:
    files = ListingFiles(Wording.load(), lambda: datetime.now(UTC))
    with pytest.raises(ResourceUnavailable):
        await files.find("picture:1:1:1", CHANNEL)
