"""Where a URL of a database, Redis or HTTP server leads, and the same URL leading somewhere else. Pure."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

Address = tuple[str, int] | Path
"""A TCP address, or the path of a Unix socket."""

_PORTS = {"postgresql": 5432, "postgres": 5432, "redis": 6379, "http": 80, "https": 443}
_POSTGRES = ("postgresql", "postgres")


def postgres_socket(directory: Path, port: int = 5432) -> Path:
    """Return the path that PostgreSQL's clients look for in a directory: they are told directory and port."""
    return directory / f".s.PGSQL.{port}"


def address_of(url: str) -> Address:
    """Return where a URL leads. Raises ValueError for a scheme that is not known here."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return Path(unquote(parts.path))
    if parts.scheme not in _PORTS:
        raise ValueError(f"{parts.scheme}:// is not one of unix, {', '.join(_PORTS)}")
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme in _POSTGRES:
        query = dict(parse_qsl(parts.query))
        host, port = query.get("host", host), int(query.get("port", port))
        if host.startswith("/"):
            return postgres_socket(Path(host), port)
    return (host or "127.0.0.1", port)


def redirected(url: str, address: Address) -> str:
    """Return the same URL leading to `address`; raises ValueError where its scheme has no form for that."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    path, query = parts.path, parse_qsl(parts.query)
    if parts.scheme in _POSTGRES:
        query = [(name, value) for name, value in query if name not in {"host", "port"}]
    if isinstance(address, tuple):
        scheme = "redis" if parts.scheme == "unix" else parts.scheme
        netloc = f"{login}{at}{address[0]}:{address[1]}"
        return urlunsplit((scheme, netloc, "" if parts.scheme == "unix" else path, urlencode(query), ""))
    if parts.scheme in _POSTGRES:
        port = address.name.rpartition(".")[2]
        query += [("host", str(address.parent)), ("port", port)]
        return urlunsplit((parts.scheme, f"{login}{at}", path, urlencode(query), ""))
    if parts.scheme in {"unix", "redis"}:
        if parts.scheme == "redis" and path.strip("/"):
            query += [("db", path.strip("/"))]
        return urlunsplit(("unix", f"{login}{at}", quote(str(address)), urlencode(query), ""))
    raise ValueError(f"{parts.scheme}:// cannot lead to a Unix socket")
