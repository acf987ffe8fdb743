"""The suite's servers, for conversations too."""

from tests.integration.conftest import postgres_dsn, servers

__all__ = ["postgres_dsn", "servers"]
