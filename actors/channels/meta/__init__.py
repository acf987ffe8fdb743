"""The WhatsApp Cloud API of Meta as a provider of the runtime."""

from actors.channels.meta.provider import MetaProvider

__all__ = ["MetaProvider"]
