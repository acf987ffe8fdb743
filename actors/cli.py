"""The `majlis` script: the runtime's commands with the estate bot as their app, and the bot's own."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the command line. Refuses by name when a module of the user's shadows one of our packages."""
    if not getattr(sys, "frozen", False):  # a bundle has no source files to run, and nothing can shadow it
        check = Path(__file__).absolute().parent.parent / "config" / "installation.py"
        try:
            runpy.run_path(str(check))["check_packages"]()
        except ImportError as fault:
            sys.exit(str(fault))
    from actors.commands import majlis  # noqa: PLC0415 - only now is it certain whose modules these are

    majlis()
