"""What this machine gives: disk, places for sockets, file descriptors, ports, packages. Pure judgements."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import msgspec

from config import Settings, is_loopback
from runtime.channel import Finding
from runtime.doctor.sizes import told_bytes
from runtime.ingress.listeners import UNIX_PATH_BYTES

_SPARE = 64  # descriptors beside connections: logs, sockets of the process itself, files
_FEW = 200  # webhooks at once, with which a small installation lives


class DiskFacts(msgspec.Struct, frozen=True):
    """The file system of the data directory, or of where it would be made. `inodes` None: it does not count them."""

    free: int
    size: int
    inodes: int | None


class DataDirFacts(msgspec.Struct, frozen=True):
    """The data directory; `usable`: this user may write to it, or may make it where it is missing."""

    path: str
    exists: bool
    usable: bool
    mode: int
    longest_socket: int  # bytes of the longest path of a socket in it
    closed_to_servers: str = ""  # a directory on the way that the embedded servers' user may not pass


class DescriptorFacts(msgspec.Struct, frozen=True):
    """Limits of open files; `hard` None: none."""

    hard: int | None
    needed_at_least: int
    needed: int


class PortFacts(msgspec.Struct, frozen=True):
    """What came of trying to bind an address. `ours`: a running `serve` of these settings says that it is its own."""

    name: str
    host: str
    port: int
    errno: int
    ours: bool


def judge_disk(facts: DiskFacts) -> Finding:
    """A full disk is the one thing that a database does not forgive."""
    share = facts.free / facts.size if facts.size else 0.0
    seen = f"{told_bytes(facts.free)} free of {told_bytes(facts.size)} ({share:.0%})"
    advice = "make room: a database whose disk is full stops, and may not start again before there is some"
    if facts.free < 200_000_000:
        return Finding("disk", "fail", seen, advice)
    if facts.inodes is not None and facts.inodes < 1000:
        return Finding(
            "disk", "fail", f"{seen}, {facts.inodes} inodes", "remove small files: no new ones can be made"
        )
    if facts.free < 2_000_000_000 or share < 0.1:
        return Finding("disk", "warn", seen, advice)
    return Finding("disk", "ok", seen)


def judge_data_dir(facts: DataDirFacts) -> Finding:
    """It must be writable, nobody else's to write, and near enough to the root for sockets."""
    name = "data_dir"
    if not facts.usable:
        what = "cannot be written to" if facts.exists else "does not exist and cannot be made"
        return Finding(name, "fail", f"{facts.path} {what}", "set one that this user may write to")
    if facts.longest_socket > UNIX_PATH_BYTES:
        seen = f"a socket's path would have {facts.longest_socket} bytes, and {UNIX_PATH_BYTES} are allowed"
        return Finding(name, "fail", seen, "choose a shorter data_dir, and a shorter TMPDIR if one is set")
    if facts.closed_to_servers:
        return Finding(
            name,
            "fail",
            f"as root, the embedded servers run as another user, who may not pass {facts.closed_to_servers}",
            f"choose another data_dir, or: chmod o+x {facts.closed_to_servers}",
        )
    if not facts.exists:
        return Finding(name, "ok", f"{facts.path} does not exist yet: serve makes it")
    if facts.mode & 0o022:
        seen = f"{facts.path} can be written to by others (mode {facts.mode:03o})"
        return Finding(name, "warn", seen, f"chmod go-w {facts.path}")
    return Finding(name, "ok", f"{facts.path}, mode {facts.mode:03o}")


def descriptors_needed(settings: Settings, requests_at_once: int) -> tuple[int, int]:
    """Return the descriptors that a process needs at least, and those for all connections that the settings allow."""
    pools = settings.postgres.pool_size + settings.redis.pool_size + requests_at_once + _SPARE
    most = settings.server.max_connections
    return pools + min(most, _FEW), pools + most


def judge_descriptors(facts: DescriptorFacts) -> Finding:
    """The soft limit does not matter: `serve` raises it to the hard one."""
    name = "descriptors"
    if facts.hard is None:
        return Finding(name, "ok", "no limit")
    seen = f"{facts.hard} open files allowed, {facts.needed} needed at the most"
    advice = "raise the hard limit (LimitNOFILE= of the unit, ulimit -Hn), or lower server.max_connections"
    if facts.hard < facts.needed_at_least:
        return Finding(name, "fail", seen, advice)
    return Finding(
        name, "warn" if facts.hard < facts.needed else "ok", seen, advice if facts.hard < facts.needed else ""
    )


def judge_port(facts: PortFacts) -> Finding:
    """Free, or held by our own running `serve`."""
    name = f"port.{facts.name}"
    seen = f"{f'[{facts.host}]' if ':' in facts.host else facts.host}:{facts.port}"
    if facts.errno == errno.EADDRINUSE and not facts.ours:
        find = f"find whom with: ss -ltnp 'sport = :{facts.port}'; stop it, or set another port"
        return Finding(name, "fail", f"{seen} is held by another process", find)
    if wrong := _BIND_FAULTS.get(facts.errno):
        return Finding(name, "fail", f"{seen}: {wrong[0]}", wrong[1])
    if facts.errno not in (0, errno.EADDRINUSE):
        return Finding(
            name, "fail", f"{seen}: {errno.errorcode.get(facts.errno, facts.errno)}", "set another address"
        )
    held = (
        "any free one" if not facts.port and not facts.ours else "held by our serve" if facts.ours else "free"
    )
    if facts.name == "admin" and not is_loopback(facts.host):
        advice = (
            "whoever reaches it sees the metrics: bind it to 127.0.0.1, or let a firewall keep it private"
        )
        return Finding(name, "warn", f"{seen}, {held}, not on loopback", advice)
    return Finding(name, "ok", f"{seen}, {held}")


_BIND_FAULTS: Mapping[int, tuple[str, str]] = {
    errno.EACCES: ("permission denied", "ports below 1024 need a privilege: set a higher one"),
    errno.EADDRNOTAVAIL: (
        "this machine has no such address",
        "set 127.0.0.1, 0.0.0.0 or an address of this machine",
    ),
}


def judge_packages(python: str, installed: Mapping[str, str | None], pinned: Mapping[str, str]) -> Finding:
    """Say with what it runs; for information only. `installed` None: not there."""
    other = [
        f"{name} {installed.get(name) or 'missing'} instead of {version}"
        for name, version in pinned.items()
        if installed.get(name) != version
    ]
    return Finding(
        "python",
        "ok",
        f"Python {python}; " + ("; ".join(other) if other else f"{len(pinned)} packages as pinned"),
    )
