"""WhatsApp through a WAHA server as a provider of the runtime."""

from actors.channels.waha.provider import WahaProvider

__all__ = ["WahaProvider"]
