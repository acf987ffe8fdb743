"""The domain: the estate bot, its channels, its stand-in provider and its commands, over the doors of the runtime."""
