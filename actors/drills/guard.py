"""Which databases a drill may use that are not its own: those whose name says that they are for drills. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from runtime.cli import CommandFailed

ENDING = "_drill"


def guarded(against: tuple[str, str]) -> tuple[str, str]:
    """Return the URLs of PostgreSQL and Redis if they may be used; raises CommandFailed.

    The database is emptied before each drill, so its name must end in `_drill`. Redis is not: it holds hints alone.
    """
    postgres, redis = against
    url = urlsplit(postgres)
    name = url.path.strip("/")
    if url.scheme not in ("postgres", "postgresql") or not name.endswith(ENDING):
        raise CommandFailed(
            f"--against: the database {name!r} is emptied before each drill, so its name must end in {ENDING}"
        )
    if urlsplit(redis).scheme not in ("redis", "rediss", "unix"):
        raise CommandFailed("--against: the second URL must be one of Redis: redis://host:port/0")
    return against
