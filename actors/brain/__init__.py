"""What the bot understands, offline and in four languages: see `understanding`. Pure; knows no conversation."""
