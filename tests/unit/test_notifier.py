"""Reports never block, whatever the supervisor does; what must not be lost is sent when there is room again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Supervision
from runtime.ingress.admin import Readiness
from runtime.serve.notifier import Notifier

OK = Readiness("serving", True)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


@pytest.fixture
def notifier(listener: socket.socket) -> Iterator[Notifier]:
    found = Notifier(Supervision(listener.getsockname(), watchdog=0.0))
    yield found
    found.close()


def heard(listener: socket.socket) -> list[str]:
    reports = []
    while True:
        try:
            reports.append(listener.recv(4096).decode())
        except BlockingIOError:
            return reports


def fill(listener: socket.socket) -> None:
    """Leave no room for another datagram."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        try:
            for _ in range(100_000):
                other.sendto(b"x", listener.getsockname())
        except BlockingIOError:
            return
    raise AssertionError("a socket without a limit")


def test_a_supervisor_that_does_not_listen_costs_no_wait_and_hears_later_that_we_are_ready(
    listener: socket.socket, notifier: Notifier
) -> None:
    fill(listener)
    notifier.beat()
    notifier.readiness = lambda: OK
    notifier.beat()
    assert notifier.statistics().sent == 0
    assert notifier.statistics().lost == 1  # the wish for more time, which the next beat repeats
    heard(listener)
    notifier.beat()
    assert heard(listener) == ["STATUS=starting", "STATUS=serving", "READY=1\nSTATUS=serving"]


def test_a_supervisor_that_is_gone_is_told_of_once(
    listener: socket.socket, notifier: Notifier, capsys: pytest.CaptureFixture[str]
) -> None:
    listener.close()
    for _ in range(3):
        notifier.beat()
    assert notifier.statistics().lost >= 2
    assert capsys.readouterr().out.count("does not hear us") == 1


def test_where_nobody_supervises_nothing_is_sent() -> None:
    notifier = Notifier(Supervision())
    notifier.readiness = lambda: OK
    notifier.beat()
    notifier.stopping(5.0)
    assert notifier.statistics().sent == notifier.statistics().lost == 0
    notifier.close()
