"""A buyer asks for a person of a real server: contacts are called, one answers, and the bot is back where it stopped."""

from __future__ import annotations

from collections.abc import Sequence

from actors.channels.fake_graph.state import Sent
from tests.integration.test_e2e_handover import BY_HAND, desk_of
from tests.integration.world import MARK, OWN, TENANTS, World, open_world, person, said, until

BUYER, LAYLA, DANIEL = person(1), person(2), person(3)
PALM = {
    **TENANTS[0],
    "requires_permit": False,
    "handoff_minutes": 0.05,
    "templates": {"template-handover": "handover_call"},
}
#: Of an operator: in E.164, as the agency's own lists have it.
ADD = "insert into operators (tenant_id, name, phone, language, handoff_order) values (1, $1, $2, 'en', $3) returning id"


class Line:
    """One person's phone: what they write, and what they get one after the other."""

    def __init__(self, world: World, number: str) -> None:
        self.world, self.number = world, number
        self.read = 0

    async def say(self, words: str) -> None:
        assert await self.world.majlis.say(OWN, self.number, words) == 200

    async def hears(self, words: str, within: float = 15.0) -> Sent:
        """Wait for the next message, which says these words."""
        (got,) = await self.world.fake.wait_sent(self.read, to=self.number, count=1, timeout=within)
        self.read = got.index
        assert words in bytes(got.body).decode(), bytes(got.body).decode()
        return got

    def unread(self) -> Sequence[Sent]:
        return self.world.fake.sent(self.read, to=self.number)


def parameters(sent: Sent) -> list[str]:
    """Return what fills the places of a template."""
    template = sent.content()["template"]
    assert (template["name"], template["language"]) == ("handover_call", {"code": "en"})
    return [one["text"] for one in template["components"][0]["parameters"]]


async def test_a_buyer_is_handed_from_contact_to_contact_and_back_to_the_bot(
    postgres_dsn: str, redis_dsn: str
) -> None:
    async with open_world(postgres_dsn, redis_dsn, start=False) as world:
        world.majlis.write({**world.majlis.facts, "tenants": [PALM, TENANTS[1]]})
        await world.majlis.process.start()
        for order, (name, number) in enumerate((("Layla", LAYLA), ("Daniel", DANIEL)), 1):
            await world.rows(ADD, name, f"+{number}", order)
        buyer, layla, daniel = Line(world, BUYER), Line(world, LAYLA), Line(world, DANIEL)

        await buyer.say(f"hello {MARK}, I want to buy a 2 bedroom apartment")
        await buyer.hears("May we know your name?")
        await buyer.say("can I talk to a real person please")
        await buyer.hears("We have told a colleague")
        call = await layla.hears("handover_call")
        name, summary, link = parameters(call)
        assert (BUYER in name, link) == (True, f"https://wa.me/{BUYER}")
        assert "2 bedrooms" in summary
        await buyer.hears("You are not forgotten")
        assert parameters(await daniel.hears("handover_call")) == [name, summary, link]

        await daniel.say("yes, I am here")
        await buyer.hears("from our team")
        await daniel.hears("is yours")
        await layla.say("me too")
        await layla.hears("is not waiting any more")
        await buyer.say(f"up to 3 million dirhams {MARK}")
        await buyer.say("are you there? I want a person")

        async with desk_of(world) as desk:
            conversation = await desk.conversation(BUYER)
            (held,) = await desk.handover.paused(10)
            assert (held.conversation, held.why) == (conversation, "taken by Daniel")
            await desk.write(conversation)
            await buyer.hears(BY_HAND)

            async def listened() -> bool:
                sql = "select done_seq = next_seq - 1 from conversation where id = $1"
                return bool((await world.rows(sql, conversation))[0][0])

            await until(listened)
            assert buyer.unread() == [], "the bot spoke during the pause"
            assert (await desk.handover.resume(conversation, by="sara")).outcome == "resumed"
            pauses = await desk.handover.pauses(conversation, 10)
            assert [(one.why, one.ended_by, one.ended_why) for one in pauses] == [
                ("taken by Daniel", "sara", "by an operator"),
                ("asked for a person", "bot", "taken by Daniel"),
            ]
        back = await buyer.hears("The automated assistant is here again")
        assert "May we know your name?" in said(back)
        await buyer.say(f"{MARK.title()}")
        await buyer.hears("What is the property for?")
        asked = "select count(*) from lead_events where kind = 'person_asked'"
        assert await world.number(asked) == 1
        assert await world.number("select count(*) from outbox where status = 'cancelled'") == 0
