"""What a supervisor hands to the process that it starts: where to report to, a watchdog, sockets that listen already.

The protocol is systemd's (NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS); others speak it, too. What comes of a report or a
socket this module does not know.
"""

import os
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from config.faults import SettingsError

FIRST_DESCRIPTOR = 3
SOCKET_NAMES = ("public", "admin")
_MOST = 64  # sockets; a larger number is a mistake, and each would be looked at
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


@dataclass(frozen=True)
class Supervision:
    """What was handed over; all of it empty where nobody supervises."""

    notify: str = ""  # the path of a datagram socket, or @name of an abstract one
    watchdog: float = 0.0  # seconds without a sign of life after which we are killed; 0: never
    sockets: Mapping[str, Sequence[int]] = field(default_factory=dict)  # "public", "admin": descriptors


def take_supervision(environ: MutableMapping[str, str] = os.environ, pid: int = 0) -> Supervision:
    """Take what was handed to the process `pid` (0: this one), and leave nothing of it to children.

    The variables are removed from `environ`, and the descriptors become close-on-exec. What was meant for
    another process is only removed. SettingsError says what is wrong with the rest.
    """
    given = {name: environ.pop(name) for name in _VARIABLES if name in environ}
    mine = str(pid or os.getpid())
    notify = given.get("NOTIFY_SOCKET", "")
    if notify and (notify[0] not in "/@" or len(notify) == 1):
        raise SettingsError("NOTIFY_SOCKET: expected the path of a socket, or @name")
    watchdog = 0.0
    if given.get("WATCHDOG_PID", mine) == mine:
        watchdog = _number(given, "WATCHDOG_USEC", 2**63) / 1e6
    sockets: Mapping[str, Sequence[int]] = {}
    if given.get("LISTEN_PID") == mine:
        sockets = _sockets(_number(given, "LISTEN_FDS", _MOST), given.get("LISTEN_FDNAMES", ""))
    return Supervision(notify, watchdog, sockets)


def _number(given: Mapping[str, str], name: str, most: int) -> int:
    text = given.get(name, "0")
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > most:
        raise SettingsError(f"{name}: expected a number of at most {most}")
    return int(text)


def _sockets(number: int, joined: str) -> Mapping[str, Sequence[int]]:
    names = joined.split(":") if joined else []
    descriptors = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + number)
    for descriptor in descriptors:
        try:
            os.set_inheritable(descriptor, False)
        except OSError as fault:
            raise SettingsError(
                f"LISTEN_FDS: says {number}, and descriptor {descriptor} is not open"
            ) from fault
    if len(names) != number:
        raise SettingsError(
            f"LISTEN_FDNAMES: names {len(names)} sockets, and LISTEN_FDS says {number}; "
            f"give each socket unit FileDescriptorName=public or =admin"
        )
    for name in names:
        if name not in SOCKET_NAMES:
            raise SettingsError(
                f"LISTEN_FDNAMES: {name!r} is no listener; name each socket public or admin (FileDescriptorName=)"
            )
    return {
        name: tuple(fd for fd, called in zip(descriptors, names, strict=True) if called == name)
        for name in dict.fromkeys(names)
    }
