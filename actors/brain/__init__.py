"""What the bot understands, offline, in four languages: `understanding.understand`, and its parts. Pure; knows no conversation."""
