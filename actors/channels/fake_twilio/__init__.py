"""A stand-in for Twilio's messaging API on loopback: for tests, rehearsals, and trying things out."""

from actors.channels.fake_twilio.server import FakeTwilio, FakeTwilioStatistics
from actors.channels.fake_twilio.state import Answer, Sent

__all__ = ["Answer", "FakeTwilio", "FakeTwilioStatistics", "Sent"]
