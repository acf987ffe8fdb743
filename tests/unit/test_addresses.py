"""URLs of servers: where they lead, and the same ones leading elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.drill.addresses import Address, address_of, postgres_socket, redirected


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgresql://u:p@h:77/d", ("h", 77)),
        ("postgres://u@h/d?sslmode=disable", ("h", 5432)),
        ("postgresql://u@/d?host=%2Frun%2Fpg&port=5433", Path("/run/pg/.s.PGSQL.5433")),
        ("postgresql://u@/d?host=%2Frun%2Fpg", Path("/run/pg/.s.PGSQL.5432")),
        ("redis://:p@h/0", ("h", 6379)),
        ("unix:///run/a%20b/redis.sock?db=1", Path("/run/a b/redis.sock")),
        ("http://127.0.0.1:8080/path", ("127.0.0.1", 8080)),
        ("https://h", ("h", 443)),
    ],
)
def test_where_a_url_leads(url: str, address: Address) -> None:
    assert address_of(url) == address


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        address_of("ftp://h")
    with pytest.raises(ValueError, match="cannot lead to a Unix socket"):
        redirected("http://h", Path("/x"))


@pytest.mark.parametrize("address", [("127.0.0.1", 9999), postgres_socket(Path("/new/dir"), 7)])
@pytest.mark.parametrize(
    "url",
    ["postgresql://u:p@h:77/d?sslmode=disable", "postgresql://u:p@/d?host=%2Frun&port=1&sslmode=disable"],
)
def test_a_database_is_reached_elsewhere_with_all_else_the_same(url: str, address: Address) -> None:
    elsewhere = redirected(url, address)
    assert address_of(elsewhere) == address
    assert elsewhere.startswith("postgresql://u:p@")
    assert "/d?sslmode=disable" in elsewhere


@pytest.mark.parametrize("address", [("127.0.0.1", 9999), Path("/new/redis.sock")])
@pytest.mark.parametrize("url", ["redis://h:1", "unix:///old.sock"])
def test_redis_is_reached_elsewhere(url: str, address: Address) -> None:
    assert address_of(redirected(url, address)) == address
    assert redirected("redis://:p@h/3", Path("/s")) == "unix://:p@/s?db=3"


def test_a_path_of_http_stays() -> None:
    assert redirected("http://h/a?b=c", ("127.0.0.1", 1)) == "http://127.0.0.1:1/a?b=c"
