"""Listening sockets: from the address in a setting, or a descriptor, to a socket that listens, or to an error that helps.

Knows nothing of HTTP.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import trio

#: What Linux allows in `sun_path`, less the closing NUL.
UNIX_PATH_BYTES = 107
BACKLOG = 1024


class ListenError(Exception):
    """An address cannot be listened on; the message names it and says what to do."""


@contextmanager
def listening(bind: Sequence[str]) -> Iterator[tuple[list[trio.SocketListener], list[str]]]:
    """Listen on all of `bind` ("HOST:PORT", port 0 for a free one, "unix:/path", or "fd:N"), or on none.

    "fd:N" takes over a socket that listens already: only our copy of it is closed at the end.

    Yields the listeners and the real addresses ("http://HOST:PORT", "unix:/path"). A Unix socket is open to
    its owner only (0600); one left behind by a dead process is replaced; it is removed at the end. Raises
    `ListenError`.
    """
    with ExitStack() as stack:
        listeners: list[trio.SocketListener] = []
        addresses: list[str] = []
        for entry in bind:
            if entry.startswith("unix:"):
                sock = stack.enter_context(_unix_socket(Path(entry.removeprefix("unix:"))))
            elif entry.startswith("fd:"):
                sock = stack.enter_context(_handed_over(int(entry.removeprefix("fd:"))))
            else:
                sock = stack.enter_context(_tcp_socket(entry))
            addresses.append(_address_of(sock))
            listeners.append(trio.SocketListener(trio.socket.from_stdlib_socket(sock)))
        yield listeners, addresses


def _tcp_socket(entry: str) -> socket.socket:
    host, colon, digits = entry.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not digits.isascii() or not digits.isdecimal() or int(digits) > 65535:
        raise ListenError(f"cannot listen on {entry!r}: write HOST:PORT or unix:/path")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(digits)))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot listen on {entry}: {_advice(error)}") from error
    return sock


def _address_of(sock: socket.socket) -> str:
    if sock.family == socket.AF_UNIX:
        return f"unix:{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _handed_over(descriptor: int) -> socket.socket:
    """Return the socket of a descriptor, which must be one that listens for streams."""
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ListenError(f"descriptor {descriptor} is no socket: {error.strerror or error}") from error
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.close()
        raise ListenError(
            f"descriptor {descriptor} is not a socket that listens: in a socket unit, write ListenStream= and Accept=no"
        )
    return sock


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the address is in use; stop the process that holds it or set another port"
        case errno.EACCES:
            return "permission denied; ports below 1024 need a privilege, set a higher port"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address; set 127.0.0.1, 0.0.0.0 or an address of this machine"
        case _:
            return f"{error.strerror or error}"


@contextmanager
def _unix_socket(path: Path) -> Iterator[socket.socket]:
    if len(bytes(path)) > UNIX_PATH_BYTES:
        raise ListenError(
            f"cannot listen on unix:{path}: longer than {UNIX_PATH_BYTES} bytes; set a shorter path"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            _remove_stale(path)
            sock.bind(str(path))
            # Nobody can connect before listen(), so the mode is right from the first connection on.
            path.chmod(0o600)
            mine = path.stat().st_ino
            sock.listen(BACKLOG)
        except OSError as error:
            raise ListenError(f"cannot listen on unix:{path}: {error.strerror or error}") from error
        try:
            yield sock
        finally:
            with suppress(FileNotFoundError):
                if path.stat().st_ino == mine:
                    path.unlink()


def _remove_stale(path: Path) -> None:
    """Remove the socket that a dead process left; a living one, or a file of another kind, is an error."""
    if not path.exists():
        return
    if not path.is_socket():
        raise ListenError(f"cannot listen on unix:{path}: a file that is not a socket is there; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
        except BlockingIOError:  # its backlog is full: somebody listens
            raise ListenError(
                f"cannot listen on unix:{path}: another process listens there; stop it"
            ) from None
        else:
            raise ListenError(f"cannot listen on unix:{path}: another process listens there; stop it")
