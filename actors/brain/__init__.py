"""What the bot understands, offline: the language of a text. Pure; knows no conversation."""
