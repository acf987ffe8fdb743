"""The single binary: what it holds, how it starts, and that it leaves nothing behind, with nothing in its environment.

It is built once for each state of its sources, under build/, which takes a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from runtime.testing import DrillResult, ServeProcess, server_status

CHECKOUT = Path(__file__).parents[2]
SOURCES = ("runtime", "actors", "config", "bundle", "pyproject.toml", "LICENSE")
PORTS = "[server]\nport = 0\nadmin_port = 0\n"


@pytest.fixture(scope="session")
def binary() -> Path:
    """The binary of this checkout's sources."""
    built = CHECKOUT / "build" / "tested" / _state_of_sources() / "majlis"
    if not built.exists():
        shutil.rmtree(built.parents[1], ignore_errors=True)
        words = ("./dev", "binary", "--commit", "tested", "--output", str(built))
        build = finished(words, cwd=CHECKOUT, within=900)
        if "the build needs" in build.stderr:
            pytest.skip(build.stderr.splitlines()[-1])
        assert build.returncode == 0, build.stderr[-4000:]
    return built


@pytest.fixture(scope="module")
def place(binary: Path) -> Iterator[Path]:
    """A directory that the embedded servers' user may pass, with the unpacked program in `cache`."""
    with tempfile.TemporaryDirectory(prefix="majlis-binary-") as name:
        Path(name).chmod(0o711)
        (Path(name) / "majlis.toml").write_text(PORTS)
        yield Path(name)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache directory."""
    path = tmp_path / "cache"
    path.mkdir(mode=0o700)
    return path


def finished(
    words: Sequence[str | Path],
    *,
    within: float = 120.0,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own words
        words, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=within, check=False
    )


def run(
    binary: Path, *words: str, cache: Path, cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the binary with nothing in its environment but the place to unpack in."""
    environ = {"MAJLIS_CACHE_DIR": str(cache)}
    return finished((binary, *words), env=environ, cwd=cwd or cache.parent, stdin=stdin)


def serve(binary: Path, place: Path, *words: str, name: str = "data", **environ: str) -> ServeProcess:
    """Return a server, not started yet."""
    return ServeProcess(
        [str(binary), "serve", "--config", str(place / "majlis.toml"), *words],
        data_dir=place / name,
        log=place / name / "log" / "serve.log",
        environ={"MAJLIS_CACHE_DIR": str(place / "cache"), "MAJLIS_DATA_DIR": str(place / name), **environ},
        cwd=place,
    )


def of(pid: int, name: str) -> str:
    """Return what the system says of a process."""
    return Path(f"/proc/{pid}/{name}").read_text()


def processes_at(*places: Path) -> Mapping[int, str]:
    """Return the living processes whose program or working directory is in one of the places."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = [(entry / name).readlink() for name in ("exe", "cwd")]
        except OSError:  # ended meanwhile, or a zombie
            continue
        if any(path.is_relative_to(place) for path in where for place in places):
            found[int(entry.name)] = where[0].name
    return found


async def nobody_at(*places: Path) -> None:
    """Wait until no process is left at the places; 20 s at most."""
    with trio.fail_after(20):
        while processes_at(*places):
            await trio.sleep(0.05)


def in_cache(cache: Path) -> list[str]:
    """Return what the cache directory holds, without the lock."""
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock")


@contextmanager
def held_by_nobody_else(cache: Path) -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the one unpacked folder could be removed now."""
    (folder,) = (path for path in cache.iterdir() if path.is_dir())
    descriptor = os.open(folder, os.O_RDONLY)

    def free() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield free
    finally:
        os.close(descriptor)


# ── what it is ────────────────────────────────────────────────────────


def test_it_tells_what_it_is_made_of_with_versions_and_licences(binary: Path, place: Path) -> None:
    assert binary.stat().st_size < 60_000_000
    said = run(binary, "version", "--full", "--json", cache=place / "cache")
    assert said.returncode == 0, said.stderr
    whole = json.loads(said.stdout)
    assert (whole["commit"], whole["binary"]) == ("tested", True)
    assert {"PostgreSQL", "Valkey"} == {part["name"] for part in whole["servers"]}
    assert {"majlis", "trio", "asyncpg", "hiredis", "uvloop"} <= {part["name"] for part in whole["packages"]}
    assert {"Python", "libssl.so.3"} <= {part["name"] for part in whole["libraries"]}
    parts = [part for kind in ("packages", "servers", "libraries") for part in whole[kind]]
    assert not [part for part in parts if part["licence"] == "not stated" or part["version"] == ""]
    assert run(binary, "version", cache=place / "cache").stdout == f"majlis {whole['version']}\n"


