"""Prints the Debian packages that PyInstaller needs and this system lacks: its tools, and Python as a shared library."""

from __future__ import annotations

import shutil
import sys
import sysconfig

from PyInstaller.depend.bindepend import get_python_library_path  # type: ignore[import-untyped]
from PyInstaller.exceptions import PythonLibraryNotFoundError  # type: ignore[import-untyped]

TOOLS = {"objdump": "binutils", "objcopy": "binutils", "strip": "binutils", "ldd": "libc-bin"}


def missing() -> set[str]:
    """Return the names of the packages."""
    packages = {package for tool, package in TOOLS.items() if shutil.which(tool) is None}
    try:
        get_python_library_path()
    except PythonLibraryNotFoundError:
        packages.add(f"libpython{sysconfig.get_python_version()}")
    return packages


if __name__ == "__main__":
    sys.stdout.write(" ".join(sorted(missing())))
