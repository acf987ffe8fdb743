"""The estate bot: its actor, where a conversation belongs, and what it answers."""