def test_the_texts_of_all_licences_are_inside(binary: Path, place: Path) -> None:
    texts = json.loads(run(binary, "version", "--licences", "--json", cache=place / "cache").stdout)
    whole = json.loads(run(binary, "version", "--full", "--json", cache=place / "cache").stdout)
    have = {name for name, files in texts.items() if files}
    assert {part["name"] for part in (*whole["packages"], *whole["servers"])} <= have
    assert "PostgreSQL Global Development Group" in "".join(
        Path(file).read_text() for file in texts["PostgreSQL"]
    )


def test_commands_that_need_no_server_work(binary: Path, place: Path) -> None:
    words = ("config", "show", "--demo", "--json", "--data-dir", str(place / "demo"))
    shown = run(binary, *words, cache=place / "cache")
    assert json.loads(shown.stdout)["channels"], shown.stderr
    bench = run(binary, "bench", cache=place / "cache")
    assert (bench.returncode, bench.stderr.count("\n")) == (1, 1)
    assert "checkout" in bench.stderr


# ── what it does ──────────────────────────────────────────────────────


async def test_it_serves_as_one_process_and_one_sigterm_ends_it_and_its_servers(
    binary: Path, place: Path
) -> None:
    temporary = place / "tmp"
    temporary.mkdir()
    server = serve(binary, place, TMPDIR=str(temporary))
    await server.start(60)  # which looks that the process that answers is the one that was started
    assert of(server.pid, "comm") == "majlis\n"
    children = of(server.pid, f"task/{server.pid}/children").split()
    assert sorted(of(int(pid), "comm") for pid in children) == ["postgres\n", "valkey-server\n"]
    for pid in children:
        environ = of(int(pid), "environ")
        assert "LD_LIBRARY_PATH" not in environ
        assert "_PYI" not in environ
    saved = str(place / "saved.backup")
    for words in (
        ("status",),
        ("reload",),
        ("ps",),
        ("parked", "list"),
        ("dead-letters", "list"),
        ("backup", saved, "--verify"),
        ("psql", "-c", "select 1"),
    ):
        at = ("--data-dir", str(place / "data"))
        told = (words[0], *at, "--", *words[1:]) if words[0] == "psql" else (*words, *at)
        asked = run(binary, *told, cache=place / "cache")
        assert asked.returncode == 0, asked.stderr
    with held_by_nobody_else(place / "cache") as free:
        assert not free()  # so a newer version would not remove the folder
        assert await server.stop(signal.SIGTERM) == 0, server.log_tail()
        assert free()
    assert not processes_at(place)
    assert not list(temporary.iterdir())


async def test_kill_9_leaves_no_process_and_no_temporary_folder(binary: Path, place: Path) -> None:
    before = in_cache(place / "cache")
    temporary = place / "tmp-of-killed"
    temporary.mkdir()
    server = serve(binary, place, TMPDIR=str(temporary))
    await server.start(60)
    assert len(processes_at(place)) >= 3
    await server.kill()
    await nobody_at(place)
    assert not list(temporary.iterdir())
    assert in_cache(place / "cache") == before


def test_the_simulator_starts_servers_of_it_kills_one_and_finds_nothing_wrong(
    binary: Path, place: Path
) -> None:
    words = ("--kills", "1", "--people", "5", "--messages", "2", "--data-dir", str(place / "demo"))
    done = run(binary, "simulate", "--demo", *words, cache=place / "cache")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not processes_at(place)


def test_its_drills_rehearse_it_and_what_it_cannot_do_is_skipped_with_its_reason(
    binary: Path, place: Path
) -> None:
    report = place / "drills.json"
    words = ("drill", "run", "idle-keepalives", "clock-jump", "--quick", "--json", str(report))
    done = run(binary, *words, cache=place / "cache")
    assert done.returncode == 0, done.stdout + done.stderr
    passed, skipped = msgspec.json.decode(report.read_bytes(), type=list[DrillResult])
    assert (passed.verdict, skipped.verdict) == ("passed", "skipped")
    assert passed.figures["messages"] > 50
    assert "its clock cannot be set" in skipped.skipped
    assert not processes_at(place)


def test_the_fake_graph_serves_until_sigterm(binary: Path, place: Path) -> None:
    words = (binary, "fake-graph", "--demo", "--port", "0", "--json", "--data-dir", place / "demo")
    environ = {"MAJLIS_CACHE_DIR": str(place / "cache")}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as fake:  # noqa: S603 - our own words
        assert fake.stdout is not None
        assert json.loads(fake.stdout.readline())["address"].startswith("127.0.0.1:")
        fake.terminate()
        assert fake.wait(30) == 0


