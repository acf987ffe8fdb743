"""A stand-in for a WAHA server on loopback: for tests, rehearsals, and trying things out."""

from actors.channels.fake_waha.server import FakeWaha, FakeWahaStatistics
from actors.channels.fake_waha.state import Answer, Sent

__all__ = ["Answer", "FakeWaha", "FakeWahaStatistics", "Sent"]
