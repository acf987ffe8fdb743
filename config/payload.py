"""The folder that the single binary was unpacked to and runs from, if it is what runs.

Knows how such a program is started, and nothing of what is in the folder.
"""

import fcntl
import os
import sys
from pathlib import Path

_LIBRARIES = "LD_LIBRARY_PATH"


def payload() -> Path | None:
    """Return the folder with the data of the single binary; None where Majlis runs from files of its own."""
    inside = getattr(sys, "_MEIPASS", None)
    return Path(inside) if getattr(sys, "frozen", False) and inside else None


def enter_payload() -> None:
    """Hold the folder until this process ends, and give it the environment back that its caller had.

    To be called once, first. A newer version removes no folder that is held.
    """
    folder = payload()
    if folder is None:
        return
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # never closed
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    # What the loader of the program set for itself would have children load its libraries instead of theirs.
    before = os.environ.pop(f"{_LIBRARIES}_ORIG", None)
    os.environ.pop(_LIBRARIES, None)
    if before is not None:
        os.environ[_LIBRARIES] = before
    for name in [name for name in os.environ if name.startswith(("_PYI_", "_MEIPASS"))]:
        del os.environ[name]
