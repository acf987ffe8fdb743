"""The office's commands on a real database: a file goes in whole or not at all, leads come out, links lead back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import CliRunner, Result

from actors.agency import leads, listings, routes
from actors.agency.drawing import draw
from actors.agency.listings import Shelf
from actors.agency.tenancy import tenant_transaction
from actors.agency.terms import Span, Wish
from actors.commands import majlis
from runtime import open_postgres_pool

CONFIG = """
[[tenants]]
id = 1
slug = "palm"
name = "Palm Homes"
[[tenants]]
id = 2
slug = "marina"
name = "Marina Homes"
[[channels]]
provider = "meta"
id = "100200300400001"
phone = "+97145550100"
app_secret = "one"
verify_token = "two"
access_token = "three"
"""
HEADER = "reference,title_en,deal,kind,location,price,permit_number,permit_expires"
Run = Callable[..., Result]


def configure(place: Path, dsn: str, more: str = "") -> Path:
    config = place / "majlis.toml"
    config.write_text(f'data_dir = "{place}/data"\n[postgres]\nurl = "{dsn}"\n{more}')
    config.chmod(0o600)
    return config


@pytest.fixture
def run(tmp_path: Path, postgres_dsn: str) -> Run:
    """Run a command of majlis on a database and two tenants."""
    config = configure(tmp_path, postgres_dsn, CONFIG)

    def run(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(majlis, [*map(str, words), "--config", str(config)])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def rows(dsn: str, sql: str, *args: object) -> Sequence[Any]:
    async def fetch() -> Sequence[Any]:
        async with open_postgres_pool(dsn, name="test/look", size=1) as pool:
            return await pool.fetch(sql, *args)

    return trio.run(fetch)


def sheet(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


def line(number: int, price: object = 1_000_000, permit: str = "7100000001,2099-01-01") -> str:
    return f"A-{number},Sea view {number},buy,apartment,jbr,{price},{permit}"


def test_a_file_with_one_wrong_row_in_a_thousand_stores_nothing(
    run: Run, tmp_path: Path, postgres_dsn: str
) -> None:
    lines = [line(n, "dear" if n == 700 else 1_000_000 + n) for n in range(1000)]
    result = run("import", "properties", sheet(tmp_path / "a.csv", *lines), "--tenant", "palm", code=1)
    assert "row 702, price: 'dear' is not a whole number" in result.stderr
    run("leads", "list", "--tenant", "palm")  # makes the tables
    assert rows(postgres_dsn, "select count(*) from properties")[0][0] == 0


def test_properties_are_added_then_changed_then_left_alone(
    run: Run, tmp_path: Path, postgres_dsn: str
) -> None:
    first = sheet(tmp_path / "a.csv", *[line(n) for n in range(1200)])
    rehearsed = run("import", "properties", first, "--tenant", "palm", "--dry-run")
    assert rehearsed.stdout.startswith("1200 rows: 1200 added, 0 changed, 0 as they were; a rehearsal")
    assert rows(postgres_dsn, "select count(*) from properties")[0][0] == 0
    run("import", "properties", first, "--tenant", "palm")
    second = sheet(tmp_path / "b.csv", line(0), line(1, 900_000), line(5000, permit="7100000001,2001-01-01"))
    result = run("import", "properties", second, "--tenant", "palm", "--json")
    assert json.loads(result.stdout) == {"rows": 3, "added": 1, "changed": 1, "same": 1, "dry_run": False}
    assert result.stderr == "1 of them are not shown: they have no permit that is valid today\n"
    counted = rows(postgres_dsn, "select tenant_id, count(*) from properties group by 1")
    assert [tuple(row) for row in counted] == [(1, 1201)]
    run("import", "properties", second, "--tenant", "marina")  # the same references, another's
    assert (
        rows(postgres_dsn, "select price from properties where reference = 'A-1' and tenant_id = 1")[0][0]
        == 900_000
    )
    audited = rows(postgres_dsn, "select tenant_id, action, object from audit_log order by id")
    assert [tuple(row) for row in audited] == [(tenant, "import", "properties") for tenant in (1, 1, 2)]


def test_pictures_go_in_by_the_names_of_their_files_all_or_none(
    run: Run, tmp_path: Path, postgres_dsn: str
) -> None:
    run("import", "properties", sheet(tmp_path / "a.csv", line(1), line(2), line(3)), "--tenant", "palm")
    folder = tmp_path / "photos"
    folder.mkdir()
    first, second = draw("villa", "one"), draw("villa", "two")
    for name, content in (("A-1.png", first), ("A-1.2.PNG", second), ("A-2.jpg", first), (".DS_Store", b"x")):
        (folder / name).write_bytes(content)
    kept = """select p.reference, i.position, i.mime, i.content
        from property_pictures i join properties p on p.id = i.property_id"""
    wrong = {
        "A-9.png": (first, "'A-9' is no property of this agency"),
        "A-3.2.png": (first, "A-3.2.png: A-3 has no first picture"),
        "A-1.jpg": (b"\xff\xd8\xff", "is the same picture of the same property"),
        "a.gif": (b"GIF89a", "is not named as a picture"),
        "A-2.3.png": (b"GIF89a" + b"x" * 60, "is image/gif inside"),
        "A-2.4.png": (first + b"x" * 5_242_881, "WhatsApp takes 1 to 5,242,880"),
        "A-2.5.png": (b"", "has 0 bytes"),
    }
    for name, (content, words) in wrong.items():
        (folder / name).write_bytes(content)
        assert words in run("import", "pictures", folder, "--tenant", "palm", code=1).stderr
        (folder / name).unlink()
    run("import", "pictures", folder, "--tenant", "marina", code=1)  # who has no such properties
    rehearsed = run("import", "pictures", folder, "--tenant", "palm", "--dry-run")
    assert (
        rehearsed.stdout == "3 pictures: 3 added, 0 changed, 0 as they were; a rehearsal: nothing was kept\n"
    )
    assert rows(postgres_dsn, kept) == []
    run("import", "pictures", folder, "--tenant", "palm")
    (folder / "A-1.png").write_bytes(second)
    done = run("import", "pictures", folder, "--tenant", "palm", "--json")
    assert json.loads(done.stdout) == {"rows": 3, "added": 0, "changed": 1, "same": 2, "dry_run": False}
    assert sorted(tuple(row) for row in rows(postgres_dsn, kept)) == [
        ("A-1", 1, "image/png", second),
        ("A-1", 2, "image/png", second),
        ("A-2", 1, "image/png", first),
    ]


def test_hours_of_the_operators_named_are_replaced(run: Run, tmp_path: Path, postgres_dsn: str) -> None:
    path = tmp_path / "hours.csv"
    head = "operator,weekday,starts,ends,phone,handoff_order\n"
    path.write_text(
        f"{head}Sara,monday,09:00,12:00,+971501234567,1\nSara,2,9:00,12:00,,\nOmar,1,10:00,11:00,,\n"
    )
    run("import", "availability", path, "--tenant", "palm")
    path.write_text(f"{head}Sara,wednesday,09:00,12:00,,2\n")
    run("import", "availability", path, "--tenant", "palm")
    found = rows(
        postgres_dsn,
        "select name, phone, handoff_order, weekday from operators o join availability_rules r on r.operator_id = o.id "
        "order by 1, 4",
    )
    assert [tuple(row) for row in found] == [("Omar", None, None, 1), ("Sara", "+971501234567", 2, 3)]


def test_articles_take_the_place_of_those_before(run: Run, tmp_path: Path, postgres_dsn: str) -> None:
    path, head = tmp_path / "articles.csv", "key,language,title,body\n"
    path.write_text(f'{head}fees,en,Fees,"The fee, by law, is 4%."\nfees,ru,Сборы,Сбор 4%.\n', "utf-8")
    run("import", "knowledge", path, "--tenant", "palm")
    path.write_text(f"{head}visa,en,Visas,Two weeks.\nvisa,en,Visas,Three weeks.\n")
    refused = run("import", "knowledge", path, "--tenant", "palm", code=1)
    assert "row 3, key: 'visa' is in row 2 already in that language" in refused.stderr
    sql = "select tenant_id, key, language, body from knowledge_articles order by 2, 3"
    known = [tuple(row) for row in rows(postgres_dsn, sql)]
    assert known == [(1, "fees", "en", "The fee, by law, is 4%."), (1, "fees", "ru", "Сбор 4%.")]
    path.write_text(f"{head}visa,en,Visas,Two weeks.\n")
    run("import", "knowledge", path, "--tenant", "palm")
    assert [row["key"] for row in rows(postgres_dsn, sql)] == ["visa"]


def test_closures_take_the_place_of_those_before_and_name_operators_that_exist(
    run: Run, tmp_path: Path, postgres_dsn: str
) -> None:
    hours, path = tmp_path / "hours.csv", tmp_path / "closures.csv"
    hours.write_text("operator,weekday,starts,ends\nSara,monday,09:00,12:00\n")
    run("import", "availability", hours, "--tenant", "palm")
    head = "closed_for,first_day,last_day\n"
    path.write_text(f"{head},2026-12-02,2026-12-03\nSara,2026-12-24,2026-12-24\n")
    run("import", "closures", path, "--tenant", "palm")
    path.write_text(f"{head}Sarah,2026-12-24,2026-12-24\n")
    refused = run("import", "closures", path, "--tenant", "palm", code=1)
    assert "'Sarah' (closure 1) is no operator (did you mean Sara?)" in refused.stderr
    sql = "select name, first_day::text from closures left join operators o on o.id = operator_id order by 2"
    assert [tuple(row) for row in rows(postgres_dsn, sql)] == [(None, "2026-12-02"), ("Sara", "2026-12-24")]
    path.write_text(head)
    run("import", "closures", path, "--tenant", "palm")
    assert rows(postgres_dsn, sql) == []


def test_a_wrong_tenant_is_told_with_the_nearest(run: Run) -> None:
    assert "no tenant plam (did you mean palm?)" in run("leads", "list", "--tenant", "plam", code=1).stderr


def test_leads_are_listed_shown_and_exported_for_their_tenant_alone(
    run: Run, tmp_path: Path, postgres_dsn: str
) -> None:
    run("leads", "list", "--tenant", "palm")
    now = datetime(2026, 11, 30, 6, tzinfo=UTC)

    async def fill() -> None:
        async with (
            open_postgres_pool(postgres_dsn, name="test/fill", size=1) as pool,
            pool.transaction() as transaction,
        ):
            for tenant, many in ((1, 250), (2, 1)):
                async with tenant_transaction(transaction, tenant) as tx:
                    for number in range(many):
                        lead = await leads.ensure(tx, f"c{number}", f"c{number}", now, source="link")
                        name = "=1+1" if number == 7 else f"Анна {number}"
                        wish = Wish(deal="buy", budget=Span(None, 2_000_000), places=("jbr",))
                        await leads.learn(tx, lead, now, name=name, phone="+971501234567", wish=wish)
                        await leads.note(tx, lead, ["named"] * (number % 2), f"m{number}", now)

    trio.run(fill)
    out = tmp_path / "leads.csv"
    assert run("leads", "export", out, "--tenant", "palm", "--bom").stderr == "250 leads\n"
    content = out.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,")
    assert content.count(b"\r\n") == 251
    read = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len({row["id"] for row in read}) == 250
    assert [int(row["score"]) for row in read] == [4] * 125 + [0] * 125
    assert sum(row["name"] == "'=1+1" for row in read) == 1
    assert out.stat().st_mode & 0o777 == 0o600
    assert "exists" in run("leads", "export", out, "--tenant", "palm", code=1).stderr
    assert run("leads", "export", "--tenant", "marina").stdout_bytes.count(b"\r\n") == 2
    assert (
        "cannot be written"
        in run("leads", "export", tmp_path / "no" / "x", "--tenant", "palm", code=1).stderr
    )
    shown = json.loads(run("leads", "show", read[0]["id"], "--tenant", "palm", "--json").stdout)
    assert shown["lead"]["wish"] == {
        "deal": "buy",
        "budget": {"low": None, "high": 2_000_000},
        "places": ["jbr"],
    }
    assert [event["kind"] for event in shown["events"]] == ["named"]
    assert "no lead" in run("leads", "show", read[0]["id"], "--tenant", "marina", code=1).stderr
    assert len(run("leads", "list", "--tenant", "palm", "--limit", 5).stdout.splitlines()) == 5


def test_a_link_is_opaque_leads_to_its_tenant_and_ends(run: Run, tmp_path: Path, postgres_dsn: str) -> None:
    picture = tmp_path / "qr.png"
    words = ("link", "--tenant", "palm", "--vertical", "expo", "--campaign", "spring", "--expires", 7)
    told = json.loads(run(*words, "--picture", picture, "--json").stdout)
    code = told["code"]
    assert told["link"] == f"https://wa.me/97145550100?text={code}"
    assert routes.parse_code(f" {code.lower()} ") == code
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "▄" in run(*words).stdout

    async def look() -> routes.Route | None:
        async with (
            open_postgres_pool(postgres_dsn, name="test/look", size=1) as pool,
            pool.transaction() as transaction,
        ):
            async with tenant_transaction(transaction, 2) as tx:
                assert not await routes.close(tx, code)  # another's
            return await routes.find(transaction, code)

    route = trio.run(look)
    assert route is not None
    assert (route.tenant, route.vertical, route.campaign) == (1, "expo", "spring")
    assert route.expires_at is not None
    assert route.open_at(datetime.now(UTC))
    assert not route.open_at(route.expires_at)


def test_the_demo_is_seeded_once_and_has_what_it_takes(run: Run, tmp_path: Path, postgres_dsn: str) -> None:
    configure(tmp_path, postgres_dsn)  # the tenants are the demo's
    first, second = (json.loads(run("seed", "demo", "--json").stdout) for _ in range(2))
    assert list(first) == list(second) == ["palm-estates", "marina-homes"]
    for one in (*first.values(), *second.values()):  # the tables of a demo are filled when they are made
        assert tuple(one.values()) == (30, 0, 0, 30)
    (counts,) = rows(
        postgres_dsn,
        "select count(*), count(distinct place) > 10, count(distinct kind), count(distinct deal), "
        "count(*) filter (where permit_expires < now()) > 3, count(*) filter (where permit_number is null), "
        "count(*) filter (where visa_years is not null) > 3, count(*) filter (where yield_bp is not null) > 10 "
        "from properties",
    )
    assert tuple(counts) == (60, True, 8, 2, True, 2, True, True)
    pictures = rows(postgres_dsn, "select content from property_pictures")
    assert len(pictures) == len({bytes(row[0]) for row in pictures}) == 60
    assert all(bytes(row[0]).startswith(b"\x89PNG") and len(row[0]) < 20_000 for row in pictures)

    async def search() -> int:
        async with (
            open_postgres_pool(postgres_dsn, name="test/look", size=1) as pool,
            pool.transaction() as transaction,
        ):
            async with tenant_transaction(transaction, 1) as tx:
                shelf = Shelf(True, datetime.now(UTC).date())
                found = (await listings.find(tx, Wish(), shelf, limit=50)).listings
                assert await listings.picture(tx, found[0].id, shelf)
            return len(found)

    assert 20 < trio.run(search) < 30
