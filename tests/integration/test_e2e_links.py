"""What `majlis link` prints, opened on a real server with a number that agencies share: it leads where it was told to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trio

from tests.integration.world import (
    MARK,
    OWN,
    SHARED,
    World,
    channel,
    majlis_command,
    open_world,
    person,
    said,
    text,
    webhook,
)
from tests.transcripts.engine import plainly

CHANNELS = (channel(SHARED, phone="+97145550100"), channel(OWN, "palm", phone="+97145550101"))


async def link(world: World, *words: str, code: int = 0) -> Any:
    """Run `majlis link` beside the server and return what it printed."""
    given = [*majlis_command(), "link", *words, "--config", str(world.majlis.config), "--json"]
    done = await trio.run_process(given, capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr.decode()


async def answer(world: World, sender: str, words: str, number: str = SHARED, **more: object) -> str:
    """Let a person write, and return what is answered."""
    before = world.fake.last_index
    assert await world.majlis.post(webhook(number, {**text(sender, words), **more})) == 200
    (send,) = await world.fake.wait_sent(before, to=sender, timeout=15)
    return plainly(said(send))


def typed(made: Mapping[str, str]) -> tuple[str, str]:
    """Return the number that a link dials and the text that it types."""
    url = urlsplit(made["link"])
    assert url.netloc == "wa.me"
    return url.path, parse_qs(url.query)["text"][0]


async def test_a_link_that_was_printed_leads_to_its_agency_and_vertical_until_it_ends() -> None:
    async with open_world(channels=CHANNELS) as world:
        shared = ("--channel", SHARED)
        made = await link(
            world,
            "--tenant",
            "marina",
            "--vertical",
            "support",
            *shared,
            "--campaign",
            "spring",
            "--language",
            "ru",
        )
        number, code = typed(made)
        assert number == "/97145550100"
        guest = person(1)
        told = await answer(world, guest, f" {code.lower()} ")
        assert "Marina Homes" in told
        assert "опишите" in told, "not the vertical's question, or not in the link's language"
        assert "S-0001" in await answer(world, guest, f"сломался лифт в доме {MARK}")
        kept = await world.rows("select tenant_id, source, source_ref from leads")
        assert [tuple(row) for row in kept] == [(2, "link", "spring")]

        palm = await link(world, "--tenant", "palm", "--vertical", "realty", *shared)
        assert "Palm Homes" in await answer(world, guest, typed(palm)[1])
        assert "Marina Homes" in await answer(world, guest, code)  # and back
        decided = await world.rows("select tenant_id, reason, named from routing_decisions order by at")
        assert [tuple(row) for row in decided] == [
            (2, "code", code),
            (1, "code", palm["code"]),
            (2, "code", code),
        ]

        await world.rows("update tenant_routes set expires_at = now() where code = $1", palm["code"])
        await world.rows("update tenant_routes set active = false where code = $1", code)
        for dead in (palm["code"], code, "MJ-AAAAAAAAAAAA"):
            assert "ссылка не работает" in await answer(world, guest, dead)
            assert "This link does not work" in await answer(world, person(2), dead)
        assert await world.number("select count(*) from routing_decisions") == 3

        own = await link(world, "--tenant", "palm", "--vertical", "expo", "--language", "en")
        assert typed(own)[0] == "/97145550101"
        assert "Welcome to Palm Homes" in await answer(world, person(3), typed(own)[1], OWN)
        other = await link(world, "--tenant", "marina", *shared)
        assert "belongs to another agency" in await answer(world, person(3), typed(other)[1], OWN)


async def test_an_advertisement_that_is_bound_leads_there_once_for_each_click() -> None:
    async with open_world(channels=CHANNELS) as world:
        bound = await link(
            world, "--tenant", "marina", "--vertical", "realty", "--ad", "1201", "--language", "en"
        )
        assert (bound["ad"], bound["tenant"]) == ("1201", "marina")
        assert "leads to another tenant" in await link(world, "--tenant", "palm", "--ad", "1201", code=1)
        assert "is no id" in await link(world, "--tenant", "palm", "--ad", "or 1=1", code=1)
        guest = person(1)

        def through(click: str, ad: str = "1201") -> dict[str, object]:
            return {"referral": {"source_type": "ad", "source_id": ad, "ctwa_clid": click}}

        assert "Several" in await answer(world, person(2), f"Hello {MARK}", **through("x0", "nobody"))
        told = await answer(world, guest, f"Hello {MARK}", **through("x1"))
        assert "Welcome to Marina Homes" in told
        assert "your name" in told
        assert "Palm Homes" in await answer(world, guest, "TENANT_1")
        assert "Marina" not in await answer(world, guest, f"Hello {MARK}", **through("x1")), (
            "an old click moved"
        )
        assert "Welcome back to Marina Homes" in await answer(world, guest, f"Hello {MARK}", **through("x2"))
        assert "S-" not in await answer(world, guest, "support")
        kept = await world.rows("select tenant_id, source, source_ref from leads order by tenant_id")
        assert [tuple(row) for row in kept] == [(2, "ad", "x1")]
        decided = await world.rows("select tenant_id, reason, named from routing_decisions order by at")
        assert [tuple(row) for row in decided] == [
            (2, "ad", "ad:1201"),
            (1, "link", None),
            (2, "ad", "ad:1201"),
        ]
