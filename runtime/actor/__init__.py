"""One actor: its values and its mechanics. Knows no database, no provider, no other actor."""
