"""What a supervisor hands over is taken once, for this process alone, and told plainly when it is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from config import SettingsError, Supervision, take_supervision

ME = os.getpid()


@pytest.fixture
def three() -> Iterator[None]:
    """Descriptors 3 and 4 open and inheritable, whatever they were before, which comes back."""
    kept = {}
    for number in (3, 4):
        try:
            kept[number] = os.dup(number)
        except OSError:
            kept[number] = -1
    null = os.open(os.devnull, os.O_RDONLY)
    for number in (3, 4):
        if number != null:
            os.dup2(null, number)
        os.set_inheritable(number, True)
    yield
    for number, old in kept.items():
        if old >= 0:
            os.dup2(old, number)
            os.close(old)
        else:
            os.close(number)
    if null not in (3, 4):
        os.close(null)


def test_nothing_is_handed_over_where_nobody_supervises():
    assert take_supervision({"PATH": "/bin"}) == Supervision("", 0.0, {})


def test_what_is_taken_is_gone_from_the_environment_and_from_children(three: None):
    environ = {
        "PATH": "/bin",
        "NOTIFY_SOCKET": "@majlis",
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(ME),
        "LISTEN_PID": str(ME),
        "LISTEN_FDS": "2",
        "LISTEN_FDNAMES": "public:admin",
    }
    taken = take_supervision(environ)
    assert taken == Supervision("@majlis", 30.0, {"public": (3,), "admin": (4,)})
    assert environ == {"PATH": "/bin"}
    open_in_child = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os; print([n for n in (3, 4) if os.path.exists(f'/proc/self/fd/{n}')])",
        ],
        close_fds=False,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert open_in_child == "[]\n"


def test_two_sockets_may_be_of_one_listener(three: None):
    given = {"LISTEN_PID": str(ME), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "public:public"}
    assert take_supervision(given).sockets == {"public": (3, 4)}


def test_what_is_meant_for_another_process_is_left_alone(three: None):
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "2", "WATCHDOG_PID": "1", "WATCHDOG_USEC": "5"}
    assert take_supervision(environ, pid=ME) == Supervision()
    assert environ == {}
    assert os.get_inheritable(3)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "public"}, "names 1 sockets, and LISTEN_FDS says 2"),
        ({"LISTEN_FDS": "1"}, "names 0 sockets"),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "public:majlis.socket"}, "'majlis.socket' is no listener"),
        ({"LISTEN_FDS": "x", "LISTEN_FDNAMES": "public"}, "LISTEN_FDS: expected a number"),
        ({"LISTEN_FDS": "-1"}, "LISTEN_FDS: expected a number"),
        ({"LISTEN_FDS": "65"}, "at most 64"),
        ({"LISTEN_FDS": "60", "LISTEN_FDNAMES": "public"}, "is not open"),
        ({"NOTIFY_SOCKET": "vsock:2:1"}, "NOTIFY_SOCKET: expected the path"),
        ({"NOTIFY_SOCKET": "@"}, "NOTIFY_SOCKET: expected the path"),
        ({"WATCHDOG_USEC": "soon"}, "WATCHDOG_USEC: expected a number"),
    ],
)
def test_what_is_wrong_is_told(three: None, given: dict[str, str], told: str):
    with pytest.raises(SettingsError, match=told):
        take_supervision({"LISTEN_PID": str(ME), **given})
