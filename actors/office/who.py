"""Who runs a command, as the audit log names them."""

from __future__ import annotations

import getpass


def who() -> str:
    """Return the name of the system's user, if it has one."""
    try:
        return f"command of {getpass.getuser()}"
    except (OSError, KeyError):  # a user without a name
        return "command"
