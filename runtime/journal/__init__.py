"""The durable half: what arrived, what was decided, what must still be done. Knows no actor's types and no provider."""
