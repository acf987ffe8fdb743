"""What this program is made of: its packages, its servers, the libraries that the single binary brought along.

Knows the metadata of installed packages and the single binary's own list of the rest, which its build wrote.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

import msgspec

from config import child_environment, environment, payload
from runtime.resources.archive import LIST
from runtime.resources.binaries import Binary, Kind, ServerNotFound, look_for_binary

LICENCES = "licences"  # in the folder of the single binary: the texts
PRODUCTS = {"postgres": "PostgreSQL", "valkey-server": "Valkey", "redis-server": "Redis"}
SERVER_LICENCES = {"PostgreSQL": "PostgreSQL", "Valkey": "BSD-3-Clause", "Redis": "BSD-3-Clause"}

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)[^;]*(?:;(.*))?")
_NO_LICENCE = "not stated"
_LONGEST = 40  # characters of a licence's name; what is longer is its text


class Part(msgspec.Struct, frozen=True):
    """One thing with a version and a licence of its own."""

    name: str
    version: str
    licence: str


class Brought(msgspec.Struct, frozen=True):
    """What the single binary has beside packages, and what it was made from and for."""

    commit: str = ""
    glibc: str = ""
    servers: tuple[Part, ...] = ()
    libraries: tuple[Part, ...] = ()


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """All that `majlis version --full` tells. `glibc` is the one that runs; a single binary needs `needs_glibc`."""

    version: str
    commit: str
    python: str
    platform: str
    glibc: str
    needs_glibc: str
    binary: bool
    packages: tuple[Part, ...]
    servers: tuple[Part, ...]
    libraries: tuple[Part, ...]


def contents() -> Contents:
    """Return what is here. In a checkout git and the servers are asked, which takes some 50 ms."""
    folder = payload()
    if folder is None:
        found = installed_servers(environment().get("PATH", os.defpath))
        servers = tuple(Part(name, one.version, SERVER_LICENCES[name]) for name, one in found)
        brought = Brought(commit=_commit(), servers=servers)
    else:
        brought = msgspec.json.decode((folder / LIST).read_bytes(), type=Brought)
    return Contents(
        version=version("majlis"),
        commit=brought.commit,
        python=platform.python_version(),
        platform=f"{sys.platform} {platform.machine()}",
        glibc=" ".join(platform.libc_ver()).strip().removeprefix("glibc "),
        needs_glibc=brought.glibc,
        binary=folder is not None,
        packages=tuple(part_of(one) for one in packages()),
        servers=brought.servers,
        libraries=brought.libraries,
    )


def installed_servers(search_path: str) -> Iterator[tuple[str, Binary]]:
    """Yield what would be started without settings, each with its product's name, asking each for its version."""
    kinds: tuple[Kind, ...] = ("postgres", "redis")
    for kind in kinds:
        with suppress(ServerNotFound):
            found = look_for_binary(kind, bindir="", search_path=search_path)
            yield PRODUCTS[found.path.name], found


def packages() -> Iterator[Distribution]:
    """Yield Majlis and the packages that it needs to run, by name; those of the servers are not among them."""
    found: dict[str, Distribution] = {}
    wanted = ["majlis"]
    while wanted:
        name = _normal(wanted.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # needed on other platforms
            continue
        needed = filter(None, map(_REQUIREMENT.match, found[name].requires or ()))
        wanted += [words[1] for words in needed if "extra" not in (words[2] or "")]
    yield from (one for _, one in sorted(found.items()))


def part_of(one: Distribution) -> Part:
    """Return a package as a part, with its licence as its metadata have it."""
    return Part(_normal(one.name), one.version, _licence(one))


def licence_files(one: Distribution) -> list[Path]:
    """Return the files of an installed package that are its licence."""
    names = re.compile(r"(?i)(licen[cs]e|copying|notice|authors|third_party)[^/]*$")
    return [
        Path(str(one.locate_file(path)))
        for path in one.files or ()
        if ".dist-info/" in str(path) and names.match(path.name)
    ]


def _licence(one: Distribution) -> str:
    for field in ("License-Expression", "License"):
        for said in one.metadata.get_all(field, ()):
            if 0 < len(said) <= _LONGEST and "\n" not in said:
                return str(said)
    lines = one.metadata.get_all("Classifier", ())
    return " OR ".join(line.split(" :: ")[-1] for line in lines if "License ::" in line) or _NO_LICENCE


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _commit() -> str:
    """Return the commit of the checkout that this file is in; "" where it is in none."""
    here = Path(__file__).parents[2]
    if not (here / ".git").exists():
        return ""
    try:
        asked = subprocess.run(  # noqa: S603 - our own words
            ["git", "-C", str(here), "rev-parse", "HEAD"],  # noqa: S607 - whatever git the developer has
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip()