def test_the_chat_answers(binary: Path, place: Path) -> None:
    words = ("chat", "--demo", "--data-dir", str(place / "demo"))
    said = run(binary, *words, cache=place / "cache", stdin="Good evening\n/quit\n")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Welcome to" in said.stdout


async def test_it_serves_an_app_of_the_working_directory_that_uses_the_standard_library(
    binary: Path, place: Path
) -> None:
    imports = "csv, decimal, email.message, logging.handlers, sqlite3, statistics, uuid, xml.etree.ElementTree, zoneinfo"
    (place / "parrot.py").write_text(
        f"import {imports}\n"
        "from actors.echo import Echo\n"
        "from actors.messages import INCOMING\n"
        "from actors.channels.meta import MetaProvider\n"
        "from runtime import App\n"
        "app = App(name='parrot', actor=Echo(), providers=(MetaProvider(),), events=INCOMING)\n"
    )
    server = serve(binary, place, "--app", "parrot:app", name="parrots")
    await server.start(60)
    status = await server_status(place / "parrots")
    assert status is not None
    assert status.app == "parrot"
    assert await server.stop() == 0, server.log_tail()


# ── where it unpacks itself ───────────────────────────────────────────


def test_systemd_names_the_place_and_ours_goes_before_it(binary: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir(mode=0o700)
    given = {"CACHE_DIRECTORY": f"{cache}:{tmp_path}/second"}
    for environ, used in (
        (given, cache),
        ({**given, "MAJLIS_CACHE_DIR": str(tmp_path / "ours")}, tmp_path / "ours"),
    ):
        assert not list(used.iterdir())
        said = finished((binary, "version"), env=environ)
        assert said.returncode == 0, said.stderr
        assert len(in_cache(used)) == 1
    assert not (tmp_path / "second").exists()


def test_two_first_starts_at_once_both_work(binary: Path, cache: Path) -> None:
    environ = {"MAJLIS_CACHE_DIR": str(cache)}
    both = [
        subprocess.Popen((binary, "version"), env=environ, stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(2)
    ]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0] == said[1] != ""
    assert len(in_cache(cache)) == 1


def test_a_start_that_is_killed_while_it_unpacks_leaves_nothing_that_stays(binary: Path, cache: Path) -> None:
    first = subprocess.Popen(  # noqa: S603 - our own words
        (binary, "version"), env={"MAJLIS_CACHE_DIR": str(cache)}, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list(cache.glob(".new-*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    first.kill()
    first.wait(10)
    assert [name[:4] for name in in_cache(cache)] == [".new"]
    assert run(binary, "version", cache=cache).returncode == 0
    (name,) = in_cache(cache)
    assert not name.startswith(".")


def test_what_was_damaged_is_unpacked_again(binary: Path, cache: Path) -> None:
    assert run(binary, "version", cache=cache).returncode == 0
    (library,) = cache.glob("*/_internal/libpython3*.so*")
    with library.open("r+b") as file:
        file.truncate(1000)
    assert run(binary, "version", cache=cache).returncode == 0
    assert library.stat().st_size > 1000
    library.chmod(0o666)  # somebody else may have written
    before = library.stat().st_ino
    assert run(binary, "version", cache=cache).returncode == 0
    assert library.stat().st_ino != before


def test_older_versions_go_but_for_the_newest_and_one_that_runs(binary: Path, cache: Path) -> None:
    for age, name in enumerate(("0.0.4-d", "0.0.3-c", "0.0.2-b", "0.0.1-a"), 1):
        (cache / name / "_internal").mkdir(parents=True)
        os.utime(cache / name, (age, 1_000_000_000 - age))
    running = os.open(cache / "0.0.2-b", os.O_RDONLY)
    try:
        fcntl.flock(running, fcntl.LOCK_SH)
        assert run(binary, "version", cache=cache).returncode == 0
    finally:
        os.close(running)
    left = set(in_cache(cache))
    assert {"0.0.4-d", "0.0.2-b"} < left
    assert len(left) == 3


def refused(said: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a start was refused."""
    assert said.returncode == 1, said
    assert said.stdout == ""
    (line,) = said.stderr.splitlines()
    assert line.startswith("majlis: ")
    return line


def test_a_cache_directory_that_cannot_be_is_one_line(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot write to" in refused(
        run(binary, "version", cache=tmp_path / "file" / "cache", cwd=tmp_path)
    )


def test_a_cache_directory_that_others_may_write_to_is_refused(binary: Path, cache: Path) -> None:
    cache.chmod(0o777)
    assert "not this user's alone" in refused(run(binary, "version", cache=cache))
    assert not list(cache.iterdir())


def test_a_copy_that_is_not_whole_is_told(binary: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "majlis"
    copy.write_bytes(binary.read_bytes()[:-1000])
    copy.chmod(0o755)
    assert "damaged" in refused(run(copy, "version", cache=cache))
    assert in_cache(cache) == []


@pytest.mark.parametrize(("options", "told"), [("noexec", "noexec"), ("size=20m", "cannot unpack into")])
def test_a_file_system_that_is_full_or_executes_nothing_is_one_line(
    binary: Path, cache: Path, options: str, told: str
) -> None:
    unshare = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")
    if finished((*unshare, "true")).returncode:
        pytest.skip("this user cannot mount a file system of its own here")
    script = f'mount -t tmpfs -o mode=700,{options} tmpfs "$1" && MAJLIS_CACHE_DIR="$1" exec "$2" version'
    words = (*unshare, "sh", "-c", script, "sh", str(cache), str(binary))
    assert told in refused(finished(words))


# ── on a system that has nothing ──────────────────────────────────────

_USERS = (
    "root:x:0:0::/root:/bin/sh\n"
    "nobody:x:65534:65534::/nonexistent:/bin/false\n"
    "guest:x:1000:1000::/home/guest:/bin/sh\n"
)
#: Runs a rehearsal in the system at $1 as the user $3; fails if a process of it is left afterwards.
_BARE = """
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
for place in tmp home usr/local var/cache var/lib; do
    mkdir -p "$1/$place"
    mount -t tmpfs -o mode=755 tmpfs "$1/$place"
done
chmod 1777 "$1/tmp"
install -D "$2" "$1/usr/local/bin/majlis"
install -d -o 1000 -g 1000 "$1/home/guest"
chroot --userspec="$3" "$1" env -i /usr/local/bin/majlis simulate --demo --kills 1 --people 5 --messages 2 $4
cd /
for process in "$1"/proc/[0-9]*; do readlink "$process/exe" || :; done | grep majlis >&2 || exit 0
exit 9
"""


@pytest.fixture(scope="session")
def bare() -> Path:
    """The packages of a minimal Debian of this release, unpacked and no more; made once for all runs on this machine."""
    system = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    if os.geteuid() != 0 or system.get("ID") != "debian":
        pytest.skip("a minimal Debian is made by root on Debian alone")
    if shutil.which("debootstrap") is None:
        _told("apt-get", "update", "-qq")
        _told("apt-get", "install", "-qq", "-y", "--no-install-recommends", "debootstrap")
    release = system["VERSION_CODENAME"]
    root = Path(tempfile.gettempdir(), f"majlis-bare-{release}")
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "made").exists():
            shutil.rmtree(root, ignore_errors=True)
            mirrors = _told("apt-get", "indextargets", "--format", "$(REPO_URI)").splitlines()
            _told("debootstrap", "--foreign", "--variant=minbase", release, str(root), *mirrors[:1])
            (root / "etc" / "passwd").write_text(_USERS)
            if (root / "proc").is_symlink():  # to our own
                (root / "proc").unlink()
                (root / "proc").mkdir()
            (root / "made").touch()
    assert not list(root.glob("usr/bin/python*"))
    return root


def _told(*words: str) -> str:
    """Return what a tool says; skip the test with its last words where it fails."""
    try:
        done = finished(words, within=300)
    except (OSError, subprocess.TimeoutExpired) as fault:
        pytest.skip(f"no minimal Debian: {fault}")
    if done.returncode:
        last = (done.stderr + done.stdout).strip().splitlines()[-1:]
        pytest.skip(f"no minimal Debian: {words[0]} failed: {''.join(last)}")
    return done.stdout


@pytest.mark.parametrize(("user", "words"), [("0:0", ()), ("1000:1000", ("--data-dir", "/home/guest/data"))])
def test_it_runs_on_a_minimal_debian_with_an_empty_environment(
    binary: Path, bare: Path, user: str, words: Sequence[str]
) -> None:
    inside = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _BARE, "sh")
    done = finished((*inside, bare, binary, user, " ".join(words)), within=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^verdict +ok$", done.stdout, re.MULTILINE)


def _state_of_sources() -> str:
    """Return a hash of everything that goes into the binary."""
    state = hashlib.sha256()
    for name in SOURCES:
        root = CHECKOUT / name
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and "__pycache__" not in path.parts:
                state.update(
                    f"{path.relative_to(CHECKOUT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest()
                )
    return state.hexdigest()[:16]
