"""Checks that the three packages of the distribution are the ones that Python finds.

A user's `runtime.py` or `config/` earlier on the import path would replace ours, with errors that hide it.
Imports nothing but the standard library, and knows the others only by name, so that it also runs by its path
(`runpy.run_path`) where `config` itself is the one replaced.
"""

import importlib.util
import os
from pathlib import Path

PACKAGES = ("runtime", "actors", "config")


class ShadowedPackage(ImportError):
    """Python finds another module under the name of one of our packages, or none."""

    def __init__(self, package: str, found: str, ours: str) -> None:
        """Say that `package` was found at `found` while ours is at `ours`."""
        super().__init__(
            f"ShadowedPackage: the module {package!r} is found at {found}, which hides "
            f"Majlis's own at {ours}; rename it, or keep it off the import path (sys.path, PYTHONPATH)",
            name=package,
            path=found,
        )
        self.found = found
        self.ours = ours


def check_packages() -> None:
    """Return when runtime, actors and config live side by side with this file; else raise ShadowedPackage.

    Finds them without importing them.
    """
    home = Path(__file__).absolute().parent.parent
    for package in PACKAGES:
        found = _location(package)
        if found is None or os.path.realpath(found.parent) != os.path.realpath(home):
            raise ShadowedPackage(package, str(found or "no place at all"), str(home / package))
        if found.name != package:  # a module runtime.py right beside our package, with the package gone
            raise ShadowedPackage(package, str(found), str(home / package))


def _location(package: str) -> Path | None:
    """Return the folder of a package, or the file of a module, that an import of the name would take."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # a module in sys.modules that does not say where it came from
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).absolute()
    return Path(spec.origin or "").absolute()
