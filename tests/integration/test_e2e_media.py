"""Media at a real `serve`: fetched beside the conversation, answered once, whatever the server of the media does."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.world import OWN, fresh_id, open_world, person, said, webhook

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 8


def medium(sender: str, kind: str, media: str, **more: object) -> Mapping[str, object]:
    """Return the element of a webhook that is a medium."""
    part = {"id": media, "mime_type": {"image": "image/jpeg"}.get(kind, "application/pdf"), **more}
    return {"from": sender, "id": fresh_id(), "timestamp": "1", "type": kind, kind: part}


async def test_a_picture_is_fetched_beside_the_sends_and_acknowledged_once(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn) as world:
        await world.welcomed(world.majlis, person(1))
        before = world.fake.last_index
        sent = medium(person(1), "image", world.fake.add_media("image/jpeg", JPEG))
        assert await world.majlis.post(webhook(OWN, sent)) == 200
        [answer] = await world.fake.wait_sent(before, to=person(1))
        assert "1 message of yours" in said(answer).replace("\u2068", "").replace("\u2069", "")
        assert answer.quoted == sent["id"]
        [stored] = [path for path in (world.majlis.settings.data_dir / "media").rglob("*") if path.is_file()]
        assert stored.read_bytes() == JPEG
