"""The API of a real server: who may not learns nothing, who may takes over, and commands do the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import trio

from actors.estate import app
from runtime.ingress.openapi import operation_id
from runtime.node.handing_over import HandingOver
from runtime.route import Route
from runtime.serve.conversations_api import ConversationRoutes
from tests.integration.outages import family, frozen, postmaster
from tests.integration.world import MARK, OWN, World, majlis_command, open_world, person, until

PREFIX = "/api/v1"
BOTH = ("conversations:read", "conversations:write")
READS, WRITES = ("conversations:read", "leads:read"), ("conversations:write", "leads:write")
NOWHERE = {"{conversation}": "cnowhere", "{lead}": "999999"}
desk: HandingOver = None  # type: ignore[assignment]  # the table alone asks nothing of it
assert app.tenancy is not None
ROUTES = [*ConversationRoutes(app.tenancy, desk).table(), *app.routes]
BODIES: Mapping[str, object] = {
    "texts": {"text": f"by hand {MARK}", "key": "k1"},
    "commands": {"name": "look", "key": "k1"},
    "assign": {"to": "omar"},
    "stage": {"stage": "won", "key": "k1"},
}


async def command(world: World, *words: str) -> tuple[int, Any]:
    """Run a command on the world's database; return its exit code and what it printed."""
    given = [*majlis_command(), *words, "--config", str(world.majlis.config), "--json"]
    done = await trio.run_process(given, capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, json.loads(done.stdout or b"null")


async def token(world: World, tenant: str, *scopes: str) -> Mapping[str, Any]:
    whose = ["--tenant", tenant] if tenant else ["--all"]
    code, made = await command(
        world, "token", "create", *whose, *(word for scope in scopes for word in ("--scope", scope))
    )
    assert code == 0
    return dict(made)


class Caller:
    """Somebody with a token, or without."""

    def __init__(self, world: World, client: httpx.AsyncClient, secret: str = "") -> None:
        self._world, self._client = world, client
        self._headers = {"content-type": "application/x-www-form-urlencoded"}  # as `curl -d` does it
        if secret:
            self._headers["authorization"] = f"Bearer {secret}"

    async def ask(self, method: str, path: str, body: object = None, content: bytes = b"") -> httpx.Response:
        sent = content or (b"" if body is None else json.dumps(body).encode())
        url = self._world.majlis.admin + PREFIX + path
        return await self._client.request(method, url, headers=self._headers, content=sent)

    async def walk(self, route: Route, names: Mapping[str, str]) -> httpx.Response:
        path = route.path
        for brace, name in names.items():
            path = path.replace(brace, name)
        return await self.ask(route.method, path, BODIES.get(path.rpartition("/")[2]))


async def test_who_may_not_learns_nothing_and_who_may_takes_over() -> None:  # noqa: PLR0915 - one story
    async with open_world() as world, httpx.AsyncClient(timeout=20) as client:
        to = person(1)
        await world.welcomed(world.majlis, to)
        assert await world.majlis.say(OWN, to, "support") == 200
        await world.handled(2)
        (row,) = await world.rows("select c.id, l.id as lead from conversation c, leads l")
        name = str(row["id"])
        names = {"{conversation}": name, "{lead}": str(row["lead"])}
        made = await token(world, "palm", *READS, *WRITES)
        palm = Caller(world, client, made["token"])
        nobody, stranger = Caller(world, client), Caller(world, client, "majlis_" + "x" * 43)
        marina = Caller(world, client, (await token(world, "marina", *READS, *WRITES))["token"])
        reader = Caller(world, client, (await token(world, "palm", *READS))["token"])
        every = Caller(world, client, (await token(world, "", *READS, *WRITES))["token"])

        for route in ROUTES:  # refused without a token, and across tenants as if there were nothing
            for one in (nobody, stranger):
                assert (await one.walk(route, names)).status_code == 401, route
            if route.names:
                there, nowhere = await marina.walk(route, names), await marina.walk(route, NOWHERE)
                assert there.status_code == nowhere.status_code == 404, route
                assert there.content == nowhere.content
            assert route.scope in {*READS, *WRITES}
            if route.scope in WRITES:
                assert (await reader.walk(route, names)).status_code == 403, route
        assert (await nobody.ask("GET", "/nowhere")).status_code == 401
        assert (await marina.ask("GET", "/conversations")).json()["conversations"] == []
        assert (await marina.ask("GET", "/leads")).json()["leads"] == []
        assert (await marina.ask("GET", "/leads.csv")).text.count("\n") == 1
        for path in ("/leads", "/leads.csv", f"/leads/{row['lead']}"):
            assert (await marina.ask("GET", f"{path}?tenant=palm")).status_code == 404
            assert (await marina.ask("GET", f"{path}?tenant=nobody")).status_code == 404
            assert (await every.ask("GET", f"{path}?tenant=palm")).status_code == 200
            assert (await every.ask("GET", path)).status_code == 422
        for one in (palm, every, reader):
            assert [c["id"] for c in (await one.ask("GET", "/conversations")).json()["conversations"]] == [
                name
            ]

        texts, pause = f"/conversations/{name}/texts", f"/conversations/{name}/pause"
        assert (await palm.ask("GET", "/nowhere")).status_code == 404
        refused = await palm.ask("DELETE", pause)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        wrong = await palm.ask("POST", texts, {"text": 5, "key": "k"})
        assert (wrong.status_code, "$.text" in wrong.json()["error"]) == (422, True)
        assert (await palm.ask("POST", texts, content=b"{")).status_code == 422
        assert (await palm.ask("POST", texts, {"text": "x", "key": "k", "more": 1})).status_code == 422
        body, most = json.dumps({"text": "", "key": "k"}).encode(), 64 * 1024
        for size, status in ((most, 422), (most + 1, 413)):
            full = body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"')
            assert len(full) == size
            assert (await palm.ask("POST", texts, content=full)).status_code == status
        assert (await palm.ask("POST", f"/conversations/{name}/assign", {"to": "omar"})).status_code == 409

        done = (await palm.ask("POST", pause, {"why": "asked"})).json()
        assert (done["outcome"], done["in_flight"]) == ("paused", 0)
        before = world.fake.last_index
        assert await world.majlis.say(OWN, to, f"are you there {MARK}") == 200
        for _ in range(2):
            assert (await palm.ask("POST", texts, BODIES["texts"])).status_code == 200
        await world.fake.wait_sent(before, to=to, timeout=10)
        await world.handled(3)
        assert len(world.fake.sent(before, to=to)) == 1, "the bot spoke, or a text left twice"
        code, listed = await command(world, "handoff", "list")
        assert (code, [one["why"] for one in listed["paused"]]) == (0, ["asked"])
        assert (await command(world, "handoff", "assign", name, "omar"))[0] == 0
        (held,) = (await palm.ask("GET", "/conversations?paused=true")).json()["conversations"]
        assert (held["pause"]["by"], held["pause"]["assigned"]) == ("api", "omar")
        assert (await command(world, "handoff", "reply", name, f"by command {MARK}"))[0] == 0
        assert await world.fake.wait_sent(before + 1, to=to, timeout=10)
        assert (await command(world, "handoff", "resume", name))[0] == 0
        assert (await command(world, "handoff", "resume", name))[0] == 1
        await world.welcomed(world.majlis, to)

        code, _ = await command(world, "token", "revoke", str(made["id"]))
        assert code == 0
        assert (await palm.ask("GET", "/conversations")).status_code == 401
        assert made["token"] not in world.majlis.log
        statuses = [(await every.ask("GET", "/conversations")).status_code for _ in range(150)]
        assert set(statuses) <= {200, 429}
        rows = await world.rows("select hash from api_token")
        assert all(made["token"].encode() not in bytes(row["hash"]) for row in rows)


async def test_a_token_that_has_expired_holds_no_more_and_without_a_database_nobody_waits_for_ever() -> None:
    async with open_world() as world, httpx.AsyncClient(timeout=30) as client:
        code, made = await command(
            world, "token", "create", "--tenant", "palm", "--scope", BOTH[0], "--expires", "0"
        )
        assert (code, made["expires_at"] is not None) == (0, True)
        assert (await Caller(world, client, made["token"]).ask("GET", "/conversations")).status_code == 401
        code, made = await command(
            world, "token", "create", "--tenant", "palm", "--scope", BOTH[0], "--expires", "1"
        )
        palm = Caller(world, client, made["token"])
        assert (await palm.ask("GET", "/conversations")).status_code == 200
        await world.rows("update api_token set expires_at = now() where id = $1", made["id"])
        assert (await palm.ask("GET", "/conversations")).status_code == 401
        await world.rows("update api_token set expires_at = null where id = $1", made["id"])
        assert (await palm.ask("GET", "/conversations")).status_code == 200
        with frozen(family(postmaster(world))):
            away = await palm.ask("GET", "/conversations")
        assert (away.status_code, away.headers["retry-after"]) == (503, "1")

        async def back() -> bool:
            return (await palm.ask("GET", "/conversations")).status_code == 200

        await until(back, 20)


async def test_the_document_names_every_route_and_all_that_it_refers_to_is_there() -> None:
    async with open_world() as world, httpx.AsyncClient(timeout=20) as client:
        assert (await Caller(world, client).ask("GET", "/openapi.json")).status_code == 401
        caller = Caller(world, client, (await token(world, "", BOTH[0]))["token"])

        async def read() -> Any:
            answer = await caller.ask("GET", "/openapi.json")
            return answer.json() if answer.status_code == 200 else None

        document = await until(read)
    assert document["openapi"] == "3.1.0"
    operations = {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert set(operations) == {(route.method, PREFIX + route.path) for route in ROUTES}
    assert {one["operationId"] for one in operations.values()} == {operation_id(route) for route in ROUTES}
    for (_, path), operation in operations.items():
        named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert {"200", "401", "404", "422"} <= operation["responses"].keys()
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
