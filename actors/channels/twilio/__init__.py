"""WhatsApp through Twilio as a provider of the runtime."""

from actors.channels.twilio.provider import TwilioProvider

__all__ = ["TwilioProvider"]
