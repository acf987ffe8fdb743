"""A listing's photo and fact sheet through a real `serve`: uploaded once, known after a kill -9, found anew when lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pypdfium2

from actors.agency.drawing import draw
from actors.agency.importing import PropertyRow, store_properties
from actors.agency.tenancy import tenant_transaction
from actors.channels.fake_graph import Sent
from runtime import open_postgres_pool
from runtime.journal.ledger import postgres_of
from tests.integration.world import OWN, World, fresh_id, open_world, person, webhook

PNG = draw("apartment", "the only one")


async def offer(world: World) -> None:
    """Let the agency have one flat, with a picture."""
    until = datetime.now(UTC).date() + timedelta(days=365)
    async with (
        open_postgres_pool(postgres_of(world.majlis.settings), name="test/offer", size=1) as pool,
        pool.transaction() as transaction,
        tenant_transaction(transaction, 1) as tx,
    ):
        await store_properties(
            tx,
            [
                PropertyRow(
                    reference="PA-101",
                    title={"en": "A flat by the sea", "fa": "آپارتمان کنار دریا"},
                    deal="buy",
                    category="residential",
                    kind="apartment",
                    place="dubai-marina",
                    price=3_000_000,
                    bedrooms=2,
                    permit_number="7100000001",
                    permit_expires=until.isoformat(),
                    yield_bp=650,
                    visa_years=10,
                )
            ],
        )
        await tx.execute("upsert_picture", "PA-101", 1, "image/png", PNG)


async def say(world: World, sender: str, words: str) -> Sent:
    """Let somebody write; return the next message to them."""
    before = world.fake.last_index
    assert await world.majlis.say(OWN, sender, words) == 200
    return (await world.fake.wait_sent(before, to=sender, timeout=30.0))[0]


async def pick(world: World, sender: str, choice: str) -> Sent:
    """Let somebody press a button; return the next message to them."""
    before = world.fake.last_index
    reply = {"type": "button_reply", "button_reply": {"id": choice, "title": "t"}}
    pressed = {
        "from": sender,
        "id": fresh_id(),
        "timestamp": "1",
        "type": "interactive",
        "interactive": reply,
    }
    assert await world.majlis.post(webhook(OWN, pressed)) == 200
    return (await world.fake.wait_sent(before, to=sender, timeout=30.0))[0]


async def shown(world: World, number: int) -> Mapping[str, Any]:
    """Let a person ask for the flat; return the message that shows it, without its type."""
    for words in ("hello", "a 2 bedroom apartment in Dubai Marina"):
        await say(world, person(number), words)
    part: Any = (await say(world, person(number), "show me")).content()["interactive"]
    assert "A flat by the sea" in part["body"]["text"]
    found: Mapping[str, Any] = part
    return found


def photo(part: Mapping[str, Any]) -> str:
    return str(part["header"]["image"]["id"])


async def test_a_photo_is_uploaded_once_for_all_and_the_sheet_is_read() -> None:
    async with open_world() as world:
        await offer(world)
        first = await shown(world, 1)
        uploaded = world.fake.medium(photo(first))
        assert uploaded is not None
        assert (uploaded.content, uploaded.mime_type) == (PNG, "image/png")
        assert photo(await shown(world, 2)) == photo(first)

        await world.majlis.process.kill()
        await world.majlis.process.start(30)
        assert photo(await shown(world, 3)) == photo(first)  # the table knows, not the process
        assert world.fake.statistics().provider.uploads == 1

        world.fake.forget_media(photo(first))
        again = await shown(world, 4)
        assert photo(again) != photo(first)
        assert world.fake.statistics().provider.uploads == 2
        assert await world.majlis.metric("majlis_files_total", result="forgotten") == 1
        assert await world.majlis.metric("majlis_files_total", result="reused") == 2

        choices = [button["reply"] for button in again["action"]["buttons"]]
        assert [choice["title"] for choice in choices] == ["Book a viewing", "Show another", "Fact sheet"]
        handed: Any = (await pick(world, person(4), choices[2]["id"])).content()["interactive"]
        assert handed["header"]["document"]["filename"] == "PA-101.pdf"
        sheet = world.fake.medium(handed["header"]["document"]["id"])
        assert sheet is not None
        words = pypdfium2.PdfDocument(sheet.content)[0].get_textpage().get_text_range()
        for fact in (
            "A flat by the sea",
            "AED 3,000,000",
            "6.5%",
            "residency visa of 10 years",
            "7100000001",
            "Palm Homes",
        ):
            assert fact in words
        await pick(world, person(3), choices[2]["id"])
        assert world.fake.statistics().provider.uploads == 3  # the same sheet, the same upload
        assert await world.majlis.metric("majlis_files_drawn_total") == 1

        await say(world, person(5), "سلام")
        await say(world, person(5), "آپارتمان دو خوابه در دبی مارینا")
        await say(world, person(5), "نشان بده")
        persian: Any = (await pick(world, person(5), choices[2]["id"])).content()["interactive"]
        assert persian["header"]["document"]["id"] != handed["header"]["document"]["id"]

        await world.rows("update properties set status = 'gone' returning id")
        gone: Any = (await pick(world, person(4), choices[2]["id"])).content()["interactive"]
        assert "no longer available" in gone["body"]["text"]
