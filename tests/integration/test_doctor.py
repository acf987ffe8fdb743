"""`majlis doctor` against real servers: well, stopped, odd, silent; it says what it sees and changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import trio
from click.testing import CliRunner

from actors.channels.fake_graph import Faults
from actors.commands import majlis
from actors.estate import app
from config import Channel, Settings, load
from config.settings import dec_hook
from runtime.app import App
from runtime.channel import Finding
from runtime.doctor.round import make_round
from runtime.journal.examination import TABLES, Examination
from runtime.journal.migrations import migrate
from runtime.journal.statements import migrations
from runtime.resources.bridge import open_bridge
from runtime.resources.embedded import EmbeddedServer, embedded_servers
from runtime.resources.postgres import open_postgres_pool
from runtime.serve.place import locked
from tests.integration.world import OWN, SHARED, TENANTS, channel, leaks, open_world, until

APP_SECRET, VERIFY, ACCESS = "0123456789abcdef" * 2, "verify-token-8d31", "access-token-f00d"
ACCOUNT = "900800700600500"
SCHEMAS = {"journal": migrations(), "app_estate": app.migrations}


def usual_channel(number: str, **more: object) -> dict[str, object]:
    """Return a channel whose credentials look as they should."""
    secrets = {"app_secret": APP_SECRET, "verify_token": VERIFY, "access_token": ACCESS}
    return channel(number, account=ACCOUNT, **(secrets | more))


def by_name(findings: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def bad(findings: Any) -> list[str]:
    """Return the names of what is not well; each has an advice."""
    found = [finding for finding in findings if finding.status in {"warn", "fail"}]
    assert all(finding.advice for finding in found)
    return [finding.name for finding in found]


def check_words(findings: Any) -> None:
    """Assert that nothing is shown that must not be."""
    told = " ".join(f"{finding.seen} {finding.advice}" for finding in findings)
    assert not leaks(told)
    assert not [word for word in (APP_SECRET, VERIFY, ACCESS, "555-0100") if word in told]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the embedded servers' user can pass, where these tests run as root."""
    with tempfile.TemporaryDirectory(prefix="majlis-doctor-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def listener() -> Iterator[int]:
    """Hold a port of loopback on which connections come about and nobody ever says a word."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def settings_of(place: Path, **other: Mapping[str, object]) -> Settings:
    """Return settings without channels, on any free ports."""
    flags: dict[str, object] = {"data_dir": place / "data", "server.port": 0, "server.admin_port": 0}
    for section, values in other.items():
        flags |= {f"{section}.{name}": value for name, value in values.items()}
    return load(environ={"HOME": str(place)}, flags=flags)


async def found_in(settings: Settings, **how: Any) -> dict[str, Finding]:
    """Make a round and return what was found by name; of the settings themselves nothing."""
    with trio.fail_after(20):
        findings = await make_round(settings, app, **how)
    check_words(findings)
    return by_name(finding for finding in findings if finding.name != "configuration")


# ── all is well ───────────────────────────────────────────────────────


async def test_beside_a_running_server_all_is_well_offline_and_online() -> None:
    channels = [usual_channel(SHARED), usual_channel(OWN, tenant="palm")]
    async with open_world(channels=channels) as world:
        findings = await make_round(world.majlis.settings, app, online=True)
        check_words(findings)
        assert bad(findings) == []
        assert {finding.status for finding in findings} == {"ok"}
        found = by_name(findings)
        assert f"pid {world.majlis.process.pid} runs estate, serving, ready" in found["serve"].seen
        assert found["port.public"].seen.endswith("held by our serve")
        assert found["migrations.journal"].seen == f"{len(migrations())} applied"
        assert found["postgres.rights"].seen.endswith("and owns the journal's")
        for facet in ("number", "token", "app_secret", "webhook"):
            assert f"({SHARED}, {OWN})" in found[f"channels.meta.{facet}"].seen


def test_before_the_first_start_it_says_what_will_be_and_makes_nothing(place: Path) -> None:
    words = ["doctor", "--demo", "--data-dir", str(place / "data"), "--json"]
    shown = CliRunner().invoke(
        majlis, words, env={"MAJLIS_SERVER_PORT": "0", "MAJLIS_SERVER_ADMIN_PORT": "0"}
    )
    report = json.loads(shown.stdout)
    assert (shown.exit_code, report["ok"]) == (0, True)
    found = {finding["name"]: finding for finding in report["findings"]}
    assert found["serve"]["seen"] == "none runs on this data_dir"
    assert found["migrations"]["status"] == "skipped"
    assert found["postgres"]["seen"].startswith("embedded, not running: serve starts ")
    assert list(place.iterdir()) == []


def test_on_a_terminal_each_line_has_a_mark_and_an_advice_below_it_where_it_is_not_well(place: Path) -> None:
    with listener() as port:
        config = place / "majlis.toml"
        config.write_text(f'data_dir = "{place}/data"\n[server]\nport = {port}\nadmin_port = 0\n')
        shown = CliRunner().invoke(majlis, ["doctor", "--config", str(config)])
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("fail     port.public"))
    assert lines[at].endswith(f"127.0.0.1:{port} is held by another process")
    assert lines[at + 1].strip().startswith("-> find whom with: ss -ltnp")
    columns = {line.index(line.split(maxsplit=2)[2]) for line in lines[:-1] if not line.startswith(" ")}
    assert len(columns) == 1
    assert lines[-1] == "10 ok, 1 warn, 1 fail, 1 skipped"


# ── Postgres ──────────────────────────────────────────────────────────


async def test_an_empty_database_is_well_and_stays_empty(postgres_dsn: str, place: Path) -> None:
    found = await found_in(settings_of(place, postgres={"url": postgres_dsn}))
    assert not [finding for finding in found.values() if finding.status in {"warn", "fail"}]
    assert found["migrations.journal"].seen.startswith("0 applied; the next serve applies 1 journal, ")
    assert found["postgres.tables"].seen == "none yet: the next serve makes them"
    assert (
        await _rows(postgres_dsn, "select relname from pg_class where relnamespace = 'public'::regnamespace")
        == []
    )
    assert not (place / "data").exists()


async def test_migrations_that_are_unknown_or_read_differently_fail(postgres_dsn: str, place: Path) -> None:
    async with _pool(postgres_dsn) as pool:
        await migrate(pool, {**SCHEMAS, "journal": migrations()[:-1]})
        settings = settings_of(place, postgres={"url": postgres_dsn})
        pending = (await found_in(settings))["migrations.journal"]
        assert (pending.status, pending.seen) == (
            "ok",
            f"{len(migrations()) - 1} applied; the next serve applies {migrations()[-1].version} {migrations()[-1].name}",
        )
        await migrate(pool, SCHEMAS)
        assert (await found_in(settings))["migrations.journal"].seen == f"{len(migrations())} applied"
        await pool.execute(
            "insert into schema_version(namespace, version, name, checksum) values ('journal', 99, 'x', '')"
        )
        unknown = (await found_in(settings))["migrations.journal"]
        assert unknown.status == "fail"
        assert "older than the database" in unknown.seen
        await pool.execute("delete from schema_version where version = 99")
        await pool.execute("update schema_version set checksum = 'other' where namespace = 'app_estate'")
        found = await found_in(settings)
        assert found["migrations.app_estate"].status == "fail"
        assert "with another text" in found["migrations.app_estate"].seen
        assert found["migrations.journal"].status == "ok"


async def test_the_tables_that_it_looks_at_are_those_of_the_journal(postgres_dsn: str) -> None:
    async with _pool(postgres_dsn) as pool:
        await migrate(pool, {"journal": migrations()})
        real = await pool.fetch(
            """select relname from pg_class c where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
               and not exists (select from pg_inherits where inhrelid = c.oid) order by 1"""
        )
        assert [row["relname"] for row in real] == sorted(TABLES)
        async with pool.connection() as connection:
            assert {table.name for table in await Examination(connection).tables()} > set(TABLES)


async def test_a_postgres_that_is_not_there_fails_alone(redis_dsn: str, place: Path) -> None:
    with listener() as port:
        pass  # closed again: nobody listens
    settings = settings_of(
        place,
        postgres={"url": f"postgresql://majlis:s3cret@127.0.0.1:{port}/majlis"},
        redis={"url": redis_dsn},
    )
    found = await found_in(settings)
    assert "s3cret" not in repr(found)
    assert bad(found.values()) == ["postgres"]
    assert f"127.0.0.1:{port}" in found["postgres"].seen
    assert "nobody listens there" in found["postgres"].advice
    assert found["migrations"].status == "skipped"


@pytest.fixture(scope="module")
def careless() -> Iterator[tuple[EmbeddedServer, Path]]:
    """A PostgreSQL that may lose what it acknowledged, with a role that needs a password and may do little."""
    with tempfile.TemporaryDirectory(prefix="majlis-careless-") as name:
        root = Path(name)
        root.chmod(0o711)
        settings = {"fsync": "off", "default_transaction_isolation": "serializable", "max_connections": "20"}
        with embedded_servers(root / "data", environ={"PATH": os.environ["PATH"]}, settings=settings) as (
            server,
            _,
        ):
            rules = root / "data" / "postgres" / "data" / "pg_hba.conf"
            rules.write_text(f"local all guest scram-sha-256\n{rules.read_text()}")
            for sql in ("create role guest login password 's3cret'", "select pg_reload_conf()"):
                asyncio.run(_asked(server.dsn, sql))
            yield server, root


async def test_a_postgres_that_does_not_keep_its_word_fails(
    careless: tuple[EmbeddedServer, Path], place: Path
) -> None:
    found = await found_in(settings_of(place, postgres={"url": careless[0].dsn}))
    assert bad(found.values()) == ["postgres.session", "postgres.durability", "postgres.connections"]
    assert "fsync is off" in found["postgres.durability"].seen
    assert "serializable" in found["postgres.session"].seen
    assert found["postgres.connections"].status == "warn"


async def test_a_wrong_password_and_missing_rights_are_told_apart(
    careless: tuple[EmbeddedServer, Path], place: Path
) -> None:
    async def as_guest(password: str) -> dict[str, Finding]:
        url = careless[0].dsn.replace("majlis@", f"guest:{password}@")
        found = await found_in(settings_of(place, postgres={"url": url}))
        assert password not in repr(found)
        return found

    wrong = (await as_guest("another"))["postgres"]
    assert wrong.status == "fail"
    assert wrong.advice == "look at user and password in postgres.url"
    rights = (await as_guest("s3cret"))["postgres.rights"]
    assert (rights.status, rights.seen) == ("fail", "the role may not create tables in its schema")


async def test_old_transactions_and_connections_of_the_dead_are_told(postgres_dsn: str) -> None:
    """The ages are set back, not waited for: the questions are put with other limits."""
    async with _pool(postgres_dsn, name="majlis/r-gone/journal") as gone, _pool(postgres_dsn) as pool:
        await gone.ping()
        async with pool.connection() as connection:
            examination = Examination(connection)
            assert (await examination.silent_replicas()).connections == 0

            async def silent() -> bool:
                return (await examination.silent_replicas(0.05)).connections == 1

            await until(silent, what="a replica that is silent for 50 ms")
            assert (await examination.sessions()).idle == 0
            async with gone.transaction():

                async def idle() -> bool:
                    return (await examination.sessions(0.05)).idle == 1

                await until(idle, what="a transaction that is idle for 50 ms")


# ── Redis ─────────────────────────────────────────────────────────────


async def test_redis_away_is_a_warning_and_nothing_else(postgres_dsn: str, place: Path) -> None:
    with listener() as port:
        pass
    redis_url = f"redis://:s3cret@127.0.0.1:{port}/0"
    found = await found_in(settings_of(place, postgres={"url": postgres_dsn}, redis={"url": redis_url}))
    assert "s3cret" not in repr(found)
    assert bad(found.values()) == ["redis"]
    assert found["redis"].status == "warn"
    assert "latency, never correctness" in found["redis"].advice


async def test_a_url_that_no_driver_reads_is_a_fault_of_the_settings(place: Path) -> None:
    urls = {
        "postgres": {"url": "postgresql://u:s3cret@127.0.0.1/d?sslmode=odd"},
        "redis": {"url": "redis://u:s3cret@127.0.0.1/0?health_check_interval=x"},
    }
    found = await found_in(settings_of(place, **urls))
    assert "s3cret" not in repr(found)
    assert found["postgres"].seen == "the driver cannot read postgres.url"
    assert found["redis"].seen == "the driver cannot read redis.url"


# ── what hangs ────────────────────────────────────────────────────────


async def test_servers_that_never_answer_cost_their_own_lines_and_a_bounded_time(place: Path) -> None:
    with listener() as port:
        silent = f"http://127.0.0.1:{port}/v23.0"
        config = place / "majlis.toml"
        secrets = f'app_secret = "{APP_SECRET}"\nverify_token = "{VERIFY}"\naccess_token = "{ACCESS}"\n'
        config.write_text(
            f'data_dir = "{place}/data"\n[server]\nport = 0\nadmin_port = 0\n'
            f'[postgres]\nurl = "postgresql://u:p@127.0.0.1:{port}/d"\nconnect_timeout = 60\n'
            f'[redis]\nurl = "redis://127.0.0.1:{port}/0"\nconnect_timeout = 60\ncommand_timeout = 60\n'
            f'[[channels]]\nprovider = "meta"\nid = "{OWN}"\napi_url = "{silent}"\n{secrets}'
        )
        settings = load(config=config, environ={"HOME": str(place)})
        began = trio.current_time()
        found = await found_in(settings, online=True, patience=1.0)
        assert trio.current_time() - began < 10
    assert bad(found.values()) == ["postgres", "redis", "channels.meta"]
    assert found["postgres"].seen == "the check was not finished: it did not end within 1 s"
    assert "nothing within 5 s" in found["channels.meta"].seen
    assert found["disk"].seen
    assert found["serve"].seen == "none runs on this data_dir"


# ── the place ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["file", "file/below"])
async def test_a_data_dir_that_cannot_be_made_fails_and_no_other_check_does(name: str, place: Path) -> None:
    (place / "file").write_text("")
    found = await found_in(
        load(
            environ={"HOME": "/"}, flags={"data_dir": place / name, "server.port": 0, "server.admin_port": 0}
        )
    )
    assert bad(found.values()) == ["data_dir"], found
    assert "cannot be" in found["data_dir"].seen


# ── a server that holds the place ─────────────────────────────────────


async def test_who_holds_the_data_dir_without_answering_is_told(place: Path) -> None:
    settings = settings_of(place)
    with locked(settings.data_dir):
        found = (await found_in(settings))["serve"]
    assert found.status == "warn"
    assert found.seen == f"pid {os.getpid()} holds the data_dir and does not answer"
    assert (await found_in(settings))["serve"].seen == "none runs on this data_dir"


async def test_channels_that_no_provider_of_the_app_serves_are_told(place: Path) -> None:
    settings = msgspec.structs.replace(
        settings_of(place),
        channels=(
            msgspec.convert(usual_channel(OWN) | {"app_secret": [APP_SECRET]}, Channel, dec_hook=dec_hook),
        ),
    )
    bare = App(name="bare", actor=app.actor)
    found = by_name(await make_round(settings, bare))
    assert found["channels.meta"].status == "warn"
    assert "bare has no provider meta" in found["channels.meta"].seen
    assert "migrations.app_estate" not in found


# ── channels ──────────────────────────────────────────────────────────


async def test_what_meta_says_of_a_channel_is_told_with_what_to_do() -> None:
    channels = [usual_channel(SHARED), usual_channel(OWN, access_token="access-token-beef")]
    async with open_world(channels=channels, start=False) as world:

        async def told(faults: Faults) -> dict[str, Finding]:
            world.fake.put_faults(faults)
            findings = await make_round(world.majlis.settings, app, online=True)
            check_words(findings)
            return {
                finding.name.removeprefix("channels.meta."): finding
                for finding in findings
                if finding.name.startswith("channels.meta.") and finding.status != "ok"
            }

        assert await told(Faults()) == {}
        expired = await told(Faults(expired=(OWN,)))
        assert list(expired) == ["token"]
        assert (expired["token"].status, f"({OWN})" in expired["token"].seen) == ("fail", True)
        assert "majlis reload" in expired["token"].advice
        unknown = await told(Faults(unknown=(SHARED,)))
        assert list(unknown) == ["number"]
        assert f"({SHARED})" in unknown["number"].seen
        unsubscribed = await told(Faults(unsubscribed=(ACCOUNT,)))
        assert list(unsubscribed) == ["webhook"]
        assert "subscribed_apps" in unsubscribed["webhook"].advice
        ending = await told(Faults(token_life=3 * 86_400))
        assert (list(ending), ending["token"].status) == (["token"], "warn")


async def test_a_wrong_app_secret_token_or_account_is_found_out() -> None:
    async with open_world(channels=[usual_channel(OWN, tenant="palm")], start=False) as world:
        facts = dict(world.majlis.facts)
        (right,) = facts["channels"]

        async def told(**wrong: str) -> list[str]:
            world.majlis.write({**facts, "tenants": TENANTS, "channels": [{**right, **wrong}]})
            findings = await make_round(load(config=world.majlis.config, environ={}), app, online=True)
            check_words(findings)
            return [
                f"{f.name}: {f.status}"
                for f in findings
                if f.name.startswith("channels.") and f.status != "ok"
            ]

        assert await told() == []
        assert await told(app_secret="f" * 32) == ["channels.meta.app_secret: fail"]
        assert await told(access_token="access-token-dead") == ["channels.meta.token: fail"]
        assert await told(account="1") == ["channels.meta.webhook: fail"]
        assert await told(id="100200300400009") == ["channels.meta.number: fail"]


async def _asked(dsn: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def _rows(dsn: str, sql: str) -> list[Any]:
    async with open_bridge() as bridge:
        return await bridge.run(_asked, dsn, sql)


def _pool(dsn: str, name: str = "test/doctor") -> Any:
    return open_postgres_pool(dsn, name=name, size=2)
