"""The only place that reads the process environment."""

import os
from collections.abc import Mapping

_INHERITED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR"})


def environment() -> Mapping[str, str]:
    """Return a copy of the process environment as it is now."""
    return dict(os.environ)


def child_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a child process may inherit: where things are, how text is written; no setting."""
    source = environment() if environ is None else environ
    return {name: value for name, value in source.items() if name in _INHERITED or name.startswith("LC_")}
