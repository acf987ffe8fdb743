"""A stand-in for Twilio's messaging API on loopback, as small as a first test of the whole path needs it."""

from actors.channels.fake_twilio.server import Answer, FakeTwilio, FakeTwilioStatistics, Sent

__all__ = ["Answer", "FakeTwilio", "FakeTwilioStatistics", "Sent"]
