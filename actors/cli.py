#!/usr/bin/env python3
"""The `majlis` script: the runtime's commands with the estate bot as their app, and the bot's own.

It is installed as it stands, not as an entry point: `from actors.cli import main` in a script of pip's would fail with a
traceback where a module of the user's own is called `actors`. So it begins with the standard library alone.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

_OURS = ("runtime/__init__.py", "actors/commands.py", "config/installation.py")


def _home() -> Path | None:
    """Return the first place on the import path that holds all three packages."""
    places = (Path(entry or ".").absolute() for entry in sys.path)
    return next((place for place in places if all((place / file).is_file() for file in _OURS)), None)


def main() -> None:
    """Run the command line. Refuses by name when a module of the user's shadows one of our packages."""
    if not getattr(sys, "frozen", False):  # a bundle has no source files to run, and nothing can shadow it
        home = _home()
        if home is None:
            sys.exit(
                "majlis: the packages of Majlis are not on the import path of this Python; install it again"
            )
        try:
            runpy.run_path(str(home / "config" / "installation.py"))["check_packages"]()
        except ImportError as fault:
            sys.exit(f"majlis: {fault}")
    try:
        from actors.commands import majlis  # noqa: PLC0415 - only now is it certain whose modules these are
    except KeyboardInterrupt:  # the imports take a while
        sys.exit(130)
    majlis()


if __name__ == "__main__":
    main()
